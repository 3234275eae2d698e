/* OKX v5: an ack or an error for each arg, `ping` and `pong` as bare text, thirty seconds without a push and the connection ends. */
#include <stdio.h>

#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#define REQUESTS_PER_HOUR 480
#define REQUEST_BYTES_MAX 65536
#define SECOND            1000000000ll

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    bool ours =
        mr_span_eq(host, "ws.okx.com") || mr_span_eq(host, "www.okx.com") || mr_span_eq(host, "openapi.okx.com");
    bool public = mr_span_eq(path, "/ws/v5/public"), business = mr_span_eq(path, "/ws/v5/business");
    if (!ours && !public && !business && !mr_span_starts(path, "/api/v5/"))
        return false;
    out->socket = public || business;
    out->route = business ? MR_ROUTE_BUSINESS : MR_ROUTE_PUBLIC;
    out->product = mr_talk_product("okx", business ? "business" : "public");
    return true;
}

/* ---- channels ---- */

struct arg {
    struct mr_span channel, inst_id, inst_type, raw;
};

static const struct {
    const char *name;
    uint32_t channel;
    bool image, business;
} channels[] = {
    {"books", MR_DEPTH, true, false},
    {"trades", MR_TRADES, false, false},
    {"bbo-tbt", MR_BEST, false, false},
    {"mark-price", MR_MARKS, true, false},
    {"index-tickers", MR_MARKS, false, false},
    {"funding-rate", MR_FUNDINGS, true, false},
    {"tickers", MR_BEST, false, false},
    {"open-interest", MR_INTERESTS, true, false},
    {"trades-all", MR_TRADES, false, true},
    {"candle1m", MR_CANDLES, false, true},
    {"liquidation-orders", MR_LIQUIDATIONS, false, false},
};

static int channel_of(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(channels); i++)
        if (mr_span_same(name, mr_span_of(channels[i].name)))
            return (int)i;
    return -1;
}

static bool read_arg(struct mr_json *outer, struct arg *a)
{
    struct mr_json j;
    struct mr_span key;
    if (!mr_json_raw(outer, &a->raw))
        return false;
    mr_json_open(&j, a->raw.data, a->raw.len);
    if (!mr_json_object(&j))
        return false;
    while (mr_json_key(&j, &key)) {
        if (mr_span_eq(key, "channel"))
            mr_json_string(&j, &a->channel);
        else if (mr_span_eq(key, "instId"))
            mr_json_string(&j, &a->inst_id);
        else if (mr_span_eq(key, "instType"))
            mr_json_string(&j, &a->inst_type);
        else
            mr_json_skip(&j);
    }
    return mr_json_close(&j) == MR_OK;
}

/* ---- control messages ---- */

struct request {
    struct mr_span op, id, args;
};

static bool read_request(struct mr_span text, struct request *r)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "op"))
                mr_json_string(&j, &r->op);
            else if (mr_span_eq(key, "id"))
                mr_json_text(&j, &r->id);
            else if (mr_span_eq(key, "args"))
                mr_json_raw(&j, &r->args);
            else
                mr_json_skip(&j);
        }
    return mr_json_close(&j) == MR_OK;
}

static void head(struct mr_text *t, const struct request *r, const char *event)
{
    mr_text_add(t, "{");
    if (r->id.len)
        mr_text_format(t, "\"id\":\"%.*s\",", (int)r->id.len, (const char *)r->id.data);
    mr_text_format(t, "\"event\":\"%s\",", event);
}

static void say_error(struct mr_talk *talk, const struct request *r, const char *code, const char *what,
                      struct mr_span about)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    head(&t, r, "error");
    mr_text_format(&t, "\"code\":\"%s\",\"msg\":\"%s", code, what);
    mr_text_bytes(&t, about.data, about.len);
    mr_text_format(&t, "\",\"connId\":\"a4d3%04x\"}", talk->id & 0xffff);
    mr_talk_say(talk, &t);
}

static void say_ack(struct mr_talk *talk, const struct request *r, const char *event, const struct arg *a)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    head(&t, r, event);
    if (mr_span_eq(a->channel,
                   "liquidation-orders")) /* whole market: what the arg says beside is dropped, as the ack shows */
        mr_text_format(&t, "\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"%.*s\"}", (int)a->inst_type.len,
                       (const char *)a->inst_type.data);
    else
        mr_text_format(&t, "\"arg\":%.*s", (int)a->raw.len, (const char *)a->raw.data);
    mr_text_format(&t, ",\"connId\":\"a4d3%04x\"}", talk->id & 0xffff);
    mr_talk_say(talk, &t);
}

/* index-tickers are of an index ("BTC-USDT"): known when the swap on it is. */
static bool known(struct mr_talk *talk, const struct arg *a, int row)
{
    char swap[64];
    uint8_t product = mr_talk_product("okx", "public");
    if (strcmp(channels[row].name, "index-tickers") != 0)
        return talk->host->knows(talk->arg, talk->place.venue, product, a->inst_id);
    if (a->inst_id.len > 40)
        return false;
    memcpy(swap, a->inst_id.data, a->inst_id.len);
    memcpy(swap + a->inst_id.len, "-SWAP", 6);
    return talk->host->knows(talk->arg, talk->place.venue, product, mr_span_of(swap)) ||
           talk->host->knows(talk->arg, talk->place.venue, product, a->inst_id);
}

