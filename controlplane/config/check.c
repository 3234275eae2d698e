/* What no single key can say: keys that must fit each other, and feeds that must fit their venue. */
#include <stdarg.h>
#include <sys/un.h>

#include "controlplane/config/config_priv.h"

struct check {
    struct mr_config *config;
    mr_complain_fn *complain;
    void *arg;
};

static void say(struct check *c, uint32_t line, const char *path, const char *format, ...) MR_PRINTF(4, 5);
static void say(struct check *c, uint32_t line, const char *path, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    c->complain(c->arg, line, path, sentence);
}

/* The channels of `bits` by name. */
static void channel_names(uint32_t bits, char *out, size_t bytes)
{
    struct mr_text t;
    mr_text_init(&t, out, bytes);
    mr_value_yaml(&mr_keys[MR_KEY_feeds_channels], &bits, &t);
}

static void check_channels(struct check *c, uint32_t idx, const struct mr_product *product)
{
    struct mr_plane_feed *feed = &c->config->plane.feeds[idx];
    uint32_t line = c->config->feed_line[idx][MR_KEY_feeds_channels];
    char path[64], lacks[128], has[128];
    uint32_t all = product->channels & ~(uint32_t)MR_CONTROL;
    if (feed->channels == 0)
        feed->channels = all & ~(uint32_t)MR_CANDLES;
    if (!(feed->channels & ~all))
        return;
    channel_names(feed->channels & ~all, lacks, sizeof lacks);
    channel_names(all, has, sizeof has);
    snprintf(path, sizeof path, "feeds[%u].channels", idx);
    say(c, line, path, "%s has no %s; it has %s", feed->product, lacks, has);
}

static void check_symbols(struct check *c, uint32_t idx)
{
    const struct mr_plane_config *plane = &c->config->plane;
    const struct mr_plane_feed *feed = &plane->feeds[idx];
    for (uint32_t i = 0; i < feed->symbol_count; i++)
        for (uint32_t other = 0; other <= idx; other++) {
            const struct mr_plane_feed *f = &plane->feeds[other];
            uint32_t end = other == idx ? i : f->symbol_count;
            for (uint32_t k = 0; k < end && feed->product[0] && strcmp(f->product, feed->product) == 0; k++)
                if (strcmp(f->symbols[k].name, feed->symbols[i].name) == 0) {
                    char path[64];
                    snprintf(path, sizeof path, "feeds[%u].symbols[%u]", idx, i);
                    say(c, c->config->feed_line[idx][MR_KEY_feeds_symbols], path, "%s %s is in feeds[%u] already",
                        feed->product, feed->symbols[i].name, other);
                    return;
                }
        }
}

/* A datagram feed: what its lines need. */
static void check_lines(struct check *c, uint32_t idx)
{
    const struct mr_plane_config *plane = &c->config->plane;
    const struct mr_plane_feed *feed = &plane->feeds[idx];
    const uint32_t *lines = c->config->feed_line[idx];
    char path[64];
    uint8_t source = feed->source == MR_PLANE_AS_PLANE ? plane->source : feed->source;
    if (!feed->line_count)
        return;
    snprintf(path, sizeof path, "feeds[%u].lines", idx);
    if (source == MR_PLANE_URING)
        say(c, lines[MR_KEY_feeds_lines], path,
            "datagrams are received by source dpdk or socket; this feed's is uring");
    else if (source == MR_PLANE_DPDK && !*plane->dpdk.interface && !*plane->dpdk.device)
        say(c, lines[MR_KEY_feeds_lines], path,
            "datagrams by source dpdk: name its port, dpdk.interface or dpdk.device");
    for (uint32_t i = 0; i < feed->line_count; i++)
        if (feed->lines[i].address[0] >> 4 != 14 && memcmp(feed->lines[i].address, plane->dpdk.address, 4) != 0 &&
            source != MR_PLANE_SOCKET)
            say(c, lines[MR_KEY_feeds_lines], path,
                "line %u is neither to a group (224.0.0.0 to 239.255.255.255) nor to dpdk.address", i);
    snprintf(path, sizeof path, "feeds[%u].number_width", idx);
    if (feed->number_width & (feed->number_width - 1) || feed->number_width > 8)
        say(c, lines[MR_KEY_feeds_number_width], path, "%u: want 1, 2, 4 or 8", feed->number_width);
}

/* Accounts by whose trades liquidations are known. */
static void check_liquidators(struct check *c, uint32_t idx, const struct mr_venue *venue)
{
    const struct mr_plane_feed *feed = &c->config->plane.feeds[idx];
    uint32_t line = c->config->feed_line[idx][MR_KEY_feeds_liquidators];
    char path[64];
    snprintf(path, sizeof path, "feeds[%u].liquidators", idx);
    if (feed->liquidator_count && !venue->liquidators) {
        say(c, line, path, "%s does not say who traded; its liquidations come by a channel, or not at all",
            feed->product);
        return;
    }
    for (uint32_t i = 0; i < feed->liquidator_count; i++)
        if (!mr_liquidator_good(&feed->liquidators[i]))
            say(c, line, path, "\"%s\": want an address, 0x and 40 hex digits", feed->liquidators[i].address);
}

