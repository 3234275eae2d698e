/* Images: books, engine state, connections; instruments; metrics. */
#include "controlplane/consume/consume_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/metrics/metrics.h"

int millrace_instrument(struct millrace *m, uint32_t id, struct millrace_instrument *out, size_t bytes)
{
    const struct millrace_instrument *it = consume_instrument(m, id);
    if (it)
        consume_give(out, bytes, it, sizeof *it);
    else if (m->run.table && id < m->run.capacity && id < mr_instruments_count(m->run.table))
        return MILLRACE_E_BUSY;
    return it ? MILLRACE_OK : MILLRACE_E_UNKNOWN;
}

int64_t millrace_find(struct millrace *m, const char *name)
{
    struct millrace_info info;
    millrace_info(m, &info, sizeof info);
    for (uint32_t id = 0; id < info.instruments; id++) {
        const struct millrace_instrument *it = consume_instrument(m, id);
        char full[sizeof it->venue + sizeof it->product + sizeof it->symbol];
        if (!it)
            continue;
        snprintf(full, sizeof full, "%s:%s:%s", it->venue, it->product, it->symbol);
        if (strcmp(full, name) == 0)
            return id;
    }
    return MILLRACE_E_UNKNOWN;
}

/* A consistent copy of the image with that name. */
static int image(const struct millrace *m, const char *name, void *out, uint32_t bytes)
{
    struct mr_region region;
    int status = mr_workspace_find(&m->run.ws, name, &region);
    if (status == MR_OK && region.kind != MR_REGION_IMAGE)
        status = MR_E_CORRUPT;
    if (status == MR_OK)
        status = mr_image_check(region.mem, region.bytes);
    if (status == MR_OK)
        status = mr_image_read(region.mem, out, bytes, NULL);
    if (status != MR_OK)
        memset(out, 0, bytes);
    return consume_code(status);
}

static void levels(struct millrace_level *out, const struct mr_level *in)
{
    for (uint32_t i = 0; i < MILLRACE_TOP_LEVELS; i++)
        out[i] = (struct millrace_level){in[i].price, in[i].size};
}

static_assert(MILLRACE_TOP_LEVELS == MR_PLANE_BOOK_LEVELS, "all that the image has is given");

int millrace_top(struct millrace *m, uint32_t instrument, struct millrace_top *out, size_t bytes)
{
    char name[MR_REGION_NAME_BYTES];
    struct mr_plane_book b;
    snprintf(name, sizeof name, "book/%u", instrument);
    int code = image(m, name, &b, sizeof b);
    if (code == MILLRACE_OK && (b.bid_count > MILLRACE_TOP_LEVELS || b.ask_count > MILLRACE_TOP_LEVELS))
        code = MILLRACE_E_CORRUPT;
    if (code != MILLRACE_OK)
        return code;
    struct millrace_top ours = {
        .instrument = b.instrument,
        .live = b.live != 0,
        .crossed = b.crossed != 0,
        .bid_count = b.bid_count,
        .ask_count = b.ask_count,
        .depth_bids = b.depth_bids,
        .depth_asks = b.depth_asks,
        .seq = b.seq,
        .gaps = b.gaps,
        .venue_ns = b.venue_ns,
        .recv_ns = b.recv_ns,
    };
    levels(ours.bids, b.bids);
    levels(ours.asks, b.asks);
    consume_give(out, bytes, &ours, sizeof ours);
    return MILLRACE_OK;
}

static void underlying(struct millrace_underlying *out, const struct mr_plane_underlying *in)
{
    *out = (struct millrace_underlying){
        .level = in->level,
        .cascade = in->cascade != 0,
        .rate_10s = in->rate_10s,
        .acceleration = in->acceleration,
        .jerk = in->jerk,
        .score = in->score,
        .usd_per_s = in->usd_per_s,
        .liquidations = in->liquidations,
        .last_ns = in->last_ns,
    };
    consume_text(out->name, sizeof out->name, in->base, sizeof in->base);
}

int millrace_state(struct millrace *m, uint32_t engine, struct millrace_state *out, size_t bytes)
{
    char name[MR_REGION_NAME_BYTES];
    struct mr_plane_engines e;
    snprintf(name, sizeof name, "state/%u", engine);
    int code = image(m, name, &e, sizeof e);
    if (code == MILLRACE_OK && e.underlyings > MILLRACE_UNDERLYINGS)
        code = MILLRACE_E_CORRUPT;
    if (code != MILLRACE_OK)
        return code;
    struct millrace_state ours = {
        .engine_ns = e.engine_ns,
        .regime = e.regime,
        .warm = e.warm != 0,
        .volatility_1m = e.vol_1m,
        .volatility_5m = e.vol_5m,
        .volatility_15m = e.vol_15m,
        .volatility_1h = e.vol_1h,
        .percentile = e.percentile,
        .multiplier = e.multiplier,
        .cascades = e.cascades,
        .underlyings = e.underlyings,
    };
    for (uint32_t i = 0; i < e.underlyings; i++)
        underlying(&ours.underlying[i], &e.row[i]);
    consume_give(out, bytes, &ours, sizeof ours);
    return MILLRACE_OK;
}

