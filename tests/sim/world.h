/* A world in one process, on virtual time, from a seed: the real trade tile's heart (strategies, gate, order manager, life cycle, emergency
 * stop), the real journal over a disk in memory, the real kill switch, a paper exchange behind a lane that does all that venues do to
 * programs, a market, operators; and a judge who looks at the venue's books and at the bytes on the disk, not at what the program says.
 *
 * Time     truth, that only goes forward; the host's clock and the venue's run beside it, wrong as the faults make them.
 * Seed     decides everything: the same seed and number of actions give the same trace, whose hash is compared.
 * Death    process_die: the tile is gone between any two operations (or at the k-th of the disk or the network, `die_at_step`); the disk
 *          keeps what it kept (kill -9) or what a power failure left (torn sectors); the venue lives on.
 * Memory   malloc; nothing allocates after a process's start but the test's own disk.   Thread  one. */
#ifndef MR_TESTS_SIM_WORLD_H
#define MR_TESTS_SIM_WORLD_H

#include "controlplane/exchange/paper/paper.h"
#include "controlplane/trade/records.h"
#include "controlplane/trade/trade.h"
#include "tests/controlplane/journal/disk_sim.h"

#define SIM_MS 1000000ll
#define SIM_S 1000000000ll
#define SIM_MARKETS 4
#define SIM_VENUE 1
#define SIM_FOLDER "data/journal"

enum fault {
#define FAULT(name, class, rate, what) FAULT_##name,
#define NO_FAULT(name, class, why)
#include "tests/sim/faults.def"
#undef FAULT
#undef NO_FAULT
    FAULT_COUNT
};
struct fault_row {
    const char *name, *class;
    uint32_t per_mille;
    const char *what;
};
extern const struct fault_row sim_faults[FAULT_COUNT];

enum invariant {
    INVARIANT_NONE,
#define INVARIANT(number, name, what) INVARIANT_##name = number,
#include "tests/sim/invariants.def"
#undef INVARIANT
    INVARIANT_COUNT
};
extern const char *const sim_invariants[INVARIANT_COUNT];

/* ---- the lane: between the order manager and the paper exchange ---- */

#define LANE_ANSWERS 4096
#define LANE_REQUESTS 256
#define LANE_NUMBERS 8192
#define LANE_HISTORY 32
struct lane_answer {
    int64_t at;
    uint64_t after; /* of two that are due at one moment the earlier one */
    struct mr_answer a;
};
struct lane_request {
    int64_t at;
    struct mr_request r;
};
struct lane_number { /* what is known of a request by its number */
    uint64_t number;
    uint8_t kind;
    bool answer_lost, lost_told;
    int64_t delay;
};
struct lane {
    struct lane_answer out[LANE_ANSWERS];
    uint32_t out_count;
    struct lane_request in[LANE_REQUESTS];
    uint32_t in_count;
    struct lane_number numbers[LANE_NUMBERS];
    struct mr_answer history[LANE_HISTORY]; /* of the stream */
    uint64_t told, order;
    int64_t stream_at, direct_at, request_at; /* channels keep their order unless a fault says otherwise */
    int64_t down_until, silent_until, maintenance_until, slow_until;
    bool cut, stream_down, up_due; /* up_due: STREAM_UP follows when it is over */
    int64_t stream_until;
};

/* ---- the world ---- */

struct sim_market {
    uint32_t id;
    mr_price mid;
    int64_t drift, drift_until; /* ticks a step: a cascade */
    int64_t frozen_until, odd_until, halted_until, thin_until;
    uint32_t odd_flags;
    struct mr_market_view view; /* as the venue has it */
    struct mr_market_view told; /* as the tile was told last */
};

struct judge;
struct world_config {
    uint64_t seed;
    uint32_t actions;
    bool faults;           /* drawn by the seed; else a fair world */
    unsigned planted;      /* 0, or the number of a bug */
    uint64_t die_at_step;  /* of disk and network, counted from 1 since the begin; 0 never */
    uint64_t fail_at_step; /* that one fails instead */
    int fail_kind;         /* enum sim_fail */
    bool trace;            /* each event to stdout */
    bool collect;          /* goes on after a violation: for the planted bugs */
};
enum sim_fail { SIM_FAIL_WRITE, SIM_FAIL_SYNC, SIM_FAIL_SEND, SIM_FAIL_OPEN, SIM_FAIL_MEMORY, SIM_FAIL_COUNT };
extern const char *const sim_fail_names[SIM_FAIL_COUNT];