static void check_feed(struct check *c, uint32_t idx)
{
    const struct mr_plane_config *plane = &c->config->plane;
    const struct mr_plane_feed *feed = &plane->feeds[idx];
    const uint32_t *lines = c->config->feed_line[idx];
    const struct mr_venue *venue;
    uint8_t product;
    char path[64];
    snprintf(path, sizeof path, "feeds[%u]", idx);
    if (!lines[MR_KEY_feeds_product])
        say(c, lines[MR_KEY_FEED_BEGIN], path, "the product is missing: product: binance:usdm");
    if (!lines[MR_KEY_feeds_symbols])
        say(c, lines[MR_KEY_FEED_BEGIN], path, "the symbols are missing: symbols: [BTCUSDT, ETHUSDT]");
    if (feed->tile >= plane->feed_tiles) {
        snprintf(path, sizeof path, "feeds[%u].tile", idx);
        say(c, lines[MR_KEY_feeds_tile], path, "no feed tile %u; plane.feed_tiles is %u, counted from 0", feed->tile,
            plane->feed_tiles);
    }
    if (feed->product[0] && mr_venue_parse(feed->product, &venue, &product, NULL) == MR_OK) {
        check_channels(c, idx, &venue->products[product]);
        check_liquidators(c, idx, venue);
    }
    check_symbols(c, idx);
    check_lines(c, idx);
}

