/* Datagram feeds: the source's datagrams through the arbiter to the decoder. What the arbiter delivers is what a recording holds, so that a
 * replay needs no lines. A hole that no line filled is an event of its own; books notice it by their own sequence, and where the
 * venue's books have none they break. */
#include <stdio.h>

#include "dataplane/feed/feed_tile_priv.h"

static void deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                    uint8_t clock)
{
    struct mr_feed_product *p = arg;
    struct mr_feed_tile_state *t = p->tile;
    uint32_t offset = p->config->lines->payload_offset;
    (void)number;
    if (mr_unlikely(len <= offset)) {
        MR_COUNT(t->metrics, no_payload, 1);
        return;
    }
    const struct mr_frame frame = {
        .data = data + offset, .len = len - offset, .connection = line, .clock = clock, .recv_ns = recv_ns};
    mr_feed_tile_record(t, p,
                        &(struct mr_capture_record){.recv_ns = recv_ns,
                                                    .data = frame.data,
                                                    .len = frame.len,
                                                    .connection = line,
                                                    .kind = MR_CAPTURE_FRAME,
                                                    .clock = clock});
    if (mr_feed_frame(p->feed, &frame) >= 0)
        mr_feed_tile_fresh_saw(p);
}

static void hole(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    struct mr_feed_product *p = arg;
    char note[64];
    int len = snprintf(note, sizeof note, "hole %llu %llu", (unsigned long long)first, (unsigned long long)last);
    mr_feed_tile_record(p->tile, p,
                        &(struct mr_capture_record){.recv_ns = now_ns,
                                                    .kind = MR_CAPTURE_NOTE,
                                                    .clock = MR_CLOCK_TSC,
                                                    .data = (const uint8_t *)note,
                                                    .len = (uint32_t)len});
    mr_feed_hole(p->feed, first, last, now_ns);
}

size_t mr_feed_tile_lines_bytes(const struct mr_feed_tile_product *c)
{
    return c->lines ? mr_arbiter_bytes(&c->lines->arbiter) : 0;
}

int mr_feed_tile_lines_boot(struct mr_feed_product *p, struct mr_arena *arena, struct mr_err *err)
{
    struct mr_arbiter_config c = p->config->lines->arbiter;
    c.deliver = deliver;
    c.gap = hole;
    c.arg = p;
    int status = mr_arbiter_check(&c, err);
    if (status)
        return status;
    p->arbiter = mr_arbiter_init(mr_arena_cut(arena, mr_arbiter_bytes(&c), 128), &c);
    return MR_OK;
}

void mr_feed_tile_datagram(struct mr_feed_tile_state *t, const struct mr_piece *piece)
{
    for (uint32_t i = 0; i < t->config.product_count; i++) {
        struct mr_feed_product *p = &t->products[i];
        if (!p->arbiter)
            continue;
        uint32_t line = (uint32_t)piece->connection - p->config->lines->first;
        if (line < p->config->lines->arbiter.lines) {
            mr_arbiter_take(p->arbiter, (uint16_t)line, piece->data, piece->len, piece->recv_ns, piece->clock);
            return;
        }
    }
    MR_COUNT(t->metrics, foreign, 1);
}

/* Once its instrument list is there, a datagram feed's books ask for their snapshots; holes are not waited for for ever. */
void mr_feed_tile_lines_housekeep(struct mr_feed_tile_state *t, int64_t now_ns)
{
    for (uint32_t i = 0; i < t->config.product_count; i++) {
        struct mr_feed_product *p = &t->products[i];
        if (!p->arbiter)
            continue;
        if (p->listed && !p->begun) {
            p->begun = true;
            mr_feed_tile_opened(p, now_ns);
        }
        mr_arbiter_housekeep(p->arbiter, now_ns);
    }
}
