/* RFC 6455, rule by rule: each stream of the tables whole, octet-wise and cut in two at every place. */
#include "codecs/ws/ws.h"
#include "tests/codecs/ws/story.h"
#include "tests/support/support.h"

#include <stdio.h>

enum { LIMIT = 4096, CLIENT = MR_WS_CLIENT, SERVER = MR_WS_SERVER };

static uint32_t one(void *arg, uint32_t left)
{
    (void)arg, (void)left;
    return 1;
}

/* First the given count, then all the rest. */
static uint32_t two_parts(void *arg, uint32_t left)
{
    uint32_t *first = arg, n = *first;
    *first = left;
    return n;
}

static struct story whole, parts;

static void same_in_parts(enum mr_ws_side side, uint32_t limit, const uint8_t *data, uint32_t len)
{
    story_tell(&whole, side, limit, data, len, NULL, NULL);
    story_tell(&parts, side, limit, data, len, one, NULL);
    assert_string_equal(whole.text, parts.text);
    assert_int_equal(whole.status, parts.status);
    assert_int_equal(whole.close_code, parts.close_code);
    for (uint32_t at = 1; at < len && at < 4096; at++) {
        uint32_t first = at;
        story_tell(&parts, side, limit, data, len, two_parts, &first);
        assert_string_equal(whole.text, parts.text);
        assert_int_equal(whole.status, parts.status);
        assert_int_equal(whole.close_code, parts.close_code);
    }
}

/* Streams as text: "81 02 6869"; blanks do not count. */
static uint32_t unhex(const char *text, uint8_t *out)
{
    uint32_t n = 0;
    for (int high = -1; *text; text++) {
        if (*text == ' ')
            continue;
        int digit = *text <= '9' ? *text - '0' : *text - 'a' + 10;
        if (high >= 0)
            out[n++] = (uint8_t)(high * 16 + digit);
        high = high >= 0 ? -1 : digit;
    }
    return n;
}

/* what comes out: names and lengths of what is told */
static void outline(const struct story *s, char *out)
{
    const char *p = s->text;
    char *o = out;
    while (*p) {
        while (*p != '=')
            *o++ = *p++;
        while (*p != ' ')
            p++;
        *o++ = ' ', p++;
    }
    *o = 0;
}

