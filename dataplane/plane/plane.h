/* A data plane: all its tiles, rings and the workspace, built from one plain struct. `millrace dataplane` is this with signals handled.
 *
 *     feed tile(s)   source -> sessions -> mr_feed -> ring -> engine tile -> books, engines -> signals, taps, images
 *     aux tile       DNS, REST            record tile   recordings
 *
 * Regions of the workspace (mr_region names; N is the number of a feed tile, E of an engine tile):
 *     instruments            MR_REGION_INSTRUMENTS  struct mr_instruments
 *     tiles                  MR_REGION_TILES        array of struct mr_tile_beat
 *     config                 MR_REGION_TEXT         the config it runs with, as YAML, NUL at the end
 *     budgets                MR_REGION_BUDGETS      what venues allow us and was taken of it: for the run that comes after this one
 *     connections/N          MR_REGION_IMAGE        struct mr_plane_connections
 *     channels/N             MR_REGION_IMAGE        struct mr_plane_channels
 *     feed/N>engine/E        MR_REGION_RING         event groups, BACKPRESSURE
 *     signals/E              MR_REGION_RING         struct mr_signal slots to the control plane, GAP
 *     tap/events/E           MR_REGION_RING         every event group the engines took, LAP
 *     tap/signals/E          MR_REGION_RING         every signal, LAP
 *     book/ID                MR_REGION_IMAGE        struct mr_plane_book: the top of one instrument's book
 *     state/E                MR_REGION_IMAGE        struct mr_plane_engines: velocity, volatility, regime, levels
 *     commands/N             MR_REGION_RING         struct mr_plane_command from the control plane, GAP
 *     metrics/session/PRODUCT/ROUTE, then .../1, .../2    struct mr_session_metrics of each connection to a route
 *     metrics/lane/PRODUCT/ROUTE/K, metrics/merge/PRODUCT     where connections are merged
 *     source/N/NAME          MR_REGION_IMAGE        struct mr_source_show: what a source tells of itself (dpdk)
 *     recording              MR_REGION_IMAGE        struct mr_record_show: state, room, budget
 *     metrics/...            MR_REGION_METRICS
 *
 * The plane never parses YAML; controlplane/config fills this struct.
 * Errors  a plan that cannot be is refused before anything is opened, with the sentence. */
#ifndef MR_PLANE_PLANE_H
#define MR_PLANE_PLANE_H

#include "codecs/venue/dial.h"
#include "dataplane/feed/feed_tile.h" /* struct mr_plane_connections, mr_plane_command */
#include "dataplane/net/arbiter.h"
#include "dataplane/source/dpdk/dpdk.h"
#include "dataplane/source/source.h"
#include "dataplane/tile/tile.h"
#include "engines/pipeline/engine_tile.h" /* struct mr_plane_book, mr_plane_engines */

#define MR_PLANE_FEEDS_MAX 16
#define MR_PLANE_SYMBOLS_MAX 256
#define MR_PLANE_TILES_MAX 8
#define MR_PLANE_CONNECTIONS_MAX 16 /* to a route */
#define MR_PLANE_SOURCE_ADDRESSES 8

