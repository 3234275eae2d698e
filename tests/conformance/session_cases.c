/* V-35 to V-43: what we say to the venue, against the exchange's side of the same dialogue; text and time only. */
#include "tests/conformance/venue.h"

#include <stdio.h>

#include "codecs/venue/dial.h"
#include "tests/exchange/server/bodies.h"
#include "tests/exchange/server/speak.h"

#define V(number, where, function, what) where(function)
#define MEMORY(function) void venue_##function(const struct venue_subject *subject);
#define TLS(function)
#include "tests/conformance/venue.def"
#undef V

#define SECOND 1000000000ll

/* One connection to one route. */
struct line {
    struct stand *stand;
    const struct mr_dialect *dialect;
    const struct mr_route *route;
    struct mr_talk talk;
    struct mr_talk_sub *subs;
    bool strangers; /* the venue knows no symbol */
    uint32_t said[MR_CONTROL_WELCOME + 1], images;
    int64_t now_ns;
};

static void hear(void *arg, const char *text, size_t len)
{
    struct line *l = arg;
    struct mr_control said;
    l->talk.sent_ns = l->now_ns;
    l->dialect->control(l->stand->product, (struct mr_span){(const uint8_t *)text, (uint32_t)len}, &said);
    l->said[said.kind]++;
}

static bool knows(void *arg, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    const struct line *l = arg;
    return !l->strangers && mr_tape_knows(l->stand->tape, venue, product, symbol);
}

static void image(void *arg, const struct mr_talk_sub *sub)
{
    (void)sub;
    ((struct line *)arg)->images++;
}

static const struct mr_talk_host host = {.say = hear, .knows = knows, .image = image};

/* Where to dial: the route's own place, or what the answer to a token request says. */
static void place_of(struct line *l, char path[MR_GRANT_PATH_BYTES], const char **name)
{
    static struct mr_grant grant;
    char url[512], body[512];
    struct mr_text p, b, t;
    *name = l->route->host;
    snprintf(path, MR_GRANT_PATH_BYTES, "%s", l->route->path);
    if (!l->route->token)
        return;
    mr_text_init(&p, url, sizeof url);
    mr_text_init(&b, body, sizeof body);
    mr_text_init(&t, l->stand->text, 65536);
    assert_int_equal(l->dialect->url(l->stand->product, MR_URL_TOKEN, "", &p, &b), MR_OK);
    const struct mr_rest_request r = {.path = {(const uint8_t *)url, (uint32_t)p.len},
                                      .body = {(const uint8_t *)body, (uint32_t)b.len},
                                      .post = true};
    assert_int_equal(
        mr_rest_answer(l->stand->tape, l->stand->venue->id, l->stand->product, &r, l->stand->truth, l->now_ns, &t),
        200);
    assert_int_equal(
        l->dialect->token(l->stand->product, (struct mr_span){(const uint8_t *)t.out, (uint32_t)t.len}, 1, &grant),
        MR_OK);
    snprintf(path, MR_GRANT_PATH_BYTES, "%s", grant.path);
    *name = grant.host;
}

static void line_open(struct line *l, struct stand *s, uint32_t route)
{
    char path[MR_GRANT_PATH_BYTES];
    const char *name;
    struct mr_talk_place place;
    struct mr_talk_sub *subs = l->subs ? l->subs : calloc(MR_TALK_SUBS_MAX, sizeof *subs);
    *l = (struct line){.stand = s, .dialect = mr_dialect_of(s->venue), .subs = subs, .now_ns = s->now_ns};
    l->route = &l->dialect->products[s->product].routes[route];
    place_of(l, path, &name);
    struct mr_span at = mr_span_of(path);
    assert_true(mr_talk_place(mr_span_of(name), &at, &place));
    assert_int_equal(place.venue, s->venue->id);
    mr_talk_open(&l->talk, &place, &host, l, l->subs, 1, l->now_ns);
    assert_int_equal(l->talk.close_code, 0);
    assert_int_equal(l->said[MR_CONTROL_WELCOME] > 0, l->route->welcome);
}

