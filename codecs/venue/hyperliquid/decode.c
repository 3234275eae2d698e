/* Hyperliquid: {"channel":..,"data":..}. Sizes are coins, prices dollars; there are no sequence numbers, so `time` (ms,
 * of the block) stands in for them. */
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"

struct message {
    struct mr_rows rows;
    struct mr_field channel;
    struct mr_span late; /* data that came before channel */
    uint8_t kind;
    bool done;
    bool begun; /* some coin's trades began with this message */
};

static const char *const kinds[] = {
#define MR_X(id, name, channel) name,
    MR_HYPERLIQUID_KINDS(MR_X)
#undef MR_X
};

/* ---- trades ---- */

/* users is [buyer, seller]. A liquidator that bought took a long position over from who lost it: a long was
 * liquidated. */
static bool taken_over(const struct message *m, struct mr_span users, uint8_t *side)
{
    const struct mr_hyperliquid_state *state = m->rows.dec->state;
    struct mr_json j;
    struct mr_span user;
    mr_json_open(&j, users.data, users.len);
    if (!mr_json_array(&j))
        return false;
    for (uint8_t i = 0; i < 2 && mr_json_next(&j) && mr_json_string(&j, &user); i++)
        for (uint32_t k = 0; k < state->liquidators; k++)
            if (mr_span_is(user, state->address[k], MR_HYPERLIQUID_ADDRESS)) {
                *side = i ? MR_FLAG_SELL : 0;
                return true;
            }
    return false;
}

/* The first message of a coin repeats about thirty old trades: marked, so that a reconnect counts none twice. */
static bool trade(struct message *m, struct mr_json *j)
{
    enum { COIN, SIDE, PX, SZ, TIME, TID, USERS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("coin"), MR_FIELD("side"), MR_FIELD("px"),
                                                       MR_FIELD("sz"),   MR_FIELD("time"), MR_FIELD("tid"),
                                                       MR_FIELD("users")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[COIN], "coin") ||
        !mr_rows_symbol(r, f[COIN].text))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
    if (!ev || !mr_field_ms(r, &f[TIME], "time", &ev->venue_ns) || !mr_field_u64(r, &f[TID], "tid", &ev->seq) ||
        !mr_field_price(r, &f[PX], "px", &ev->price) || !mr_field_size(r, &f[SZ], "sz", &ev->size) ||
        !mr_field_side(r, &f[SIDE], "side", "B", "A", &ev->flags) || !mr_rows_notional(r, ev))
        return false;
    if (!mr_hyperliquid_begun(r->dec)[r->instrument->id]) {
        ev->flags |= MR_FLAG_SNAPSHOT;
        m->begun = true;
        return true;
    }
    uint8_t side;
    const struct mr_hyperliquid_state *state = r->dec->state;
    if (mr_likely(!state->liquidators) || !mr_field_has(&f[USERS]) || !taken_over(m, f[USERS].text, &side))
        return true;
    struct mr_event *lost = mr_rows_event(r, MR_EVENT_LIQUIDATION, ev->venue_ns);
    if (!lost)
        return false;
    lost->price = ev->price;
    lost->size = ev->size;
    lost->aux = ev->aux;
    lost->seq = ev->seq;
    lost->flags |= side;
    return true;
}

static bool trades(struct message *m, struct mr_json *j)
{
    uint32_t n = 0;
    mr_shape_refuse(&m->rows.dec->recorder); /* the first message is told from the others; hashes never repeat */
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        if (n++ == MR_TRADES_MAX)
            return mr_rows_fail(&m->rows, MR_E_TOO_BIG, "data");
        if (!trade(m, j))
            return false;
    }
    return j->status == MR_OK;
}

/* ---- books ---- */

static bool best_side(struct mr_rows *r, struct mr_json *j, struct mr_level *level, const char *name)
{
    static const struct mr_field_name names[2] = {MR_FIELD("px"), MR_FIELD("sz")};
    struct mr_field f[2];
    if (!mr_json_next(j))
        return j->status == MR_OK && mr_rows_fail(r, MR_E_MISSING, name);
    if (mr_json_null(j)) /* nobody on this side */
        return true;
    return mr_fields_read(r, j, names, 2, f) && mr_field_price(r, &f[0], "px", &level->price) &&
           mr_field_size(r, &f[1], "sz", &level->size);
}