struct world {
    struct world_config config;
    struct mr_random random;
    int64_t truth, clock_offset, clock_target, venue_offset, venue_now;
    uint64_t step, steps_counted, of_kind[SIM_FAIL_COUNT]; /* virtual rounds; operations of disk and network */
    uint32_t rate[FAULT_COUNT];                            /* 0: this seed has none of it */
    uint64_t hits[FAULT_COUNT];
    bool calm; /* faults have stopped */

    struct mr_instruments *instruments;
    struct sim_market market[SIM_MARKETS];
    uint32_t markets;
    struct mr_paper *paper;
    void *paper_mem;
    struct lane lane;
    struct sim_disk *disk;
    struct mr_disk disk_table; /* in front of it: what is synced is shown to the judge */
    char handle_path[64][160];

    struct mr_kill_page *kill, *blind; /* blind: of a planted bug */
    struct mr_kill kill_switch;
    char kill_file[2][2048];
    uint32_t kill_len[2]; /* 0: no file */
    int64_t kill_off_at;

    /* the process */
    struct mr_journal *journal;
    struct mr_journal_port port;
    struct mr_trade *trade;
    void *trade_mem, *spare_mem;
    size_t trade_bytes;
    struct mr_trade_config trade_config;
    struct mr_orders_link link;
    struct mr_risk_limits *limits, *draft; /* in force as the operators mean it */
    uint64_t limits_version;
    uint32_t lives;
    bool alive, dying, power; /* dying: what is done from here on in this round does not reach anything */
    bool starting, refused;   /* refused: this start was, a file or memory; it says so, and is made again */
    int64_t start_at, paused_until, slow_disk_until, ring_full_until, data_dead_until, go_at, broken_at, died_at;
    uint64_t signal_seq, view_seq;

    struct judge *judge;
    uint64_t hash, events;
    char log[20][200];
    uint64_t logged;
    char *text; /* room for the limits as a file */
};

struct world *world_new(const struct world_config *config);
void world_free(struct world *w);
/* All actions, then calm, then the look at the whole history. True: nothing was violated. */
bool world_run(struct world *w);
/* What went wrong, with the last events; nothing where nothing did. */
void world_report(const struct world *w);

/* Random, of this world. */
uint64_t sim_below(struct world *w, uint64_t bound);
int64_t sim_between(struct world *w, int64_t least, int64_t most);
/* Does this fault happen on this occasion? Counted if so. */
bool sim_fault(struct world *w, enum fault f);
void sim_event(struct world *w, const char *format, ...) MR_PRINTF(2, 3);
MR_INLINE int64_t sim_host_now(const struct world *w) { return w->truth + w->clock_offset; }

/* An operation of disk or network is about to be done. False: the process died at it, and nothing happens any more. */
bool sim_step_ok(struct world *w);

/* memory.c: between `begin` and `end` allocations are the product's, and the one at which `refuses` says so fails. */
void sim_memory_begin(bool (*refuses)(void *self), void *self);
void sim_memory_end(void);

/* lane.c */
struct mr_exchange_driver lane_driver(struct world *w);
void lane_pump(struct world *w);   /* what has arrived by now, both ways */
void lane_forget(struct world *w); /* the process has died: its connection with it */
void lane_calm(struct world *w);

/* market.c */
void market_init(struct world *w);
void market_move(struct world *w, int64_t dt);
void market_signal(struct world *w);
void market_fault(struct world *w);
void market_calm(struct world *w);

/* process.c */
void process_init(struct world *w);
bool process_start(struct world *w); /* from the disk; false: it does not start (counted by the judge) */
void process_die(struct world *w, bool power);
void process_step(struct world *w);
void process_free(struct world *w);
void process_limits(struct world *w, bool file, bool broken);

/* people.c */
void people_act(struct world *w);
void people_each_step(struct world *w);
void people_calm(struct world *w);

/* planted.c: a bug of the number of an invariant, in the ports, never in the product. 0: none */
void planted_request(struct world *w, struct mr_request *r);        /* on its way out, before anybody outside sees it */
bool planted_swallows(struct world *w, const struct mr_request *r); /* it does not leave at all */
bool planted_answer(struct world *w, struct mr_answer *a);          /* on its way in; false: swallowed */
void planted_view(struct world *w, struct mr_market_view *v);
void planted_step(struct world *w);
int64_t planted_append(struct world *w, enum mr_journal_kind kind, const void *payload, uint32_t bytes);
uint64_t planted_durable(struct world *w, uint64_t durable);
void planted_limits(struct world *w, struct mr_risk_limits *limits);

#endif
