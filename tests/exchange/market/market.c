#include "tests/exchange/market/market.h"

#include "codecs/venue/venue.h"
#include "tests/exchange/market/market_priv.h"
#include "tests/exchange/market/outcome.h"

#define SECOND     1000000000ll
#define MINUTE     (60 * SECOND)
#define STEP_NS    (SECOND / 20) /* the price moves 20 times a second */
#define STREAMS    22

static const char *const names[MR_MARKET_UNDERLYINGS] = {"BTC", "ETH"};
static const int64_t start_e4[MR_MARKET_UNDERLYINGS] = {650000000, 32000000}; /* 65,000.0000 and 3,200.0000 USD */

struct market {
    int64_t mid_e4;       /* USD x 10^4 */
    int64_t drift_ppb;    /* a step */
    int64_t liquidations_per_ks; /* a 1,000 s, all venues together, now */
};

struct mr_market {
    struct mr_market_config config;
    uint64_t rng;
    int64_t now_ns, next_step_ns;
    int64_t sigma_ppb;    /* of one step, in this stretch of minutes */
    int64_t next_sigma_ns;
    struct market of[MR_MARKET_UNDERLYINGS];
    struct mr_market_label labels[MR_MARKET_LABELS_MAX];
    uint32_t label_count;
    int64_t stretch_peak;  /* liquidations a 1,000 s at the height of this stretch */
    int64_t stretch_mid_e4;
    struct stream streams[STREAMS];
    uint32_t stream_count, lists_sent;
    struct mr_text text, url;
    char text_bytes[TEXT_BYTES], url_bytes[256];
};

/* splitmix64 */
uint64_t mr_market_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t mr_market_below(uint64_t *state, uint64_t bound)
{
    return (uint64_t)(((mr_u128)mr_market_random(state) * bound) >> 64);
}

/* Where an instrument's numbers come from. */
static uint64_t *draws(struct mr_market *m, struct stream *s) { return s->apart ? &s->rng : &m->rng; }

static void fixed(struct mr_text *t, int64_t value, int decimals)
{
    int64_t unit = mr_pow10[decimals];
    if (decimals)
        mr_text_format(t, "%s%lld.%0*lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / unit),
                       decimals, (long long)((value < 0 ? -value : value) % unit));
    else
        mr_text_format(t, "%lld", (long long)value);
}

void mr_market_price(struct mr_text *t, const struct stream *s, int64_t price) { fixed(t, price, s->price_decimals); }

void mr_market_size(struct mr_text *t, const struct stream *s, int64_t size) { fixed(t, size, s->size_decimals); }

/* ---- stretches ---- */

static struct mr_market_label *current(struct mr_market *m) { return &m->labels[m->label_count - 1]; }

static void begin(struct mr_market *m, enum mr_market_stretch stretch, int64_t length_ns)
{
    if (m->label_count ==
        MR_MARKET_LABELS_MAX) { /* the list is full: quiet to the end, so that no cascade goes unlabelled */
        current(m)->end_ns = INT64_MAX;
        return;
    }
    uint8_t underlying = (uint8_t)mr_market_below(&m->rng, MR_MARKET_UNDERLYINGS);
    m->labels[m->label_count++] = (struct mr_market_label){
        .start_ns = m->now_ns, .end_ns = m->now_ns + length_ns, .stretch = (uint8_t)stretch, .underlying = underlying};
    m->stretch_mid_e4 = m->of[underlying].mid_e4;
    for (int u = 0; u < MR_MARKET_UNDERLYINGS; u++)
        m->of[u].drift_ppb = 0;
    if (stretch == MR_MARKET_CASCADE) {
        int64_t steps = length_ns / STEP_NS,
                total_ppb = 15000000 + (int64_t)mr_market_below(&m->rng, 25000000); /* 1.5 to 4 % */
        m->of[underlying].drift_ppb = (mr_market_below(&m->rng, 4) ? -1 : 1) * total_ppb / steps;
        m->stretch_peak = 30000 + (int64_t)mr_market_below(&m->rng, 50000); /* 30 to 80 a second */
    } else if (stretch == MR_MARKET_BURST) {
        m->stretch_peak = 800 + (int64_t)mr_market_below(&m->rng, 1700); /* 0.8 to 2.5 a second */
    }
}

