/* One function a message kind: its members (fields.c) to events. */
#include "codecs/venue/binance/binance_priv.h"

static int room_for(struct binance_message *m, uint32_t slots)
{
    return (size_t)(m->end - m->out) < slots ? MR_E_FULL : MR_OK;
}

/* ---- trades ---- */

/* INSURANCE_FUND, ADL, NA: no price of the market. */
static int not_of_the_market(struct mr_decoder *dec, const struct binance_fields *f, union mr_slot *slot)
{
    uint8_t room[32];
    struct mr_span how;
    if (!binance_letter(f, 'X').data)
        return MR_OK;
    int status = binance_string(dec, f, 'X', "X", room, sizeof room, &how);
    if (status == MR_OK && !mr_span_eq(how, "MARKET"))
        slot->event.flags |= MR_FLAG_CAUTION;
    return status;
}

static int trade(struct binance_message *m, const struct binance_fields *f, const char *id_name, char id,
                 const char *unused)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    bool buyer_is_maker;
    int status = binance_symbol(m, f, &it);
    if (status == MR_OK)
        status = binance_bool(dec, f, 'm', "m", &buyer_is_maker);
    if (status == MR_OK)
        status = room_for(m, 1);
    if (status != MR_OK)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_TRADE, it);
    status = mr_take_trade(dec, slot, it, binance_letter(f, 'p'), binance_letter(f, 'q'));
    if (status == MR_OK)
        status = mr_take_u64(dec, id_name, binance_letter(f, id), &slot->event.seq);
    if (status == MR_OK)
        status = mr_take_ms(dec, "T", binance_letter(f, 'T'), &slot->event.venue_ns);
    if (status != MR_OK)
        return status;
    binance_ignore(m, f, unused);
    const char *primary = dec->venue->products[dec->product].primary_trades;
    if (strcmp(primary, dec->venue->kinds[dec->kind].name) != 0)
        slot->event.flags |= MR_FLAG_SECONDARY;
    if (buyer_is_maker)
        slot->event.flags |= MR_FLAG_SELL;
    status = not_of_the_market(dec, f, slot);
    m->out += status == MR_OK;
    return status;
}

int binance_agg_trade(struct binance_message *m, const struct binance_fields *f)
{
    return trade(m, f, "a", 'a', "Efl");
}

int binance_raw_trade(struct binance_message *m, const struct binance_fields *f)
{
    return trade(m, f, "t", 't', "Eab"); /* a, b: order ids, sent by spot until about 2024 */
}

/* ---- best bid and ask ---- */

int binance_book_ticker(struct binance_message *m, const struct binance_fields *f)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    int status = binance_symbol(m, f, &it);
    if (status == MR_OK)
        status = room_for(m, 2);
    if (status != MR_OK)
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
    if (status != MR_OK)
        return status;
    if (mr_unlikely(level[0].size < 0 || level[1].size < 0))
        return mr_take_fail(dec, MR_E_RANGE, "B or A", binance_letter(f, 'B').data);
    binance_ignore(m, f, "E");
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
    int status = binance_symbol(m, order, &it);
    if (status == MR_OK)
        status = binance_string(dec, order, 'S', "S", room, sizeof room, &side);
    if (status == MR_OK && !mr_span_eq(side, "BUY") && !mr_span_eq(side, "SELL"))
        status = mr_take_fail(dec, MR_E_RANGE, "S", binance_letter(order, 'S').data);
    if (status == MR_OK)
        status = room_for(m, 1);
    if (status != MR_OK)
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

int binance_force_order(struct binance_message *m, const struct binance_fields *f)
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
    int coin_m = binance_coin_m(m->dec, &order);
    if (coin_m == 0)
        return liquidation(m, &order);
    m->dec->kind = KIND_COIN_M;
    return coin_m < 0 ? coin_m : MR_OK;
}

/* ---- mark price, index price, funding ---- */

