#include <stdio.h>
#include <unistd.h>

#include "dataplane/plane/plane_priv.h"

void mr_plane_config_default(struct mr_plane_config *c)
{
    *c = (struct mr_plane_config){.instance = "default",
                                  .feed_tiles = 1,
                                  .source = MR_PLANE_AUTO,
                                  .blocking = true,
                                  .reference = "binance:spot:BTCUSDT",
                                  .instruments_max = 256,
                                  .books_max = 64,
                                  .book_depth = 8192,
                                  .shapes = 1024,
                                  .message_max = 4u << 20,
                                  .ring_slots = 65536,
                                  .tap_slots = 65536,
                                  .signal_slots = 4096,
                                  .connect_s = 5,
                                  .data_s = 30,
                                  .quarantine_s = 600,
                                  .dials_per_minute = 30,
                                  .backoff_ms_most = 30000,
                                  .limit_share = 100,
                                  .record_compress = 1,
                                  .quarantine_per_minute = 20,
                                  .quarantine_frame = 256u << 10,
                                  .node = -1,
                                  .seed = 1};
    mr_signal_config_default(&c->signal);
    mr_fresh_config_default(&c->fresh);
    mr_dpdk_config_default(&c->dpdk);
    for (uint32_t i = 0; i < MR_PLANE_FEEDS_MAX; i++)
        c->feeds[i].source = MR_PLANE_AS_PLANE;
    for (uint32_t i = 0; i < MR_PLANE_FEEDS_MAX; i++)
        c->feeds[i].merge_wait_ns = 200000000;
    c->merged = sysconf(_SC_NPROCESSORS_ONLN) <= 2;
}

static int check_feed(const struct mr_plane_config *c, uint32_t i, struct mr_err *err)
{
    const struct mr_plane_feed *f = &c->feeds[i];
    const struct mr_venue *venue;
    uint8_t product;
    int status = mr_venue_parse(f->product, &venue, &product, err);
    if (status)
        return status;
    if (f->symbol_count == 0)
        return mr_err_set(err, MR_E_INVALID, "feeds[%u] (%s): no symbols; name at least one", i, f->product);
    if (f->tile >= c->feed_tiles)
        return mr_err_set(err, MR_E_RANGE, "feeds[%u] (%s): tile %u, but there are %u feed tiles (0 .. %u)", i,
                          f->product, f->tile, c->feed_tiles, c->feed_tiles - 1);
    if (f->connections > MR_PLANE_CONNECTIONS_MAX || (f->connections > 1 && f->line_count))
        return mr_err_set(err, MR_E_RANGE,
                          "feeds[%u] (%s): connections %u: want 1 to %d, and 1 for a feed of datagrams", i, f->product,
                          f->connections, MR_PLANE_CONNECTIONS_MAX);
    if (f->merge_wait_ns < 0 || f->from_count > MR_PLANE_SOURCE_ADDRESSES)
        return mr_err_set(err, MR_E_RANGE, "feeds[%u] (%s): merge_wait %lld ns, %u source addresses", i, f->product,
                          (long long)f->merge_wait_ns, f->from_count);
    if (f->line_count > MR_ARBITER_LINES_MAX || f->source > MR_PLANE_AS_PLANE)
        return mr_err_set(err, MR_E_RANGE, "feeds[%u] (%s): %u lines (at most %d), source %u", i, f->product,
                          f->line_count, MR_ARBITER_LINES_MAX, f->source);
    if (f->line_count &&
        !(f->number_width == 1 || f->number_width == 2 || f->number_width == 4 || f->number_width == 8))
        return mr_err_set(err, MR_E_RANGE, "feeds[%u] (%s): number_width %u: want 1, 2, 4 or 8 bytes", i, f->product,
                          f->number_width);
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(c->feeds[k].product, f->product) == 0)
            return mr_err_set(err, MR_E_INVALID, "feeds[%u] and feeds[%u] are both %s; put all its symbols into one", k,
                              i, f->product);
    return MR_OK;
}

