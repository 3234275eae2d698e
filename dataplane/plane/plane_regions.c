#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/plane/plane_memory.h"
#include "dataplane/plane/plane_priv.h"

/* ---- the plan: every region by name ---- */

static struct mr_region_plan *add(struct mr_plane *p, uint32_t kind, size_t unit, size_t bytes, const char *format, ...)
    MR_PRINTF(5, 6);
static struct mr_region_plan *add(struct mr_plane *p, uint32_t kind, size_t unit, size_t bytes, const char *format, ...)
{
    MR_ASSERT(p->region_count < MR_REGIONS_MAX);
    struct mr_region_plan *r = &p->regions[p->region_count++];
    *r = (struct mr_region_plan){.kind = kind, .layout = (uint32_t)unit, .bytes = bytes};
    va_list args;
    va_start(args, format);
    vsnprintf(r->name, sizeof r->name, format, args);
    va_end(args);
    return r;
}

static void add_metrics(struct mr_plane *p, const struct mr_metrics_desc *desc, const char *name, const char *labels)
{
    add(p, MR_REGION_METRICS, desc->value_bytes, mr_metrics_bytes(desc), "metrics/%s", name);
    struct mr_plane_block *b = &p->blocks[p->region_count - 1];
    b->desc = desc;
    snprintf(b->labels, sizeof b->labels, "%s", labels);
}

const char *mr_plane_session_name(char name[64], const char *product, const char *route, uint32_t member)
{
    snprintf(name, 64, member ? "session/%s/%s/%u" : "session/%s/%s", product, route, member);
    return name;
}

/* Of each connection to each route; a feed with one to each has no number in its labels. */
static void plan_session_metrics(struct mr_plane *p, const struct mr_plane_feed *f, const struct mr_venue *venue,
                                 uint8_t product)
{
    const struct mr_product_dial *dial = &mr_dialect_of(venue)->products[product];
    uint32_t members = mr_feed_tile_members(dial, f->connections);
    char name[64], labels[128];
    for (const struct mr_route *r = dial->routes; r->name; r++)
        for (uint32_t k = 0; k < members; k++) {
            int n = snprintf(labels, sizeof labels, "venue=%s,product=%s,route=%s", venue->name,
                             venue->products[product].name, r->name);
            if (k)
                snprintf(labels + n, sizeof labels - (size_t)n, ",copy=%u", k);
            add_metrics(p, &mr_session_metrics_desc, mr_plane_session_name(name, f->product, r->name, k), labels);
            snprintf(labels + n, sizeof labels - (size_t)n, ",copy=%u", k);
            snprintf(name, sizeof name, "lane/%s/%s/%u", f->product, r->name, k);
            if (members > 1)
                add_metrics(p, &mr_lane_metrics_desc, name, labels);
        }
    snprintf(name, sizeof name, "merge/%s", f->product);
    snprintf(labels, sizeof labels, "venue=%s,product=%s", venue->name, venue->products[product].name);
    if (members > 1)
        add_metrics(p, &mr_merge_metrics_desc, name, labels);
}

static void plan_feed_metrics(struct mr_plane *p, const struct mr_plane_feed *f)
{
    const struct mr_venue *venue;
    uint8_t product;
    char name[64], labels[128];
    mr_venue_parse(f->product, &venue, &product, NULL);
    snprintf(name, sizeof name, "feed/%s", f->product);
    snprintf(labels, sizeof labels, "venue=%s,product=%s", venue->name, venue->products[product].name);
    add_metrics(p, &mr_feed_metrics_desc, name, labels);
    if (f->line_count) {
        snprintf(name, sizeof name, "lines/%s", f->product);
        add_metrics(p, &mr_arbiter_metrics_desc, name, labels);
    }
    if (!f->line_count)
        plan_session_metrics(p, f, venue, product);
}

/* What a feed tile receives by: one source of a kind, whichever of its feeds want it. */
static void plan_sources(struct mr_plane *p, uint32_t n)
{
    char name[32], labels[48];
    uint32_t seen = 0;
    for (uint32_t i = 0; i < p->config.feed_count; i++) {
        uint8_t kind = p->source_of[i];
        if (p->config.feeds[i].tile != n || seen >> kind & 1)
            continue;
        seen |= 1u << kind;
        snprintf(name, sizeof name, "source/%u/%s", n, mr_plane_ops(kind)->name);
        snprintf(labels, sizeof labels, "tile=%u,source=%s", n, mr_plane_ops(kind)->name);
        add_metrics(p, &mr_stream_metrics_desc, name, labels);
        if (mr_plane_ops(kind)->show)
            add(p, MR_REGION_IMAGE, sizeof(struct mr_source_show), mr_image_bytes(sizeof(struct mr_source_show)),
                "source/%u/%s", n, mr_plane_ops(kind)->name);
        if (kind == MR_PLANE_DPDK) {
            snprintf(labels, sizeof labels, "tile=%u", n);
            add_metrics(p, &mr_dpdk_metrics_desc, "dpdk", labels);
            add_metrics(p, &mr_net_metrics_desc, "net", labels);
            add_metrics(p, &mr_tcp_metrics_desc, "tcp", labels);
        }
    }
}