/* What follows what: quiet between all others, 3 to 8 minutes of it. */
static void next_stretch(struct mr_market *m)
{
    if (current(m)->stretch != MR_MARKET_QUIET || m->config.quiet) {
        begin(m, MR_MARKET_QUIET, (180 + (int64_t)mr_market_below(&m->rng, 300)) * SECOND);
    } else if (mr_market_below(&m->rng, 10) < 3) {
        begin(m, MR_MARKET_BURST, (5 + (int64_t)mr_market_below(&m->rng, 10)) * SECOND);
    } else {
        begin(m, MR_MARKET_CASCADE, (25 + (int64_t)mr_market_below(&m->rng, 50)) * SECOND);
    }
}

/* Liquidations a 1,000 s now: a cascade rises over its first third and falls over the rest. */
static int64_t intensity(const struct mr_market *m, uint32_t underlying)
{
    const struct mr_market_label *l = &m->labels[m->label_count - 1];
    const int64_t quiet = 15; /* one a minute */
    if (l->stretch == MR_MARKET_QUIET || l->underlying != underlying)
        return quiet;
    if (l->stretch == MR_MARKET_BURST)
        return m->stretch_peak;
    int64_t length = l->end_ns - l->start_ns, at = m->now_ns - l->start_ns, third = length / 3;
    return quiet + (at < third ? m->stretch_peak * (at / 1000) / (third / 1000)
                               : m->stretch_peak * ((length - at) / 1000) / ((length - third) / 1000));
}

/* ---- one step of the price ---- */

static void move_price(struct mr_market *m, uint32_t u)
{
    struct market *k = &m->of[u];
    int64_t noise = 0; /* sum of 12 uniforms: close to normal, variance 1 at this scale */
    for (int i = 0; i < 12; i++)
        noise += (int64_t)mr_market_below(&m->rng, 2000001) - 1000000;
    int64_t ppb =
        m->sigma_ppb * (noise / 1000) / 2000 + k->drift_ppb; /* 12 uniforms of +-1 have standard deviation 2 */
    k->mid_e4 += (int64_t)((mr_i128)k->mid_e4 * ppb / 1000000000);
    int64_t floor_e4 = start_e4[u] / 4, ceiling_e4 = start_e4[u] * 4;
    k->mid_e4 = k->mid_e4 < floor_e4 ? floor_e4 : k->mid_e4 > ceiling_e4 ? ceiling_e4 : k->mid_e4;
}

static int64_t price_of(const struct mr_market *m, const struct stream *s)
{
    return m->of[s->underlying].mid_e4 * mr_pow10[s->price_decimals] / 10000;
}

/* Up is worth more the further the price has risen: a percent is a hundred ticks, and both ends stay away. */
static int64_t outcome_idx(const struct mr_market *m, const struct stream *s)
{
    int64_t start = start_e4[s->underlying], ticks = 500 + (m->of[s->underlying].mid_e4 - start) * 10000 / start;
    return ticks < LADDER + 10 ? LADDER + 10 : ticks > 990 - LADDER ? 990 - LADDER : ticks;
}

static int64_t mid_idx(const struct mr_market *m, const struct stream *s)
{
    return s->writer->outcome ? outcome_idx(m, s) : price_of(m, s) / s->step;
}

/* Size units (of 10^-size_decimals) that so many USD buy. */
static int64_t units_for_usd(const struct mr_market *m, const struct stream *s, int64_t usd)
{
    mr_i128 micro_coins = (mr_i128)usd * 1000000 * 10000 / m->of[s->underlying].mid_e4;
    int64_t units = (int64_t)(micro_coins * mr_pow10[s->size_decimals] / s->contract_micro);
    return units > 0 ? units : 1;
}

static bool liquidates(const struct stream *s) { return s->writer->liquidation != NULL; }