/* clang-format off */
static const struct { const char *says, *bytes; int side; const char *want; int status; int code; } rules[] = {
    /* what is taken */
    {"an empty text",                   "8100", CLIENT, "text(0,0) ", MR_OK, 0},
    {"a text",                          "8102 6869", CLIENT, "text(0,2) ", MR_OK, 0},
    {"a binary",                        "8203 00ff80", CLIENT, "binary(0,3) ", MR_OK, 0},
    {"a masked text at a server",       "8185 37fa213d 7f9f4d5158", SERVER, "text(0,5) ", MR_OK, 0},
    {"an empty masked text",            "8180 01020304", SERVER, "text(0,0) ", MR_OK, 0},
    {"an empty ping and pong",          "8900 8a00", CLIENT, "ping(0,0) pong(0,0) ", MR_OK, 0},
    {"a pong nobody asked for",         "8a02 abcd", CLIENT, "pong(0,2) ", MR_OK, 0},
    {"two in a row",                    "8101 61 8101 62", CLIENT, "text(0,1) text(0,1) ", MR_OK, 0},
    {"a text in two fragments",         "0102 6869 8001 21", CLIENT, "text(0,3) ", MR_OK, 0},
    {"a binary in three",               "0201 ff 0001 fe 8001 fd", CLIENT, "binary(0,3) ", MR_OK, 0},
    {"a ping between fragments",        "0102 6869 8901 70 8001 21", CLIENT, "ping(0,1) text(0,3) ", MR_OK, 0},
    {"empty fragments",                 "0100 0000 8000", CLIENT, "text(0,0) ", MR_OK, 0},
    {"a code point over two fragments", "0102 e282 8001 ac", CLIENT, "text(0,3) ", MR_OK, 0},
    {"... and a ping in it",            "0101 e2 8901 70 0001 82 8a00 8001 ac", CLIENT, "ping(0,1) pong(0,0) text(0,3) ", MR_OK, 0},
    {"two fragmented in a row",         "0101 61 8001 62 0201 80 8001 81", CLIENT, "text(0,2) binary(0,2) ", MR_OK, 0},
    {"masked fragments at a server",    "0181 01020304 60 8081 01020304 63", SERVER, "text(0,2) ", MR_OK, 0},
    {"a frame that is not whole",       "8105 6869", CLIENT, "", MR_OK, 0},
    {"one byte",                        "81", CLIENT, "", MR_OK, 0},
    /* reserved bits */
    {"RSV1 on a text",                  "c102 6869", CLIENT, "", MR_E_MALFORMED, 1002},
    {"RSV2 on a text",                  "a102 6869", CLIENT, "", MR_E_MALFORMED, 1002},
    {"RSV3 on a binary",                "9202 6869", CLIENT, "", MR_E_MALFORMED, 1002},
    {"RSV1+2 on a ping",                "e900", CLIENT, "", MR_E_MALFORMED, 1002},
    {"RSV1+3 on a close",               "d800", CLIENT, "", MR_E_MALFORMED, 1002},
    {"RSV2+3 after a good message",     "8101 61 b101 62", CLIENT, "text(0,1) ", MR_E_MALFORMED, 1002},
    {"all three on a continuation",     "0101 61 f001 62", CLIENT, "", MR_E_MALFORMED, 1002},
    /* opcodes */
    {"opcode 3",                        "8300", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 4",                        "8401 00", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 5",                        "8500", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 6",                        "8600", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 7 after a good message",   "8101 61 8700", CLIENT, "text(0,1) ", MR_E_MALFORMED, 1002},
    {"opcode 11",                       "8b00", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 12",                       "8c01 00", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 13",                       "8d00", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 14",                       "8e00", CLIENT, "", MR_E_MALFORMED, 1002},
    {"opcode 15 after a good message",  "8101 61 8f00", CLIENT, "text(0,1) ", MR_E_MALFORMED, 1002},
    /* control frames */
    {"a ping of 126 bytes",             "897e 007e", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a pong of 64-bit length",         "8a7f", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a close of 126 bytes",            "887e 007e", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a ping in fragments",             "0901 61", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a close in fragments",            "0800", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a pong in fragments",             "0a00", CLIENT, "", MR_E_MALFORMED, 1002},
    /* lengths */
    {"125 in two bytes",                "817e 007d", CLIENT, "", MR_E_MALFORMED, 1002},
    {"0 in two bytes",                  "827e 0000", CLIENT, "", MR_E_MALFORMED, 1002},
    {"65535 in eight bytes",            "827f 000000000000ffff", CLIENT, "", MR_E_MALFORMED, 1002},
    {"0 in eight bytes",                "827f 0000000000000000", CLIENT, "", MR_E_MALFORMED, 1002},
    {"the top bit of 64",               "827f 8000000000010000", CLIENT, "", MR_E_MALFORMED, 1002},
    {"all bits of 64",                  "817f ffffffffffffffff", CLIENT, "", MR_E_MALFORMED, 1002},
    {"2^63 - 1",                        "827f 7fffffffffffffff", CLIENT, "", MR_E_TOO_BIG, 1009},
    {"2^32",                            "827f 0000000100000000", CLIENT, "", MR_E_TOO_BIG, 1009},
    {"2^31",                            "817f 0000000080000000", CLIENT, "", MR_E_TOO_BIG, 1009},
    {"one above the limit",             "817e 1001", CLIENT, "", MR_E_TOO_BIG, 1009},
    {"above the limit, but masked",     "81fe 1001", CLIENT, "", MR_E_MALFORMED, 1002},
    {"fragments above the limit",       "0101 61 807e 1000", CLIENT, "", MR_E_TOO_BIG, 1009},
    /* masks */
    {"a masked frame from a server",    "8182 01020304 6869", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a masked ping from a server",     "8980 01020304", CLIENT, "", MR_E_MALFORMED, 1002},
    {"an unmasked frame from a client", "8102 6869", SERVER, "", MR_E_MALFORMED, 1002},
    {"an unmasked close from a client", "8800", SERVER, "", MR_E_MALFORMED, 1002},
    /* fragments */
    {"nothing to continue",             "8001 61", CLIENT, "", MR_E_MALFORMED, 1002},
    {"nothing to continue, not last",   "0001 61", CLIENT, "", MR_E_MALFORMED, 1002},
    {"nothing more to continue",        "0101 61 8001 62 8001 63", CLIENT, "text(0,2) ", MR_E_MALFORMED, 1002},
    {"a text inside a text",            "0101 61 8101 62", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a fragmented binary in a text",   "0101 61 0201 62", CLIENT, "", MR_E_MALFORMED, 1002},
    {"nothing to continue after ping",  "8900 8001 61", CLIENT, "ping(0,0) ", MR_E_MALFORMED, 1002},
    /* text */
    {"a lone tail",                     "8101 80", CLIENT, "", MR_E_TYPE, 1007},
    {"a lead alone",                    "8101 e2", CLIENT, "", MR_E_TYPE, 1007},
    {"overlong",                        "8102 c0af", CLIENT, "", MR_E_TYPE, 1007},
    {"a surrogate",                     "8103 eda080", CLIENT, "", MR_E_TYPE, 1007},
    {"above 10ffff",                    "8104 f4908080", CLIENT, "", MR_E_TYPE, 1007},
    {"masked, not UTF-8",               "8182 01020304 c1ad", SERVER, "", MR_E_TYPE, 1007},
    {"wrong before the frame ends",     "8105 61 ff", CLIENT, "", MR_E_TYPE, 1007},
    {"wrong before the message ends",   "0102 61 c3 0001 28", CLIENT, "", MR_E_TYPE, 1007},
    {"wrong over two fragments",        "0101 e2 8001 28", CLIENT, "", MR_E_TYPE, 1007},
    {"the last fragment ends too early", "0101 e2 8001 82", CLIENT, "", MR_E_TYPE, 1007},
    {"a ping between does not finish it", "0101 e2 8901 82 8000", CLIENT, "ping(0,1) ", MR_E_TYPE, 1007},
    {"a binary may be anything",        "8204 c0ff80f5", CLIENT, "binary(0,4) ", MR_OK, 0},
    {"so may a ping",                   "8904 c0ff80f5", CLIENT, "ping(0,4) ", MR_OK, 0},
    /* close */
    {"without a code",                  "8800", CLIENT, "close(1005,0) ", MR_E_END, 0},
    {"half a code",                     "8801 03", CLIENT, "", MR_E_MALFORMED, 1002},
    {"a code",                          "8802 03e8", CLIENT, "close(1000,0) ", MR_E_END, 1000},
    {"a code and a reason",             "8805 03e9 627965", CLIENT, "close(1001,3) ", MR_E_END, 1001},
    {"masked",                          "8882 01020304 02ea", SERVER, "close(1000,0) ", MR_E_END, 1000},
    {"a reason that is not UTF-8",      "8804 03e8 c328", CLIENT, "", MR_E_TYPE, 1007},
    {"a reason that ends too early",    "8804 03e8 e282", CLIENT, "", MR_E_TYPE, 1007},
    {"inside fragments",                "0101 61 8802 03e8 8001 62", CLIENT, "close(1000,0) ", MR_E_END, 1000},
    {"a text behind a close",           "8802 03e8 8101 61", CLIENT, "close(1000,0) ", MR_E_END, 1000},
    {"a ping behind a close",           "8802 03e8 8900", CLIENT, "close(1000,0) ", MR_E_END, 1000},
    {"a second close",                  "8802 03e8 8802 03e9", CLIENT, "close(1000,0) ", MR_E_END, 1000},
};
/* clang-format on */

static void every_rule_holds_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        uint8_t bytes[64];
        char got[256];
        uint32_t len = unhex(rules[i].bytes, bytes);
        enum mr_ws_side side = rules[i].side ? MR_WS_SERVER : MR_WS_CLIENT;
        same_in_parts(side, LIMIT, bytes, len);
        outline(&whole, got);
        if (strcmp(got, rules[i].want) || whole.status != rules[i].status || whole.close_code != rules[i].code)
            print_error("%s: %s %s %u\n", rules[i].says, got, mr_status_name(whole.status), whole.close_code);
        assert_string_equal(got, rules[i].want);
        assert_int_equal(whole.status, rules[i].status);
        assert_int_equal(whole.close_code, rules[i].code);
    }
}

static void codes_that_may_be_sent_are_those_of_the_registry(void **state)
{
    (void)state;
    static const uint16_t legal[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                     1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        bool want = code >= 3000 && code <= 4999;
        for (size_t i = 0; i < MR_COUNT_OF(legal); i++)
            want |= legal[i] == code;
        assert_int_equal(mr_ws_code_legal((uint16_t)code), want);
        uint8_t bytes[4] = {0x88, 2, (uint8_t)(code >> 8), (uint8_t)code}, out[16];
        struct mr_ws ws;
        struct mr_ws_frame frame;
        mr_ws_init(&ws, MR_WS_CLIENT, NULL, 0);
        assert_int_equal(mr_ws_read(&ws, bytes, 4, &frame), want ? 4 : MR_E_MALFORMED);
        if (want)
            assert_int_equal(frame.close_code, code);
        assert_int_equal(mr_ws_write_close(out, sizeof out, NULL, (uint16_t)code, ""), code == 0 ? 2
                                                                                       : want    ? 4
                                                                                                 : MR_E_INVALID);
    }
}

static void every_first_two_bytes_are_judged(void **state)
{
    (void)state; /* all 65,536, beside the rules written the other way round: what is legal */
    for (uint32_t v = 0; v < 65536; v++) {
        uint8_t bytes[MR_WS_HEAD_MAX] = {(uint8_t)(v >> 8), (uint8_t)v};
        uint8_t op = bytes[0] & 15, fin = bytes[0] >> 7, size = bytes[1] & 127;
        bool data = op == 1 || op == 2, control = op == 8 || op == 9 || op == 10;
        bool legal = (bytes[0] & 0x70) == 0 && (data || (control && fin && size <= 125));
        for (int side = 0; side < 2; side++) {
            struct mr_ws ws;
            struct mr_ws_frame frame;
            mr_ws_init(&ws, side ? MR_WS_SERVER : MR_WS_CLIENT, NULL, 1 << 20);
            bool taken = legal && bytes[1] >> 7 == side;
            int64_t got = mr_ws_read(&ws, bytes, 2, &frame);
            if (!taken)
                assert_int_equal(got, MR_E_MALFORMED);
            else
                assert_int_equal(got, size == 0 && !side ? 2 : 0);
        }
    }
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 7, 8, 9, 125, 126, 127, 128, 4000, 65535, 65536, 200000};
    struct mr_random r = {7};
    uint8_t *payload = malloc(200000), *wire = malloc(200000 + MR_WS_HEAD_MAX), *assembly = malloc(200000);
    for (uint32_t i = 0; i < 200000; i++)
        payload[i] = (uint8_t)mr_random_next(&r);
    for (size_t i = 0; i < MR_COUNT_OF(sizes); i++) {
        for (int masked = 0; masked < 2; masked++) {
            const uint8_t mask[4] = {0x9c, 0, 0xff, (uint8_t)i};
            uint32_t head = (sizes[i] < 126 ? 2u : sizes[i] < 65536 ? 4u : 10u) + (masked ? 4 : 0);
            uint32_t need = head + sizes[i];
            assert_int_equal(mr_ws_write(wire, need - 1, MR_WS_BINARY, true, masked ? mask : NULL, payload, sizes[i]),
                             MR_E_FULL);
            assert_int_equal(mr_ws_write(wire, need, MR_WS_BINARY, true, masked ? mask : NULL, payload, sizes[i]),
                             need);
            struct mr_ws ws;
            struct mr_ws_frame frame;
            mr_ws_init(&ws, masked ? MR_WS_SERVER : MR_WS_CLIENT, assembly, 200000);
            for (uint32_t part = 0; part < need; part += 1 + need / 7)
                assert_int_equal(mr_ws_read(&ws, wire, part, &frame), 0);
            assert_int_equal(mr_ws_read(&ws, wire, need, &frame), need);
            assert_ptr_equal(frame.data, wire + head); /* in place, not copied */
            assert_int_equal(frame.len, sizes[i]);
            assert_memory_equal(frame.data, payload, sizes[i]);
        }
    }
    free(payload);
    free(wire);
    free(assembly);
}

static void what_no_peer_may_send_is_not_written(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint8_t opcode;
        bool fin;
        uint32_t len;
    } cases[] = {
        {"opcode 3", 3, true, 0},
        {"opcode 7", 7, true, 0},
        {"opcode 11", 11, true, 0},
        {"opcode 129", 129, true, 0},
        {"a fragmented ping", MR_WS_PING, false, 0},
        {"a ping of 126", MR_WS_PING, true, 126},
        {"a close of 126", MR_WS_CLOSE, true, 126},
    };
    uint8_t out[256], payload[126] = {0};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int64_t got = mr_ws_write(out, sizeof out, cases[i].opcode, cases[i].fin, NULL, payload, cases[i].len);
        if (got != MR_E_INVALID)
            print_error("%s\n", cases[i].says);
        assert_int_equal(got, MR_E_INVALID);
    }
}

