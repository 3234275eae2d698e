/* Each octet of each case put to other values: our reader and a plain second one (reference.h) must say the same of what comes out. */
#include <stdio.h>
#include <string.h>

#include "codecs/ws/ws.h"
#include "tests/codecs/ws/cases.h"
#include "tests/codecs/ws/reference.h"
#include "tests/support/support.h"

enum { LIMIT = 4096, STREAM_MAX = 4096, WHOLLY = 40 };

static struct ref ref;
static uint8_t assembly[LIMIT];
static uint64_t told, refused;

/* Both readers on the same octets. */
static bool agree(enum mr_ws_side side, uint8_t *data, uint32_t len)
{
    struct mr_ws ws;
    struct mr_ws_frame frame;
    uint32_t events = 0;
    ref_read(&ref, side == MR_WS_SERVER, LIMIT, data, len); /* first: a server's reader unmasks in place */
    mr_ws_init(&ws, side, assembly, LIMIT);
    int64_t n = 1;
    for (uint32_t at = 0; at < len && (n = mr_ws_read(&ws, data + at, len - at, &frame)) > 0; at += (uint32_t)n) {
        if (frame.opcode == MR_WS_CONTINUATION)
            continue;
        if (events == ref.count)
            return false;
        const struct ref_event *want = &ref.event[events++];
        if (frame.opcode != want->opcode || frame.len != want->len || ref_hash(frame.data, frame.len) != want->hash ||
            (frame.opcode == MR_WS_CLOSE && frame.close_code != want->code))
            return false;
    }
    told += events;
    refused += ref.fails != 0;
    uint16_t fails = ws.status == MR_OK || ws.status == MR_E_END ? 0 : ws.close_code;
    return events == ref.count && fails == ref.fails && (n == MR_E_END) == ref.ended;
}

static void show(const char *id, const uint8_t *data, uint32_t len)
{
    print_error("%s:", id);
    for (uint32_t i = 0; i < len && i < 60; i++)
        print_error(" %02x", data[i]);
    fail_msg("the second reader says: %u events, closed with %u", ref.count, ref.fails);
}

/* What a client sends of it: masked, so that the server's reader is looked at too. */
static uint32_t masked(const struct ws_script *script, uint8_t *out)
{
    static const uint8_t mask[4] = {0x5a, 0, 0xff, 0x81};
    uint32_t n = 0;
    for (uint32_t i = 0; i < script->answer_count; i++) {
        const struct ws_answer *a = &script->answers[i];
        int64_t wrote = mr_ws_write(out + n, STREAM_MAX - n, a->opcode, true, mask, script->want + a->at, a->len);
        n += wrote > 0 ? (uint32_t)wrote : 0;
    }
    return n;
}

static uint64_t mutate(const char *id, enum mr_ws_side side, const uint8_t *stream, uint32_t len)
{
    uint8_t data[STREAM_MAX];
    uint64_t runs = 0;
    uint32_t step = len <= WHOLLY ? 1 : 37, places = len < 700 ? 1 : 61; /* all values where it is short */
    for (uint32_t at = 0; at < len; at += places)
        for (uint32_t other = 0; other < 256; other += step, runs++) {
            memcpy(data, stream, len);
            data[at] ^= (uint8_t)other;
            if (!agree(side, data, len))
                show(id, data, len);
        }
    for (uint32_t cut = 0; cut < len; cut += places, runs++) { /* and each beginning of it */
        memcpy(data, stream, cut);
        if (!agree(side, data, cut))
            show(id, data, cut);
    }
    return runs;
}

static void both_readers_agree_on_every_case_with_one_octet_changed(void **state)
{
    (void)state;
    struct ws_cases cases;
    uint64_t runs = 0;
    uint8_t out[STREAM_MAX];
    ws_cases_make(&cases, 1000);
    for (uint32_t i = 0; i < cases.count; i++) {
        struct ws_script script;
        ws_script_make(&script, &cases.row[i]);
        if (script.len <= STREAM_MAX && cases.row[i].end != WS_REFUSED) {
            runs += mutate(cases.row[i].id, MR_WS_CLIENT, script.bytes, script.len);
            runs += mutate(cases.row[i].id, MR_WS_SERVER, out, masked(&script, out));
        }
        ws_script_free(&script);
    }
    printf("# %llu streams: %llu frames told, %llu refused\n", (unsigned long long)runs, (unsigned long long)told,
           (unsigned long long)refused);
    assert_true(runs > 500000);
    assert_true(refused > runs / 10 && refused < runs - runs / 10);
    ws_cases_free(&cases);
}

/* Frames drawn at random, most of them nearly right. */
static uint32_t draw(struct mr_random *r, bool mask, uint8_t *out)
{
    uint32_t n = 0, frames = 1 + (uint32_t)mr_random_below(r, 8);
    for (uint32_t i = 0; i < frames; i++) {
        static const uint8_t firsts[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x00, 0x80, 0x80, 0x89, 0x8a, 0x88, 0x83};
        uint32_t len = (uint32_t)mr_random_below(r, mr_random_below(r, 8) ? 12 : 300);
        out[n++] = firsts[mr_random_below(r, mr_random_below(r, 6) ? 10 : 12)];
        uint8_t bit = mask ? 0x80 : 0;
        if (len >= 126) {
            out[n++] = bit | 126;
            out[n++] = (uint8_t)(len >> 8);
            out[n++] = (uint8_t)len;
        } else {
            out[n++] = (uint8_t)(bit | len);
        }
        for (uint32_t k = 0; mask && k < 4; k++)
            out[n++] = (uint8_t)mr_random_next(r);
        static const char *const letters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x03\xe8", "\x80"};
        const uint8_t *key = out + n - 4;
        for (uint32_t k = 0, j = 0, pick = 0; k < len; k++) {
            if (!letters[pick][j]) {
                pick = (uint32_t)mr_random_below(r, mr_random_below(r, 50) ? 4 : 6);
                j = 0;
            }
            out[n++] = (uint8_t)(letters[pick][j++] ^ (mask ? key[k & 3] : 0));
        }
    }
    return n;
}

static void both_readers_agree_on_drawn_streams(void **state)
{
    (void)state;
    uint32_t streams = getenv("MILLRACE_QUICK") ? 50000 : 400000;
    uint8_t data[STREAM_MAX], copy[STREAM_MAX];
    told = refused = 0;
    for (uint32_t seed = 1; seed <= streams; seed++) {
        struct mr_random r = {seed};
        uint32_t len = draw(&r, seed & 1, data);
        memcpy(copy, data, len);
        if (!agree(seed & 1 ? MR_WS_SERVER : MR_WS_CLIENT, data, len)) {
            print_error("seed %u\n", seed);
            show("drawn", copy, len);
        }
    }
    printf("# %u streams: %llu frames told, %llu refused\n", streams, (unsigned long long)told,
           (unsigned long long)refused);
    assert_true(told > streams / 3 && refused > streams / 10 && refused < streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_readers_agree_on_every_case_with_one_octet_changed),
        cmocka_unit_test(both_readers_agree_on_drawn_streams),
    };
    return MR_TEST_MAIN(tests);
}
