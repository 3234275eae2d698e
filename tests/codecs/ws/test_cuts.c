/* The octets of every case behind the server's 101, cut in two at every place up to 4 kB and one by one: what comes out never changes. */
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "tests/codecs/ws/cases.h"
#include "tests/support/support.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* the example of RFC 6455, section 1.3 */
enum { LIMIT = 1 << 20, EVENTS = 20000, PLACES = 4096 };

struct event {
    uint64_t hash;
    uint32_t len;
    uint16_t code;
    uint8_t opcode;
};
/* What a client makes of a stream. */
struct events {
    struct event *list;
    uint32_t count;
    bool upgraded;
    int status;
    uint16_t close_code;
};
struct client {
    struct mr_ws ws;
    struct events *events;
};

static uint8_t assembly[LIMIT];

/* Reads what is there; how much of it is read for good. */
static uint32_t feed(struct client *c, uint8_t *data, uint32_t len)
{
    struct mr_ws_frame frame;
    struct mr_err err;
    struct events *e = c->events;
    uint32_t at = 0;
    if (!e->upgraded && e->status == MR_OK) {
        int64_t n = mr_ws_response(data, len, KEY, &err);
        e->status = n < 0 ? (int)n : MR_OK;
        e->upgraded = n > 0;
        at = n > 0 ? (uint32_t)n : 0;
    }
    while (e->upgraded && e->status == MR_OK && at < len) {
        int64_t n = mr_ws_read(&c->ws, data + at, len - at, &frame);
        if (n == 0)
            break;
        e->status = n < 0 ? (int)n : MR_OK;
        e->close_code = c->ws.close_code;
        if (n < 0)
            break;
        at += (uint32_t)n;
        if (frame.opcode == MR_WS_CONTINUATION)
            continue;
        assert_true(e->count < EVENTS);
        e->list[e->count++] =
            (struct event){XXH3_64bits(frame.data, frame.len), frame.len, frame.close_code, frame.opcode};
    }
    return at;
}

static void begin(struct client *c, struct events *events)
{
    struct event *list = events->list;
    *events = (struct events){.list = list};
    c->events = events;
    mr_ws_init(&c->ws, MR_WS_CLIENT, assembly, LIMIT);
}

/* In two parts, each in memory that ends with it. */
static void in_two(const uint8_t *stream, uint32_t len, uint32_t cut, struct events *events)
{
    struct client c;
    begin(&c, events);
    uint8_t *first = malloc(cut + 1u);
    uint8_t *exact = first + 1; /* an odd place, and the sanitizer at its end */
    memcpy(exact, stream, cut);
    uint32_t read = feed(&c, exact, cut);
    free(first);
    uint8_t *second = malloc(len - read + 1u);
    memcpy(second, stream + read, len - read);
    feed(&c, second, len - read);
    free(second);
}

static void octet_wise(uint8_t *stream, uint32_t len, struct events *events)
{
    struct client c;
    begin(&c, events);
    for (uint32_t read = 0, to = 1; to <= len; to++)
        read += feed(&c, stream + read, to - read);
}

static bool same(const struct events *a, const struct events *b)
{
    if (a->count != b->count || a->upgraded != b->upgraded || a->status != b->status || a->close_code != b->close_code)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->list[i].hash != b->list[i].hash || a->list[i].len != b->list[i].len ||
            a->list[i].code != b->list[i].code || a->list[i].opcode != b->list[i].opcode)
            return false;
    return true;
}

/* The 101 and what follows it. */
static uint8_t *stream_of(const struct ws_case *c, uint32_t *len)
{
    struct ws_script script;
    char answer[512], accept[MR_WS_ACCEPT_TEXT];
    struct mr_text t;
    ws_script_make(&script, c);
    mr_ws_accept(KEY, accept);
    mr_text_init(&t, answer, sizeof answer);
    mr_ws_answer(&t, accept);
    if (c->extension) {
        t.len -= 2;
        mr_text_format(&t, "Sec-WebSocket-Extensions: %s\r\n\r\n", c->extension);
    }
    *len = (uint32_t)t.len + script.len;
    uint8_t *stream = malloc(*len);
    memcpy(stream, answer, t.len);
    memcpy(stream + t.len, script.bytes, script.len);
    ws_script_free(&script);
    return stream;
}