static void a_close_reason_is_cut_in_front_of_a_character(void **state)
{
    (void)state;
    for (uint32_t before = 118; before <= 124; before++) {
        char reason[160];
        memset(reason, 'x', before);
        strcpy(reason + before, "\xf0\x9f\x98\x80 and more");
        uint8_t out[200];
        int64_t n = mr_ws_write_close(out, sizeof out, NULL, 1011, reason);
        struct mr_ws ws;
        struct mr_ws_frame frame;
        mr_ws_init(&ws, MR_WS_CLIENT, NULL, 0);
        assert_int_equal(mr_ws_read(&ws, out, (uint32_t)n, &frame), n);
        assert_int_equal(frame.close_code, 1011);
        assert_int_equal(frame.len, before <= 119 ? 123 : before < 123 ? before : 123);
        assert_memory_equal(frame.data, reason, frame.len);
    }
}

static void a_limit_is_reached_but_not_passed(void **state)
{
    (void)state;
    uint8_t assembly[100], wire[256], payload[101] = {0};
    for (uint32_t first = 0; first <= 100; first += 25) {
        struct mr_ws ws;
        struct mr_ws_frame frame;
        mr_ws_init(&ws, MR_WS_CLIENT, assembly, 100);
        for (int round = 0; round < 2; round++) { /* the room is free again for the next message */
            int64_t n = mr_ws_write(wire, 256, MR_WS_BINARY, false, NULL, payload, first);
            assert_int_equal(mr_ws_read(&ws, wire, (uint32_t)n, &frame), n);
            assert_int_equal(frame.opcode, MR_WS_CONTINUATION);
            n = mr_ws_write(wire, 256, MR_WS_CONTINUATION, true, NULL, payload, 100 - first);
            assert_int_equal(mr_ws_read(&ws, wire, (uint32_t)n, &frame), n);
            assert_ptr_equal(frame.data, assembly);
            assert_int_equal(frame.len, 100);
        }
        int64_t n = mr_ws_write(wire, 256, MR_WS_BINARY, false, NULL, payload, first);
        assert_int_equal(mr_ws_read(&ws, wire, (uint32_t)n, &frame), n);
        mr_ws_write(wire, 256, MR_WS_CONTINUATION, true, NULL, payload, 101 - first);
        assert_int_equal(mr_ws_read(&ws, wire, 2, &frame), MR_E_TOO_BIG); /* from the head alone */
        assert_int_equal(ws.close_code, 1009);
        mr_ws_reset(&ws);
        n = mr_ws_write(wire, 256, MR_WS_BINARY, true, NULL, payload, 100);
        assert_int_equal(mr_ws_read(&ws, wire, (uint32_t)n, &frame), n);
    }
}