static const char *
state_name(uint8_t state) /* the numbers of dataplane/session/session.h, which stand in its metrics too */
{
    static const char *const names[] = {"down",      "resolve", "dial",  "tls",   "upgrade",
                                        "subscribe", "live",    "stale", "paused"};
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}

static void connection(struct millrace_connection *out, const struct mr_plane_connection *in)
{
    *out = (struct millrace_connection){
        .number = in->number,
        .streams = in->streams,
        .streams_live = in->streams_live,
        .mute = in->mute,
        .since_ns = in->since_ns,
        .last_byte_ns = in->last_byte_ns,
        .frames = in->frames,
        .bytes = in->bytes,
    };
    consume_text(out->product, sizeof out->product, in->product, sizeof in->product);
    consume_text(out->route, sizeof out->route, in->route, sizeof in->route);
    consume_text(out->host, sizeof out->host, in->host, sizeof in->host);
    consume_text(out->why, sizeof out->why, in->why, sizeof in->why);
    consume_text(out->state, sizeof out->state, state_name(in->state), sizeof out->state);
}

int millrace_connection(struct millrace *m, uint32_t idx, struct millrace_connection *out, size_t bytes)
{
    for (uint32_t tile = 0; tile < MR_PLANE_TILES_MAX; tile++) {
        char name[MR_REGION_NAME_BYTES];
        struct mr_plane_connections c;
        snprintf(name, sizeof name, "connections/%u", tile);
        int code = image(m, name, &c, sizeof c);
        if (code == MILLRACE_E_EMPTY)
            continue;
        if (code != MILLRACE_OK)
            return code;
        if (c.count > MR_COUNT_OF(c.row))
            return MILLRACE_E_CORRUPT;
        if (idx < c.count) {
            struct millrace_connection ours;
            connection(&ours, &c.row[idx]);
            consume_give(out, bytes, &ours, sizeof ours);
            return MILLRACE_OK;
        }
        idx -= c.count;
    }
    return MILLRACE_E_UNKNOWN;
}

/* ---- metrics ---- */

struct showing {
    void (*each)(void *arg, const struct millrace_metric *metric);
    void *arg;
    bool no_memory;
};

static void percentiles(struct showing *s, const struct mr_metric_view *view, struct millrace_metric *out)
{
    void *mem = aligned_alloc(MR_LINE_BYTES, mr_hist_bytes(view->hist_bits)); /* a multiple of a line by its layout */
    if (!mem) {
        s->no_memory = true;
        return;
    }
    struct mr_hist *h = mr_hist_init(mem, view->hist_bits);
    if (mr_hist_copy(h, view->hist) == MR_OK) {
        static const double points[] = {0.5, 0.99, 0.9999};
        int64_t at[MR_COUNT_OF(points)];
        out->value = (int64_t)mr_hist_percentiles(h, points, MR_COUNT_OF(points), at);
        out->p50 = at[0];
        out->p99 = at[1];
        out->p9999 = at[2];
        out->max = mr_hist_max(h);
    }
    free(mem);
}

static void show(void *arg, const struct mr_metric_view *view)
{
    struct showing *s = arg;
    struct millrace_metric out = {
        .family = view->family,
        .labels = view->labels,
        .name = view->name,
        .unit = view->unit,
        .help = view->help,
        .type = view->type,
        .value = view->value,
    };
    if (view->type == MR_METRIC_HIST)
        percentiles(s, view, &out);
    s->each(s->arg, &out);
}

static_assert((int)MILLRACE_COUNTER == (int)MR_METRIC_COUNTER && (int)MILLRACE_GAUGE == (int)MR_METRIC_GAUGE &&
                  (int)MILLRACE_HISTOGRAM == (int)MR_METRIC_HIST,
              "types have one numbering");

int millrace_metrics(struct millrace *m, void (*each)(void *arg, const struct millrace_metric *metric), void *arg,
                     struct millrace_error *error)
{
    struct showing s = {.each = each, .arg = arg};
    struct mr_region region;
    for (uint32_t i = 0; mr_workspace_region(&m->run.ws, i, &region) == MR_OK; i++) {
        if (region.kind != MR_REGION_METRICS)
            continue;
        int status = mr_metrics_each(region.mem, region.bytes, show, &s);
        if (status != MR_OK)
            return consume_fail(error, consume_code(status), "%s: region %s: %s", m->path, region.name,
                                mr_status_text(status));
    }
    return s.no_memory ? consume_fail(error, MILLRACE_E_MEMORY, "%s: no memory for a histogram", m->path) : MILLRACE_OK;
}
