/* Freshness of each channel in the feed tile: what its messages, its sessions and its clock tell dataplane/feed/fresh.h; what that says, in
 * band, in the recording, in metrics and for operators; and what follows: subscribed anew, then dialled anew. */
#include <stdio.h>

#include "dataplane/feed/feed_tile_priv.h"

#define CHANNELS_NS 500000000ll /* how often operators get a new picture */
#define NONE UINT16_MAX

/* ---- set up ---- */

static size_t rounded(size_t bytes) { return (bytes + 127) / 128 * 128; }

size_t mr_feed_tile_fresh_bytes(const struct mr_feed_tile_config *c, uint32_t i)
{
    return rounded(mr_fresh_bytes(c->products[i].stream_count)) +
           rounded(c->instruments_max * MR_FRESH_KINDS * sizeof(uint16_t)) +
           rounded(c->products[i].stream_count * sizeof(struct mr_fresh_channel)) + 256;
}

static uint32_t add_channel(const struct mr_feed_product *p, const struct mr_stream *stream, uint8_t row,
                            struct mr_fresh_channel *out)
{
    char name[256];
    struct mr_text text;
    mr_text_init(&text, name, sizeof name);
    if (stream->channel >= MR_CONTROL || row >= MR_FRESH_ROWS ||
        p->dialect->name(p->config->product, stream, &text) != MR_OK) /* the venue has no such thing */
        return 0;
    *out = (struct mr_fresh_channel){.symbol = stream->symbol,
                                     .channel = stream->channel,
                                     .row = row,
                                     .quiet = (stream->channel & p->dial->quiet) != 0};
    return 1;
}

void mr_feed_tile_fresh_boot(struct mr_feed_product *p, struct mr_arena *arena)
{
    const struct mr_feed_tile_product *c = p->config;
    struct mr_fresh_channel *channels = MR_CUT(arena, struct mr_fresh_channel, c->stream_count);
    uint32_t count = 0;
    for (uint32_t i = 0; c->lines && i < c->stream_count; i++)
        count += add_channel(p, &c->streams[i], 0, &channels[count]);
    for (uint32_t r = 0; r < p->route_count; r++)
        for (uint32_t i = 0; p->routes[r].member == 0 && i < p->routes[r].stream_count; i++)
            count += add_channel(p, &p->routes[r].streams[i], p->routes[r].row, &channels[count]);
    MR_ASSERT(count < NONE);
    p->fresh = mr_fresh_init(mr_arena_cut(arena, mr_fresh_bytes(c->stream_count), 64), &p->tile->config.fresh, channels,
                             count);
    if (c->lines) /* datagrams have no connection to open or to lose */
        mr_fresh_line(p->fresh, 0, MR_FRESH_OPEN, 0);
    p->fresh_of = MR_CUT(arena, uint16_t, p->tile->config.instruments_max * MR_FRESH_KINDS);
}

/* ---- what it says, and what follows ---- */

static void count_told(struct mr_feed_metrics *m, enum mr_status_event is)
{
    MR_COUNT(m, channel_stales, is == MR_STATUS_STALE);
    MR_COUNT(m, channel_deaths, is == MR_STATUS_DEAD);
    MR_COUNT(m, channel_returns, is == MR_STATUS_LIVE);
}

/* In band, so that engines and taps know too, and a note in the recording, so that a replay tells the same. */
static bool tell(void *arg, uint32_t idx, enum mr_status_event is, int64_t now_ns)
{
    struct mr_feed_product *p = arg;
    struct mr_feed_tile_state *t = p->tile;
    const struct mr_fresh_channel *c = &mr_fresh_channels(p->fresh)[idx];
    const struct mr_instrument *it =
        mr_instruments_find(t->config.instruments, p->config->venue->id, p->config->product, mr_span_of(c->symbol));
    char note[MR_SYMBOL_BYTES + 48];
    if (!mr_ring_reserve(&t->ring, 1)) /* told when there is room: the note and the event are one */
        return false;
    count_told(p->config->metrics, is);
    if (*c->symbol && !it) /* nothing was ever said of it, and nobody has it in a table */
        return true;
    int len = snprintf(note, sizeof note, "status %u %u %s", (unsigned)is, c->channel, *c->symbol ? it->symbol : "*");
    mr_feed_tile_record(t, p,
                        &(struct mr_capture_record){.recv_ns = now_ns,
                                                    .kind = MR_CAPTURE_NOTE,
                                                    .clock = MR_CLOCK_TSC,
                                                    .data = (const uint8_t *)note,
                                                    .len = (uint32_t)len});
    return mr_feed_status(p->feed, *c->symbol ? it->id : UINT32_MAX, is, c->channel, now_ns);
}