/* One forced order goes to a venue by weight: Bybit shows all of its own, so most are there. */
static struct stream *pick_venue(struct mr_market *m, uint32_t u)
{
    uint32_t weights = 0;
    for (uint32_t i = 0; i < m->stream_count; i++)
        if (m->streams[i].underlying == u && liquidates(&m->streams[i]))
            weights += m->streams[i].writer->liquidations_a_time > 1 ? 8 : 1;
    uint64_t at = weights ? mr_market_below(&m->rng, weights) : 0;
    for (uint32_t i = 0; i < m->stream_count && weights; i++) {
        struct stream *s = &m->streams[i];
        if (s->underlying != u || !liquidates(s))
            continue;
        uint64_t weight = s->writer->liquidations_a_time > 1 ? 8 : 1;
        if (at < weight)
            return s;
        at -= weight;
    }
    return NULL;
}

static void liquidate(struct mr_market *m, uint32_t u)
{
    struct stream *s = pick_venue(m, u);
    if (!s || s->pending_count == PENDING_MAX)
        return;
    int64_t usd = 1000ll << mr_market_below(&m->rng, 8); /* 1 k to 128 k */
    usd += (int64_t)mr_market_below(&m->rng, (uint64_t)usd);
    bool short_side = m->of[u].drift_ppb > 0 || (m->of[u].drift_ppb == 0 && mr_market_below(&m->rng, 2));
    int64_t price = (mid_idx(m, s) + (short_side ? 1 : -2)) * s->step;
    s->pending[s->pending_count++] = (struct pending){m->now_ns, price, units_for_usd(m, s, usd), short_side};
}

static void step(struct mr_market *m)
{
    if (m->now_ns >= m->next_sigma_ns) { /* 5-minute volatility of about 0.15, 0.4, 0.8 or 1.4 % */
        static const int64_t sigmas[] = {19000, 52000, 103000, 180000};
        m->sigma_ppb = sigmas[mr_market_below(&m->rng, 4)];
        m->next_sigma_ns = m->now_ns + (5 + (int64_t)mr_market_below(&m->rng, 10)) * MINUTE;
    }
    if (m->now_ns >= current(m)->end_ns)
        next_stretch(m);
    for (uint32_t u = 0; u < MR_MARKET_UNDERLYINGS; u++) {
        move_price(m, u);
        m->of[u].liquidations_per_ks = intensity(m, u);
        int64_t per_step = m->of[u].liquidations_per_ks; /* x 10^-3 a second, 20 steps a second: x / 20,000 a step */
        int64_t n = per_step / 20000 + ((int64_t)mr_market_below(&m->rng, 20000) < per_step % 20000);
        while (n-- > 0)
            liquidate(m, u);
    }
    struct mr_market_label *l = current(m);
    l->move_ppm = (int32_t)((m->of[l->underlying].mid_e4 - m->stretch_mid_e4) * 1000000 / m->stretch_mid_e4);
    m->next_step_ns += STEP_NS;
}

/* ---- messages ---- */

static int64_t period(const struct mr_market *m, enum channel c, const struct stream *s)
{
    switch (c) {
    case CHANNEL_BOOK:
        if (s->writer->outcome) /* two books a message, each hashed whole */
            return 5 * SECOND / m->config.books_per_s;
        return s->writer->update ? SECOND / m->config.books_per_s : SECOND / 2;
    case CHANNEL_BEST:
        return SECOND / (2 * m->config.books_per_s);
    case CHANNEL_TRADE:
        return (s->writer->outcome ? 5 : 1) * SECOND / m->config.trades_per_s;
    case CHANNEL_LIQUIDATION:
        return s->writer->liquidation_every_ns;
    case CHANNEL_MARKS:
        return 3 * SECOND;
    case CHANNEL_INTEREST:
        return 10 * SECOND;
    case CHANNEL_CANDLE:
        return SECOND;
    case CHANNEL_FUNDING:
        return 30 * SECOND;
    default:
        return INT64_MAX / 4;
    }
}

