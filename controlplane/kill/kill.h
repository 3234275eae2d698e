/* The kill switch (C-24): one word in shared memory that the gate reads last. Not zero: no order leaves.
 *
 * Whoever kills sets the word first and talks about it afterwards: from the admin socket, HTTP, SIGUSR1, a file that appears
 * (`touch DATA/INSTANCE/KILL`), or our own code on any thread, with the main loop stuck or not. It is latched: only a named person clears
 * it, and that is journalled before it happens. Venues and strategies have bits of their own in the same page.
 *
 *     RUN/INSTANCE/kill           the page, 0600: who dies and comes back finds the word as it was
 *     DATA/INSTANCE/KILL          there: killed, also over a reboot; what it says is for people
 *     DATA/INSTANCE/KILL.scopes   venues and strategies that are killed, a line each
 *
 * In doubt it is closed: a page of another layout, a KILL that cannot be read, a scopes file that makes no sense, a strategy beyond the
 * table are all "killed".
 *
 * Thread  mr_kill_raise and mr_kill_read: any, wait-free, no system call, safe in signal handlers. All else: one thread (io).
 * Memory  the page, and the caller's struct.   Times  ns since 1970, the caller's; a raise has none: it is stamped when it is seen. */
#ifndef MR_KILL_KILL_H
#define MR_KILL_KILL_H

#include <stdatomic.h>

#include "dataplane/base/base.h"

#define MR_KILL_VENUES 256        /* enum mr_venue_id is 8 bits */
#define MR_KILL_STRATEGIES 1024   /* rows of the strategies' table; any beyond counts as killed */
#define MR_KILL_POLL_NS 100000000 /* how often mr_kill_poll wants to be called */

/* Bits of the word. Above them: how often it was raised, so that a clearing never swallows a raise that came in between. */
enum mr_kill_bit {
    MR_KILL_ALL = 1 << 0,
    MR_KILL_BY_SOCKET = 1 << 1,
    MR_KILL_BY_HTTP = 1 << 2,
    MR_KILL_BY_SIGNAL = 1 << 3,
    MR_KILL_BY_FILE = 1 << 4,
    MR_KILL_BY_CODE = 1 << 5,  /* an emergency stop, an invariant */
    MR_KILL_BY_PANIC = 1 << 6, /* a broken assertion */
    MR_KILL_KEPT = 1 << 7,     /* found at the start */
    MR_KILL_DAMAGED = 1 << 8,  /* page or files that cannot be believed */
};
#define MR_KILL_CAUSES 0x1fe
#define MR_KILL_RAISES_SHIFT 16

enum mr_kill_scope { MR_KILL_SCOPE_NONE, MR_KILL_SCOPE_ALL, MR_KILL_SCOPE_VENUE, MR_KILL_SCOPE_STRATEGY };
const char *mr_kill_scope_name(unsigned scope); /* "none", "all", "venue", "strategy" */

/* Written by whoever kills. */
struct mr_kill_page {
    uint64_t magic, layout; /* once, when it is made */
    uint32_t bytes, spare;
    MR_ALIGNED _Atomic uint32_t word;
    _Atomic uint32_t latched;                /* 1: what `word` says is on disk */
    _Atomic int64_t since_ns;                /* when it was seen to be set */
    _Atomic uint32_t signal_uid, signal_pid; /* who sent the last SIGUSR1 */
    MR_ALIGNED _Atomic uint64_t venues[MR_KILL_VENUES / 64];
    MR_ALIGNED _Atomic uint64_t strategies[MR_KILL_STRATEGIES / 64];
};
#define MR_KILL_PAGE_BYTES 4096
static_assert(sizeof(struct mr_kill_page) <= MR_KILL_PAGE_BYTES, "one page");

/* What stands in the way of an order of this venue and strategy. The gate calls it last, just before its yes. */
MR_INLINE enum mr_kill_scope mr_kill_read(const struct mr_kill_page *page, unsigned venue, unsigned strategy)
{
    if (mr_unlikely(atomic_load_explicit(&page->word, memory_order_acquire)))
        return MR_KILL_SCOPE_ALL;
    if (mr_unlikely(venue >= MR_KILL_VENUES ||
                    atomic_load_explicit(&page->venues[venue / 64], memory_order_acquire) >> venue % 64 & 1))
        return MR_KILL_SCOPE_VENUE;
    if (mr_unlikely(strategy >= MR_KILL_STRATEGIES ||
                    atomic_load_explicit(&page->strategies[strategy / 64], memory_order_acquire) >> strategy % 64 & 1))
        return MR_KILL_SCOPE_STRATEGY;
    return MR_KILL_SCOPE_NONE;
}