static bool bbo(struct message *m, struct mr_json *j)
{
    enum { COIN, TIME, BEST, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("coin"), MR_FIELD("time"), MR_FIELD("bbo")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_level *level;
    struct mr_json best;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[COIN], "coin") ||
        !mr_rows_symbol(r, f[COIN].text))
        return false;
    if (!mr_field_has(&f[BEST]))
        return mr_rows_fail(r, MR_E_MISSING, "bbo");
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    if (!head || !mr_field_ms(r, &f[TIME], "time", &head->venue_ns) || !mr_field_u64(r, &f[TIME], "time", &head->seq) ||
        !mr_field_u64(r, &f[TIME], "time", &head->first_seq))
        return false;
    mr_json_open(&best, f[BEST].text.data, f[BEST].text.len);
    if (mr_json_array(&best))
        (void)(best_side(r, &best, &level[0], "bid") && best_side(r, &best, &level[1], "ask"));
    return mr_rows_late_end(r, &best);
}

/* [[bids],[asks]] */
static bool levels(struct mr_rows *r, struct mr_json *j, struct mr_book_head **head)
{
    struct mr_sides sides;
    *head = mr_sides_open(r, &sides, MR_LEVELS_OBJECT);
    if (!*head || !mr_json_array(j))
        return false;
    for (int asks = 0; asks < 2 && mr_json_next(j); asks++)
        if (!mr_sides_take(r, j, &sides, asks, asks ? "asks" : "bids"))
            return false;
    return j->status == MR_OK && mr_sides_end(r, &sides, *head) && mr_json_leave(j);
}

bool mr_hyperliquid_book(struct mr_rows *r, struct mr_json *j)
{
    struct mr_field coin = {{NULL, 0}, MR_JSON_NONE}, time = coin;
    struct mr_span key, late = {NULL, 0};
    struct mr_book_head *head = NULL;
    struct mr_json again;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool is_levels = mr_json_key_is(j, key, "levels");
        if (is_levels && (head || late.data))
            return mr_rows_fail(r, MR_E_MALFORMED, "levels");
        bool ok = is_levels                        ? (r->instrument ? levels(r, j, &head) : mr_json_raw(j, &late))
                  : mr_json_key_is(j, key, "coin") ? mr_field_take(r, j, &coin, "coin") &&
                                                         mr_field_text(r, &coin, "coin") && mr_rows_symbol(r, coin.text)
                  : mr_json_key_is(j, key, "time") ? mr_field_take(r, j, &time, "time")
                                                   : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (j->status != MR_OK || !mr_field_text(r, &coin, "coin"))
        return false;
    if (late.data) {
        mr_json_open(&again, late.data, late.len);
        (void)levels(r, &again, &head);
        if (!mr_rows_late_end(r, &again))
            return false;
    }
    if (!head)
        return mr_rows_fail(r, MR_E_MISSING, "levels");
    head->flags |= MR_FLAG_SNAPSHOT;
    return mr_field_ms(r, &time, "time", &head->venue_ns) && mr_field_u64(r, &time, "time", &head->seq) &&
           mr_field_u64(r, &time, "time", &head->first_seq);
}

/* ---- values ---- */

/* What is open, in micro-USD; measured by the mark, as the venue does. 0 if it does not fit. */
static int64_t worth(const struct mr_event *interest, const struct mr_event *mark)
{
    int64_t out;
    if (interest->exponent > 0 || mark->exponent > 0)
        return 0;
    int status = mr_notional_micro(mark->price, -mark->exponent, interest->price, -interest->exponent, 1, 0, &out);
    return status == MR_OK ? out : 0;
}

