/* A merge with up to three lanes, and what it passes on, by stream: what the tests of this folder share. */
#ifndef MR_TESTS_MERGE_RIG_H
#define MR_TESTS_MERGE_RIG_H

#include "dataplane/merge/merge.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define LANES 3
#define EVENTS 6000
#define STREAMS 6
#define WAIT_NS (200 * MS)

enum { TRADE, BBO, LIQUIDATION, MARK, BOOK, BOOK_2 };

struct lane {
    int64_t open_ns;                  /* what is said from then on reaches it; INT64_MAX: it is cut */
    int64_t cut_ns, again_ns;         /* when it is cut next, and when it comes again after that */
    int64_t last_arrival_ns, fast_ns; /* delays are drawn below this */
    bool open;                        /* the merge knows of it */
    uint32_t next;                    /* of `flight` */
    struct {
        union mr_slot group[2];
        int64_t at_ns;
        uint32_t said; /* which of all that the venue said */
    } flight[EVENTS * 2];
    uint32_t in_flight;
    uint8_t begun; /* streams that it has had an image of since it opened */
    uint64_t got;
};
struct rig {
    struct mr_merge *merge;
    struct mr_merge_metrics metrics;
    struct mr_lane_metrics lane_metrics[LANES];
    struct lane lane[LANES];
    struct mr_random random;
    union mr_slot said[EVENTS][2];
    uint32_t said_count;
    union mr_slot heard[STREAMS][EVENTS + 64];
    uint32_t heard_count[STREAMS], images;
    int64_t now_ns, pair; /* pair: the price of the last liquidation that was said twice */
    bool broken;

    /* what the lanes' counters are to be, from the arrivals alone */
    bool foresees;
    struct mr_lane_metrics want[LANES];
    struct {
        int64_t at_ns; /* 0: nobody has brought it */
        int lane;
    } first[EVENTS];
};

struct rig *rig_open(const char *product, int64_t wait_ns, uint32_t window);
void rig_close(struct rig *r);
void rig_lane_open(struct rig *r, int i);
void rig_lane_close(struct rig *r, int i);
uint8_t rig_kind(const struct mr_venue *venue, const char *name); /* of a message */
struct mr_event rig_event(enum mr_event_kind kind, uint32_t instrument, uint64_t seq, int64_t venue_ms, int64_t price);
struct mr_event rig_book(uint64_t u, bool image); /* of Bybit */

#endif
