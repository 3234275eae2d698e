/* Shared between the files of the journal only: the format, the reading of one file, the writer's state. */
#ifndef MR_JOURNAL_JOURNAL_PRIV_H
#define MR_JOURNAL_JOURNAL_PRIV_H

#include "controlplane/journal/journal.h"
#include "dataplane/ring/bytes.h"

#define JOURNAL_MAGIC "MRJOURNL"
#define JOURNAL_VERSION 1
#define JOURNAL_MARK 0x4a52524du /* "MRRJ" */
#define JOURNAL_HASH 16
#define JOURNAL_NAME 16 /* "00000001.mrj" */
#define JOURNAL_FILES_MAX 99999999u

/* A file's head. Its hash is the first link of the file's chain; `previous` is the last link of the file before. */
struct journal_head {
    char magic[8];
    uint32_t version, head_bytes;
    uint64_t number, first_seq;
    int64_t created_ns;
    uint8_t previous[JOURNAL_HASH];
    char build[40];
    uint8_t zero[16];
    uint8_t hash[JOURNAL_HASH]; /* SHA-256 of the 112 bytes before, its first half */
};
static_assert(sizeof(struct journal_head) == 128 && offsetof(struct journal_head, hash) == 112, "the head of a file");

/* A record: this, the payload, zeros up to a multiple of 8, and the hash of (the hash before it, all of this). */
struct journal_record_head {
    uint32_t mark, bytes;
    uint64_t seq;
    uint64_t
        durable; /* a later record vouches for the ones before it: they were on disk, so they are not torn but damaged */
    int64_t time_ns;
    uint16_t kind, zero16;
    uint32_t zero32;
};
static_assert(sizeof(struct journal_record_head) == 40, "the head of a record");

MR_INLINE uint32_t journal_record_bytes(uint32_t payload)
{
    return (uint32_t)sizeof(struct journal_record_head) + ((payload + 7) & ~7u) + JOURNAL_HASH;
}
#define JOURNAL_RECORD_MAX (sizeof(struct journal_record_head) + MR_JOURNAL_PAYLOAD_MAX + JOURNAL_HASH)

/* SHA-256, made once. */
struct journal_hasher {
    void *context, *algorithm;
};
void journal_hasher_open(struct journal_hasher *h);
void journal_hasher_close(struct journal_hasher *h);
/* Of `before` (JOURNAL_HASH bytes; NULL: none) and data. */
void journal_hash(const struct journal_hasher *h, const uint8_t *before, const void *data, size_t bytes,
                  uint8_t out[JOURNAL_HASH]);

/* Writes the record at `out` (journal_record_bytes long), moves `chain` on; returns its length. */
uint32_t journal_encode(const struct journal_hasher *h, uint8_t chain[JOURNAL_HASH], uint8_t *out,
                        const struct journal_record_head *head, const void *payload);
/* The record at `at`, of which `have` bytes are there, with the link before it: MR_OK and its length, else what is wrong. */
int journal_check(const struct journal_hasher *h, const uint8_t before[JOURNAL_HASH], const uint8_t *at, uint64_t have,
                  uint32_t *bytes, const char **why);
int journal_head_check(const struct journal_hasher *h, const struct journal_head *head, const char **why);

void journal_file_name(char out[JOURNAL_NAME], uint32_t number);
uint32_t journal_file_number(const char *name); /* 0: not a journal's */

/* The numbers of a folder's files: they must be dense. MR_OK (0 files are), MR_E_GAP, MR_E_IO. */
struct journal_files {
    uint32_t first, last, count; /* 0: none */
};
int journal_files(const struct mr_disk *disk, const char *folder, struct journal_files *out, struct mr_err *err);

/* Whole buffers, over short counts and interruptions (counted). 0, or minus an errno; reading past the end: -ENODATA. */
#define JOURNAL_INTERRUPTS_MAX 1000
int journal_pread(const struct mr_disk *disk, int handle, void *out, uint64_t bytes, uint64_t at);
int journal_pwrite(const struct mr_disk *disk, int handle, const void *data, uint64_t bytes, uint64_t at,
                   uint64_t *interrupted);
int journal_sync(const struct mr_disk *disk, int handle, uint64_t *interrupted);

/* Reads one file, record by record. */
struct journal_cursor {
    const struct mr_disk *disk;
    struct journal_hasher hasher;
    int handle;
    char path[MR_JOURNAL_PATH_MAX];
    struct journal_head head;
    uint64_t size, offset;          /* of the file; of the next record */
    uint64_t seq;                   /* of the next record */
    uint64_t attested;              /* highest `durable` seen */
    uint64_t safe_offset;           /* all before it was durable, by what later records say; perhaps more was */
    uint64_t mark_seq, mark_offset; /* the next such place, once it is vouched for: that record ends there */
    uint8_t chain[JOURNAL_HASH];    /* last link */
    const char *why;                /* of a bad record */
    uint8_t *window;
    uint64_t window_at, window_have;
};
#define JOURNAL_WINDOW (1u << 18)
int journal_cursor_open(struct journal_cursor *c, const struct mr_disk *disk, const char *path, int flags,
                        struct mr_err *err);
/* MR_OK; MR_E_END; MR_E_TRUNCATED or MR_E_CORRUPT (`why`); MR_E_IO (`err`). */
int journal_cursor_next(struct journal_cursor *c, struct mr_journal_record *out, struct mr_err *err);
/* After a bad record: MR_OK, it is a tail that was never durable; MR_E_CORRUPT (`err`), a later record says it was. */
int journal_cursor_torn(struct journal_cursor *c, struct mr_err *err);
/* "FILE: record N at byte B: why; way out", returns status. */
int journal_cursor_refuse(const struct journal_cursor *c, int status, struct mr_err *err);
void journal_cursor_close(struct journal_cursor *c);
/* The head's link to the file before, whose last bytes (or `chain`, if known) must be it. */
int journal_link_check(const struct mr_disk *disk, const char *folder, const struct journal_head *head,
                       const uint8_t *chain, struct mr_err *err);

struct mr_journal {
    /* written by the trade tile */
    struct mr_ring_writer writer;
    uint64_t next_seq;
    uint64_t appended, refused;
    /* written by the journal thread; read by the trade tile for each order that waits */
    uint64_t durable MR_ALIGNED;
    const char *failed;
    /* the journal thread's own */
    struct mr_ring_reader reader MR_ALIGNED;
    const struct mr_disk *disk;
    struct mr_journal_limits limits;
    struct journal_hasher hasher;
    char folder[MR_JOURNAL_PATH_MAX], build[40];
    int handle, lock;
    uint32_t number;
    uint64_t size;    /* of the file, all that was written */
    uint64_t written; /* sequence */
    uint64_t file_records;
    int64_t synced_ns;
    uint8_t chain[JOURNAL_HASH];
    uint8_t *group;
    uint64_t bytes, groups, syncs, files, interrupted;
    struct mr_journal_found found;
    char reason[256];
};
/* A new file in the folder, durable with its name: its handle, or below zero and what was tried. */
int journal_file_make(struct mr_journal *j, uint32_t number, int64_t now_ns, const char **what);

#endif
