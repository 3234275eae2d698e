/* The general path: any key order, old fields and new ones. A message is walked once into spans, then made into events.
 */
#include "codecs/venue/binance/binance_priv.h"

typedef int build_fn(struct binance_message *m, const struct binance_fields *f);

/* ---- collecting members ---- */

static const char *const words[WORD_COUNT] = {
    [WORD_PU] = "pu",     [WORD_PS] = "ps",     [WORD_ST] = "st",         [WORD_NQ] = "nq",
    [WORD_AP] = "ap",     [WORD_CS] = "cs",     [WORD_RESULT] = "result", [WORD_ID] = "id",
    [WORD_CODE] = "code", [WORD_MSG] = "msg",   [WORD_ERROR] = "error",   [WORD_LAST_UPDATE_ID] = "lastUpdateId",
    [WORD_BIDS] = "bids", [WORD_ASKS] = "asks",
};

static bool letter(uint8_t c) { return (uint8_t)((c | 0x20) - 'a') < 26; }

/* A string without its quotes, a number's text, or the raw bytes of anything else. */
static bool value(struct mr_json *j, struct mr_span *text, bool *string)
{
    enum mr_json_type type = mr_json_peek(j);
    *string = type == MR_JSON_STRING;
    return type == MR_JSON_STRING || type == MR_JSON_NUMBER ? mr_json_text(j, text) : mr_json_raw(j, text);
}

/* One member whose key has been read. */
static void keep(struct mr_decoder *dec, struct mr_json *j, struct mr_span key, struct binance_fields *f)
{
    struct mr_span text;
    bool string;
    if (key.len == 1 && letter(key.data[0])) {
        uint32_t i = key.data[0] & 63;
        if (!value(j, &text, &string))
            return;
        f->letter[i] = text;
        f->letters |= 1ull << i;
        f->strings = (f->strings & ~(1ull << i)) | (uint64_t)string << i;
        return;
    }
    for (uint32_t w = 0; w < WORD_COUNT; w++)
        if (mr_span_is(key, words[w], strlen(words[w]))) {
            bool array = w == WORD_BIDS || w == WORD_ASKS;
            if (array ? mr_json_raw(j, &f->word[w]) : value(j, &f->word[w], &string))
                f->words |= 1u << w;
            return;
        }
    mr_take_skip(dec, j);
}

/* Keys with escapes are legal and never sent: "\u0065" is "e". */
static struct mr_span plain_key(const struct mr_json *j, struct mr_span key, uint8_t *room, uint32_t room_bytes)
{
    if (mr_likely(!j->escaped))
        return key;
    int64_t n = mr_json_unescape(key, room, room_bytes);
    return n < 0 ? key : (struct mr_span){room, (uint32_t)n};
}

int binance_collect(struct mr_decoder *dec, struct mr_json *j, struct binance_fields *f)
{
    uint8_t room[32];
    struct mr_span key;
    f->letters = f->strings = 0;
    f->words = 0;
    if (mr_json_object(j))
        while (mr_json_key(j, &key))
            keep(dec, j, plain_key(j, key, room, sizeof room), f);
    return j->status;
}

void binance_reopen(struct mr_json *j, struct mr_span raw) { mr_json_open(j, raw.data, raw.len); }

int binance_failed(struct mr_decoder *dec, const struct mr_json *j)
{
    return mr_take_fail(dec, j->status, NULL, j->data + j->at);
}

/* Numbers that are not used, and may vary from message to message. */
static void ignore(struct binance_message *m, const struct binance_fields *f, const char *letters)
{
    for (; *letters; letters++)
        mr_take_ignore(m->dec, binance_letter(f, *letters));
    mr_take_ignore(m->dec, binance_word(f, WORD_NQ));
    mr_take_ignore(m->dec, binance_word(f, WORD_AP));
}

/* A string member; its escapes undone into `room` where it has some. */
static int string_of(struct mr_decoder *dec, const struct binance_fields *f, char c, const char *field, uint8_t *room,
                     uint32_t room_bytes, struct mr_span *out)
{
    *out = binance_letter(f, c);
    if (!out->data)
        return mr_take_fail(dec, MR_E_MISSING, field, NULL);
    if (!binance_is_string(f, c))
        return mr_take_fail(dec, MR_E_TYPE, field, out->data);
    if (mr_unlikely(memchr(out->data, '\\', out->len) != NULL)) {
        int64_t n = mr_json_unescape(*out, room, room_bytes);
        if (n >= 0)
            *out = (struct mr_span){room, (uint32_t)n};
    }
    return MR_OK;
}