static int own_scale(struct binance_message *m, const struct mr_instrument *it, enum mr_event_kind kind,
                     const char *field, struct mr_span text, struct mr_span time, union mr_slot **slot)
{
    int status = room_for(m, 1);
    if (status != MR_OK)
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

int binance_mark_price(struct binance_message *m, const struct binance_fields *f)
{
    const struct mr_instrument *it;
    int status = binance_symbol(m, f, &it);
    if (status != MR_OK)
        return status;
    struct binance_marks in = {
        .mark = binance_letter(f, 'p'),
        .index = binance_letter(f, 'i'),
        .rate = binance_letter(f, 'r'),
        .next_funding = binance_letter(f, 'T'),
        .time = binance_letter(f, 'E'),
    };
    binance_ignore(m, f, "P");
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
        status = binance_bool(dec, k, 'x', "x", &closed);
    struct mr_span interval;
    uint8_t room[8];
    if (status == MR_OK)
        status = binance_string(dec, k, 'i', "i", room, sizeof room, &interval);
    if (status != MR_OK)
        return status;
    out->interval_s = interval_s(interval);
    if (!out->interval_s || trades > UINT32_MAX)
        return mr_take_fail(dec, MR_E_RANGE, "i or n", interval.data);
    out->trades = (uint32_t)trades;
    out->closed = closed;
    return MR_OK;
}

int binance_kline(struct binance_message *m, const struct binance_fields *f)
{
    const struct mr_instrument *it;
    struct binance_fields k;
    struct mr_json j;
    struct mr_span raw = binance_letter(f, 'k');
    mr_shape_refuse(&m->dec->recorder); /* a few a second: not worth a shape's bounds (a count of 32 bits) */
    if (!raw.data || binance_is_string(f, 'k'))
        return mr_take_fail(m->dec, raw.data ? MR_E_TYPE : MR_E_MISSING, "k", raw.data);
    int status = binance_symbol(m, f, &it);
    if (status == MR_OK)
        status = room_for(m, 2);
    if (status != MR_OK)
        return status;
    binance_reopen(&j, raw);
    if (binance_collect(m->dec, &j, &k) < 0)
        return binance_failed(m->dec, &j);
    union mr_slot *slot = mr_take_slot(m->dec, m->out, MR_EVENT_CANDLE, it);
    memset(&slot[1], 0, sizeof slot[1]);
    status = candle(m->dec, it, &k, &slot[1].candle);
    if (status == MR_OK)
        status = mr_take_ms(m->dec, "E", binance_letter(f, 'E'), &slot->event.venue_ns);
    if (status != MR_OK)
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
    if (status != MR_OK)
        return status;
    union mr_slot *slot = mr_take_slot(m->dec, m->out, MR_EVENT_STATUS, it);
    slot->event.price = what;
    if (time.data)
        status = mr_take_ms(m->dec, "E", time, &slot->event.venue_ns);
    if (status == MR_OK)
        m->out++;
    return status;
}

int binance_contract_info(struct binance_message *m, const struct binance_fields *f)
{
    const struct mr_instrument *it;
    struct mr_span state = binance_word(f, WORD_CS);
    if (binance_symbol(m, f, &it) < 0 || !state.data) {
        mr_shape_refuse(&m->dec->recorder); /* its symbol may be added later */
        return MR_OK;                       /* of a contract nobody asked for */
    }
    return notice(m, it, mr_span_eq(state, "TRADING") ? MR_STATUS_LIVE : MR_STATUS_HALTED, binance_letter(f, 'E'));
}

int binance_shutdown_notice(struct binance_message *m, const struct binance_fields *f)
{
    return notice(m, NULL, MR_STATUS_VENUE_NOTICE, binance_letter(f, 'E'));
}

int binance_nothing(struct binance_message *m, const struct binance_fields *f)
{
    binance_ignore(m, f, "EPQOCFLTUABWabchlnopqtuvw");
    return MR_OK;
}