static void plan_feed_tile(struct mr_plane *p, uint32_t n)
{
    const struct mr_plane_config *c = &p->config;
    char name[32], labels[32];
    add(p, MR_REGION_RING, MR_SLOT_BYTES, mr_ring_bytes(c->ring_slots, MR_GROUP_SLOTS), "feed/%u>engine/0", n);
    add(p, MR_REGION_RING, MR_SLOT_BYTES, mr_ring_bytes(MR_PLANE_SMALL_RING, 1), "engine/0>feed/%u", n);
    add(p, MR_REGION_RING, MR_SLOT_BYTES, mr_ring_bytes(MR_PLANE_SMALL_RING, 1), "commands/%u", n);
    add(p, MR_REGION_BYTES, 1, mr_bytes_ring_bytes(1u << 18), "feed/%u>aux", n);
    add(p, MR_REGION_BYTES, 1, mr_bytes_ring_bytes(1u << 20), "aux>feed/%u", n);
    add(p, MR_REGION_BYTES, 1, mr_bytes_ring_bytes(1u << 23), "feed/%u>record", n);
    add(p, MR_REGION_IMAGE, sizeof(struct mr_plane_connections), mr_image_bytes(sizeof(struct mr_plane_connections)),
        "connections/%u", n);
    add(p, MR_REGION_IMAGE, sizeof(struct mr_plane_channels), mr_image_bytes(sizeof(struct mr_plane_channels)),
        "channels/%u", n);
    snprintf(name, sizeof name, "feed-tile/%u", n);
    snprintf(labels, sizeof labels, "tile=%u", n);
    add_metrics(p, &mr_feed_tile_metrics_desc, name, labels);
    snprintf(name, sizeof name, "tls/%u", n);
    add_metrics(p, &mr_tls_metrics_desc, name, labels);
    plan_sources(p, n);
}

static void plan_engine_tile(struct mr_plane *p)
{
    const struct mr_plane_config *c = &p->config;
    add(p, MR_REGION_RING, sizeof(struct mr_signal), mr_ring_bytes(c->signal_slots, MR_SIGNAL_SLOTS), "signals/0");
    add(p, MR_REGION_RING, MR_SLOT_BYTES, mr_ring_bytes(c->tap_slots, MR_GROUP_SLOTS), "tap/events/0");
    add(p, MR_REGION_RING, sizeof(struct mr_signal), mr_ring_bytes(c->signal_slots, MR_SIGNAL_SLOTS), "tap/signals/0");
    add(p, MR_REGION_BYTES, 1, mr_bytes_ring_bytes(1u << 20), "engine/0>record");
    add(p, MR_REGION_IMAGE, sizeof(struct mr_plane_engines), mr_image_bytes(sizeof(struct mr_plane_engines)),
        "state/0");
    add_metrics(p, &mr_engine_metrics_desc, "engine/0", "tile=0");
    add_metrics(p, &mr_pipeline_metrics_desc, "pipeline/0", "tile=0");
    add_metrics(p, &mr_book_metrics_desc, "book/0", "tile=0");
    add_metrics(p, &mr_velocity_metrics_desc, "velocity/0", "tile=0,of=liquidations");
    add_metrics(p, &mr_velocity_metrics_desc, "flow/0", "tile=0,of=trades");
    add_metrics(p, &mr_signal_metrics_desc, "signal/0", "tile=0");
}

int mr_plane_plan(struct mr_plane *p, struct mr_err *err)
{
    const struct mr_plane_config *c = &p->config;
    p->regions = calloc(MR_REGIONS_MAX, sizeof *p->regions);
    p->blocks = calloc(MR_REGIONS_MAX, sizeof *p->blocks);
    if (!p->regions || !p->blocks)
        return mr_err_set(err, MR_E_NOMEM, "plane: no memory for the plan of its workspace");
    add(p, MR_REGION_INSTRUMENTS, sizeof(struct mr_instrument), mr_instruments_bytes(c->instruments_max),
        "instruments");
    add(p, MR_REGION_TILES, sizeof(struct mr_tile_beat), (MR_PLANE_TILES_MAX + 3) * sizeof(struct mr_tile_beat),
        "tiles");
    add(p, MR_REGION_BUDGETS, sizeof(struct mr_plane_ledger), sizeof(struct mr_plane_ledger), "budgets");
    if (c->yaml && *c->yaml)
        add(p, MR_REGION_TEXT, 1, strlen(c->yaml) + 1, "config");
    uint32_t symbols = 0;
    for (uint32_t i = 0; i < c->feed_count; i++) {
        plan_feed_metrics(p, &c->feeds[i]);
        symbols += c->feeds[i].symbol_count;
    }
    for (uint32_t n = 0; n < c->feed_tiles; n++)
        plan_feed_tile(p, n);
    plan_engine_tile(p);
    add_metrics(p, &mr_plane_memory_metrics_desc, "memory", "");
    add_metrics(p, &mr_aux_metrics_desc, "aux", "");
    add_metrics(p, &mr_record_metrics_desc, "record", "");
    add(p, MR_REGION_IMAGE, sizeof(struct mr_record_show), mr_image_bytes(sizeof(struct mr_record_show)), "recording");
    if (p->region_count + symbols > MR_REGIONS_MAX)
        return mr_err_set(err, MR_E_FULL,
                          "plane: %u symbols and %u other regions are more than a workspace holds (%d); follow fewer "
                          "symbols, or run a second instance",
                          symbols, p->region_count, MR_REGIONS_MAX);
    for (uint32_t id = 0; id < symbols; id++)
        add(p, MR_REGION_IMAGE, sizeof(struct mr_plane_book), mr_image_bytes(sizeof(struct mr_plane_book)), "book/%u",
            id);
    return MR_OK;
}

