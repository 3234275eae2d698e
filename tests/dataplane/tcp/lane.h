/* A network between two ends, in virtual time, from a seed: loss, burst loss, duplicates, reordering, corruption, delay, a largest frame.
 * What became of each frame is counted: put in = taken out + lost + cut + still under way, with the duplicates put in too. */
#ifndef MR_TESTS_TCP_LANE_H
#define MR_TESTS_TCP_LANE_H

#include "tests/dataplane/net/frames.h"

struct lane_faults {
    double loss, burst, reorder, duplicate,
        corrupt;                  /* shares of the frames; burst: begins a time of up to 30 ms in which all are lost */
    int64_t delay_ns, reorder_ns; /* each frame's; a reordered one's longest, more */
    uint32_t frame_max;           /* longer ones are lost silently; 0: none are */
};
struct lane;
struct lane_counts {
    uint64_t put, duplicated, out, lost, cut, corrupted;
};

struct lane *lane_open(uint64_t seed, const struct lane_faults *faults);
void lane_close(struct lane *l);
void lane_frame_max(struct lane *l, uint32_t bytes); /* from now on; 0: any length */
void lane_put(struct lane *l, uint32_t way, const uint8_t *frame, uint32_t len, int64_t now_ns); /* way: 0 or 1 */
/* The next frame that has arrived by now; good until the next call. */
const uint8_t *lane_take(struct lane *l, uint32_t way, uint32_t *len, int64_t now_ns);
int64_t lane_next_ns(const struct lane *l); /* when the next frame arrives; INT64_MAX: none is under way */
const struct lane_counts *lane_counts(const struct lane *l, uint32_t way);

#endif
