#include "tests/dataplane/plane/rig.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/ring/workspace.h"
#include "tests/support/support.h"

/* ---- looking, through the workspace as any tool would ---- */

struct wanted {
    const char *name;
    uint64_t sum;
};

static void add_up(void *arg, const struct mr_metric_view *v)
{
    struct wanted *w = arg;
    if (strcmp(v->name, w->name) == 0)
        w->sum += (uint64_t)v->value;
}

static uint64_t sum_of(const struct rig *rig, const char *prefix, const char *name)
{
    struct wanted w = {name, 0};
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(mr_plane_workspace(rig->plane), i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS && strncmp(r.name, prefix, strlen(prefix)) == 0)
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

uint64_t rig_count(const struct rig *rig, uint32_t feed, const char *block, const char *name)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "metrics/%s/%s", block, rig->feeds[feed].product);
    return sum_of(rig, prefix, name);
}

uint64_t rig_tile_count(const struct rig *rig, const char *name) { return sum_of(rig, "metrics/feed-tile/0", name); }

uint64_t rig_engine_count(const struct rig *rig, const char *block, const char *name)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "metrics/%s/", block);
    return sum_of(rig, prefix, name);
}

static bool image(const struct rig *rig, const char *name, void *out, uint32_t bytes)
{
    struct mr_region r;
    return mr_workspace_find(mr_plane_workspace(rig->plane), name, &r) == MR_OK &&
           mr_image_read(r.mem, out, bytes, NULL) == MR_OK;
}

bool rig_says(const struct rig *rig, uint32_t feed, const char *words)
{
    static struct mr_plane_connections c;
    size_t len = strlen(rig->feeds[feed].product);
    if (!image(rig, "connections/0", &c, sizeof c))
        return false;
    for (uint32_t i = 0; i < c.count; i++)
        if (strncmp(c.row[i].product, rig->feeds[feed].product, len) == 0 && strstr(c.row[i].why, words))
            return true;
    return false;
}

bool rig_book(const struct rig *rig, uint32_t id, struct mr_plane_book *out)
{
    char name[32];
    snprintf(name, sizeof name, "book/%u", id);
    return image(rig, name, out, sizeof *out);
}

bool rig_live(const struct rig *rig)
{
    static struct mr_plane_connections c;
    if (!image(rig, "connections/0", &c, sizeof c) || c.count < rig->connections)
        return false;
    for (uint32_t i = 0; i < c.count; i++)
        if (c.row[i].state != MR_SESSION_LIVE)
            return false;
    for (uint32_t id = 0; id < rig->books; id++) {
        struct mr_plane_book b;
        if (!rig_book(rig, id, &b) || !b.live)
            return false;
    }
    return true;
}

void rig_tell(const struct rig *rig)
{
    static struct mr_plane_connections c;
    image(rig, "connections/0", &c, sizeof c);
    for (uint32_t i = 0; i < c.count; i++)
        print_error("%s/%s: state %u, %u of %u streams, %s\n", c.row[i].product, c.row[i].route, c.row[i].state,
                    c.row[i].streams_live, c.row[i].streams, c.row[i].why);
    for (uint32_t id = 0; id < rig->books; id++) {
        struct mr_plane_book b = {0};
        rig_book(rig, id, &b);
        print_error("book %u: live %u, seq %llu, gaps %llu\n", id, b.live, (unsigned long long)b.seq,
                    (unsigned long long)b.gaps);
    }
}

bool rig_becomes_live(const struct rig *rig)
{
    for (int i = 0; i < 600; i++, mr_test_rest(50))
        if (rig_live(rig))
            return true;
    rig_tell(rig);
    return false;
}

/* ---- books against the exchange's own ---- */

static bool same_book(const struct rig *rig, uint32_t id)
{
    static struct mr_truth truth;
    struct mr_region r;
    struct mr_instrument it;
    struct mr_plane_book ours;
    struct mr_err err;
    char product[40];
    mr_workspace_find(mr_plane_workspace(rig->plane), "instruments", &r);
    if (mr_instruments_read(r.mem, id, &it) != MR_OK || !rig_book(rig, id, &ours) || !ours.live)
        return false;
    const struct mr_venue *venue = mr_venue_by_id(it.venue);
    snprintf(product, sizeof product, "%s:%s", venue->name, venue->products[it.product].name);
    return mr_exchange_book(rig->exchange, product, it.symbol, MR_PLANE_BOOK_LEVELS, &truth, &err) == MR_OK &&
           mr_truth_same(&truth, 0, ours.bids, ours.bid_count, MR_PLANE_BOOK_LEVELS, &it) &&
           mr_truth_same(&truth, 1, ours.asks, ours.ask_count, MR_PLANE_BOOK_LEVELS, &it);
}