static int bool_of(struct mr_decoder *dec, const struct binance_fields *f, char c, const char *field, bool *out)
{
    struct mr_span text = binance_letter(f, c);
    *out = text.len == 4;
    if (!text.data)
        return mr_take_fail(dec, MR_E_MISSING, field, NULL);
    if (binance_is_string(f, c) || !(mr_span_eq(text, "true") || mr_span_eq(text, "false")))
        return mr_take_fail(dec, MR_E_TYPE, field, text.data);
    return MR_OK;
}

int binance_instrument(struct mr_decoder *dec, struct mr_span symbol, const struct mr_instrument **it)
{
    uint8_t room[MR_SYMBOL_BYTES];
    if (!symbol.data)
        return mr_take_fail(dec, MR_E_MISSING, "s", NULL);
    *it = mr_take_symbol(dec, symbol);
    if (mr_likely(*it != NULL))
        return MR_OK;
    if (memchr(symbol.data, '\\', symbol.len)) {
        int64_t n = mr_json_unescape(symbol, room, sizeof room);
        *it = n > 0 ? mr_take_symbol(dec, (struct mr_span){room, (uint32_t)n}) : NULL;
        dec->name = symbol;
    }
    return *it ? MR_OK : mr_take_fail(dec, MR_E_SYMBOL, "s", symbol.data);
}

static int instrument_of(struct binance_message *m, const struct binance_fields *f, const struct mr_instrument **it)
{
    struct mr_span symbol = binance_letter(f, 's');
    if (symbol.data && !binance_is_string(f, 's'))
        return mr_take_fail(m->dec, MR_E_TYPE, "s", symbol.data);
    return binance_instrument(m->dec, symbol, it);
}

static int room_for(struct binance_message *m, uint32_t slots)
{
    return (size_t)(m->end - m->out) < slots ? MR_E_FULL : MR_OK;
}

/* ---- trades ---- */

static int trade(struct binance_message *m, const struct binance_fields *f, const char *id_name, char id,
                 const char *unused)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    bool buyer_is_maker;
    int status = instrument_of(m, f, &it);
    if (status == MR_OK)
        status = bool_of(dec, f, 'm', "m", &buyer_is_maker);
    if (status == MR_OK)
        status = room_for(m, 1);
    if (status < 0)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_TRADE, it);
    status = mr_take_trade(dec, slot, it, binance_letter(f, 'p'), binance_letter(f, 'q'));
    if (status == MR_OK)
        status = mr_take_u64(dec, id_name, binance_letter(f, id), &slot->event.seq);
    if (status == MR_OK)
        status = mr_take_ms(dec, "T", binance_letter(f, 'T'), &slot->event.venue_ns);
    if (status < 0)
        return status;
    ignore(m, f, unused);
    const char *primary = dec->venue->products[dec->product].primary_trades;
    if (strcmp(primary, dec->venue->kinds[dec->kind].name) != 0)
        slot->event.flags |= MR_FLAG_SECONDARY;
    if (buyer_is_maker)
        slot->event.flags |= MR_FLAG_SELL;
    struct mr_span how = binance_letter(f, 'X');
    if (how.data && !mr_span_eq(how, "MARKET")) /* INSURANCE_FUND, ADL, NA: no price of the market */
        slot->event.flags |= MR_FLAG_CAUTION;
    m->out++;
    return MR_OK;
}

static int agg_trade(struct binance_message *m, const struct binance_fields *f) { return trade(m, f, "a", 'a', "Efl"); }

static int raw_trade(struct binance_message *m, const struct binance_fields *f)
{
    return trade(m, f, "t", 't', "Eab"); /* a, b: order ids, sent by spot until about 2024 */
}

/* ---- best bid and ask ---- */

