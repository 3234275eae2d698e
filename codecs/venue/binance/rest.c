/* REST bodies: book snapshots, instrument lists, open interest, premium index. Cold, but as strict as the stream. */
#include "codecs/venue/binance/binance_priv.h"

static bool contains(struct mr_span url, const char *text)
{
    return url.len && memmem(url.data, url.len, text, strlen(text)) != NULL;
}

/* "BTCUSDT" of "...?symbol=BTCUSDT&limit=1000" */
static struct mr_span query(struct mr_span url, const char *name)
{
    const uint8_t *at = memmem(url.data, url.len, name, strlen(name)), *end = url.data + url.len;
    if (!at)
        return (struct mr_span){NULL, 0};
    at += strlen(name);
    const uint8_t *stop = at;
    while (stop < end && *stop != '&')
        stop++;
    return (struct mr_span){at, (uint32_t)(stop - at)};
}

/* A value that stands in its object once. */
static void once(struct mr_json *j, struct mr_span *to, bool (*read)(struct mr_json *j, struct mr_span *to))
{
    if (to->data)
        mr_json_fail(j, MR_E_MALFORMED); /* twice: which one is meant? */
    else
        read(j, to);
}

/* ---- book snapshot ---- */

struct snapshot {
    struct mr_span id, bids, asks, time, event_time;
};

static int snapshot_body(struct mr_decoder *dec, struct mr_json *j, struct snapshot *in)
{
    struct mr_span key;
    memset(in, 0, sizeof *in);
    if (mr_json_object(j))
        while (mr_json_key(j, &key)) {
            if (mr_json_key_is(j, key, "lastUpdateId"))
                once(j, &in->id, mr_json_text);
            else if (mr_json_key_is(j, key, "T"))
                once(j, &in->time, mr_json_text);
            else if (mr_json_key_is(j, key, "E"))
                once(j, &in->event_time, mr_json_text);
            else if (mr_json_key_is(j, key, "bids"))
                once(j, &in->bids, mr_json_raw);
            else if (mr_json_key_is(j, key, "asks"))
                once(j, &in->asks, mr_json_raw);
            else
                mr_json_skip(j);
        }
    return mr_json_close(j) < 0 ? binance_failed(dec, j) : MR_OK;
}

static int snapshot(struct binance_message *m, struct mr_span url, struct mr_json *j)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    struct snapshot in;
    dec->kind = KIND_SNAPSHOT;
    int status = snapshot_body(dec, j, &in);
    if (status == MR_OK)
        status = binance_instrument(dec, query(url, "symbol="), &it);
    if (status == MR_OK && m->out == m->end)
        status = MR_E_FULL;
    if (status != MR_OK)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_BOOK, it);
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    status = mr_take_u64(dec, "lastUpdateId", in.id, &slot->book.seq);
    slot->book.first_seq = slot->book.seq;
    struct mr_span time = in.time.data ? in.time : in.event_time;
    if (status == MR_OK && time.data) /* spot sends none */
        status = mr_take_ms(dec, "T", time, &slot->book.venue_ns);
    return status < 0 ? status : binance_sides(m, it, slot, in.bids, in.asks);
}

/* ---- instruments ---- */

struct listing {
    struct mr_span symbol, base, quote, type, status, tick, step, contract;
};

static void read_filter(struct mr_json *j, struct listing *in)
{
    struct mr_span key, type = {NULL, 0}, tick = {NULL, 0}, step = {NULL, 0};
    if (!mr_json_object(j))
        return;
    while (mr_json_key(j, &key)) {
        if (mr_json_key_is(j, key, "filterType"))
            once(j, &type, mr_json_text);
        else if (mr_json_key_is(j, key, "tickSize"))
            once(j, &tick, mr_json_text);
        else if (mr_json_key_is(j, key, "stepSize"))
            once(j, &step, mr_json_text);
        else
            mr_json_skip(j);
    }
    if (mr_span_eq(type, "PRICE_FILTER"))
        in->tick = tick;
    if (mr_span_eq(type, "LOT_SIZE"))
        in->step = step;
}