static void counts_tell_frames_messages_fragments_and_controls(void **state)
{
    (void)state;
    static const char stream[] = "8101 61 0101 61 8900 0001 62 8001 63 8a00 8201 00";
    uint8_t bytes[64], assembly[16];
    uint32_t len = unhex(stream, bytes), at = 0;
    struct mr_ws ws;
    struct mr_ws_frame frame;
    mr_ws_init(&ws, MR_WS_CLIENT, assembly, sizeof assembly);
    while (at < len)
        at += (uint32_t)mr_ws_read(&ws, bytes + at, len - at, &frame);
    assert_int_equal(ws.frames, 7);
    assert_int_equal(ws.messages, 3);
    assert_int_equal(ws.fragments, 3);
    assert_int_equal(ws.controls, 2);
    mr_ws_reset(&ws);
    assert_int_equal(ws.frames, 7);
}

/* A stream drawn from a seed: messages whole and in fragments with control frames between, seldom a broken one. */
static uint32_t draw(struct mr_random *r, bool masked, uint8_t *out, uint32_t room)
{
    uint32_t n = 0;
    bool open = false;
    while (n + 400 < room) {
        uint8_t payload[300], mask[4];
        uint64_t pick = mr_random_below(r, 100);
        uint32_t len = (uint32_t)mr_random_below(r, pick & 1 ? 20 : 300);
        for (uint32_t i = 0; i < len; i++)
            payload[i] = (uint8_t)(32 + mr_random_below(r, 90));
        for (uint32_t i = 0; i + 2 < len; i += 50)
            memcpy(payload + i, "\xe2\x82\xac", 3);
        memcpy(mask, &(uint32_t){(uint32_t)mr_random_next(r)}, 4);
        bool control = pick < 20, fin = control || pick < 70;
        uint8_t opcode = control ? (pick < 10 ? MR_WS_PING : MR_WS_PONG) : open ? MR_WS_CONTINUATION : MR_WS_TEXT;
        n += (uint32_t)mr_ws_write(out + n, room - n, opcode, fin, masked ? mask : NULL, payload,
                                   control ? len % 126 : len);
        open = control ? open : !fin;
    }
    if (mr_random_below(r, 4) == 0)
        out[mr_random_below(r, n)] ^= (uint8_t)(1u << mr_random_below(r, 8));
    return n;
}

