/* Shared between the files of the arbiter.
 *
 * Numbers wrap; positions do not. A position is a number counted on without wrap from where the feed began, and grows by a leap when the
 * numbering changes, so that no mark of the old one fits a position of the new. */
#ifndef MR_NET_ARBITER_PRIV_H
#define MR_NET_ARBITER_PRIV_H

#include "dataplane/net/arbiter.h"

enum mark_state { DELIVERED, HELD, LOST };
/* What is known of one position, from `window` before the next one to `window` after it. */
struct mark {
    uint64_t position; /* whose this is; another's: nothing is known */
    int64_t first_ns;
    uint32_t len;
    uint8_t state, line, clock; /* of the first copy */
    uint8_t seen;               /* lines that brought it, a bit each */
};
struct datagram {
    uint64_t number;
    uint8_t *data;
    int64_t recv_ns;
    uint32_t len;
    uint16_t line;
    uint8_t clock;
};

struct mr_arbiter {
    struct mr_arbiter_metrics *metrics;
    struct mark *marks; /* 2 x window */
    uint64_t next;      /* the position that is expected */
    uint64_t number;    /* its number */
    uint64_t mask;      /* of numbers */
    uint32_t shift;     /* 64 - bits of a number */
    uint32_t held;      /* positions that are HELD */
    uint32_t run_count; /* far numbers kept apart */
    bool begun;
    int64_t hole_ns;     /* held > 0: since when `next` is missed */
    int64_t progress_ns; /* when the last new number came */
    struct {
        uint64_t number; /* its last one of a known numbering */
        bool heard;
    } lines[MR_ARBITER_LINES_MAX];
    uint8_t *data; /* window x datagram_bytes */
    uint32_t datagram_bytes;
    struct datagram run[MR_ARBITER_RUN - 1]; /* with room of their own */
    struct mr_arbiter_config config;
    struct mr_arbiter_metrics own_metrics;
};

#endif