static int book_ticker(struct binance_message *m, const struct binance_fields *f)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    int status = instrument_of(m, f, &it);
    if (status == MR_OK)
        status = room_for(m, 2);
    if (status < 0)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_BBO, it);
    struct mr_level *level = mr_take_levels(slot);
    status = mr_take_u64(dec, "u", binance_letter(f, 'u'), &slot->book.seq);
    if (status == MR_OK)
        status = mr_take_u64(dec, "u", binance_letter(f, 'u'), &slot->book.first_seq);
    if (status == MR_OK)
        status = mr_take_fixed(dec, "b", binance_letter(f, 'b'), it->price_scale, &level[0].price);
    if (status == MR_OK)
        status = mr_take_fixed(dec, "B", binance_letter(f, 'B'), it->size_scale, &level[0].size);
    if (status == MR_OK)
        status = mr_take_fixed(dec, "a", binance_letter(f, 'a'), it->price_scale, &level[1].price);
    if (status == MR_OK)
        status = mr_take_fixed(dec, "A", binance_letter(f, 'A'), it->size_scale, &level[1].size);
    struct mr_span time = binance_letter(f, 'T').data ? binance_letter(f, 'T') : binance_letter(f, 'E');
    if (status == MR_OK && time.data) /* spot sends none */
        status = mr_take_ms(dec, "T", time, &slot->book.venue_ns);
    if (status < 0)
        return status;
    if (mr_unlikely(level[0].size < 0 || level[1].size < 0))
        return mr_take_fail(dec, MR_E_RANGE, "B or A", binance_letter(f, 'B').data);
    ignore(m, f, "E");
    m->out += mr_take_book(slot, 1, 1);
    return MR_OK;
}

/* ---- liquidations ---- */

static bool zero(struct mr_span number)
{
    for (uint32_t i = 0; i < number.len; i++)
        if (number.data[i] != '0' && number.data[i] != '.')
            return false;
    return true;
}

static int liquidation(struct binance_message *m, const struct binance_fields *order)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    struct mr_span side, price = binance_word(order, WORD_AP), size = binance_letter(order, 'z');
    uint8_t room[16];
    int status = instrument_of(m, order, &it);
    if (status == MR_OK)
        status = string_of(dec, order, 'S', "S", room, sizeof room, &side);
    if (status == MR_OK && !mr_span_eq(side, "BUY") && !mr_span_eq(side, "SELL"))
        status = mr_take_fail(dec, MR_E_RANGE, "S", binance_letter(order, 'S').data);
    if (status == MR_OK)
        status = room_for(m, 1);
    if (status < 0)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_LIQUIDATION, it);
    if (mr_span_eq(side, "BUY")) /* the order bought: a short was closed */
        slot->event.flags |= MR_FLAG_SELL;
    if (!price.data || zero(price)) { /* nothing filled yet: the order's own price and quantity */
        price = binance_letter(order, 'p');
        size = binance_letter(order, 'q');
        slot->event.flags |= MR_FLAG_CAUTION;
    }
    status = mr_take_trade(dec, slot, it, price, size);
    if (status == MR_OK)
        status = mr_take_ms(dec, "T", binance_letter(order, 'T'), &slot->event.venue_ns);
    if (status == MR_OK)
        m->out++;
    return status;
}

static bool coin_m(const struct binance_fields *f)
{
    struct mr_span st = binance_word(f, WORD_ST);
    return mr_span_eq(st, "2");
}

static int force_order(struct binance_message *m, const struct binance_fields *f)
{
    struct binance_fields order;
    struct mr_json j;
    struct mr_span raw = binance_letter(f, 'o');
    if (!raw.data || binance_is_string(f, 'o'))
        return mr_take_fail(m->dec, raw.data ? MR_E_TYPE : MR_E_MISSING, "o", raw.data);
    mr_shape_refuse(&m->dec->recorder); /* branches on a zero average price */
    binance_reopen(&j, raw);
    int status = binance_collect(m->dec, &j, &order);
    if (status < 0)
        return binance_failed(m->dec, &j);
    if (coin_m(&order)) {
        m->dec->kind = KIND_COIN_M;
        return MR_OK;
    }
    return liquidation(m, &order);
}

/* ---- mark price, index price, funding ---- */

static int own_scale(struct binance_message *m, const struct mr_instrument *it, enum mr_event_kind kind,
                     const char *field, struct mr_span text, struct mr_span time, union mr_slot **slot)
{
    int status = room_for(m, 1);
    if (status < 0)
        return status;
    *slot = mr_take_slot(m->dec, m->out, kind, it);
    status = mr_take_decimal(m->dec, field, text, &(*slot)->event.price, &(*slot)->event.exponent);
    if (status == MR_OK)
        status = mr_take_ms(m->dec, "E", time, &(*slot)->event.venue_ns);
    if (status == MR_OK)
        m->out++;
    return status;
}

