#include "tests/dataplane/merge/rig.h"

uint8_t rig_kind(const struct mr_venue *venue, const char *name)
{
    for (uint8_t k = 1; venue->kinds[k].name; k++)
        if (strcmp(venue->kinds[k].name, name) == 0)
            return k;
    fail_msg("no kind %s", name);
    return 0;
}

static void pass(void *arg, union mr_slot *group, bool held)
{
    struct rig *r = arg;
    uint32_t stream = group->event.instrument;
    (void)held;
    if (group->event.kind == MR_EVENT_BOOK && group->book.flags & MR_FLAG_SNAPSHOT) {
        r->images++;
        return;
    }
    r->heard[stream][r->heard_count[stream]++] = *group;
}

static bool wants_image(void *arg, uint32_t instrument)
{
    (void)instrument;
    return ((struct rig *)arg)->broken;
}

static void *memory(size_t bytes)
{
    void *mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    assert_non_null(mem);
    memset(mem, 0, (bytes + 127) / 128 * 128);
    return mem;
}

struct rig *rig_open(const char *product, int64_t wait_ns, uint32_t window)
{
    struct rig *r = memory(sizeof *r);
    struct mr_merge_config config = {.lanes_max = LANES,
                                     .streams_max = 64,
                                     .window_slots = window,
                                     .hold_slots = 8192,
                                     .pass = pass,
                                     .wants_image = wants_image,
                                     .arg = r};
    assert_int_equal(mr_venue_parse(product, &config.venue, &config.product, NULL), MR_OK);
    mr_metrics_init_values(&r->metrics, &mr_merge_metrics_desc);
    for (int i = 0; i < LANES; i++)
        mr_metrics_init_values(&r->lane_metrics[i], &mr_lane_metrics_desc);
    r->merge = mr_merge_init(memory(mr_merge_bytes(&config)), &config, &r->metrics);
    mr_merge_begin(r->merge, wait_ns);
    r->now_ns = 1000000 * MS;
    return r;
}

void rig_close(struct rig *r)
{
    free(r->merge);
    free(r);
}

void rig_lane_open(struct rig *r, int i)
{
    if (!r->lane[i].open)
        assert_true(mr_merge_open(r->merge, (uint16_t)(40 + i), 0, &r->lane_metrics[i]) >= 0);
    r->lane[i].open = true;
}

void rig_lane_close(struct rig *r, int i)
{
    mr_merge_close(r->merge, (uint16_t)(40 + i));
    r->lane[i].open = false;
}

struct mr_event rig_event(enum mr_event_kind kind, uint32_t instrument, uint64_t seq, int64_t venue_ms, int64_t price)
{
    return (struct mr_event){
        .kind = (uint8_t)kind, .instrument = instrument, .seq = seq, .venue_ns = venue_ms * MS, .price = price};
}

struct mr_event rig_book(uint64_t u, bool image)
{
    union mr_slot slot = {.book = {.kind = MR_EVENT_BOOK, .seq = u, .first_seq = u, .venue_ns = (int64_t)u * MS}};
    slot.book.source = rig_kind(mr_venue_by_name("bybit"), image ? "orderbook.50 snapshot" : "orderbook.50 delta");
    slot.book.flags = image ? MR_FLAG_SNAPSHOT : 0;
    return slot.event;
}
