#ifndef MR_PLANE_PRIV_H
#define MR_PLANE_PRIV_H

#include "dataplane/plane/plane.h"
#include "dataplane/record/input_log.h"
#include "dataplane/record/record.h"
#include "dataplane/ring/workspace.h"

#define MR_PLANE_METRICS_MAX 96
#define MR_PLANE_HOLD_SLOTS 8192
#define MR_PLANE_SMALL_RING 256
#define MR_PLANE_LINE_WINDOW 1024 /* datagrams that may wait for an earlier one */

/* One region as planned, and where it lies once the workspace is made. */
struct mr_plane_block {
    const struct mr_metrics_desc *desc; /* metrics only */
    char labels[MR_METRICS_LABELS_BYTES];
    void *values;
};

/* The budgets, in the workspace: there they are as they stand at each moment, however the run ends, for the one that comes after it. */
struct mr_plane_ledger {
    uint32_t row_count, host_count;
    struct mr_plane_budget {
        struct mr_address from;
        uint16_t venue; /* its id */
        struct mr_budgets budgets;
    } row[MR_PLANE_FEEDS_MAX * MR_PLANE_SOURCE_ADDRESSES];
    struct {
        char name[128];
        struct mr_budget budget;
    } host[MR_PLANE_FEEDS_MAX];
};

struct mr_plane {
    struct mr_plane_config config;
    struct mr_log *log;
    struct mr_workspace workspace;
    struct mr_region_plan *regions;
    struct mr_plane_block *blocks; /* beside regions */
    uint32_t region_count;
    struct mr_instruments *instruments;
    struct mr_arena arena;
    uint32_t table_lock, shutdown, resets; /* shared by threads */
    struct mr_record_control recording;
    struct mr_ring_writer engine_record;
    struct mr_input_log engine_log;
    uint8_t *tile_of; /* by instrument id: its feed tile */

    struct mr_dpdk_config dpdk; /* the config's, with the lines of its feeds and places to count */
    struct mr_net_port ports[MR_PLANE_TILES_MAX][MR_NET_PORTS_MAX]; /* lines that a tile's sockets take */
    uint32_t port_count[MR_PLANE_TILES_MAX];
    struct {
        bool done, said;
        int status;
        struct mr_err err;
    } tried[MR_PLANE_SOURCES];
    uint8_t source_of[MR_PLANE_FEEDS_MAX];   /* by feed: enum mr_plane_source, never auto */
    uint16_t first_line[MR_PLANE_FEEDS_MAX]; /* by feed: number of its first line at the port */
    struct mr_feed_tile_lines lines[MR_PLANE_FEEDS_MAX];
    struct mr_stream *streams[MR_PLANE_FEEDS_MAX];
    struct mr_plane_ledger *ledger; /* in the workspace */
    struct mr_plane_ledger *left;   /* the run before's, while this one boots; NULL: there is none */
    struct mr_budgets *budget_of[MR_PLANE_FEEDS_MAX][MR_PLANE_SOURCE_ADDRESSES];
    char rest[MR_PLANE_FEEDS_MAX][192];
    struct mr_session_metrics *session_metrics[MR_PLANE_FEEDS_MAX][MR_FEED_TILE_SESSIONS];
    struct mr_lane_metrics *lane_metrics[MR_PLANE_FEEDS_MAX][MR_FEED_TILE_SESSIONS];
    struct mr_feed_tile_product products[MR_PLANE_TILES_MAX][MR_PLANE_FEEDS_MAX];
    struct mr_feed_tile_config feeds[MR_PLANE_TILES_MAX];
    struct mr_engine_tile_config engine;
    struct mr_image **books;
    struct mr_aux_config aux;
    struct mr_aux_link links[MR_PLANE_TILES_MAX];
    struct mr_aux_limit limits[MR_PLANE_FEEDS_MAX];
    struct mr_aux_override overrides[2 * MR_PLANE_FEEDS_MAX];
    char hosts[2 * MR_PLANE_FEEDS_MAX][128];
    struct mr_record_config record;
    struct mr_record_link record_links[MR_PLANE_TILES_MAX + 1];

    struct mr_tile_slot slots[MR_PLANE_TILES_MAX + 3];
    uint32_t slot_count;
    uint32_t booted;        /* the first of them */
    int awake;              /* descriptor of /dev/cpu_dma_latency; -1: not held */
    bool hot_ran, side_ran; /* their threads halt them */
    struct mr_tile_thread threads[MR_PLANE_TILES_MAX + 3];
    uint32_t thread_count;
    uint32_t hot_threads; /* the first of them: feed and engine tiles; stopped before the others */
    struct mr_tiles *tiles, *side_tiles;
    uint8_t *saved; /* state of an earlier run */
    uint64_t saves_written;
};

/* plane_regions.c */
int mr_plane_plan(struct mr_plane *p, struct mr_err *err); /* fills regions */
int mr_plane_make(struct mr_plane *p, struct mr_err *err); /* the workspace, with every region set up */
void *mr_plane_region(struct mr_plane *p, const char *name, size_t *bytes);
void *mr_plane_metrics(struct mr_plane *p, const char *name);
const char *mr_plane_session_name(char name[64], const char *product, const char *route, uint32_t member);

/* plane_source.c */
int mr_plane_choose_sources(struct mr_plane *p, struct mr_err *err);
struct mr_stream_config mr_plane_stream_config(const struct mr_plane *p, uint8_t source);
const struct mr_source_ops *mr_plane_ops(uint8_t source);

/* plane_budget.c: before and after the feeds are planned */
void mr_plane_budgets_begin(struct mr_plane *p);
void mr_plane_budgets_end(struct mr_plane *p);
void mr_plane_budgets(struct mr_plane *p, uint32_t feed, const struct mr_venue *venue); /* fills budget_of[feed] */
struct mr_budget *mr_plane_host_budget(struct mr_plane *p, const char *host, uint32_t window_s);
int64_t mr_plane_wall_ns(void);

/* plane_boot.c */
int mr_plane_boot(struct mr_plane *p, struct mr_err *err);

/* plane_state.c */
void mr_plane_state_load(struct mr_plane *p);
int mr_plane_state_copy(const struct mr_plane *p, struct mr_err *err);
void mr_plane_state_store(struct mr_plane *p);

#endif