int binance_marks(struct binance_message *m, const struct mr_instrument *it, const struct binance_marks *in)
{
    union mr_slot *slot;
    int status = own_scale(m, it, MR_EVENT_MARK, "p", in->mark, in->time, &slot);
    if (status == MR_OK && in->index.len)
        status = own_scale(m, it, MR_EVENT_INDEX, "i", in->index, in->time, &slot);
    if (status == MR_OK && in->rate.len) { /* dated futures have none: "" */
        status = own_scale(m, it, MR_EVENT_FUNDING, "r", in->rate, in->time, &slot);
        if (status == MR_OK)
            status = mr_take_ms(m->dec, "T", in->next_funding, &slot->event.aux);
    }
    return status;
}

static int mark_price(struct binance_message *m, const struct binance_fields *f)
{
    const struct mr_instrument *it;
    int status = instrument_of(m, f, &it);
    if (status < 0)
        return status;
    struct binance_marks in = {
        .mark = binance_letter(f, 'p'),
        .index = binance_letter(f, 'i'),
        .rate = binance_letter(f, 'r'),
        .next_funding = binance_letter(f, 'T'),
        .time = binance_letter(f, 'E'),
    };
    ignore(m, f, "P");
    return binance_marks(m, it, &in);
}

/* ---- candles ---- */

static uint32_t interval_s(struct mr_span text)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {
        {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}, {'M', 30 * 86400},
    };
    uint64_t n;
    if (text.len < 2 || text.len > 4 || mr_number_u64(text.data, text.len - 1, &n) < 0)
        return 0;
    for (size_t i = 0; i < MR_COUNT_OF(units); i++)
        if (text.data[text.len - 1] == (uint8_t)units[i].unit)
            return (uint32_t)n * units[i].seconds;
    return 0;
}

static int candle(struct mr_decoder *dec, const struct mr_instrument *it, const struct binance_fields *k,
                  struct mr_candle *out)
{
    const struct {
        char key;
        const char *name;
        int scale;
        int64_t *to;
    } prices[] = {
        {'o', "o", it->price_scale, &out->open},  {'h', "h", it->price_scale, &out->high},
        {'l', "l", it->price_scale, &out->low},   {'c', "c", it->price_scale, &out->close},
        {'v', "v", it->size_scale, &out->volume},
    };
    int status = MR_OK;
    for (size_t i = 0; i < MR_COUNT_OF(prices) && status == MR_OK; i++)
        status = mr_take_fixed(dec, prices[i].name, binance_letter(k, prices[i].key), prices[i].scale, prices[i].to);
    if (status == MR_OK)
        status = mr_take_ms(dec, "t", binance_letter(k, 't'), &out->open_ns);
    uint64_t trades = 0;
    if (status == MR_OK)
        status = mr_take_u64(dec, "n", binance_letter(k, 'n'), &trades);
    bool closed = false;
    if (status == MR_OK)
        status = bool_of(dec, k, 'x', "x", &closed);
    struct mr_span interval;
    uint8_t room[8];
    if (status == MR_OK)
        status = string_of(dec, k, 'i', "i", room, sizeof room, &interval);
    if (status < 0)
        return status;
    out->interval_s = interval_s(interval);
    if (!out->interval_s || trades > UINT32_MAX)
        return mr_take_fail(dec, MR_E_RANGE, "i or n", interval.data);
    out->trades = (uint32_t)trades;
    out->closed = closed;
    return MR_OK;
}

static int kline(struct binance_message *m, const struct binance_fields *f)
{
    const struct mr_instrument *it;
    struct binance_fields k;
    struct mr_json j;
    struct mr_span raw = binance_letter(f, 'k');
    mr_shape_refuse(&m->dec->recorder); /* a few a second: not worth a shape's bounds (a count of 32 bits) */
    if (!raw.data || binance_is_string(f, 'k'))
        return mr_take_fail(m->dec, raw.data ? MR_E_TYPE : MR_E_MISSING, "k", raw.data);
    int status = instrument_of(m, f, &it);
    if (status == MR_OK)
        status = room_for(m, 2);
    if (status < 0)
        return status;
    binance_reopen(&j, raw);
    if (binance_collect(m->dec, &j, &k) < 0)
        return binance_failed(m->dec, &j);
    union mr_slot *slot = mr_take_slot(m->dec, m->out, MR_EVENT_CANDLE, it);
    memset(&slot[1], 0, sizeof slot[1]);
    status = candle(m->dec, it, &k, &slot[1].candle);
    if (status == MR_OK)
        status = mr_take_ms(m->dec, "E", binance_letter(f, 'E'), &slot->event.venue_ns);
    if (status < 0)
        return status;
    slot->event.price = slot[1].candle.close;
    slot->event.size = slot[1].candle.volume;
    m->out += 2;
    return MR_OK;
}

