#include "controlplane/cmd/summary.h"

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/trade/show.h"
#include "dataplane/plane/plane.h"
#include "dataplane/ring/image.h"

/* ---- metrics, added up over the blocks that have them ---- */

struct wanted {
    const char *family, *name, *label;
    uint64_t sum;
};

static void add_up(void *arg, const struct mr_metric_view *v)
{
    struct wanted *w = arg;
    if (v->type != MR_METRIC_HIST && strcmp(v->family, w->family) == 0 && strcmp(v->name, w->name) == 0 &&
        (!w->label || strstr(v->labels, w->label)))
        w->sum += (uint64_t)v->value;
}

static uint64_t sum(const struct mr_workspace *ws, const char *family, const char *name, const char *label)
{
    struct wanted w = {family, name, label, 0};
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(ws, i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS)
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

static bool image(const struct mr_workspace *ws, const char *name, void *out, size_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(ws, name, &r) == MR_OK && r.kind == MR_REGION_IMAGE &&
           mr_image_check(r.mem, r.bytes) == MR_OK && mr_image_payload_bytes(r.mem) == bytes &&
           mr_image_read(r.mem, out, (uint32_t)bytes, NULL) == MR_OK;
}

/* ---- parts ---- */

static void feeds(const struct mr_workspace *ws, struct mr_json_out *j)
{
    static const char *const counts[] = {"messages",  "bodies",  "groups",   "gaps",  "malformed",
                                         "truncated", "inexact", "overflow", "range", "unknown",
                                         "no_symbol", "old",     "refetched"};
    struct mr_region r;
    mr_json_out_object(j, "feeds");
    for (uint32_t i = 0; mr_workspace_region(ws, i, &r) == MR_OK; i++) {
        static const char prefix[] = "metrics/feed/";
        if (r.kind != MR_REGION_METRICS || strncmp(r.name, prefix, sizeof prefix - 1) != 0)
            continue;
        mr_json_out_object(j, r.name + sizeof prefix - 1);
        for (size_t k = 0; k < MR_COUNT_OF(counts); k++) {
            struct wanted w = {"feed", counts[k], NULL, 0};
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
            mr_json_out_u64(j, counts[k], w.sum);
        }
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}

/* What each tile received by: regions metrics/source/TILE/NAME. */
static void sources(const struct mr_workspace *ws, struct mr_json_out *j)
{
    static const char prefix[] = "metrics/source/";
    static const char *const counts[] = {"pieces", "bytes", "opened", "closed"};
    struct mr_region r;
    mr_json_out_array(j, "sources");
    for (uint32_t i = 0; mr_workspace_region(ws, i, &r) == MR_OK; i++) {
        if (r.kind != MR_REGION_METRICS || strncmp(r.name, prefix, sizeof prefix - 1) != 0)
            continue;
        const char *tile = r.name + sizeof prefix - 1, *name = strchr(tile, '/');
        mr_json_out_object(j, NULL);
        mr_json_out_u64(j, "tile", strtoul(tile, NULL, 10));
        mr_json_out_string(j, "source", name ? name + 1 : "?");
        for (size_t k = 0; k < MR_COUNT_OF(counts); k++) {
            struct wanted w = {"stream", counts[k], NULL, 0};
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
            mr_json_out_u64(j, counts[k], w.sum);
        }
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
    mr_json_out_object(j, "tls_records");
    mr_json_out_u64(j, "own", sum(ws, "tls", "records_own", NULL));
    mr_json_out_u64(j, "openssl", sum(ws, "tls", "records_openssl", NULL));
    mr_json_out_end(j);
}

static void events(const struct mr_plane_engines *e, struct mr_json_out *j)
{
    mr_json_out_object(j, "events");
    for (unsigned kind = 1; kind < MR_EVENT_KIND_COUNT; kind++)
        mr_json_out_u64(j, mr_event_kind_name(kind), e->events[kind]);
    mr_json_out_end(j);
    mr_json_out_object(j, "signals");
    for (unsigned level = 1; level < MR_LEVEL_COUNT; level++)
        mr_json_out_u64(j, mr_level_name(level), e->signals[level]);
    mr_json_out_u64(j, "cascades", e->cascades);
    mr_json_out_end(j);
}

struct books {
    uint32_t all, live, crossed;
};

static struct books books_of(const struct mr_workspace *ws)
{
    struct books b = {0, 0, 0};
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(ws, i, &r) == MR_OK; i++) {
        struct mr_plane_book book;
        if (r.kind != MR_REGION_IMAGE || strncmp(r.name, "book/", 5) != 0 || !image(ws, r.name, &book, sizeof book))
            continue;
        b.all++;
        b.live += book.live;
        b.crossed += book.live && book.crossed;
    }
    return b;
}

static void connections(const struct mr_workspace *ws, struct mr_json_out *j)
{
    static struct mr_plane_connections c;
    char name[MR_REGION_NAME_BYTES];
    mr_json_out_array(j, "connections");
    for (uint32_t n = 0; n < MR_PLANE_TILES_MAX; n++) {
        snprintf(name, sizeof name, "connections/%u", n);
        if (!image(ws, name, &c, sizeof c))
            continue;
        for (uint32_t i = 0; i < c.count && i < MR_COUNT_OF(c.row); i++) {
            const struct mr_plane_connection *row = &c.row[i];
            mr_json_out_object(j, NULL);
            mr_json_out_string(j, "product", row->product);
            mr_json_out_string(j, "route", row->route);
            mr_json_out_string(j, "state", row->state < MR_SESSION_STATES ? mr_session_state_name(row->state) : "?");
            mr_json_out_string(j, "tls", row->tls);
            mr_json_out_u64(j, "streams", row->streams);
            mr_json_out_u64(j, "streams_live", row->streams_live);
            mr_json_out_u64(j, "mute", row->mute);
            mr_json_out_u64(j, "frames", row->frames);
            mr_json_out_u64(j, "bytes", row->bytes);
            mr_json_out_end(j);
        }
    }
    mr_json_out_end(j);
}

struct stage {
    const char *family, *name, *title;
    struct mr_hist *into;
};
static const struct stage stages[] = {
    {"session", "frame_ns", "wire_to_frame", NULL},
    {"feed_tile", "decode_ns", "wire_to_event", NULL},
    {"engine", "wait_ns", "ring_wait", NULL},
    {"engine", "apply_ns", "engines", NULL},
    {"engine", "path_ns", "wire_to_engines_done", NULL},
    {"engine", "signal_ns", "wire_to_signal", NULL},
    {"feed", "lag_ns", "venue_lag", NULL},
};

struct collecting {
    const struct stage *stage;
    uint64_t count;
    int64_t p50, p99, p999, max;
};

/* One block a stage in most runs; of several, the one with the most values speaks (histograms of unlike precision are not added). */
static void collect(void *arg, const struct mr_metric_view *v)
{
    static _Alignas(64) uint8_t mem[1 << 20];
    struct collecting *c = arg;
    if (v->type != MR_METRIC_HIST || strcmp(v->family, c->stage->family) != 0 || strcmp(v->name, c->stage->name) != 0 ||
        mr_hist_bytes(v->hist_bits) > sizeof mem)
        return;
    struct mr_hist *copy = mr_hist_init(mem, v->hist_bits);
    if (mr_hist_copy(copy, v->hist) != MR_OK || mr_hist_count(copy) <= c->count)
        return;
    c->count = mr_hist_count(copy);
    c->p50 = mr_hist_percentile(copy, 0.5);
    c->p99 = mr_hist_percentile(copy, 0.99);
    c->p999 = mr_hist_percentile(copy, 0.999);
    c->max = mr_hist_max(copy);
}

static struct collecting stage_of(const struct mr_workspace *ws, const struct stage *stage)
{
    struct collecting c = {.stage = stage};
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(ws, i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS)
            mr_metrics_each(r.mem, r.bytes, collect, &c);
    return c;
}

static void latency(const struct mr_workspace *ws, struct mr_json_out *j)
{
    mr_json_out_object(j, "latency_ns");
    for (size_t i = 0; i < MR_COUNT_OF(stages); i++) {
        const struct collecting c = stage_of(ws, &stages[i]);
        mr_json_out_object(j, stages[i].title);
        mr_json_out_u64(j, "count", c.count);
        mr_json_out_i64(j, "p50", c.p50);
        mr_json_out_i64(j, "p99", c.p99);
        mr_json_out_i64(j, "p99_9", c.p999);
        mr_json_out_i64(j, "max", c.max);
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}

static const struct {
    const char *title, *family, *name;
} drops[] = {
    {"ring_full", "feed_tile", "ring_full"},
    {"not_recorded", "feed_tile", "not_recorded"},
    {"refused", "feed", "refused"},
    {"no_join", "feed", "no_join"},
    {"no_book", "pipeline", "no_book"},
    {"dropped", "pipeline", "dropped"},
    {"unknown", "pipeline", "unknown"},
    {"signals_lost", "engine", "signals_lost"},
    {"lost", "record", "lost"},
    {"lines_lost", "arbiter", "lost"},
    {"port_missed", "dpdk", "port_missed"},
    {"port_not_sent", "dpdk", "send_dropped"},
    {"tcp_dropped", "tcp", "dropped"},
    {"tcp_no_memory", "tcp", "no_memory"},
};

void mr_summary_json(const struct mr_workspace *ws, const struct mr_trade_show *trade, uint64_t peak_rss_bytes,
                     struct mr_text *out)
{
    struct mr_json_out j;
    struct mr_workspace_info info;
    static struct mr_plane_engines engines;
    bool has_engines = image(ws, "state/0", &engines, sizeof engines);
    const struct books b = books_of(ws);
    mr_workspace_info(ws, &info);
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "instance", info.instance);
    mr_json_out_string(&j, "build", info.build);
    mr_json_out_u64(&j, "epoch", info.epoch);
    mr_json_out_u64(&j, "messages", sum(ws, "feed", "messages", NULL));
    mr_json_out_u64(&j, "gaps", sum(ws, "feed", "gaps", NULL));
    feeds(ws, &j);
    sources(ws, &j);
    if (has_engines)
        events(&engines, &j);
    mr_json_out_object(&j, "books");
    mr_json_out_u64(&j, "all", b.all);
    mr_json_out_u64(&j, "live", b.live);
    mr_json_out_u64(&j, "stale", b.all - b.live);
    mr_json_out_u64(&j, "crossed", b.crossed);
    mr_json_out_u64(&j, "checksums", sum(ws, "book", "checksums", NULL));
    mr_json_out_u64(&j, "mismatches", sum(ws, "book", "mismatches", NULL));
    mr_json_out_end(&j);
    connections(ws, &j);
    latency(ws, &j);
    mr_json_out_object(&j, "drops");
    for (size_t i = 0; i < MR_COUNT_OF(drops); i++)
        mr_json_out_u64(&j, drops[i].title, sum(ws, drops[i].family, drops[i].name, NULL));
    mr_json_out_end(&j);
    mr_json_out_object(&j, "digests");
    mr_json_out_string(&j, "events", engines.events_digest);
    mr_json_out_string(&j, "signals", engines.signals_digest);
    mr_json_out_end(&j);
    if (trade) {
        mr_json_out_object(&j, "trading");
        mr_trade_show_json(trade, &j);
        mr_json_out_end(&j);
    }
    mr_json_out_u64(&j, "peak_rss_bytes", peak_rss_bytes);
    mr_json_out_end(&j);
    mr_text_add(out, "\n");
}

void mr_summary_text(const struct mr_workspace *ws, const struct mr_trade_show *trade, uint64_t peak_rss_bytes,
                     struct mr_text *out)
{
    static struct mr_plane_engines e;
    const struct books b = books_of(ws);
    image(ws, "state/0", &e, sizeof e);
    mr_text_format(out, "messages %llu, gaps %llu; books %u live of %u, %u crossed\n",
                   (unsigned long long)sum(ws, "feed", "messages", NULL),
                   (unsigned long long)sum(ws, "feed", "gaps", NULL), b.live, b.all, b.crossed);
    mr_text_add(out, "signals:");
    for (unsigned level = 1; level < MR_LEVEL_COUNT; level++)
        mr_text_format(out, " %s %llu", mr_level_name(level), (unsigned long long)e.signals[level]);
    mr_text_format(out, ", cascades %llu\n", (unsigned long long)e.cascades);
    mr_text_format(out, "%-22s %12s %12s %12s %12s %14s\n", "latency, ns", "count", "p50", "p99", "p99.9", "max");
    for (size_t i = 0; i < MR_COUNT_OF(stages); i++) {
        const struct collecting c = stage_of(ws, &stages[i]);
        mr_text_format(out, "%-22s %12llu %12lld %12lld %12lld %14lld\n", stages[i].title, (unsigned long long)c.count,
                       (long long)c.p50, (long long)c.p99, (long long)c.p999, (long long)c.max);
    }
    if (*e.events_digest)
        mr_text_format(out, "digests: events %s, signals %s\n", e.events_digest, e.signals_digest);
    if (trade) {
        mr_text_add(out, "trading: ");
        mr_trade_show_account(trade, out);
        mr_trade_show_latencies(trade, out);
        mr_trade_show_requests(trade, out);
        mr_text_format(out, "journal: %s, %llu records (`millrace journal verify` checks them)\n", trade->journal,
                       (unsigned long long)trade->journal_durable);
    }
    if (peak_rss_bytes)
        mr_text_format(out, "peak resident memory %.0f MB\n", (double)peak_rss_bytes / 1e6);
}
