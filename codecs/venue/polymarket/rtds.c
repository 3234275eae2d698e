/* Polymarket's real-time data socket: {"topic","type","timestamp","payload"} in any order. Prices of other venues, which
 * its short markets are settled by. */
#include "codecs/venue/polymarket/polymarket_priv.h"

#include "codecs/venue/take.h"

/* How full_accuracy_value is written. */
enum accuracy { PLAIN, BY_10_18 };

static const struct topic {
    uint8_t kind;
    uint8_t accuracy;
    uint8_t window_s; /* an average over so long; not the price itself */
} topics[] = {
    {MR_POLYMARKET_PRICES, PLAIN, 0},      {MR_POLYMARKET_CHAINLINK, BY_10_18, 0},
    {MR_POLYMARKET_TWAP_30, BY_10_18, 30}, {MR_POLYMARKET_TWAP_60, BY_10_18, 60},
    {MR_POLYMARKET_EQUITIES, PLAIN, 0},
};

/* "79697474565615044788224" is 79697.474565615044788224: eight digits behind the point in `price`, ten more in `aux`. */
static bool by_10_18(struct mr_rows *r, const struct mr_field *f, struct mr_event *ev)
{
    mr_u128 value = 0;
    mr_shape_refuse(&r->dec->recorder); /* more digits than a shape's numbers have */
    for (uint32_t i = 0; i < f->text.len; i++) {
        uint8_t digit = (uint8_t)(f->text.data[i] - '0');
        if (digit > 9 || (i == 1 && f->text.data[0] == '0'))
            return mr_rows_fail_at(r, MR_E_MALFORMED, "full_accuracy_value", f->text);
        if (i == 36)
            return mr_rows_fail_at(r, MR_E_OVERFLOW, "full_accuracy_value", f->text);
        value = value * 10 + digit;
    }
    mr_u128 price = value / 10000000000u;
    if (price > INT64_MAX)
        return mr_rows_fail_at(r, MR_E_OVERFLOW, "full_accuracy_value", f->text);
    ev->price = (int64_t)price;
    ev->aux = (int64_t)(value % 10000000000u);
    ev->exponent = -8;
    return true;
}

/* The exact value where it is given; old recordings and most backlogs have only the one for display. */
static bool price(struct mr_rows *r, const struct topic *topic, const struct mr_field *exact,
                  const struct mr_field *shown, struct mr_event *ev)
{
    if (mr_field_has(exact) && topic->accuracy == BY_10_18)
        return mr_field_text(r, exact, "full_accuracy_value") && by_10_18(r, exact, ev);
    bool has = mr_field_has(exact);
    if (has)
        mr_rows_ignore(r, shown);
    if (!mr_field_value(r, has ? exact : shown, has ? "full_accuracy_value" : "value", &ev->price, &ev->exponent))
        return false;
    return ev->price >= 0 || mr_rows_fail_at(r, MR_E_RANGE, "value", shown->text);
}

enum { EXACT, SYMBOL, TIME, VALUE, WINDOW, DATA, RECEIVED, MEMBERS };
static const struct mr_field_name members[MEMBERS] = {MR_FIELD("full_accuracy_value"),
                                                      MR_FIELD("symbol"),
                                                      MR_FIELD("timestamp"),
                                                      MR_FIELD("value"),
                                                      MR_FIELD("window_s"),
                                                      MR_FIELD("data"),
                                                      MR_FIELD("received_at")};

static bool point(struct mr_rows *r, const struct topic *topic, const struct mr_field *f)
{
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_INDEX, 0);
    if (!ev || !mr_field_ms(r, &f[TIME], "timestamp", &ev->venue_ns) || !price(r, topic, &f[EXACT], &f[VALUE], ev))
        return false;
    ev->size = topic->window_s * 1000000000ll;
    ev->flags |= topic->window_s ? MR_FLAG_SECONDARY : 0;
    return true;
}

static bool backlog(struct mr_rows *r, const struct topic *topic, struct mr_span data)
{
    struct mr_field f[MEMBERS];
    struct mr_json j;
    mr_shape_refuse(&r->dec->recorder);
    mr_json_open(&j, data.data, data.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j)) {
            uint32_t at = r->used;
            if (!mr_fields_read(r, &j, members, MEMBERS, f) || !point(r, topic, f))
                break;
            r->out[at].event.flags |= MR_FLAG_SNAPSHOT;
        }
    return mr_rows_late_end(r, &j);
}

static bool prices(struct mr_polymarket_message *m, const struct topic *topic, struct mr_span payload, bool past)
{
    struct mr_rows *r = &m->rows;
    struct mr_field f[MEMBERS];
    struct mr_json j;
    mr_json_open(&j, payload.data, payload.len);
    if (mr_fields_read(r, &j, members, MEMBERS, f)) {
        mr_rows_ignore(r, &f[RECEIVED]);
        enum mr_polymarket_asset known = mr_polymarket_asset(m, &f[SYMBOL], "symbol");
        if (known == MR_ASSET_KNOWN && past && f[DATA].type == MR_JSON_ARRAY)
            (void)backlog(r, topic, f[DATA].text);
        else if (known == MR_ASSET_KNOWN && past)
            (void)mr_rows_fail(r, f[DATA].type == MR_JSON_NONE ? MR_E_MISSING : MR_E_TYPE, "data");
        else if (known == MR_ASSET_KNOWN)
            (void)point(r, topic, f);
    }
    return mr_rows_late_end(r, &j);
}

