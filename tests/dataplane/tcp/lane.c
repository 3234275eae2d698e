#include "tests/dataplane/tcp/lane.h"

#include <stdlib.h>

#define FLIGHT_MAX 4096

struct flight {
    int64_t due_ns;
    uint64_t order; /* of equal times, the first put in is the first out */
    uint32_t len;
    uint8_t data[FRAME_ROOM];
};
struct lane {
    struct mr_random random;
    struct lane_faults faults;
    struct {
        struct flight *heap[FLIGHT_MAX];
        uint32_t count;
        int64_t burst_ns; /* until then all is lost */
        struct flight taken;
        struct lane_counts counts;
    } ways[2];
    struct flight *free[2 * FLIGHT_MAX];
    uint32_t free_count;
    struct flight *flights;
    uint64_t order;
};

struct lane *lane_open(uint64_t seed, const struct lane_faults *faults)
{
    struct lane *l = calloc(1, sizeof *l);
    MR_ASSERT(l);
    l->flights = calloc(2 * FLIGHT_MAX, sizeof *l->flights);
    MR_ASSERT(l->flights);
    l->random.state = seed;
    l->faults = *faults;
    for (uint32_t i = 0; i < 2 * FLIGHT_MAX; i++)
        l->free[l->free_count++] = &l->flights[2 * FLIGHT_MAX - 1 - i];
    return l;
}

void lane_close(struct lane *l)
{
    free(l->flights);
    free(l);
}

void lane_frame_max(struct lane *l, uint32_t bytes) { l->faults.frame_max = bytes; }

static bool happens(struct lane *l, double share)
{
    return (double)(mr_random_next(&l->random) >> 11) < share * 9007199254740992.0; /* 2^53 */
}

static bool before(const struct flight *a, const struct flight *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void fly(struct lane *l, uint32_t way, const uint8_t *frame, uint32_t len, int64_t due_ns)
{
    MR_ASSERT(l->ways[way].count < FLIGHT_MAX && l->free_count > 0 && len <= FRAME_ROOM);
    struct flight *f = l->free[--l->free_count];
    f->due_ns = due_ns;
    f->order = l->order++;
    f->len = len;
    memcpy(f->data, frame, len);
    if (happens(l, l->faults.corrupt)) {
        f->data[mr_random_below(&l->random, len)] ^= (uint8_t)(1u << mr_random_below(&l->random, 8));
        l->ways[way].counts.corrupted++;
    }
    struct flight **heap = l->ways[way].heap;
    uint32_t i = l->ways[way].count++;
    for (; i > 0 && before(f, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = f;
}

void lane_put(struct lane *l, uint32_t way, const uint8_t *frame, uint32_t len, int64_t now_ns)
{
    struct lane_counts *c = &l->ways[way].counts;
    c->put++;
    if (l->faults.frame_max && len > l->faults.frame_max) {
        c->cut++;
        return;
    }
    if (happens(l, l->faults.burst))
        l->ways[way].burst_ns = now_ns + 1000000 * (1 + (int64_t)mr_random_below(&l->random, 30));
    bool in_burst = now_ns < l->ways[way].burst_ns;
    if (in_burst || happens(l, l->faults.loss)) {
        c->lost++;
        return;
    }
    uint32_t copies = happens(l, l->faults.duplicate) ? 2 : 1;
    c->duplicated += copies - 1;
    for (uint32_t i = 0; i < copies; i++) {
        int64_t more = happens(l, l->faults.reorder)
                           ? (int64_t)mr_random_below(&l->random, (uint64_t)l->faults.reorder_ns + 1)
                           : 0;
        fly(l, way, frame, len, now_ns + l->faults.delay_ns + more);
    }
}

const uint8_t *lane_take(struct lane *l, uint32_t way, uint32_t *len, int64_t now_ns)
{
    struct flight **heap = l->ways[way].heap;
    if (l->ways[way].count == 0 || heap[0]->due_ns > now_ns)
        return NULL;
    struct flight *taken = heap[0], *last = heap[--l->ways[way].count];
    uint32_t n = l->ways[way].count, i = 0;
    for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    l->ways[way].taken.len = taken->len;
    memcpy(l->ways[way].taken.data, taken->data, taken->len);
    l->free[l->free_count++] = taken;
    l->ways[way].counts.out++;
    *len = l->ways[way].taken.len;
    return l->ways[way].taken.data;
}

int64_t lane_next_ns(const struct lane *l)
{
    int64_t next = INT64_MAX;
    for (uint32_t way = 0; way < 2; way++)
        if (l->ways[way].count > 0 && l->ways[way].heap[0]->due_ns < next)
            next = l->ways[way].heap[0]->due_ns;
    return next;
}

const struct lane_counts *lane_counts(const struct lane *l, uint32_t way) { return &l->ways[way].counts; }