/* ---- states, and what is understood without an event ---- */

static int notice(struct binance_message *m, const struct mr_instrument *it, enum mr_status_event what,
                  struct mr_span time)
{
    int status = room_for(m, 1);
    if (status < 0)
        return status;
    union mr_slot *slot = mr_take_slot(m->dec, m->out, MR_EVENT_STATUS, it);
    slot->event.price = what;
    if (time.data)
        status = mr_take_ms(m->dec, "E", time, &slot->event.venue_ns);
    if (status == MR_OK)
        m->out++;
    return status;
}

static int contract_info(struct binance_message *m, const struct binance_fields *f)
{
    const struct mr_instrument *it;
    struct mr_span state = binance_word(f, WORD_CS);
    if (instrument_of(m, f, &it) < 0 || !state.data)
        return MR_OK; /* of a contract nobody asked for */
    return notice(m, it, mr_span_eq(state, "TRADING") ? MR_STATUS_LIVE : MR_STATUS_HALTED, binance_letter(f, 'E'));
}

static int shutdown_notice(struct binance_message *m, const struct binance_fields *f)
{
    return notice(m, NULL, MR_STATUS_VENUE_NOTICE, binance_letter(f, 'E'));
}

static int nothing(struct binance_message *m, const struct binance_fields *f)
{
    ignore(m, f, "EPQOCFLTUABWabchlnopqtuvw");
    return MR_OK;
}

/* ---- which kind ---- */

static const struct {
    const char *name;
    uint8_t kind;
    build_fn *build;
} by_name[] = {
    {"aggTrade", KIND_AGG_TRADE, agg_trade},
    {"trade", KIND_TRADE, raw_trade},
    {"bookTicker", KIND_BOOK_TICKER, book_ticker},
    {"depthUpdate", KIND_DEPTH, binance_depth},
    {"markPriceUpdate", KIND_MARK, mark_price},
    {"forceOrder", KIND_FORCE_ORDER, force_order},
    {"kline", KIND_KLINE, kline},
    {"24hrTicker", KIND_TICKER, nothing},
    {"24hrMiniTicker", KIND_MINI_TICKER, nothing},
    {"contractInfo", KIND_CONTRACT, contract_info},
    {"serverShutdown", KIND_SHUTDOWN, shutdown_notice},
    {"1hTicker", KIND_OTHER, nothing},
    {"4hTicker", KIND_OTHER, nothing},
    {"1dTicker", KIND_OTHER, nothing},
    {"avgPrice", KIND_OTHER, nothing},
    {"compositeIndex", KIND_OTHER, nothing},
    {"assetIndexUpdate", KIND_OTHER, nothing},
    {"continuous_kline", KIND_OTHER, nothing},
    {"tradingSession", KIND_OTHER, nothing},
};

/* Answers to our own requests, and the two market messages that do not name their kind. */
static int nameless(struct binance_message *m, const struct binance_fields *f)
{
    struct mr_decoder *dec = m->dec;
    const uint64_t ticker = 1ull << ('u' & 63) | 1ull << ('s' & 63) | 1ull << ('b' & 63) | 1ull << ('a' & 63);
    if ((f->letters & ticker) == ticker) {
        dec->kind = KIND_BOOK_TICKER;
        return book_ticker(m, f);
    }
    if (f->words >> WORD_LAST_UPDATE_ID & 1) {
        dec->kind = KIND_PARTIAL;
        return binance_partial(m, f);
    }
    bool result = f->words >> WORD_RESULT & 1, code = f->words >> WORD_CODE & 1, error = f->words >> WORD_ERROR & 1;
    if (!result && !code && !error)
        return mr_take_fail(dec, MR_E_UNKNOWN, "e", NULL);
    dec->kind = result && !error ? KIND_ACK : KIND_ERROR;
    mr_shape_refuse(&dec->recorder);
    return MR_OK;
}