/* How many of the feed's sessions are sent from this address. */
static uint32_t sessions_from(const struct mr_plane_feed *f, const struct mr_product_dial *dial,
                              const struct mr_address *from)
{
    uint32_t n = 0, members = f->line_count ? 0 : mr_feed_tile_members(dial, f->connections);
    static const struct mr_address any;
    for (const struct mr_route *r = dial->routes; r->name; r++)
        for (uint32_t k = 0; k < members; k++)
            n += memcmp(f->from_count ? &f->from[k % f->from_count] : &any, from, sizeof *from) == 0;
    return n;
}

/* A venue counts the connections from one address, over all its products. */
static int check_connections(const struct mr_plane_config *c, uint32_t i, struct mr_err *err)
{
    const struct mr_plane_feed *f = &c->feeds[i];
    const struct mr_venue *venue, *other;
    uint8_t product;
    mr_venue_parse(f->product, &venue, &product, NULL);
    uint32_t most = mr_budget_share(mr_dialect_of(venue)->limits.connections, c->limit_share);
    for (uint32_t k = 0; most && (k < f->from_count || k == 0); k++) {
        uint32_t n = 0;
        for (uint32_t o = 0; o < c->feed_count; o++)
            if (mr_venue_parse(c->feeds[o].product, &other, &product, NULL) == MR_OK && other == venue)
                n += sessions_from(&c->feeds[o], &mr_dialect_of(other)->products[product], &f->from[k]);
        if (n > most)
            return mr_err_set(
                err, MR_E_RANGE,
                "feeds[%u] (%s): %u connections to %s from one address, which allows %u: lower connections, "
                "or add source_addresses",
                i, f->product, n, venue->title, most);
    }
    return MR_OK;
}

int mr_plane_check(const struct mr_plane_config *c, struct mr_err *err)
{
    const char *colon = strrchr(c->reference, ':');
    if (c->feed_count == 0)
        return mr_err_set(err, MR_E_INVALID,
                          "no feeds: name at least one product and its symbols (config/millrace.yaml shows how)");
    if (c->feed_count > MR_PLANE_FEEDS_MAX)
        return mr_err_set(err, MR_E_RANGE, "%u feeds, at most %d", c->feed_count, MR_PLANE_FEEDS_MAX);
    if (c->feed_tiles == 0 || c->feed_tiles > MR_PLANE_TILES_MAX)
        return mr_err_set(err, MR_E_RANGE, "feed_tiles %u: want 1 to %d", c->feed_tiles, MR_PLANE_TILES_MAX);
    if (!colon || colon == c->reference || !colon[1])
        return mr_err_set(err, MR_E_INVALID, "reference \"%s\": want VENUE:PRODUCT:SYMBOL, as binance:spot:BTCUSDT",
                          c->reference);
    if (!*c->workspace)
        return mr_err_set(err, MR_E_INVALID, "no workspace file is named");
    if (c->ring_slots < 2 * MR_GROUP_SLOTS || c->ring_slots & (c->ring_slots - 1) ||
        c->tap_slots < 2 * MR_GROUP_SLOTS || c->tap_slots & (c->tap_slots - 1))
        return mr_err_set(
            err, MR_E_RANGE,
            "ring_slots %u, tap_slots %u: want powers of two of at least 8,192, so that the longest book message fits",
            c->ring_slots, c->tap_slots);
    if (c->signal_slots < 64 || c->signal_slots & (c->signal_slots - 1))
        return mr_err_set(err, MR_E_RANGE, "signal_slots %u: want a power of two of at least 64", c->signal_slots);
    int fresh = mr_fresh_check(&c->fresh, err);
    if (fresh)
        return fresh;
    for (uint32_t i = 0; i < c->feed_count; i++) {
        int status = check_feed(c, i, err);
        if (status)
            return status;
    }
    for (uint32_t i = 0; i < c->feed_count; i++) {
        int status = check_connections(c, i, err);
        if (status)
            return status;
    }
    return MR_OK;
}