static bool has_channel(const struct stream *s, enum channel c)
{
    const struct writer *w = s->writer;
    switch (c) {
    case CHANNEL_BOOK:
        return w->update || w->image;
    case CHANNEL_BEST:
        return w->best != NULL;
    case CHANNEL_TRADE:
        return w->trade != NULL;
    case CHANNEL_LIQUIDATION:
        return liquidates(s);
    case CHANNEL_MARKS:
        return w->marks != NULL;
    case CHANNEL_INTEREST:
        return w->interest != NULL;
    case CHANNEL_SNAPSHOT:
        return w->snapshot != NULL;
    case CHANNEL_CANDLE:
        return s->full && w->candle;
    case CHANNEL_FUNDING:
        return s->full && w->funding;
    default:
        return false;
    }
}

/* One change a message: all of a move are due at once. The first move of all is the book itself, which nobody is told but by an image. */
static void write_change(struct mr_market *m, struct stream *s)
{
    if (s->changes_told >= s->changes_count) {
        bool first = !s->has_book;
        mr_market_book_move(s, draws(m, s), mid_idx(m, s));
        mr_market_book_settle(s);
        s->changes_told = first ? s->changes_count - 1 : 0;
        if (!s->changes_count) { /* nothing moved: the best bid is told again */
            struct mr_level best;
            mr_market_side(s, false, &best, 1);
            s->changes[s->changes_count++] = (struct change){best.price / s->step, best.size, false};
        }
    }
    s->prev_seq = s->seq;
    s->first_seq = ++s->seq;
    s->writer->update(&m->text, s, m->now_ns);
    if (++s->changes_told < s->changes_count)
        s->next_ns[CHANNEL_BOOK] = m->now_ns;
}

bool mr_market_unfinished(const struct mr_market *m)
{
    for (uint32_t i = 0; i < m->stream_count; i++)
        if (m->streams[i].writer->one_by_one && m->streams[i].changes_told < m->streams[i].changes_count)
            return true;
    return false;
}

static void write_book(struct mr_market *m, struct stream *s)
{
    if (s->writer->one_by_one) {
        write_change(m, s);
        return;
    }
    mr_market_book_move(s, draws(m, s), mid_idx(m, s));
    s->prev_seq = s->seq;
    s->first_seq = s->seq + 1;
    s->seq += 1 + mr_market_below(draws(m, s), 20);
    if (s->writer->image && (!s->writer->update || !s->image_sent))
        s->writer->image(&m->text, s, m->now_ns);
    else
        s->writer->update(&m->text, s, m->now_ns);
    s->image_sent = true;
    if (s->full && s->writer->top)
        s->next_ns[CHANNEL_TOP] = m->now_ns;
}

static void write_trade(struct mr_market *m, struct stream *s)
{
    bool sell = mr_market_below(draws(m, s), 2) != 0;
    int64_t price = (sell ? s->high[0] : s->low[1]) * s->step;
    int64_t size = units_for_usd(m, s, 100 + (int64_t)mr_market_below(draws(m, s), 20000));
    s->trade_id++;
    s->writer->trade(&m->text, s, m->now_ns, price, size, sell);
    if (s->full)
        mr_market_traded(s, &(struct trade){m->now_ns, price, size, s->trade_id, sell});
}

/* The venue reports its latest ones; those before them it never shows. The label counts what is shown. */
static void write_liquidations(struct mr_market *m, struct stream *s)
{
    uint32_t keep =
        s->writer->liquidations_a_time < s->pending_count ? s->writer->liquidations_a_time : s->pending_count;
    memmove(s->pending, s->pending + (s->pending_count - keep), keep * sizeof *s->pending);
    s->pending_count = keep;
    s->writer->liquidation(&m->text, s, m->now_ns);
    struct mr_market_label *l = current(m);
    if (l->stretch == MR_MARKET_QUIET || l->underlying == s->underlying) {
        l->liquidations += keep;
        for (uint32_t i = 0; i < keep; i++) {
            int64_t micro = 0;
            mr_notional_micro(s->pending[i].price, s->price_decimals, s->pending[i].size, s->size_decimals,
                              s->contract_micro, 6, &micro);
            l->micro_usd += micro;
        }
    }
    s->pending_count = 0;
}

static void look_at_price(const struct mr_market *m, struct stream *s)
{
    s->mark = price_of(m, s);
    s->index = s->mark - s->step;
}