bool rig_books_equal(const struct rig *rig)
{
    for (int round = 0; round < 20; round++) {
        bool same = false;
        mr_exchange_pause(rig->exchange, true);
        for (int i = 0; i < 15 && !same; i++, mr_test_rest(50)) {
            same = true;
            for (uint32_t id = 0; id < rig->books; id++)
                same &= same_book(rig, id);
        }
        mr_exchange_pause(rig->exchange, false);
        if (same)
            return true;
        mr_test_rest(300);
    }
    for (uint32_t id = 0; id < rig->books; id++)
        print_error("book %u: %s\n", id, same_book(rig, id) ? "equal" : "not equal");
    return false;
}

void rig_fault(const struct rig *rig, uint32_t feed, struct mr_exchange_fault fault)
{
    struct mr_err err;
    snprintf(fault.product, sizeof fault.product, "%s", rig->feeds[feed].product);
    if (mr_exchange_fault(rig->exchange, &fault, &err) != MR_OK)
        fail_msg("%s on %s: %s", mr_fault_name(fault.kind), fault.product, err.text);
}

/* ---- the scene ---- */

static int told(const struct mr_err *err)
{
    print_error("%s\n", err->text);
    return 1;
}

static void add_feed(struct rig *rig, uint32_t i)
{
    const struct rig_feed *feed = &rig->feeds[i];
    struct mr_plane_feed *f = &rig->config.feeds[rig->config.feed_count++];
    const struct mr_venue *venue;
    uint8_t product;
    struct mr_err err;
    if (mr_venue_parse(feed->product, &venue, &product, &err) != MR_OK)
        fail_msg("%s", err.text);
    snprintf(f->product, sizeof f->product, "%s", feed->product);
    rig->first[i] = rig->books;
    for (size_t k = 0; k < RIG_SYMBOLS && feed->symbols[k]; k++)
        snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "%s", feed->symbols[k]);
    if (venue->products[product].channels & MR_DEPTH) /* products without books come behind those with */
        rig->books += f->symbol_count;
    f->connections = feed->connections ? feed->connections : 1;
    f->life_s = feed->life_s;
    f->silence_s = feed->silence_s;
    f->fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(rig->exchange)};
    for (const struct mr_route *r = mr_dialect_of(venue)->products[product].routes; r->name; r++)
        rig->connections += f->connections;
}

int rig_open(struct rig *rig, const struct rig_feed *feeds, uint32_t count)
{
    struct mr_err err = {""};
    *rig = (struct rig){.feeds = feeds, .feed_count = count, .folder = "/tmp/millrace-rig-XXXXXX"};
    assert_true(count <= RIG_FEEDS);
    if (!mkdtemp(rig->folder))
        return 1;
    const struct mr_exchange_config config = {.certs = rig->folder,
                                              .tape = {.pace = 1, .market = {.seed = 11, .warm_up_ns = 3000000000}}};
    if (mr_exchange_open(&rig->exchange, &config, &err) != MR_OK || mr_exchange_start(rig->exchange, &err) != MR_OK)
        return told(&err);
    struct mr_plane_config *c = &rig->config;
    mr_plane_config_default(c);
    c->merged = true;
    c->blocking = true;
    c->instruments_max = 64;
    c->books_max = RIG_BOOKS;
    c->dials_per_minute = 600;
    c->quarantine_s = 8; /* longer than a venue that has just said 429 lets one wait for the next dial */
    c->data_s = 5;
    c->backoff_ms_most = 400; /* faults come one behind the other; waiting for the next dial proves nothing */
    snprintf(c->workspace, sizeof c->workspace, "%s/workspace", rig->folder);
    snprintf(c->ca_file, sizeof c->ca_file, "%s", mr_exchange_ca(rig->exchange));
    for (uint32_t i = 0; i < count; i++)
        add_feed(rig, i);
    assert_true(rig->books <= RIG_BOOKS);
    return 0;
}

int rig_start(struct rig *rig)
{
    struct mr_err err = {""};
    if (mr_plane_open(&rig->plane, &rig->config, NULL, &err) != MR_OK || mr_plane_start(rig->plane, &err) != MR_OK)
        return told(&err);
    return rig_becomes_live(rig) ? 0 : 1;
}

int rig_close(struct rig *rig)
{
    mr_plane_stop(rig->plane);
    mr_plane_close(rig->plane);
    mr_exchange_stop(rig->exchange);
    mr_exchange_close(rig->exchange);
    return mr_test_remove(rig->folder);
}
