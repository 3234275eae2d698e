/* MEXC futures: one contract a request; acks name the channel only, errors the contract only; a client that does not ping for 60 s is cut
 * without a close frame, whatever else it says. */
#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#define SECOND 1000000000ll

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    struct mr_span bare = mr_span_cut(path, '?', NULL);
    bool socket = mr_span_eq(bare, "/edge"), rest = mr_span_starts(bare, "/api/v1/contract/");
    if (!mr_span_eq(host, "contract.mexc.com") && !mr_span_eq(host, "api.mexc.com") && !socket && !rest)
        return false;
    out->socket = socket && !mr_span_eq(host, "api.mexc.com"); /* that host answers /edge with 404 */
    out->product = mr_talk_product("mexc", "futures");
    return true;
}

/* ---- subscriptions ---- */

static const struct {
    const char *name;
    uint32_t channel;
    bool image;
} channels[] = {
    {"deal", MR_TRADES, false},     {"depth", MR_DEPTH, false},     {"depth.full", MR_BEST, true},
    {"ticker", MR_INTERESTS, true}, {"fair.price", MR_MARKS, true}, {"funding.rate", MR_FUNDINGS, true},
    {"kline", MR_CANDLES, false},
};

static int channel_of(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(channels); i++)
        if (mr_span_same(name, mr_span_of(channels[i].name)))
            return (int)i;
    return -1;
}

struct request {
    struct mr_span method, symbol, interval;
};

static void read_param(struct mr_json *j, struct request *r)
{
    struct mr_span key;
    if (mr_json_peek(j) != MR_JSON_OBJECT || !mr_json_object(j)) {
        mr_json_skip(j);
        return;
    }
    while (mr_json_key(j, &key)) {
        bool text = mr_json_peek(j) == MR_JSON_STRING;
        if (text && mr_span_eq(key, "symbol"))
            mr_json_string(j, &r->symbol);
        else if (text && mr_span_eq(key, "interval"))
            mr_json_string(j, &r->interval);
        else
            mr_json_skip(j);
    }
}

static bool read_request(struct mr_span text, struct request *r)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "param"))
                read_param(&j, r);
            else if (mr_span_eq(key, "method") && mr_json_peek(&j) == MR_JSON_STRING)
                mr_json_string(&j, &r->method);
            else
                mr_json_skip(&j);
        }
    return mr_json_close(&j) == MR_OK;
}

static void answer(struct mr_talk *talk, const char *prefix, struct mr_span about, const char *says)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    mr_text_format(&t, "{\"channel\":\"%s%.*s\",\"data\":%s,\"ts\":%lld}", prefix, (int)about.len,
                   (const char *)about.data, says, (long long)(talk->heard_ns / 1000000));
    mr_talk_say(talk, &t);
}

static void refuse(struct mr_talk *talk, struct mr_span symbol)
{
    char says[256];
    struct mr_text t;
    mr_text_init(&t, says, sizeof says);
    if (symbol.len && symbol.len < 64)
        mr_text_format(&t, "\"Contract [%.*s] not exists\"", (int)symbol.len, (const char *)symbol.data);
    else
        mr_text_add(&t, "\"Parameter error\"");
    answer(talk, "rs.error", mr_span_of(""), says);
}

static void follow(struct mr_talk *talk, const struct request *r, int row, bool on)
{
    char name[MR_TALK_NAME];
    struct mr_text t;
    struct mr_span channel = mr_span_of(channels[row].name);
    if (!r->symbol.len || !talk->host->knows(talk->arg, talk->place.venue, talk->place.product, r->symbol)) {
        refuse(talk, r->symbol);
        return;
    }
    bool kline = channels[row].channel == MR_CANDLES;
    if (kline && on && !mr_span_eq(r->interval, "Min1")) { /* what this exchange does not write */
        refuse(talk, mr_span_of(""));
        return;
    }
    mr_text_init(&t, name, sizeof name);
    mr_text_format(&t, "%s %.*s", channels[row].name, (int)r->symbol.len, (const char *)r->symbol.data);
    struct mr_span span = {(const uint8_t *)name, (uint32_t)t.len};
    if (!on) {
        mr_talk_remove(talk, span);
        answer(talk, "rs.unsub.", channel, "\"success\"");
        return;
    }
    bool have = mr_talk_sub(talk, span) != NULL; /* a second success, and one stream */
    const struct mr_talk_sub *sub =
        mr_talk_add(talk, span, mr_talk_key(channels[row].name, r->symbol), channels[row].channel, r->symbol);
    if (!sub) {
        refuse(talk, mr_span_of(""));
        return;
    }
    answer(talk, "rs.sub.", channel, "\"success\"");
    if (channels[row].image && !have)
        talk->host->image(talk->arg, sub);
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    struct request r = {0};
    if (!read_request(text, &r))
        return; /* no reply at all, nor to a method it does not know */
    if (mr_span_eq(r.method, "ping")) {
        char now[32];
        struct mr_text t;
        mr_text_init(&t, now, sizeof now);
        mr_text_i64(&t, talk->heard_ns / 1000000);
        talk->greeted_ns = talk->heard_ns;
        answer(talk, "pong", mr_span_of(""), now);
        return;
    }
    bool on = mr_span_starts(r.method, "sub."), off = mr_span_starts(r.method, "unsub.");
    int row = on ? channel_of(mr_span_from(r.method, 4)) : off ? channel_of(mr_span_from(r.method, 6)) : -1;
    if (row >= 0)
        follow(talk, &r, row, on);
}

/* ---- messages ---- */

/* {"symbol":..,"data":..,"channel":"push.deal","ts":..} */
static bool address(struct mr_letter *l)
{
    struct mr_json j;
    struct mr_span key, channel = {NULL, 0};
    mr_json_open(&j, l->data, l->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "symbol"))
                mr_json_string(&j, &l->symbol);
            else if (mr_span_eq(key, "channel"))
                mr_json_string(&j, &channel);
            else
                mr_json_skip(&j);
        }
    int row = mr_span_starts(channel, "push.") ? channel_of(mr_span_from(channel, 5)) : -1;
    if (mr_json_close(&j) != MR_OK || row < 0 || !l->symbol.len)
        return false;
    l->key[0] = mr_talk_key(channels[row].name, l->symbol);
    l->keys = 1;
    l->channel = channels[row].channel;
    return true;
}

const struct mr_speaker mr_speaker_mexc = {
    .venue = "mexc", .place = place, .take = take, .address = address, .ping_wanted_ns = 60 * SECOND};