static void write_marks(struct mr_market *m, struct stream *s)
{
    look_at_price(m, s);
    s->funding_e8 = 1000 + (int64_t)mr_market_below(draws(m, s), 9000); /* 0.001 to 0.01 % */
    s->writer->marks(&m->text, s, m->now_ns);
}

static void write_interest(struct mr_market *m, struct stream *s)
{
    bool cascade = current(m)->stretch == MR_MARKET_CASCADE && current(m)->underlying == s->underlying;
    s->interest -= cascade ? s->interest / 100 : (int64_t)mr_market_below(draws(m, s), 2001) - 1000;
    s->writer->interest(&m->text, s, m->now_ns, &m->url);
}

/* true if the channel had something to say. */
static bool speak(struct mr_market *m, struct stream *s, enum channel c)
{
    mr_text_init(&m->text, m->text_bytes, sizeof m->text_bytes);
    mr_text_init(&m->url, m->url_bytes, sizeof m->url_bytes);
    switch (c) {
    case CHANNEL_BOOK:
        write_book(m, s);
        break;
    case CHANNEL_BEST:
        if (!s->has_book)
            return false;
        s->writer->best(&m->text, s, m->now_ns);
        break;
    case CHANNEL_TRADE:
        if (!s->has_book)
            return false;
        write_trade(m, s);
        break;
    case CHANNEL_LIQUIDATION:
        if (!s->pending_count)
            return false;
        write_liquidations(m, s);
        break;
    case CHANNEL_MARKS:
        write_marks(m, s);
        break;
    case CHANNEL_INTEREST:
        write_interest(m, s);
        break;
    case CHANNEL_SNAPSHOT:
        s->writer->snapshot(&m->text, s, m->now_ns, &m->url);
        break;
    case CHANNEL_TOP:
        s->writer->top(&m->text, s, m->now_ns);
        break;
    case CHANNEL_COPY:
        s->writer->copy(&m->text, s, m->now_ns);
        break;
    case CHANNEL_CANDLE:
        return mr_market_candle(&m->text, s, m->now_ns);
    case CHANNEL_FUNDING:
        s->writer->funding(&m->text, s, m->now_ns);
        break;
    default:
        return false;
    }
    MR_ASSERT(!m->text.cut);
    return true;
}

static void fill(struct mr_market *m, const struct stream *s, struct mr_piece *piece)
{
    *piece = (struct mr_piece){.data = (uint8_t *)m->text_bytes,
                               .len = (uint32_t)m->text.len,
                               .connection = (uint16_t)(s - m->streams),
                               .kind = m->url.len ? MR_PIECE_REST : MR_PIECE_FRAME,
                               .clock = MR_CLOCK_KERNEL,
                               .recv_ns = m->now_ns,
                               .venue = s->venue,
                               .product = s->product,
                               .name = {(const uint8_t *)m->url_bytes, (uint32_t)m->url.len}};
}

/* Instrument lists first, one a product. */
static bool next_list(struct mr_market *m, struct mr_piece *piece)
{
    while (m->lists_sent < m->stream_count) {
        struct stream *s = &m->streams[m->lists_sent];
        uint32_t n = 1;
        while (m->lists_sent + n < m->stream_count && m->streams[m->lists_sent + n].writer == s->writer)
            n++;
        m->lists_sent += n;
        if (!s->writer->instruments || s->writer->asked_only)
            continue;
        mr_text_init(&m->text, m->text_bytes, sizeof m->text_bytes);
        mr_text_init(&m->url, m->url_bytes, sizeof m->url_bytes);
        s->writer->instruments(&m->text, s, n, &m->url);
        fill(m, s, piece);
        return true;
    }
    return false;
}

/* Which channel of which instrument speaks next. */
static struct stream *next_speaker(struct mr_market *m, int *channel)
{
    struct stream *best = NULL;
    int best_channel = 0;
    for (uint32_t i = 0; i < m->stream_count; i++)
        for (int c = 0; c < CHANNEL_COUNT; c++)
            if (!best || m->streams[i].next_ns[c] < best->next_ns[best_channel]) {
                best = &m->streams[i];
                best_channel = c;
            }
    *channel = best_channel;
    return best;
}