static bool ask(void *arg, uint32_t idx, int64_t now_ns)
{
    struct mr_feed_product *p = arg;
    const struct mr_fresh_channel *c = &mr_fresh_channels(p->fresh)[idx];
    bool later = false, asked = false;
    for (uint32_t r = 0; r < p->route_count; r++) {
        if (p->routes[r].row != c->row || !p->routes[r].open)
            continue;
        int status = mr_session_renew(p->routes[r].session, c->channel, c->symbol, now_ns);
        asked |= status == MR_OK;
        later |= status == MR_E_FULL;
    }
    MR_COUNT(p->config->metrics, channels_renewed, asked);
    return asked || !later;
}

static void redial(void *arg, uint8_t row, int64_t now_ns)
{
    struct mr_feed_product *p = arg;
    for (uint32_t r = 0; r < p->route_count; r++)
        if (p->routes[r].row == row && p->routes[r].open) {
            MR_COUNT(p->config->metrics, silent_redials, 1);
            mr_session_reconnect(p->routes[r].session, "no channel speaks any more", now_ns);
        }
}

static struct mr_fresh_acts acts_of(struct mr_feed_product *p)
{
    return (struct mr_fresh_acts){.tell = tell, .ask = ask, .redial = redial, .arg = p};
}

/* ---- messages ---- */

static uint16_t find_channel(const struct mr_feed_product *p, uint32_t bit, const char *symbol)
{
    const struct mr_fresh_channel *c = mr_fresh_channels(p->fresh);
    uint32_t count = mr_fresh_count(p->fresh);
    for (uint32_t i = 0; i < count; i++)
        if (c[i].channel == bit && strcmp(c[i].symbol, symbol) == 0)
            return (uint16_t)(i + 1);
    return NONE;
}

/* The first message of this channel of this instrument: whose it is stays known. */
static MR_COLD uint16_t learn_whose(struct mr_feed_product *p, uint32_t instrument, uint32_t bit)
{
    const struct mr_instrument *it = mr_instruments_get(p->tile->config.instruments, instrument);
    uint16_t whose = it ? find_channel(p, bit, it->symbol) : NONE;
    if (whose == NONE)
        whose = find_channel(p, bit, "");
    return p->fresh_of[instrument * MR_FRESH_KINDS + (uint32_t)__builtin_ctz(bit)] = whose;
}

/* Told with the message's own time, which may be another clock's than ours (a port that reads a file). */
static MR_COLD void came_back(struct mr_feed_product *p, uint32_t idx, int64_t recv_ns)
{
    const struct mr_fresh_acts acts = acts_of(p);
    mr_fresh_tell(p->fresh, idx, recv_ns, &acts);
}

static void saw(struct mr_feed_product *p, const struct mr_event *event, uint32_t channels)
{
    const uint32_t instrument = event->instrument;
    for (uint32_t bits = channels & (MR_CONTROL - 1); bits; bits &= bits - 1) {
        uint16_t whose = p->fresh_of[instrument * MR_FRESH_KINDS + (uint32_t)__builtin_ctz(bits)];
        if (mr_unlikely(!whose))
            whose = learn_whose(p, instrument, bits & -bits);
        if (whose != NONE && mr_unlikely(mr_fresh_saw(&mr_fresh_cells(p->fresh)[whose - 1], p->tile->piece_ns)))
            came_back(p, whose - 1u, event->recv_ns);
    }
}

/* Once for each instrument that the frame tells of; what tells of one in many events has them side by side. */
void mr_feed_tile_fresh_saw(struct mr_feed_product *p)
{
    const union mr_slot *out;
    const struct mr_decoder *dec = mr_feed_decoder(p->feed);
    const uint32_t slots = mr_feed_last(p->feed, &out);
    uint32_t before = UINT32_MAX;
    for (uint32_t at = 0; at < slots; at += mr_event_slots(&out[at])) {
        const struct mr_event *event = &out[at].event;
        if (event->instrument != before && event->instrument < p->tile->config.instruments_max)
            saw(p, event, dec->venue->kinds[dec->kind].channel);
        before = event->instrument;
    }
}