static uint32_t routes_of(const struct stand *s)
{
    uint32_t n = 0;
    while (mr_dialect_of(s->venue)->products[s->product].routes[n].name)
        n++;
    return n;
}

static void tell(struct line *l, const struct mr_text *t)
{
    l->now_ns += SECOND;
    mr_talk_take(&l->talk, (struct mr_span){(const uint8_t *)t->out, (uint32_t)t->len}, l->now_ns);
}

/* The streams of one route: each channel of the first symbol. */
static uint32_t streams_of(const struct line *l, struct mr_stream out[16])
{
    const struct mr_product_dial *dial = &l->dialect->products[l->stand->product];
    uint32_t n = 0, channels = l->route->channels & l->stand->venue->products[l->stand->product].channels;
    for (uint32_t bit = 1; bit < MR_CONTROL; bit <<= 1) {
        char name[256];
        struct mr_text t;
        struct mr_stream stream = {bit, dial->market_wide & bit ? "" : l->stand->symbol[0]};
        mr_text_init(&t, name, sizeof name);
        if (channels & bit && l->dialect->name(l->stand->product, &stream, &t) == MR_OK)
            out[n++] = stream;
    }
    return n;
}

static void ask(struct line *l, const struct mr_stream *streams, uint32_t count, bool on)
{
    static char out[1 << 16];
    struct mr_text t;
    for (uint32_t at = 0, id = 1; at < count; id++) {
        uint32_t was = at;
        mr_text_init(&t, out, sizeof out);
        assert_int_equal(
            (on ? l->dialect->subscribe : l->dialect->unsubscribe)(l->stand->product, streams, count, &at, id, &t),
            MR_OK);
        assert_true(at > was && !t.cut);
        tell(l, &t);
    }
}

void venue_subscribes_to_all(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    struct line l = {0};
    stand_run(s, 1000);
    for (uint32_t route = 0; route < routes_of(s); route++) {
        struct mr_stream streams[16];
        line_open(&l, s, route);
        uint32_t count = streams_of(&l, streams);
        assert_true(count > 0);
        ask(&l, streams, count, true);
        assert_int_equal(l.said[MR_CONTROL_ERROR], 0);
        assert_true(l.dialect->acks_by_data || l.said[MR_CONTROL_ACK] > 0);
        assert_int_equal(l.talk.close_code, 0);
        assert_true(l.talk.sub_count > 0 && l.talk.sub_count <= count);
    }
    free(l.subs);
    stand_close(s);
}

void venue_refuses_what_is_not(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    const struct mr_dialect *d = mr_dialect_of(s->venue);
    char out[1024];
    struct mr_text t;
    for (uint32_t bit = 1; bit < MR_CONTROL; bit <<= 1) {
        if (s->venue->products[s->product].channels & bit)
            continue;
        const struct mr_stream stream = {bit, s->symbol[0]};
        mr_text_init(&t, out, sizeof out);
        assert_true(d->name(s->product, &stream, &t) < 0);
    }
    const struct mr_stream bad = {MR_TRADES, "\"},\n{"};
    mr_text_init(&t, out, sizeof out);
    assert_int_equal(d->name(s->product, &bad, &t), MR_E_INVALID);
    stand_close(s);
}

void venue_unsubscribes(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    struct line l = {0};
    stand_run(s, 1000);
    for (uint32_t route = 0; route < routes_of(s); route++) {
        struct mr_stream streams[16];
        line_open(&l, s, route);
        uint32_t count = streams_of(&l, streams);
        ask(&l, streams, count, true);
        uint32_t subscribed = l.talk.sub_count;
        if (!l.dialect->unsubscribe)
            continue;
        ask(&l, streams, count, false);
        assert_int_equal(l.said[MR_CONTROL_ERROR], 0);
        assert_int_equal(l.talk.sub_count, 0);
        ask(&l, streams, count, true); /* and once more */
        assert_int_equal(l.talk.sub_count, subscribed);
    }
    free(l.subs);
    stand_close(s);
}