/* What the case wants comes out of the whole stream: data and pings in order, and how it ends. */
static void is_wanted(const struct ws_case *c, const struct events *e)
{
    struct ws_script script;
    uint32_t answers = 0;
    ws_script_make(&script, c);
    for (uint32_t i = 0; i < e->count; i++) {
        uint8_t opcode = e->list[i].opcode == MR_WS_PING ? MR_WS_PONG : e->list[i].opcode;
        if (e->list[i].opcode == MR_WS_PONG || e->list[i].opcode == MR_WS_CLOSE)
            continue;
        assert_true(answers < script.answer_count);
        const struct ws_answer *want = &script.answers[answers++];
        assert_int_equal(opcode, want->opcode);
        assert_int_equal(e->list[i].hash, XXH3_64bits(script.want + want->at, want->len));
    }
    assert_int_equal(answers, script.answer_count);
    ws_script_free(&script);
    assert_int_equal(e->upgraded, c->end != WS_REFUSED);
    if (c->end == WS_THEY_FAIL)
        assert_int_equal(e->close_code, c->code);
    if (c->end == WS_WE_CLOSE)
        assert_int_equal(e->status, MR_OK);
    if (c->end == WS_SAID) /* mr_ws_read reports a close frame by itself; what follows it is MR_E_END */
        assert_true(e->count > 0 && e->list[e->count - 1].opcode == MR_WS_CLOSE &&
                    e->list[e->count - 1].code == (c->code ? c->code : MR_WS_CODE_NONE));
}

static void every_stream_says_the_same_however_it_is_cut(void **state)
{
    (void)state;
    struct ws_cases cases;
    struct events whole = {.list = malloc(EVENTS * sizeof(struct event))},
                  parts = {.list = malloc(EVENTS * sizeof(struct event))};
    uint64_t cuts = 0, streams = 0;
    uint32_t step = getenv("MILLRACE_QUICK") ? 61 : 1; /* of long streams; short ones are cut at every place always */
    ws_cases_make(&cases, 256);
    for (uint32_t i = 0; i < cases.count; i++) {
        uint32_t len, places;
        uint8_t *stream = stream_of(&cases.row[i], &len);
        places = len - 1 < PLACES ? len - 1 : PLACES;
        in_two(stream, len, 0, &whole);
        is_wanted(&cases.row[i], &whole);
        /* those of the extension end within their first octets, all alike: fewer places there */
        bool alike = strncmp(cases.row[i].id, "12.", 3) == 0 || strncmp(cases.row[i].id, "13.", 3) == 0;
        for (uint32_t cut = 1; cut <= places; cut += places <= 700 && !(alike && step > 1) ? 1
                                                     : alike                               ? 97
                                                                                           : step,
                      cuts++) {
            in_two(stream, len, cut, &parts);
            if (!same(&whole, &parts))
                fail_msg("%s, cut at %u", cases.row[i].id, cut);
        }
        octet_wise(stream, len, &parts);
        if (!same(&whole, &parts))
            fail_msg("%s, octet-wise", cases.row[i].id);
        streams++;
        free(stream);
    }
    printf("# %llu streams, %llu cuts in two\n", (unsigned long long)streams, (unsigned long long)cuts);
    assert_true(cuts > (step == 1 ? 100000 : 20000));
    free(whole.list);
    free(parts.list);
    ws_cases_free(&cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_says_the_same_however_it_is_cut),
    };
    return MR_TEST_MAIN(tests);
}