/* Kills, at once and for all; `cause` is one of MR_KILL_BY_*. What keeps it over a reboot, and tells of it, is the next mr_kill_poll. */
void mr_kill_raise(struct mr_kill_page *page, uint32_t cause);
/* The causes as words: "socket, signal"; "none". */
#define MR_KILL_TEXT 96
void mr_kill_causes(uint32_t word, char out[MR_KILL_TEXT]);

/* A page in the caller's memory (64-byte aligned, MR_KILL_PAGE_BYTES): backtests, simulations, tests. Not killed. */
struct mr_kill_page *mr_kill_page_init(void *mem);
/* RUN/INSTANCE/kill of a running or dead instance; read-only unless `write`. MR_E_IO none there or no permission, MR_E_LAYOUT, MR_E_MAGIC. */
int mr_kill_page_attach(struct mr_kill_page **page, const char *path, bool write, struct mr_err *err);
/* The control plane's: made if it is not there; one of another layout is replaced by one that is killed. MR_E_IO: something else has that name. */
int mr_kill_page_open(struct mr_kill_page **page, const char *path, struct mr_err *err);
void mr_kill_page_close(struct mr_kill_page *page);

/* Where it is kept: the data folder, or a simulated disk. Durable when a write or an erase returns MR_OK. */
enum mr_kill_file { MR_KILL_FILE, MR_KILL_FILE_SCOPES };
struct mr_kill_disk {
    void *self;
    int (*read)(void *self, enum mr_kill_file file, char *out,
                uint32_t bytes); /* length (cut at `bytes`); MR_E_EMPTY: there is none */
    int (*write)(void *self, enum mr_kill_file file, const char *text, uint32_t len, struct mr_err *err);
    int (*erase)(void *self, enum mr_kill_file file, struct mr_err *err);
};
struct mr_kill_folder {
    int fd;
    char path[256];
};
int mr_kill_folder_open(struct mr_kill_folder *folder, const char *path,
                        struct mr_err *err); /* made (0750) if it is not there */
void mr_kill_folder_close(struct mr_kill_folder *folder);
struct mr_kill_disk mr_kill_folder_disk(struct mr_kill_folder *folder);
/* For a process about to die: KILL is made by bare system calls, nothing allocated. False: it could not be. */
bool mr_kill_folder_mark(const struct mr_kill_folder *folder, const char *text, size_t len);

/* What changed, for log and journal. */
struct mr_kill_change {
    enum mr_kill_scope scope;
    bool on;
    uint32_t id;   /* venue, or strategy's row */
    uint32_t word; /* before a clearing, after a setting */
    uint32_t uid;  /* of the person; of a signal its sender; UINT32_MAX nobody's */
    int64_t now_ns;
    char who[32], reason[160]; /* printable ASCII */
};
struct mr_kill {
    struct mr_kill_page *page;
    struct mr_kill_disk disk;
    int (*audit)(void *arg,
                 const struct mr_kill_change *change); /* before a clearing: below zero refuses it. May be NULL */
    void *arg;
    const char *const *strategies; /* names, by row */
    uint32_t strategy_count;
    uint32_t told;                   /* the word as audit was last told of */
    bool file_seen;                  /* KILL was there at the last poll */
    struct mr_kill_change last;      /* of scope ALL */
    uint64_t write_failures, raises; /* writes are tried again at each poll */
    char absent[2048];               /* lines of killed strategies that this configuration has none of: kept */
};
/* Reads what is kept; killed at the start is killed from here on. Names must be unique and outlive it. */
void mr_kill_init(struct mr_kill *kill, struct mr_kill_page *page, struct mr_kill_disk disk,
                  const char *const *strategies, uint32_t strategy_count,
                  int (*audit)(void *, const struct mr_kill_change *), void *arg, int64_t now_ns);
/* Sees raises and files, keeps what is not kept yet, tells audit. Each 100 ms; returns whether anything happened. */
bool mr_kill_poll(struct mr_kill *kill, int64_t now_ns);

struct mr_kill_command {
    enum mr_kill_scope scope;
    bool on;
    uint32_t id;    /* venue, strategy's row */
    uint32_t cause; /* MR_KILL_BY_SOCKET, MR_KILL_BY_HTTP, MR_KILL_BY_CODE */
    uint32_t uid;
    const char *who;    /* the person's name; a clearing without one is refused */
    const char *reason; /* may be NULL for `on` */
};
/* Setting: the word is set whatever is returned; MR_OK: it is on disk too. Clearing: MR_OK or nothing is cleared. MR_E_EMPTY: it was not
 * killed; MR_E_AGAIN: killed anew meanwhile, and still; MR_E_INVALID; MR_E_RANGE; what disk or audit said. */
int mr_kill_command(struct mr_kill *kill, const struct mr_kill_command *command, int64_t now_ns, struct mr_err *err);

/* SIGUSR1 (or another) raises this page from now on; NULL: no more. One page a process. */
int mr_kill_signal(int number, struct mr_kill_page *page, struct mr_err *err);

#endif