static void check_cores(struct check *c)
{
    const struct mr_plane_config *plane = &c->config->plane;
    uint32_t line = c->config->line[MR_KEY_plane_cores],
             wanted = plane->merged ? plane->feed_tiles : plane->feed_tiles + 1;
    if (plane->core_count && plane->core_count != wanted)
        say(c, line, "plane.cores", "%u cores for %u tiles: want one for each of %u feed tiles%s, or none",
            plane->core_count, wanted, plane->feed_tiles, plane->merged ? "" : " and one for the engine tile");
    for (uint32_t i = 0; i < plane->core_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (plane->cores[i] == plane->cores[k] && plane->placement == MR_PLANE_STRICT)
                say(c, line, "plane.cores",
                    "core %d is there twice; tiles that spin need a core each (plane.placement: anywhere, if it is "
                    "meant)",
                    plane->cores[i]);
    if (plane->priority && !plane->core_count)
        say(c, c->config->line[MR_KEY_plane_priority], "plane.priority",
            "%u, but tiles are not pinned: name their cores in plane.cores", plane->priority);
}

/* The trade tile and the journal thread, beside the data plane's. */
static void check_trade_cores(struct check *c)
{
    const struct mr_plane_config *plane = &c->config->plane;
    const struct mr_trading_config *trade = &c->config->trade;
    uint32_t line = c->config->line[MR_KEY_trade_cores];
    for (uint32_t i = 0; i < trade->core_count; i++)
        for (uint32_t k = 0; k < plane->core_count; k++)
            if (trade->cores[i] == plane->cores[k] && plane->placement == MR_PLANE_STRICT)
                say(c, line, "trade.cores",
                    "core %d is one of plane.cores; want others (plane.placement: anywhere, if it is meant)",
                    trade->cores[i]);
}

static void check_dpdk(struct check *c)
{
    const struct mr_dpdk_config *d = &c->config->plane.dpdk;
    const uint32_t *line = c->config->line;
    static const uint8_t none[4];
    bool named = *d->interface || *d->device, address = memcmp(d->address, none, 4) != 0;
    if (*d->interface && *d->device)
        say(c, line[MR_KEY_dpdk_device], "dpdk.device", "dpdk.interface is given too; want one of them");
    if (c->config->plane.source == MR_PLANE_DPDK && !named)
        say(c, line[MR_KEY_plane_source], "plane.source", "dpdk, but no port is named: dpdk.interface or dpdk.device");
    if (named && d->mode == MR_DPDK_OWN && !address)
        say(c, line[MR_KEY_dpdk_mode], "dpdk.address",
            "is missing: mode own wants an address of its own, or choose mode: shared");
    if (d->mode == MR_DPDK_SHARED && *d->device)
        say(c, line[MR_KEY_dpdk_mode], "dpdk.mode", "shared is for AF_XDP on dpdk.interface, not for a device");
    if (d->mode == MR_DPDK_SHARED && address)
        say(c, line[MR_KEY_dpdk_address], "dpdk.address", "mode shared takes the interface's own; leave it out");
    if (d->port_first > d->port_last)
        say(c, line[MR_KEY_dpdk_port_first], "dpdk.port_first", "%u is above dpdk.port_last %u", d->port_first,
            d->port_last);
}

static void check_room(struct check *c)
{
    const struct mr_plane_config *plane = &c->config->plane;
    uint32_t symbols = 0;
    for (uint32_t i = 0; i < plane->feed_count; i++)
        symbols += plane->feeds[i].symbol_count;
    if (symbols > plane->instruments_max)
        say(c, c->config->line[MR_KEY_plane_instruments_max], "plane.instruments_max",
            "%u, but the feeds have %u symbols", plane->instruments_max, symbols);
    if (plane->books_max > plane->instruments_max)
        say(c, c->config->line[MR_KEY_plane_books_max], "plane.books_max",
            "%u books for %u instruments (plane.instruments_max)", plane->books_max, plane->instruments_max);
    if (plane->merged && plane->feed_tiles != 1)
        say(c, c->config->line[MR_KEY_plane_merged], "plane.merged",
            "feed and engine tile can share a thread only where there is one feed tile; plane.feed_tiles is %u",
            plane->feed_tiles);
}

static void check_paths(struct check *c)
{
    const struct mr_config *config = c->config;
    const size_t most = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (strlen(config->run) > 200)
        say(c, config->line[MR_KEY_top_run], "run", "\"%.60s...\": longer than 200 bytes", config->run);
    if (strlen(config->data) > 200)
        say(c, config->line[MR_KEY_top_data], "data", "\"%.60s...\": longer than 200 bytes", config->data);
    if (strlen(config->control.socket) > most)
        say(c, config->line[MR_KEY_control_socket], "control.socket",
            "\"%s\": longer than the %zu bytes a socket's path may have; choose a shorter run folder or name it here",
            config->control.socket, most);
}

static uint32_t first_of(uint32_t line, uint32_t other) { return line ? line : other; }

/* What is kept is whole segments: less than two of them, and the oldest is gone before the newest is of use. */
static void check_record(struct check *c)
{
    const struct mr_plane_config *p = &c->config->plane;
    const uint32_t *line = c->config->line;
    if (p->record_keep && p->record_keep < 2 * p->record_segment)
        say(c, first_of(line[MR_KEY_record_keep], line[MR_KEY_record_segment]), "record.keep",
            "less than two segments (record.segment is %llu bytes)", (unsigned long long)p->record_segment);
    if (p->record_keep_ns && p->record_rotate_ns > p->record_keep_ns)
        say(c, line[MR_KEY_record_keep_age], "record.keep_age", "less than record.rotate");
    if (p->quarantine_keep < 2 * p->quarantine_segment)
        say(c, first_of(line[MR_KEY_quarantine_keep], line[MR_KEY_quarantine_segment]), "quarantine.keep",
            "less than two segments (quarantine.segment is %llu bytes)", (unsigned long long)p->quarantine_segment);
}

/* The first of the section's keys that the file names. */
static uint32_t first_of_freshness(const struct mr_config *config)
{
    uint32_t line = 0;
    for (int k = MR_KEY_freshness_trades; k <= MR_KEY_freshness_answer && !line; k++)
        line = config->line[k];
    return line;
}

static void check_engines(struct check *c)
{
    const struct mr_config *config = c->config;
    struct mr_err err;
    if (config->plane.velocity.slope_ms % 100)
        say(c, config->line[MR_KEY_velocity_slope_ms], "velocity.slope_ms",
            "%u is no multiple of 100, the grid of the engines", config->plane.velocity.slope_ms);
    if (mr_fresh_check(&config->plane.fresh, &err) != MR_OK)
        say(c, first_of_freshness(config), "freshness", "%s", err.text + strlen("freshness."));
    if (mr_signal_config_check(&config->plane.signal, &err) != MR_OK)
        say(c, 0, "signal", "%s", err.text);
}

static void check_users(struct check *c)
{
    const struct mr_control_config *control = &c->config->control;
    for (uint32_t i = 0; i < control->operate_count; i++)
        for (uint32_t k = 0; k < control->administer_count; k++)
            if (control->operate_uids[i] == control->administer_uids[k])
                say(c, c->config->line[MR_KEY_control_operate_uids], "control.operate_uids",
                    "user %u is in administer_uids too; say it once", control->operate_uids[i]);
}

void mr_config_check(struct mr_config *config, mr_complain_fn *complain, void *arg)
{
    struct check c = {config, complain, arg};
    for (uint32_t i = 0; i < config->plane.feed_count; i++)
        check_feed(&c, i);
    check_room(&c);
    check_dpdk(&c);
    check_cores(&c);
    check_trade_cores(&c);
    check_engines(&c);
    check_record(&c);
    check_paths(&c);
    check_users(&c);
}