/* The trades of the market channel once more, with who made them. Seconds in old recordings, milliseconds since. */
static bool trade(struct mr_polymarket_message *m, struct mr_span payload)
{
    enum { ASSET, PRICE, SIDE, SIZE, WHEN, PARTS };
    static const struct mr_field_name parts[PARTS] = {MR_FIELD("asset"), MR_FIELD("price"), MR_FIELD("side"),
                                                      MR_FIELD("size"), MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[PARTS];
    struct mr_json j;
    mr_shape_refuse(&r->dec->recorder);
    mr_json_open(&j, payload.data, payload.len);
    if (mr_fields_read(r, &j, parts, PARTS, f) && mr_polymarket_asset(m, &f[ASSET], "asset") == MR_ASSET_KNOWN) {
        struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
        if (ev && mr_field_ms(r, &f[WHEN], "timestamp", &ev->venue_ns) &&
            mr_field_price(r, &f[PRICE], "price", &ev->price) && mr_field_size(r, &f[SIZE], "size", &ev->size) &&
            mr_field_side(r, &f[SIDE], "side", "BUY", "SELL", &ev->flags) && mr_rows_notional(r, ev)) {
            ev->flags |= MR_FLAG_SECONDARY;
            if (ev->venue_ns < 9000000000 * MR_NS_PER_MS) /* April 1970 in milliseconds, 2255 in seconds */
                ev->venue_ns *= 1000;
        }
    }
    return mr_rows_late_end(r, &j);
}

static bool topic_of(struct mr_polymarket_message *m, const struct mr_field *name, const struct mr_field *type,
                     const struct mr_field *payload)
{
    static const char *const others[] = {"rfq", "clob_user", "clob_market"};
    struct mr_rows *r = &m->rows;
    struct mr_decoder *dec = r->dec;
    bool past = mr_field_is(type, "subscribe");
    for (size_t i = 0; i < MR_COUNT_OF(topics); i++) {
        if (!mr_field_is(name, dec->venue->kinds[topics[i].kind].name))
            continue;
        if (!past && !mr_field_is(type, "update")) {
            dec->name = type->text;
            return mr_rows_fail_at(r, MR_E_UNKNOWN, "type", type->text);
        }
        dec->kind = past ? MR_POLYMARKET_BACKLOG : topics[i].kind;
        return payload->type == MR_JSON_OBJECT ? prices(m, &topics[i], payload->text, past)
                                               : mr_rows_fail(r, MR_E_TYPE, "payload");
    }
    mr_shape_refuse(&dec->recorder);
    if (mr_field_is(name, "activity")) {
        bool trades = mr_field_is(type, "trades");
        dec->kind = trades ? MR_POLYMARKET_ACTIVITY : MR_POLYMARKET_ACTIVITY_OTHER;
        return !trades ||
               (payload->type == MR_JSON_OBJECT ? trade(m, payload->text) : mr_rows_fail(r, MR_E_TYPE, "payload"));
    }
    if (mr_field_is(name, "comments"))
        dec->kind = MR_POLYMARKET_COMMENTS;
    for (size_t i = 0; i < MR_COUNT_OF(others); i++)
        if (mr_field_is(name, others[i]))
            dec->kind = MR_POLYMARKET_OTHER_TOPIC;
    if (dec->kind != MR_POLYMARKET_UNKNOWN)
        return true;
    dec->name = name->text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "topic", name->text);
}

bool mr_polymarket_rtds(struct mr_polymarket_message *m, struct mr_json *j)
{
    enum { CONNECTION, PAYLOAD, TIMESTAMP, TOPIC, TYPE, STATUS, MESSAGE, PARTS };
    static const struct mr_field_name parts[PARTS] = {
        MR_FIELD("connection_id"), MR_FIELD("payload"),    MR_FIELD("timestamp"), MR_FIELD("topic"),
        MR_FIELD("type"),          MR_FIELD("statusCode"), MR_FIELD("message")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[PARTS];
    if (!mr_fields_read(r, j, parts, PARTS, f))
        return false;
    if (f[TOPIC].type == MR_JSON_NONE && (f[STATUS].type != MR_JSON_NONE || f[MESSAGE].type != MR_JSON_NONE)) {
        r->dec->kind = MR_POLYMARKET_REFUSAL;
        mr_shape_refuse(&r->dec->recorder);
        return true;
    }
    mr_rows_ignore(r, &f[CONNECTION]);
    mr_rows_ignore(r, &f[TIMESTAMP]);
    return mr_field_text(r, &f[TOPIC], "topic") && mr_field_text(r, &f[TYPE], "type") &&
           topic_of(m, &f[TOPIC], &f[TYPE], &f[PAYLOAD]);
}