bool mr_hyperliquid_ctx(struct mr_rows *r, struct mr_json *j)
{
    enum { FUNDING, INTEREST, ORACLE, MARK, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("funding"), MR_FIELD("openInterest"),
                                                       MR_FIELD("oraclePx"), MR_FIELD("markPx")};
    static const uint8_t kind_of[FIELDS] = {MR_EVENT_FUNDING, MR_EVENT_OPEN_INTEREST, MR_EVENT_INDEX, MR_EVENT_MARK};
    static const uint8_t order[FIELDS] = {MARK, ORACLE, FUNDING, INTEREST};
    struct mr_field f[FIELDS];
    struct mr_event *ev[FIELDS] = {NULL};
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    for (int i = 0; i < FIELDS; i++) {
        int k = order[i];
        if (!mr_field_has(&f[k]))
            continue;
        ev[k] = mr_rows_event(r, kind_of[k], 0); /* a context carries no time of its own */
        if (!ev[k] || !mr_field_value(r, &f[k], names[k].text, &ev[k]->price, &ev[k]->exponent))
            return false;
    }
    if (ev[FUNDING]) /* the rate of one hour, paid every hour */
        ev[FUNDING]->size = (int64_t)3600 * 1000000000;
    if (ev[INTEREST]) {
        ev[INTEREST]->size = MR_OI_BASE;
        ev[INTEREST]->aux = ev[MARK] ? worth(ev[INTEREST], ev[MARK]) : 0;
    }
    return true;
}

static bool context(struct message *m, struct mr_json *j)
{
    static const struct mr_field_name names[2] = {MR_FIELD("coin"), MR_FIELD("ctx")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[2];
    struct mr_json ctx;
    if (!mr_fields_read(r, j, names, 2, f) || !mr_field_text(r, &f[0], "coin") || !mr_rows_symbol(r, f[0].text))
        return false;
    if (!mr_field_has(&f[1]))
        return mr_rows_fail(r, MR_E_MISSING, "ctx");
    mr_json_open(&ctx, f[1].text.data, f[1].text.len);
    (void)mr_hyperliquid_ctx(r, &ctx);
    return mr_rows_late_end(r, &ctx) && (r->used || mr_rows_fail(r, MR_E_MISSING, "markPx"));
}

static uint32_t interval_of(struct mr_span name)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'M', 2592000}};
    uint32_t n = 0, i = 0;
    for (; i < name.len && i < 3 && (uint8_t)(name.data[i] - '0') < 10; i++)
        n = n * 10 + (name.data[i] - '0');
    for (size_t k = 0; i + 1 == name.len && k < MR_COUNT_OF(units); k++)
        if (name.data[i] == (uint8_t)units[k].unit)
            return n * units[k].seconds;
    return 0;
}

/* No flag says that a bar is final: it is when a later one comes. */
static bool candle(struct message *m, struct mr_json *j)
{
    enum { T, S, I, O, C, H, L, V, N, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("t"), MR_FIELD("s"), MR_FIELD("i"),
                                                       MR_FIELD("o"), MR_FIELD("c"), MR_FIELD("h"),
                                                       MR_FIELD("l"), MR_FIELD("v"), MR_FIELD("n")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    uint64_t count = 0;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[S], "s") || !mr_rows_symbol(r, f[S].text) ||
        !mr_field_text(r, &f[I], "i"))
        return false;
    union mr_slot *slot = mr_rows_add(r, MR_EVENT_CANDLE, 2);
    if (!slot)
        return false;
    struct mr_candle *c = &slot[1].candle;
    *c = (struct mr_candle){.interval_s = interval_of(f[I].text)};
    if (!c->interval_s)
        return mr_rows_fail_at(r, MR_E_RANGE, "i", f[I].text);
    if (!mr_field_ms(r, &f[T], "t", &c->open_ns) || !mr_field_price(r, &f[O], "o", &c->open) ||
        !mr_field_price(r, &f[H], "h", &c->high) || !mr_field_price(r, &f[L], "l", &c->low) ||
        !mr_field_price(r, &f[C], "c", &c->close) || !mr_field_size(r, &f[V], "v", &c->volume))
        return false;
    if (mr_field_has(&f[N]) && !mr_field_u64(r, &f[N], "n", &count))
        return false;
    c->trades = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
    slot->event.price = c->close;
    slot->event.size = c->volume;
    return true;
}