enum mr_plane_lock { MR_PLANE_LOCK_TRY, MR_PLANE_LOCK_MUST, MR_PLANE_LOCK_NO };
enum mr_plane_placement { MR_PLANE_STRICT, MR_PLANE_ANYWHERE }; /* pinning/place.h */
enum mr_plane_source {
    MR_PLANE_AUTO,
    MR_PLANE_DPDK,
    MR_PLANE_URING,
    MR_PLANE_SOCKET,
    MR_PLANE_AS_PLANE, /* of a feed only */
    MR_PLANE_SOURCES = MR_PLANE_AS_PLANE
};
struct mr_plane_line { /* datagrams to this address and port, from this sender (0.0.0.0: any) */
    uint8_t address[4], sender[4];
    uint16_t port, spare;
};
struct mr_plane_symbol {
    char name[MR_SYMBOL_BYTES]; /* with its NUL */
};
struct mr_plane_feed { /* one product */
    char product[40];  /* "binance:usdm" */
    struct mr_plane_symbol symbols[MR_PLANE_SYMBOLS_MAX];
    uint32_t symbol_count;
    uint32_t channels; /* enum mr_channel bits; all that the product has */
    uint32_t tile;     /* feed tile that runs it [0] */
    char host[128];
    uint16_t port;           /* override of the venue's (a simulated exchange); "": the venue's own */
    char rest[160];          /* likewise: "https://127.0.0.1:8443" */
    struct mr_address fixed; /* dial this address whatever the name says; family 0: resolve */
    struct mr_address from[MR_PLANE_SOURCE_ADDRESSES]; /* of ours, taken in turn */
    uint32_t from_count;
    char interface[16];
    uint32_t connections; /* to each route [1] */
    uint32_t life_s;      /* of a connection, where the venue limits it to more; 0: the venue's */
    uint32_t
        silence_s; /* no byte for so long, then none for as long again (or the venue's time for a pong, if less): it ends; 0: the venue's */
    int64_t merge_wait_ns; /* for what one of them lacks and another may bring [200 ms] */
    struct mr_liquidator liquidators[MR_LIQUIDATORS_MAX];
    uint32_t liquidator_count;
    bool paused;
    uint8_t source; /* enum mr_plane_source */
    /* A datagram feed: the same numbered messages on each line (dataplane/net/arbiter.h), and no sessions. */
    struct mr_plane_line lines[MR_ARBITER_LINES_MAX];
    uint32_t line_count;
    uint16_t number_offset, payload_offset;
    uint8_t number_width;
    bool number_little;
    int64_t patience_ns;
};
struct mr_plane_config {
    char instance[32];              /* [default] */
    char workspace[256], data[256]; /* workspace file; folder for recordings and saved state */
    char ca_file[256];              /* "": the system's */
    char crl_file[256];             /* "": none */
    enum mr_tls_read_layer read_layer;
    struct mr_plane_feed feeds[MR_PLANE_FEEDS_MAX];
    uint32_t feed_count;
    uint32_t feed_tiles; /* [1] */
    uint8_t source;      /* auto: dpdk if it is configured, else uring, else socket, and why, once */
    bool blocking;
    struct mr_dpdk_config dpdk; /* device and interface "": there is no such port */
    enum mr_wait wait;
    int cores[MR_PLANE_TILES_MAX];
    uint32_t core_count; /* feed tiles, engine tile; none: not pinned */
    uint8_t placement;   /* enum mr_plane_placement: what a start refuses */
    int node;            /* of these cores, for memory [-1: wherever] */
    uint8_t lock;        /* enum mr_plane_lock */
    bool awake;          /* /dev/cpu_dma_latency is held at 0 while tiles run */
    uint32_t priority;   /* of SCHED_FIFO, for feed and engine tiles; 0: the ordinary policy */
    bool merged;         /* feed and engine tile on one thread: chosen when cores are few */
    char reference[64];  /* [binance:spot:BTCUSDT] */
    uint32_t instruments_max, books_max, book_depth, shapes, message_max; /* [256, 64, 8192, 1024, 4 MiB] */
    uint32_t ring_slots, tap_slots, signal_slots;                         /* [65536, 65536, 4096] */
    bool flow, digest;
    struct mr_velocity_config velocity;
    struct mr_volatility_config volatility;
    struct mr_signal_config signal; /* velocity, volatility zeroed: defaults */
    bool record;
    char record_folder[256];
    uint64_t record_segment, record_keep, record_least_free, record_rate; /* bytes; 0: dataplane/record/record.h */
    int64_t record_rotate_ns, record_keep_ns, record_budget_ns;
    uint32_t record_compress; /* zstd level; 0: plain */
    uint8_t record_full;      /* enum mr_record_full */
    bool quarantine;
    char quarantine_folder[256];
    uint32_t quarantine_per_minute, quarantine_frame;
    uint64_t quarantine_segment, quarantine_keep;
    uint32_t connect_s, data_s, dials_per_minute, backoff_ms_most;
    uint32_t limit_share; /* of what venues allow one address, in percent: other processes may use it too [100] */
    uint32_t
        quarantine_s; /* until a stream for which the venue ended the connection is asked for again, at first [600] */
    struct mr_fresh_config fresh;
    uint64_t seed;
    char *yaml;           /* shown in region "config"; may be NULL */
    uint64_t config_hash; /* of the instance's configuration, for the workspace's head: other processes compare it */
};
void mr_plane_config_default(struct mr_plane_config *config);

/* ---- running ---- */
struct mr_plane;
struct mr_log;
struct mr_workspace;
/* MR_OK, or what cannot be, with the sentence. */
int mr_plane_check(const struct mr_plane_config *config, struct mr_err *err);
/* Builds everything; nothing runs yet. `log` may be NULL. */
int mr_plane_open(struct mr_plane **plane, const struct mr_plane_config *config, struct mr_log *log,
                  struct mr_err *err);
/* Tiles run; then the workspace takes its name, so that whoever finds it finds it alive. */
int mr_plane_start(struct mr_plane *plane, struct mr_err *err);
/* Called by the process's main thread a few times a second: writes what tiles left to be written (saved state). True: a SHUTDOWN command came. */
bool mr_plane_done(struct mr_plane *plane);
void mr_plane_stop(struct mr_plane *plane); /* connections close, rings are emptied, recordings end, state is saved */
void mr_plane_close(struct mr_plane *plane);

/* The file that engines begin from at the next start: what mr_engine_seal gave. */
int mr_plane_state_write(const struct mr_plane_config *config, const uint8_t *data, size_t len, struct mr_err *err);

/* After the stop. */
void mr_plane_digests(const struct mr_plane *plane, char events[MR_DIGEST_TEXT], char signals[MR_DIGEST_TEXT]);
const struct mr_workspace *mr_plane_workspace(const struct mr_plane *plane);
size_t mr_plane_bytes(const struct mr_plane *plane);            /* private and shared memory, planned at boot */
const char *mr_plane_source_name(const struct mr_plane *plane); /* of the first feed */

#endif
