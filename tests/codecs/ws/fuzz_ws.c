/* Fuzz: how a stream is cut never changes what a reader says of it; what it took can be written and read again; and a second reader
 * (reference.h) says the same.
 *
 * The first byte chooses the side, the limit and how the cuts are drawn; the rest is the stream. */
#include "tests/codecs/ws/reference.h"
#include "tests/codecs/ws/story.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t one(void *arg, uint32_t left)
{
    (void)arg, (void)left;
    return 1;
}

static uint32_t drawn(void *arg, uint32_t left) { return 1 + (uint32_t)mr_random_below(arg, left < 40 ? left : 40); }

/* Each message and control frame taken is written with the other mask choice, and the other side takes it. */
static void round_trip(enum mr_ws_side side, uint32_t limit, const uint8_t *stream, uint32_t len)
{
    uint8_t *assembly = malloc(limit + 1u), *copy = malloc(len + 1u), *wire = malloc(len + MR_WS_HEAD_MAX);
    memcpy(copy, stream, len);
    struct mr_ws ws, other;
    struct mr_ws_frame f, again;
    mr_ws_init(&ws, side, assembly, limit);
    mr_ws_init(&other, side == MR_WS_CLIENT ? MR_WS_SERVER : MR_WS_CLIENT, NULL, limit);
    const uint8_t mask[4] = {1, 0x80, 0xff, 0};
    int64_t n = 0;
    for (uint32_t at = 0; at < len && (n = mr_ws_read(&ws, copy + at, len - at, &f)) > 0; at += (uint32_t)n) {
        if (f.opcode == MR_WS_CONTINUATION || f.opcode == MR_WS_CLOSE)
            continue;
        MR_ASSERT(f.opcode != MR_WS_TEXT || mr_ws_utf8(f.data, f.len, 0) == 0);
        int64_t wrote =
            mr_ws_write(wire, len + MR_WS_HEAD_MAX, f.opcode, true, side == MR_WS_CLIENT ? mask : NULL, f.data, f.len);
        MR_ASSERT(wrote > 0 && mr_ws_read(&other, wire, (uint32_t)wrote, &again) == wrote);
        MR_ASSERT(again.opcode == f.opcode && again.len == f.len && memcmp(again.data, f.data, f.len) == 0);
    }
    free(assembly);
    free(copy);
    free(wire);
}

/* The reader and its double. */
static void agree(enum mr_ws_side side, uint32_t limit, const uint8_t *stream, uint32_t len)
{
    static struct ref ref;
    uint8_t *assembly = malloc(limit), *copy = malloc(len);
    memcpy(copy, stream, len);
    struct mr_ws ws;
    struct mr_ws_frame f;
    uint32_t told = 0;
    int64_t n = 0;
    ref_read(&ref, side == MR_WS_SERVER, limit, stream, len);
    mr_ws_init(&ws, side, assembly, limit);
    for (uint32_t at = 0; at < len && (n = mr_ws_read(&ws, copy + at, len - at, &f)) > 0; at += (uint32_t)n) {
        if (f.opcode == MR_WS_CONTINUATION)
            continue;
        MR_ASSERT(told < ref.count && ref.event[told].opcode == f.opcode && ref.event[told].len == f.len);
        MR_ASSERT(ref.event[told].hash == ref_hash(f.data, f.len));
        MR_ASSERT(f.opcode != MR_WS_CLOSE || ref.event[told].code == f.close_code);
        told++;
    }
    MR_ASSERT(told == ref.count && (n == MR_E_END) == ref.ended);
    MR_ASSERT(ref.fails == (ws.status == MR_OK || ws.status == MR_E_END ? 0 : ws.close_code));
    free(assembly);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096)
        return 0;
    static struct story whole, parts;
    enum mr_ws_side side = data[0] & 1 ? MR_WS_SERVER : MR_WS_CLIENT;
    uint32_t limit = data[0] & 2 ? 100 : 2000, len = (uint32_t)size - 1;
    struct mr_random r = {data[0]};
    story_tell(&whole, side, limit, data + 1, len, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        story_tell(&parts, side, limit, data + 1, len, i ? drawn : one, &r);
        MR_ASSERT(strcmp(whole.text, parts.text) == 0);
        MR_ASSERT(whole.status == parts.status && whole.close_code == parts.close_code);
        MR_ASSERT(whole.frames == parts.frames);
    }
    round_trip(side, limit, data + 1, len);
    agree(side, limit, data + 1, len);
    return 0;
}