int mr_market_until(struct mr_market *m, int64_t limit_ns, struct mr_piece *piece)
{
    if (next_list(m, piece))
        return MR_OK;
    for (;;) {
        int channel;
        struct stream *s = next_speaker(m, &channel);
        int64_t due = s->next_ns[channel], at = m->next_step_ns <= due ? m->next_step_ns : due;
        if (at > limit_ns)
            return MR_E_AGAIN;
        if (m->next_step_ns <= due) {
            m->now_ns = m->next_step_ns;
            if (m->now_ns - m->config.start_ns >= m->config.duration_ns)
                return MR_E_END;
            step(m);
            continue;
        }
        m->now_ns = due;
        int64_t every = period(m, (enum channel)channel, s);
        bool jitter = channel != CHANNEL_LIQUIDATION && channel != CHANNEL_SNAPSHOT;
        if (channel == CHANNEL_TOP || channel == CHANNEL_COPY) /* until there is something to tell again */
            s->next_ns[channel] = INT64_MAX;
        else
            s->next_ns[channel] += jitter ? 1 + (int64_t)mr_market_below(draws(m, s), (uint64_t)(2 * every)) : every;
        if (speak(m, s, (enum channel)channel)) {
            fill(m, s, piece);
            return MR_OK;
        }
    }
}

int mr_market_next(struct mr_market *m, struct mr_piece *piece) { return mr_market_until(m, INT64_MAX, piece); }

/* ---- asked from outside ---- */

/* The instrument list of a product names all of its instruments, which stand side by side. */
static void list_of(struct mr_market *m, const struct stream *s, struct mr_text *text, struct mr_text *url)
{
    uint32_t first = (uint32_t)(s - m->streams), n = 1;
    while (first > 0 && m->streams[first - 1].writer == s->writer)
        first--;
    while (first + n < m->stream_count && m->streams[first + n].writer == s->writer)
        n++;
    s->writer->instruments(text, &m->streams[first], n, url);
}

int mr_market_ask(struct mr_market *m, uint32_t i, enum mr_market_answer what, struct mr_text *out)
{
    MR_ASSERT(i < m->stream_count);
    struct stream *s = &m->streams[i];
    const struct writer *w = s->writer;
    struct mr_text url;
    mr_text_init(&url, m->url_bytes, sizeof m->url_bytes);
    switch (what) {
    case MR_MARKET_INSTRUMENTS:
        if (!w->instruments)
            return MR_E_UNSUPPORTED;
        list_of(m, s, out, &url);
        break;
    case MR_MARKET_INTEREST:
        if (!w->interest && !w->marks)
            return MR_E_UNSUPPORTED;
        look_at_price(m, s);
        if (w->interest)
            w->interest(out, s, m->now_ns, &url);
        else
            w->marks(out, s, m->now_ns); /* Hyperliquid's context has all in one */
        break;
    }
    return out->cut ? MR_E_TOO_BIG : MR_OK;
}

int mr_market_first(struct mr_market *m, uint32_t i, uint32_t channel, struct mr_text *out)
{
    MR_ASSERT(i < m->stream_count);
    struct stream *s = &m->streams[i];
    look_at_price(m, s);
    if (!s->full || !mr_market_greeting(out, s, channel, m->now_ns))
        return MR_E_UNSUPPORTED;
    return out->cut ? MR_E_TOO_BIG : MR_OK;
}

void mr_market_look(const struct mr_market *m, uint32_t i, struct mr_market_state *out)
{
    MR_ASSERT(i < m->stream_count);
    const struct stream *s = &m->streams[i];
    s = s->mirror ? s->mirror : s;
    *out = (struct mr_market_state){.seq = s->seq,
                                    .prev_seq = s->prev_seq,
                                    .now_ns = m->now_ns,
                                    .price_decimals = s->price_decimals,
                                    .size_decimals = s->size_decimals,
                                    .has_book = s->has_book};
}

void mr_market_renumber(struct mr_market *m)
{
    for (uint32_t i = 0; i < m->stream_count; i++) {
        m->streams[i].seq = m->streams[i].prev_seq = m->streams[i].first_seq = 0;
        m->streams[i].image_sent = false;
    }
}