static void one(struct mr_talk *talk, const struct request *r, const struct arg *a, bool on)
{
    int row = channel_of(a->channel);
    bool market_wide = mr_span_eq(a->channel, "liquidation-orders");
    if (row < 0 || channels[row].business != (talk->place.route == MR_ROUTE_BUSINESS) || a->raw.len > 300 ||
        (market_wide ? !mr_span_eq(a->inst_type, "SWAP") : a->inst_id.len == 0 || !known(talk, a, row))) {
        char about[200];
        int n = snprintf(about, sizeof about,
                         "%.*s,instId:%.*s doesn't exist. Please use the correct URL, channel and parameters referring "
                         "to API document.",
                         (int)(a->channel.len < 40 ? a->channel.len : 0), (const char *)a->channel.data,
                         (int)(a->inst_id.len < 40 ? a->inst_id.len : 0), (const char *)a->inst_id.data);
        say_error(talk, r, "60018", "Wrong URL or channel:", (struct mr_span){(const uint8_t *)about, (uint32_t)n});
        return;
    }
    char name[MR_TALK_NAME];
    struct mr_span subject = market_wide ? a->inst_type : a->inst_id;
    int len = snprintf(name, sizeof name, "%s:%.*s", channels[row].name, (int)subject.len, (const char *)subject.data);
    struct mr_span span = {(const uint8_t *)name, (uint32_t)(len < (int)sizeof name ? len : (int)sizeof name - 1)};
    if (!on) {
        mr_talk_remove(talk, span);
        say_ack(talk, r, "unsubscribe", a);
        return;
    }
    bool again = mr_talk_sub(talk, span) != NULL; /* acked once more, still one stream */
    const struct mr_talk_sub *sub =
        mr_talk_add(talk, span, mr_talk_key(channels[row].name, subject), channels[row].channel, subject);
    if (!sub) {
        say_error(talk, r, "60013", "too many subscriptions: ", a->channel);
        return;
    }
    say_ack(talk, r, "subscribe", a);
    if (!again && channels[row].image)
        talk->host->image(talk->arg, sub);
}

static bool hourly(struct mr_talk *talk)
{
    if (talk->heard_ns - talk->hour_ns >= 3600 * SECOND) {
        talk->hour_ns = talk->heard_ns;
        talk->hour_count = 0;
    }
    return ++talk->hour_count <= REQUESTS_PER_HOUR;
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    struct request r = {0};
    struct mr_json j;
    struct arg a;
    const struct mr_span nothing = mr_span_of("");
    if (mr_span_eq(text, "ping")) {
        talk->host->say(talk->arg, "pong", 4);
        return;
    }
    bool legal = text.len <= REQUEST_BYTES_MAX && read_request(text, &r), on = mr_span_eq(r.op, "subscribe");
    if (!legal) {
        say_error(talk, &r, "60012", "Invalid request: not a JSON object", nothing);
        return;
    }
    if (!on && !mr_span_eq(r.op, "unsubscribe")) {
        say_error(talk, &r, "60012", "Invalid request: unknown op ", r.op);
        return;
    }
    if (!hourly(talk)) {
        say_error(talk, &r, "60014", "Requests too frequent", nothing);
        return;
    }
    mr_json_open(&j, r.args.data, r.args.len);
    if (!r.args.len || !mr_json_array(&j)) {
        say_error(talk, &r, "60013", "Invalid args", nothing);
        return;
    }
    while (mr_json_next(&j)) {
        a = (struct arg){0};
        if (!read_arg(&j, &a)) {
            say_error(talk, &r, "60013", "Invalid args", nothing);
            return;
        }
        one(talk, &r, &a, on);
    }
}

/* ---- messages ---- */

static bool address(struct mr_letter *l)
{
    struct mr_json j;
    struct mr_span key;
    struct arg a = {0};
    mr_json_open(&j, l->data, l->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) { /* it stands first on the wire */
            if (mr_span_eq(key, "event"))
                return false;
            if (mr_span_eq(key, "arg")) {
                read_arg(&j, &a);
                break;
            }
            mr_json_skip(&j);
        }
    int row = channel_of(a.channel);
    if (row < 0)
        return false;
    bool market_wide = a.inst_id.len == 0;
    if (channels[row].business)
        l->product = mr_talk_product("okx", "business");
    l->key[0] = mr_talk_key(channels[row].name, market_wide ? a.inst_type : a.inst_id);
    l->keys = 1;
    l->channel = channels[row].channel;
    l->symbol = a.inst_id;
    return true;
}

const struct mr_speaker mr_speaker_okx = {
    .venue = "okx", .place = place, .take = take, .address = address, .quiet_ns = 30 * SECOND};