static uint32_t random_cut(void *arg, uint32_t left)
{
    struct mr_random *r = arg;
    return 1 + (uint32_t)mr_random_below(r, mr_random_below(r, 8) ? 64 : left);
}

static void drawn_streams_say_the_same_however_they_are_cut(void **state)
{
    (void)state;
    uint8_t stream[8192];
    uint32_t broken = 0, streams = getenv("MILLRACE_QUICK") ? 500 : 5000;
    for (uint32_t seed = 1; seed <= streams; seed++) {
        struct mr_random r = {seed};
        enum mr_ws_side side = seed & 1 ? MR_WS_SERVER : MR_WS_CLIENT;
        uint32_t len = draw(&r, side == MR_WS_SERVER, stream, 1000 + (uint32_t)mr_random_below(&r, 7000));
        story_tell(&whole, side, LIMIT, stream, len, NULL, NULL);
        story_tell(&parts, side, LIMIT, stream, len, random_cut, &r);
        if (strcmp(whole.text, parts.text) || whole.status != parts.status)
            print_error("seed %u\n", seed);
        assert_string_equal(whole.text, parts.text);
        assert_int_equal(whole.status, parts.status);
        assert_int_equal(whole.close_code, parts.close_code);
        broken += whole.status != MR_OK;
    }
    assert_true(broken > streams / 50 && broken < streams / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_holds_at_every_split),
        cmocka_unit_test(codes_that_may_be_sent_are_those_of_the_registry),
        cmocka_unit_test(every_first_two_bytes_are_judged),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(what_no_peer_may_send_is_not_written),
        cmocka_unit_test(a_close_reason_is_cut_in_front_of_a_character),
        cmocka_unit_test(a_limit_is_reached_but_not_passed),
        cmocka_unit_test(counts_tell_frames_messages_fragments_and_controls),
        cmocka_unit_test(drawn_streams_say_the_same_however_they_are_cut),
    };
    return MR_TEST_MAIN(tests);
}