/* ---- set-up ---- */

static void add_stream(struct mr_market *m, uint32_t bit, const struct writer *w, const char *symbol,
                       uint8_t underlying, int price_decimals, int64_t step, int size_decimals, int64_t contract_micro)
{
    if (!(m->config.venues & bit))
        return;
    const struct mr_venue *venue = mr_venue_by_name(w->venue);
    uint8_t product = 0;
    while (strcmp(venue->products[product].name, w->product) != 0)
        product++;
    MR_ASSERT(m->stream_count < STREAMS);
    struct stream *s = &m->streams[m->stream_count++];
    *s = (struct stream){.writer = w,
                         .symbol = symbol,
                         .underlying = underlying,
                         .venue = venue->id,
                         .product = product,
                         .price_decimals = price_decimals,
                         .step = step,
                         .size_decimals = size_decimals,
                         .contract_micro = contract_micro};
    s->full = m->config.full;
    s->apart = !(bit & MR_MARKET_FIRST);
    s->rng = m->config.seed ^ (uint64_t)bit << 32 ^ (uint64_t)underlying << 48;
    s->seq = 1000000 + mr_market_below(draws(m, s), 1000000000);
    s->trade_id = 1000000 + mr_market_below(draws(m, s), 1000000);
    s->interest = 50000 * mr_pow10[size_decimals];
    for (int c = 0; c < CHANNEL_COUNT; c++)
        s->next_ns[c] = has_channel(s, (enum channel)c)
                            ? m->config.start_ns + 1 + (int64_t)mr_market_below(draws(m, s), (uint64_t)SECOND)
                            : INT64_MAX;
    if (has_channel(s, CHANNEL_SNAPSHOT))
        s->next_ns[CHANNEL_SNAPSHOT] = m->config.start_ns + 2 * SECOND; /* after some updates: the receiver must join */
}

size_t mr_market_bytes(const struct mr_market_config *config)
{
    (void)config;
    return sizeof(struct mr_market);
}

