#include "engines/window/window.h"

static struct mr_peak_entry *entry(const struct mr_peak *peak, uint32_t i)
{
    uint32_t at = peak->head + i;
    return &peak->entries[at < peak->capacity ? at : at - peak->capacity];
}

static void drop_oldest(struct mr_peak *peak)
{
    peak->head = peak->head + 1 < peak->capacity ? peak->head + 1 : 0;
    peak->count--;
}

void mr_peak_init(struct mr_peak *peak, struct mr_peak_entry *entries, uint32_t capacity)
{
    *peak = (struct mr_peak){.capacity = capacity, .bound_ns = INT64_MIN, .entries = entries};
}

/* No room: the oldest and largest takes the time of the next one, and so lives longer than it should. */
static MR_COLD void merge_oldest(struct mr_peak *peak)
{
    int64_t largest = entry(peak, 0)->value;
    drop_oldest(peak);
    entry(peak, 0)->value = largest;
    peak->bound_ns = entry(peak, 0)->time_ns;
}

/* What is older and not larger will never again be the largest of anything. */
void mr_peak_add(struct mr_peak *peak, int64_t time_ns, int64_t value)
{
    struct mr_peak_entry *entries = peak->entries;
    uint32_t count = peak->count, at = peak->head + count; /* where the new one goes */
    at = at < peak->capacity ? at : at - peak->capacity;
    while (count > 0) {
        uint32_t last = at > 0 ? at - 1 : peak->capacity - 1;
        if (entries[last].value > value)
            break;
        at = last;
        count--;
    }
    peak->count = count;
    if (mr_unlikely(count == peak->capacity))
        merge_oldest(peak); /* frees the front, which is where the new one goes */
    entries[at] = (struct mr_peak_entry){time_ns, value};
    peak->count++;
}

void mr_peak_expire(struct mr_peak *peak, int64_t cutoff_ns)
{
    while (peak->count > 0 && entry(peak, 0)->time_ns <= cutoff_ns)
        drop_oldest(peak);
}

/* The longest window's answer is the front entry; that of a short one lies near the back, and entries are few: one more
 * for each time a stream of n values sets a new record, about log n. So it looks at the front, then goes from the back.
 */
int64_t mr_peak_after(const struct mr_peak *peak, int64_t cutoff_ns)
{
    const struct mr_peak_entry *entries = peak->entries;
    if (peak->count == 0)
        return 0;
    if (entries[peak->head].time_ns > cutoff_ns)
        return entries[peak->head].value;
    int64_t largest = 0;
    uint32_t at = peak->head + peak->count - 1;
    at = at < peak->capacity ? at : at - peak->capacity;
    while (entries[at].time_ns > cutoff_ns) { /* the front entry ends it */
        largest = entries[at].value;
        at = at > 0 ? at - 1 : peak->capacity - 1;
    }
    return largest;
}