static void read_listing(struct mr_json *j, struct listing *in)
{
    struct mr_span key;
    memset(in, 0, sizeof *in);
    if (!mr_json_object(j))
        return;
    while (mr_json_key(j, &key)) {
        if (mr_json_key_is(j, key, "symbol"))
            once(j, &in->symbol, mr_json_string);
        else if (mr_json_key_is(j, key, "baseAsset"))
            once(j, &in->base, mr_json_string);
        else if (mr_json_key_is(j, key, "quoteAsset"))
            once(j, &in->quote, mr_json_string);
        else if (mr_json_key_is(j, key, "contractType"))
            once(j, &in->type, mr_json_string);
        else if (mr_json_key_is(j, key, "status") || mr_json_key_is(j, key, "contractStatus"))
            once(j, &in->status, mr_json_string);
        else if (mr_json_key_is(j, key, "contractSize"))
            once(j, &in->contract, mr_json_text);
        else if (mr_json_key_is(j, key, "filters") && mr_json_array(j))
            while (mr_json_next(j))
                read_filter(j, in);
        else
            mr_json_skip(j);
    }
}

static void copy_asset(char *out, struct mr_span text)
{
    if (text.len > 0 && text.len < MR_ASSET_BYTES) /* longer ones stay unknown */
        memcpy(out, text.data, text.len);
}

static enum mr_instrument_type type_of(const struct mr_decoder *dec, struct mr_span contract_type)
{
    if (!contract_type.data)
        return (enum mr_instrument_type)dec->venue->products[dec->product].type;
    return contract_type.len >= 9 && memcmp(contract_type.data + contract_type.len - 9, "PERPETUAL", 9) == 0
               ? MR_TYPE_PERPETUAL
               : MR_TYPE_FUTURE;
}

static int add_listing(struct mr_decoder *dec, const struct listing *in, struct mr_instruments *table)
{
    if (!in->symbol.len || in->symbol.len > MR_SYMBOL_BYTES)
        return mr_take_fail(dec, in->symbol.len ? MR_E_TOO_BIG : MR_E_MISSING, "symbol", in->symbol.data);
    struct mr_instrument it = {
        .venue = dec->venue->id,
        .product = dec->product,
        .type = (uint8_t)type_of(dec, in->type),
        .flags = MR_INSTRUMENT_NO_METADATA,
        .multiplier = 1,
        .symbol_len = (uint8_t)in->symbol.len,
    };
    memcpy(it.symbol, in->symbol.data, in->symbol.len);
    copy_asset(it.base, in->base);
    copy_asset(it.quote, in->quote);
    int status = mr_instrument_scales(&it, in->tick, in->step);
    if (status < 0)
        return mr_take_fail(dec, status, "tickSize or stepSize", in->tick.data);
    if (in->status.data && !mr_span_eq(in->status, "TRADING"))
        it.flags |= MR_INSTRUMENT_HALTED;
    if (in->contract.data) { /* COIN-M: contracts of so many dollars */
        it.flags |= MR_INSTRUMENT_INVERSE;
        status = mr_number_i64(in->contract.data, in->contract.len, &it.multiplier);
        if (status < 0)
            return mr_take_fail(dec, status, "contractSize", in->contract.data);
    }
    int64_t id = table ? mr_instruments_add(table, &it) : 0;
    return id < 0 ? mr_take_fail(dec, (int)id, "symbol", in->symbol.data) : MR_OK;
}

/* Adds every symbol that fits; a symbol that cannot be read does not keep the others out. The first trouble is the
 * result. */
static int exchange_info(struct mr_decoder *dec, struct mr_json *j, struct mr_instruments *table)
{
    struct mr_span key;
    struct listing in;
    int trouble = MR_OK;
    dec->kind = KIND_EXCHANGE_INFO;
    if (mr_json_object(j))
        while (mr_json_key(j, &key)) {
            if (!mr_json_key_is(j, key, "symbols") || !mr_json_array(j)) {
                mr_json_skip(j);
                continue;
            }
            while (mr_json_next(j)) {
                read_listing(j, &in);
                int status = j->status == MR_OK ? add_listing(dec, &in, table) : MR_OK;
                trouble = trouble < 0 ? trouble : status;
            }
        }
    return mr_json_close(j) < 0 ? binance_failed(dec, j) : trouble;
}