/* ---- the workspace ---- */

void *mr_plane_region(struct mr_plane *p, const char *name, size_t *bytes)
{
    struct mr_region r;
    if (mr_workspace_find(&p->workspace, name, &r) != MR_OK)
        return NULL;
    if (bytes)
        *bytes = r.bytes;
    return r.mem;
}

void *mr_plane_metrics(struct mr_plane *p, const char *name)
{
    char full[MR_REGION_NAME_BYTES];
    snprintf(full, sizeof full, "metrics/%s", name);
    for (uint32_t i = 0; i < p->region_count; i++)
        if (strcmp(p->regions[i].name, full) == 0)
            return p->blocks[i].values;
    MR_ASSERT(false);
    return NULL;
}

static bool starts(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static int set_up_ring(struct mr_plane *p, const struct mr_region *r)
{
    const struct mr_plane_config *c = &p->config;
    if (starts(r->name, "tap/events"))
        return mr_ring_init(r->mem, c->tap_slots, MR_GROUP_SLOTS, MR_RING_LAP);
    if (starts(r->name, "tap/signals"))
        return mr_ring_init(r->mem, c->signal_slots, MR_SIGNAL_SLOTS, MR_RING_LAP);
    if (starts(r->name, "signals"))
        return mr_ring_init(r->mem, c->signal_slots, MR_SIGNAL_SLOTS, MR_RING_GAP);
    if (starts(r->name, "feed/"))
        return mr_ring_init(r->mem, c->ring_slots, MR_GROUP_SLOTS, MR_RING_BACKPRESSURE);
    return mr_ring_init(r->mem, MR_PLANE_SMALL_RING, 1, MR_RING_GAP);
}

static int set_up_bytes(const struct mr_region *r)
{
    bool requests = strstr(r->name, ">aux") != NULL, answers = starts(r->name, "aux>"),
         frames = starts(r->name, "feed/");
    uint32_t area = requests ? 1u << 18 : answers || !frames ? 1u << 20 : 1u << 23;
    return mr_bytes_ring_init(r->mem, area, requests || answers ? MR_RING_BACKPRESSURE : MR_RING_GAP);
}

static int set_up(struct mr_plane *p, uint32_t i)
{
    struct mr_region r;
    int status = mr_workspace_region(&p->workspace, i, &r);
    if (status != MR_OK)
        return status;
    switch (r.kind) {
    case MR_REGION_INSTRUMENTS:
        p->instruments = mr_instruments_init(r.mem, p->config.instruments_max);
        return MR_OK;
    case MR_REGION_RING:
        return set_up_ring(p, &r);
    case MR_REGION_BYTES:
        return set_up_bytes(&r);
    case MR_REGION_IMAGE:
        return mr_image_init(r.mem, r.layout) ? MR_OK : MR_E_INVALID;
    case MR_REGION_METRICS:
        p->blocks[i].values = mr_metrics_init(r.mem, p->blocks[i].desc, p->blocks[i].labels);
        return MR_OK;
    case MR_REGION_TEXT:
        memcpy(r.mem, p->config.yaml, strlen(p->config.yaml) + 1);
        return MR_OK;
    default:
        return MR_OK;
    }
}

int mr_plane_make(struct mr_plane *p, struct mr_err *err)
{
    int status =
        mr_workspace_create(&p->workspace, p->config.workspace, p->config.instance, p->regions, p->region_count, err);
    for (uint32_t i = 0; i < p->region_count && status == MR_OK; i++) {
        status = set_up(p, i);
        if (status != MR_OK)
            mr_err_set(err, status, "%s: region %s: %s", p->config.workspace, p->regions[i].name,
                       mr_status_text(status));
    }
    if (status == MR_OK)
        mr_workspace_config(&p->workspace, p->config.config_hash);
    return status;
}