void mr_feed_tile_fresh_mute(struct mr_feed_product *p, const struct mr_stream *stream)
{
    uint16_t whose = find_channel(p, stream->channel, stream->symbol);
    if (whose != NONE)
        mr_fresh_mute(p->fresh, whose - 1u);
}

/* ---- connections, and our own absence ---- */

void mr_feed_tile_fresh_line(struct mr_feed_product *p, uint8_t row, int64_t now_ns)
{
    enum mr_fresh_line line = MR_FRESH_DOWN;
    for (uint32_t r = 0; r < p->route_count; r++) {
        const struct mr_feed_route *route = &p->routes[r];
        if (route->row != row || !route->open)
            continue;
        bool silent = mr_session_state(route->session) == MR_SESSION_STALE;
        if (!silent)
            line = MR_FRESH_OPEN;
        else if (line == MR_FRESH_DOWN)
            line = MR_FRESH_SILENT;
    }
    if (row < MR_FRESH_ROWS)
        mr_fresh_line(p->fresh, row, line, now_ns);
}

MR_COLD void mr_feed_tile_fresh_slept(struct mr_feed_tile_state *t, int64_t now_ns)
{
    for (uint32_t i = 0; t->polled_ns && i < t->config.product_count; i++)
        mr_fresh_slept(t->products[i].fresh, t->polled_ns, now_ns);
}

/* ---- the sweep ---- */

static void show_product(struct mr_feed_tile_state *t, uint32_t product, bool live)
{
    const struct mr_feed_product *p = &t->products[product];
    struct mr_plane_channels *image = &t->channels;
    const struct mr_fresh_channel *c = mr_fresh_channels(p->fresh);
    const struct mr_fresh_cell *cell = mr_fresh_cells(p->fresh);
    for (uint32_t i = 0; i < mr_fresh_count(p->fresh) && image->count < MR_PLANE_CHANNEL_ROWS; i++) {
        if ((cell[i].state == MR_STATUS_LIVE) != live)
            continue;
        struct mr_plane_channel *row = &image->row[image->count++];
        *row = (struct mr_plane_channel){.last_ns = cell[i].odd & MR_FRESH_NEW ? 0 : cell[i].last_ns,
                                         .p999_ns = cell[i].p999_ns,
                                         .limit_ns = cell[i].limit_ns,
                                         .since_ns = c[i].since_ns,
                                         .stales = c[i].stales,
                                         .state = cell[i].state,
                                         .kind = (uint8_t)__builtin_ctz(c[i].channel),
                                         .product = (uint8_t)product};
        snprintf(row->symbol, sizeof row->symbol, "%s", c[i].symbol);
    }
}

static void show(struct mr_feed_tile_state *t, int64_t now_ns)
{
    struct mr_plane_channels *image = &t->channels;
    image->count = image->all = 0;
    image->now_ns = now_ns;
    for (int live = 0; live < 2; live++)
        for (uint32_t i = 0; i < t->config.product_count; i++)
            show_product(t, i, live);
    for (uint32_t i = 0; i < t->config.product_count; i++) {
        const struct mr_feed_tile_product *c = t->products[i].config;
        image->all += mr_fresh_count(t->products[i].fresh);
        snprintf(image->product[i], sizeof image->product[i], "%s:%s", c->venue->name,
                 c->venue->products[c->product].name);
    }
    mr_image_write(t->config.channels, image, sizeof *image);
}

void mr_feed_tile_fresh_tick(struct mr_feed_tile_state *t, int64_t now_ns)
{
    for (uint32_t i = 0; i < t->config.product_count; i++) {
        struct mr_feed_product *p = &t->products[i];
        const struct mr_fresh_acts acts = acts_of(p);
        for (uint32_t r = 0; r < p->route_count; r++)
            mr_feed_tile_fresh_line(p, p->routes[r].row, now_ns);
        mr_fresh_tick(p->fresh, now_ns, &acts);
        const struct mr_fresh_sum sum = mr_fresh_sum(p->fresh);
        MR_GAUGE_SET(p->config->metrics, channels_live, sum.of[MR_STATUS_LIVE]);
        MR_GAUGE_SET(p->config->metrics, channels_stale, sum.of[MR_STATUS_STALE]);
        MR_GAUGE_SET(p->config->metrics, channels_dead, sum.of[MR_STATUS_DEAD]);
    }
    if (!t->config.channels || now_ns < t->channels_due_ns)
        return;
    t->channels_due_ns = now_ns + CHANNELS_NS;
    show(t, now_ns);
}