/* `seconds` of a quiet connection on which we ping, or not. */
static void wait_on(struct line *l, uint32_t seconds, bool ping)
{
    char out[256];
    struct mr_text t;
    for (uint32_t i = 1; i <= seconds && !l->talk.close_code; i++) {
        l->now_ns += SECOND;
        if (ping && l->route->ping_s && i % l->route->ping_s == 0 && l->route->ping == MR_PING_TEXT) {
            mr_text_init(&t, out, sizeof out);
            l->dialect->ping(l->stand->product, i, &t);
            mr_talk_take(&l->talk, (struct mr_span){(const uint8_t *)out, (uint32_t)t.len}, l->now_ns);
        }
        if (mr_talk_tick(&l->talk, l->now_ns) && ping)
            mr_talk_control(&l->talk, true, l->now_ns);
    }
}

void venue_pings_as_wanted(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    struct line l = {0};
    for (uint32_t route = 0; route < routes_of(s); route++) {
        line_open(&l, s, route);
        wait_on(&l, 3600, true);
        assert_int_equal(l.talk.close_code, 0);
        if (l.route->ping == MR_PING_TEXT)
            assert_true(l.said[MR_CONTROL_PONG] > 0);
        line_open(&l, s, route);
        wait_on(&l, 3600, false);
        bool cuts = l.talk.speaker->quiet_ns || l.talk.speaker->ping_wanted_ns || l.talk.rule->ping_ns;
        assert_int_equal(l.talk.close_code != 0, cuts);
    }
    free(l.subs);
    stand_close(s);
}

void venue_one_bad_symbol_is_named(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    struct line l = {0};
    line_open(&l, s, 0);
    struct mr_stream streams[16];
    uint32_t count = streams_of(&l, streams);
    l.strangers = true;
    ask(&l, streams, count, true);
    assert_true(l.said[MR_CONTROL_ERROR] > 0);
    assert_int_equal(l.talk.close_code, 0);
    l.strangers = false;
    ask(&l, streams, count, true);
    assert_true(l.talk.sub_count > 0);
    free(l.subs);
    stand_close(s);
}

void venue_within_limits(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    struct line l = {0};
    for (uint32_t route = 0; route < routes_of(s); route++) {
        line_open(&l, s, route);
        assert_true(l.route->sends_per_s > 0 && l.route->streams_max > 0);
        if (l.talk.rule->messages_per_s)
            assert_true(l.route->sends_per_s <= l.talk.rule->messages_per_s);
        assert_true(l.dialect->products[s->product].rest_weight > 0);
    }
    free(l.subs);
    stand_close(s);
}

void venue_planned_close_is_heard(const struct venue_subject *subject)
{
    static const char *const notices[] = {
        "{\"e\":\"serverShutdown\",\"E\":1791273600000}",
        "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed for a service upgrade. "
        "Please reconnect.\",\"connId\":\"a4d3ae55\"}",
    };
    struct stand *s = stand_open(subject->product, subject->market, 20);
    bool heard = false;
    for (size_t i = 0; i < MR_COUNT_OF(notices); i++) {
        struct mr_control said;
        mr_dialect_of(s->venue)->control(s->product, mr_span_of(notices[i]), &said);
        heard |= said.kind == MR_CONTROL_CLOSING && said.text[0];
    }
    assert_true(heard);
    stand_close(s);
}

void venue_life_of_a_connection(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    for (uint32_t route = 0; route < routes_of(s); route++)
        assert_int_equal(mr_dialect_of(s->venue)->products[s->product].routes[route].life_s, 86400);
    stand_close(s);
}

void venue_tokens(const struct venue_subject *subject)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"code\":\"200000\"}",
                                      "{\"code\":\"200000\",\"data\":{}}",
                                      "{\"code\":\"400100\",\"msg\":\"no\"}"};
    struct stand *s = stand_open(subject->product, subject->market, 20);
    struct line l = {0};
    for (uint32_t route = 0; route < routes_of(s); route++)
        line_open(&l, s, route); /* with a good one */
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        struct mr_grant grant = {.port = 0};
        assert_true(l.dialect->token(s->product, mr_span_of(bad[i]), 1, &grant) < 0);
        assert_true(grant.why[0] != 0);
    }
    free(l.subs);
    stand_close(s);
}
