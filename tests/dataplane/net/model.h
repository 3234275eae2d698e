/* A plain, slow arbiter to hold the fast one against: what is waiting is a sorted list, what has passed another, both searched from end to end. It
 * follows the text of arbiter.h; no data, only numbers. */
#ifndef MR_TESTS_NET_MODEL_H
#define MR_TESTS_NET_MODEL_H

#include "dataplane/net/arbiter.h"

/* What the arbiter said, or should have. */
struct said {
    bool gap;
    uint64_t first, last; /* a datagram: its number twice */
    uint32_t len;
    uint16_t line;
    int64_t recv_ns;
};

struct model_one {
    uint64_t number;
    uint32_t len;
    uint16_t line;
    uint8_t seen;
    bool lost;
    int64_t recv_ns;
};
#define MODEL_WINDOW_MAX 4096
struct model {
    struct mr_arbiter_config config;
    void (*say)(void *arg, const struct said *said);
    void *arg;
    uint64_t next;
    bool begun;
    struct model_one waiting[MODEL_WINDOW_MAX], past[MODEL_WINDOW_MAX], run[MR_ARBITER_RUN];
    uint32_t waiting_count, past_count, run_count;
    int64_t hole_ns, progress_ns;
    uint64_t line_number[MR_ARBITER_LINES_MAX];
    bool line_heard[MR_ARBITER_LINES_MAX];
    uint64_t datagrams, delivered, copies, late, strays, short_ones, gaps, lost, restarts;
};
void model_init(struct model *m, const struct mr_arbiter_config *config, void (*say)(void *, const struct said *),
                void *arg);
void model_take(struct model *m, uint16_t line, uint64_t number, uint32_t len, int64_t recv_ns);
void model_short(struct model *m);
void model_housekeep(struct model *m, int64_t now_ns);

#endif