/* ---- open interest, premium index ---- */

struct polled {
    struct mr_span symbol, interest, time;
    struct binance_marks marks;
};

static void read_polled(struct mr_json *j, struct polled *in)
{
    struct mr_span key;
    memset(in, 0, sizeof *in);
    if (!mr_json_object(j))
        return;
    while (mr_json_key(j, &key)) {
        struct mr_span *to = mr_json_key_is(j, key, "symbol")            ? &in->symbol
                             : mr_json_key_is(j, key, "openInterest")    ? &in->interest
                             : mr_json_key_is(j, key, "time")            ? &in->time
                             : mr_json_key_is(j, key, "markPrice")       ? &in->marks.mark
                             : mr_json_key_is(j, key, "indexPrice")      ? &in->marks.index
                             : mr_json_key_is(j, key, "lastFundingRate") ? &in->marks.rate
                             : mr_json_key_is(j, key, "nextFundingTime") ? &in->marks.next_funding
                                                                         : NULL;
        if (to)
            once(j, to, mr_json_text);
        else
            mr_json_skip(j);
    }
    in->marks.time = in->time;
}

static int open_interest(struct binance_message *m, const struct mr_instrument *it, const struct polled *in)
{
    if (m->out == m->end)
        return MR_E_FULL;
    union mr_slot *slot = mr_take_slot(m->dec, m->out, MR_EVENT_OPEN_INTEREST, it);
    slot->event.size = MR_OI_BASE;
    int status = mr_take_decimal(m->dec, "openInterest", in->interest, &slot->event.price, &slot->event.exponent);
    if (status == MR_OK)
        status = mr_take_ms(m->dec, "time", in->time, &slot->event.venue_ns);
    m->out += status == MR_OK;
    return status;
}

static int build_polled(struct binance_message *m, const struct polled *in)
{
    const struct mr_instrument *it;
    int status = binance_instrument(m->dec, in->symbol, &it);
    if (status != MR_OK)
        return status;
    return m->dec->kind == KIND_INTEREST ? open_interest(m, it, in) : binance_marks(m, it, &in->marks);
}

/* One object, or an array of them of which unknown symbols are passed over, as in the stream. */
static int polled(struct binance_message *m, struct mr_json *j, uint8_t kind)
{
    struct polled in;
    int status = MR_OK;
    m->dec->kind = kind;
    if (mr_json_peek(j) == MR_JSON_ARRAY && mr_json_array(j)) {
        while (mr_json_next(j)) {
            read_polled(j, &in);
            status = j->status == MR_OK ? build_polled(m, &in) : MR_OK;
            m->dec->passed_over += status == MR_E_SYMBOL;
            if (status < 0 && status != MR_E_SYMBOL)
                return status;
        }
        status = MR_OK;
    } else {
        read_polled(j, &in);
        status = j->status == MR_OK ? build_polled(m, &in) : MR_OK;
    }
    return mr_json_close(j) < 0 ? binance_failed(m->dec, j) : status;
}

int binance_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                 union mr_slot *out, uint32_t out_max)
{
    struct binance_message m = {.dec = dec, .frame = body, .out = out, .end = out + out_max};
    struct mr_json j;
    bool depth = contains(url, "/depth");
    int status = depth ? binance_snapshot_usual(dec, query(url, "symbol="), body, out, out_max) : MR_E_AGAIN;
    if (status != MR_E_AGAIN)
        return status;
    mr_json_open(&j, body->data, body->len);
    if (depth)
        status = snapshot(&m, url, &j);
    else if (contains(url, "/exchangeInfo"))
        status = exchange_info(dec, &j, table);
    else if (contains(url, "/openInterest") && !contains(url, "/openInterestHist"))
        status = polled(&m, &j, KIND_INTEREST);
    else if (contains(url, "/premiumIndex"))
        status = polled(&m, &j, KIND_PREMIUM);
    else
        return mr_take_fail(dec, MR_E_UNKNOWN, "url", NULL);
    return status < 0 ? status : (int)(m.out - out);
}
