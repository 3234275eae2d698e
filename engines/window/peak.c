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
    while (peak->count > 0 && entry(peak, peak->count - 1)->value <= value)
        peak->count--;
    if (mr_unlikely(peak->count == peak->capacity))
        merge_oldest(peak);
    *entry(peak, peak->count++) = (struct mr_peak_entry){time_ns, value};
}

void mr_peak_expire(struct mr_peak *peak, int64_t cutoff_ns)
{
    while (peak->count > 0 && entry(peak, 0)->time_ns <= cutoff_ns)
        drop_oldest(peak);
}

int64_t mr_peak_after(const struct mr_peak *peak, int64_t cutoff_ns)
{
    uint32_t low = 0, high = peak->count; /* the first entry later than the cutoff */
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (entry(peak, middle)->time_ns <= cutoff_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low < peak->count ? entry(peak, low)->value : 0;
}