struct mr_market *mr_market_init(void *mem, const struct mr_market_config *config)
{
    struct mr_market *m = mem;
    memset(m, 0, sizeof *m);
    m->config = *config;
    m->config.venues = config->venues ? config->venues : MR_MARKET_FIRST;
    m->config.books_per_s = config->books_per_s ? config->books_per_s : 10;
    m->config.trades_per_s = config->trades_per_s ? config->trades_per_s : 5;
    m->config.warm_up_ns = config->warm_up_ns ? config->warm_up_ns : 7 * MINUTE;
    m->rng = config->seed;
    m->now_ns = m->next_step_ns = config->start_ns;
    for (int u = 0; u < MR_MARKET_UNDERLYINGS; u++)
        m->of[u].mid_e4 = start_e4[u];
    begin(m, MR_MARKET_QUIET, m->config.warm_up_ns);
    /*                                                            symbol           of  px  step  sz  contract, 10^-6 base */
    add_stream(m, MR_MARKET_BINANCE_USDM, &mr_market_binance_usdm, "BTCUSDT",       0, 1, 10,   3, 1000000);
    add_stream(m, MR_MARKET_BINANCE_USDM, &mr_market_binance_usdm, "ETHUSDT",       1, 2, 5,    3, 1000000);
    add_stream(m, MR_MARKET_BINANCE_SPOT, &mr_market_binance_spot, "BTCUSDT",       0, 2, 100,  5, 1000000);
    add_stream(m, MR_MARKET_BYBIT_LINEAR, &mr_market_bybit_linear, "BTCUSDT",       0, 1, 10,   3, 1000000);
    add_stream(m, MR_MARKET_BYBIT_LINEAR, &mr_market_bybit_linear, "ETHUSDT",       1, 2, 5,    2, 1000000);
    add_stream(m, MR_MARKET_OKX,          &mr_market_okx,          "BTC-USDT-SWAP", 0, 1, 10,   2, 10000);
    add_stream(m, MR_MARKET_OKX,          &mr_market_okx,          "ETH-USDT-SWAP", 1, 2, 5,    2, 100000);
    add_stream(m, MR_MARKET_HYPERLIQUID,  &mr_market_hyperliquid,  "BTC",           0, 1, 10,   5, 1000000);
    add_stream(m, MR_MARKET_HYPERLIQUID,  &mr_market_hyperliquid,  "ETH",           1, 1, 1,    4, 1000000);
    add_stream(m, MR_MARKET_KUCOIN_FUTURES, &mr_market_kucoin_futures, "XBTUSDTM",  0, 1, 10,   0, 1000);
    add_stream(m, MR_MARKET_KUCOIN_FUTURES, &mr_market_kucoin_futures, "ETHUSDTM",  1, 2, 5,    0, 10000);
    add_stream(m, MR_MARKET_KUCOIN_SPOT,  &mr_market_kucoin_spot,  "BTC-USDT",      0, 1, 10,   8, 1000000);
    add_stream(m, MR_MARKET_MEXC,         &mr_market_mexc,         "BTC_USDT",      0, 1, 10,   0, 100);
    add_stream(m, MR_MARKET_MEXC,         &mr_market_mexc,         "ETH_USDT",      1, 2, 5,    0, 10000);
    for (uint8_t u = 0; u < MR_MARKET_UNDERLYINGS; u++) {
        add_stream(m, MR_MARKET_POLYMARKET, &mr_market_polymarket,      mr_outcome_tokens[2 * u],     u, 3, 1, 2, 1);
        add_stream(m, MR_MARKET_POLYMARKET, &mr_market_polymarket_pair, mr_outcome_tokens[2 * u + 1], u, 3, 1, 2, 1);
        if (m->config.venues & MR_MARKET_POLYMARKET)
            m->streams[m->stream_count - 1].mirror = &m->streams[m->stream_count - 2];
    }
    add_stream(m, MR_MARKET_POLYMARKET, &mr_market_polymarket_data, "btcusdt", 0, 2, 1, 2, 1000000);
    add_stream(m, MR_MARKET_POLYMARKET, &mr_market_polymarket_data, "ethusdt", 1, 2, 1, 2, 1000000);
    for (uint32_t u = 0; u < MR_MARKET_UNDERLYINGS && m->config.venues & MR_MARKET_POLYMARKET;
         u++) { /* the last two, and their pairs before */
        struct stream *data = &m->streams[m->stream_count - 2 + u], *pair = &m->streams[m->stream_count - 6 + 2 * u];
        pair->told = data;
        data->tells = pair;
    }
    add_stream(m, MR_MARKET_POLYMARKET,   &mr_market_polymarket_data, "btc/usd",     0, 4, 1,    2, 1000000);
    add_stream(m, MR_MARKET_POLYMARKET,   &mr_market_polymarket_data, "eth/usd",     1, 4, 1,    2, 1000000);
    return m;
}

/* ---- looking ---- */

const struct mr_market_label *mr_market_labels(const struct mr_market *m, uint32_t *count)
{
    *count = m->label_count;
    return m->labels;
}

const char *mr_market_underlying(uint32_t underlying)
{
    return underlying < MR_MARKET_UNDERLYINGS ? names[underlying] : "?";
}

uint32_t mr_market_instruments(const struct mr_market *m) { return m->stream_count; }

void mr_market_instrument(const struct mr_market *m, uint32_t i, uint8_t *venue, uint8_t *product, const char **symbol)
{
    MR_ASSERT(i < m->stream_count);
    *venue = m->streams[i].venue;
    *product = m->streams[i].product;
    *symbol = m->streams[i].symbol;
}

uint32_t mr_market_book(const struct mr_market *m, uint32_t i, bool ask, struct mr_level *out, uint32_t n)
{
    MR_ASSERT(i < m->stream_count);
    const struct stream *s = &m->streams[i];
    uint32_t count = mr_market_side(s, ask, out, n);
    for (uint32_t k = 0; k < count; k++) {
        out[k].price *= mr_pow10[8 - s->price_decimals];
        out[k].size *= mr_pow10[8 - s->size_decimals];
    }
    return count;
}