/* ---- the message ---- */

static bool data(struct message *m, struct mr_json *j)
{
    m->done = true;
    switch (m->kind) {
    case MR_HYPERLIQUID_TRADES:
        return trades(m, j);
    case MR_HYPERLIQUID_BBO:
        return bbo(m, j);
    case MR_HYPERLIQUID_L2BOOK:
        return mr_hyperliquid_book(&m->rows, j);
    case MR_HYPERLIQUID_CTX:
    case MR_HYPERLIQUID_SPOT_CTX:
        return context(m, j);
    case MR_HYPERLIQUID_CANDLE:
        return candle(m, j);
    case MR_HYPERLIQUID_USER:
    case MR_HYPERLIQUID_USER_FILLS:
        return mr_hyperliquid_fills(&m->rows, j);
    default:
        mr_shape_refuse(&m->rows.dec->recorder);
        return mr_json_skip(j);
    }
}

static bool channel(struct message *m)
{
    struct mr_rows *r = &m->rows;
    if (!mr_field_text(r, &m->channel, "channel"))
        return false;
    for (uint8_t i = MR_HYPERLIQUID_L2BOOK; i < MR_HYPERLIQUID_REST_META; i++)
        if (i != MR_HYPERLIQUID_GREETING && mr_field_is(&m->channel, kinds[i])) {
            r->dec->kind = m->kind = i;
            return true;
        }
    r->dec->name = m->channel.text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "channel", m->channel.text);
}

static bool member(struct message *m, struct mr_json *j, struct mr_span key)
{
    if (mr_json_key_is(j, key, "channel"))
        return mr_field_take(&m->rows, j, &m->channel, "channel") && channel(m);
    if (!mr_json_key_is(j, key, "data"))
        return mr_rows_skip(&m->rows, j);
    if (m->done || m->late.data)
        return mr_rows_fail(&m->rows, MR_E_MALFORMED, "data");
    return m->kind ? data(m, j) : mr_json_raw(j, &m->late);
}

static bool ends(struct message *m)
{
    struct mr_rows *r = &m->rows;
    struct mr_json late;
    if (m->channel.type == MR_JSON_NONE)
        return mr_rows_fail(r, MR_E_MISSING, "channel");
    if (m->late.data) {
        mr_json_open(&late, m->late.data, m->late.len);
        (void)data(m, &late);
        return mr_rows_late_end(r, &late);
    }
    return m->done || m->kind == MR_HYPERLIQUID_PONG || mr_rows_fail(r, MR_E_MISSING, "data");
}

/* Only a message that decoded begins its coins: one that waits for a symbol comes again. */
static void begin_coins(const struct message *m)
{
    for (uint32_t i = 0; i < m->rows.used; i++)
        mr_hyperliquid_begun(m->rows.dec)[m->rows.out[i].event.instrument] = 1;
}

int mr_hyperliquid_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    static const char greeting[] = "Websocket connection established.";
    struct message m;
    struct mr_json j;
    struct mr_span key;
    if (mr_unlikely(frame->len == sizeof greeting - 1 && memcmp(frame->data, greeting, sizeof greeting - 1) == 0)) {
        mr_shape_refuse(&dec->recorder);
        dec->kind = MR_HYPERLIQUID_GREETING;
        return 0;
    }
    mr_rows_open(&m.rows, dec, frame, out, out_max);
    m.channel = (struct mr_field){{NULL, 0}, MR_JSON_NONE};
    m.late = (struct mr_span){NULL, 0};
    m.kind = MR_HYPERLIQUID_UNKNOWN;
    m.done = m.begun = false;
    mr_json_open(&j, frame->data, frame->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key) && member(&m, &j, key))
            ;
    if (j.status == MR_OK && m.rows.status == MR_OK)
        (void)ends(&m);
    int status = mr_rows_end(&m.rows, &j);
    if (status > 0 && m.begun)
        begin_coins(&m);
    return status;
}