static int build(struct binance_message *m, const struct binance_fields *f)
{
    uint8_t room[32];
    struct mr_span name;
    if (!(f->letters >> ('e' & 63) & 1))
        return nameless(m, f);
    int status = string_of(m->dec, f, 'e', "e", room, sizeof room, &name);
    if (status < 0)
        return status;
    for (size_t i = 0; i < MR_COUNT_OF(by_name); i++)
        if (mr_span_is(name, by_name[i].name, strlen(by_name[i].name))) {
            m->dec->kind = by_name[i].kind;
            if (mr_unlikely(coin_m(f))) { /* all-market streams carry COIN-M too: other units, other product */
                m->dec->kind = KIND_COIN_M;
                return nothing(m, f);
            }
            return by_name[i].build(m, f);
        }
    m->dec->name = binance_letter(f, 'e');
    return mr_take_fail(m->dec, MR_E_UNKNOWN, "e", m->dec->name.data);
}

/* Streams of all symbols ("!markPrice@arr"). Symbols that nobody configured are passed over and counted; MR_E_SYMBOL
 * only where none is known, so that a caller who adds as it goes gets a start. */
static int build_each(struct binance_message *m, struct mr_json *j)
{
    struct mr_decoder *dec = m->dec;
    struct binance_fields f;
    uint32_t unknown = 0, known = 0;
    struct mr_span first = {NULL, 0};
    mr_shape_refuse(&dec->recorder);
    if (mr_json_array(j))
        while (mr_json_next(j)) {
            if (binance_collect(dec, j, &f) < 0)
                break;
            int status = build(m, &f);
            if (status == MR_E_SYMBOL) {
                first = unknown++ ? first : dec->name;
                continue;
            }
            if (status < 0)
                return status;
            known++;
        }
    if (mr_json_close(j) < 0)
        return binance_failed(dec, j);
    dec->passed_over += known ? unknown : 0;
    dec->name = known ? (struct mr_span){NULL, 0} : first;
    return unknown && !known ? mr_take_fail(dec, MR_E_SYMBOL, "s", first.data) : MR_OK;
}

/* ---- bare or wrapped: {"stream":"btcusdt@aggTrade","data":{...}} ---- */

struct wrapper {
    struct mr_span stream, data;
};

static void keep_wrapper(struct mr_decoder *dec, struct mr_json *j, struct wrapper *w, struct binance_fields *f)
{
    uint8_t room[32];
    struct mr_span key;
    while (mr_json_key(j, &key)) {
        key = plain_key(j, key, room, sizeof room);
        if (mr_span_eq(key, "stream"))
            mr_json_string(j, &w->stream);
        else if (mr_span_eq(key, "data"))
            mr_json_raw(j, &w->data);
        else
            keep(dec, j, key, f);
    }
}

static int build_raw(struct binance_message *m, struct mr_span raw)
{
    struct binance_fields f;
    struct mr_json j;
    binance_reopen(&j, raw);
    if (mr_json_peek(&j) == MR_JSON_ARRAY)
        return build_each(m, &j);
    return binance_collect(m->dec, &j, &f) < 0 ? binance_failed(m->dec, &j) : build(m, &f);
}

int binance_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    int n = binance_depth_usual(dec, frame, out, out_max);
    if (n != MR_E_AGAIN)
        return n;
    struct binance_message m = {.dec = dec, .frame = frame, .out = out, .end = out + out_max};
    struct binance_fields f = {.letters = 0};
    struct wrapper w = {{NULL, 0}, {NULL, 0}};
    struct mr_json j;
    mr_json_open(&j, frame->data, frame->len);
    bool array = mr_json_peek(&j) == MR_JSON_ARRAY;
    if (!array && mr_json_object(&j))
        keep_wrapper(dec, &j, &w, &f);
    if (!array && mr_json_close(&j) < 0)
        return binance_failed(dec, &j);
    m.stream = w.stream;
    struct mr_span data = array ? (struct mr_span){frame->data, frame->len} : w.data;
    int status = data.data ? build_raw(&m, data) : build(&m, &f);
    return status < 0 ? status : (int)(m.out - out);
}
