/* Frames of a read's worth of bytes, one after the other, with every check of the RFC. Of text the payload is checked too
 * (UTF-8), which the reference's frame API leaves to its caller. */
#include "codecs/ws/ws.h"
#include "perf/bench.h"
#include "perf/codecs/ws/reference_ws.h"

enum { READ_BYTES = 16384, PASS_BYTES = 1 << 20 };

static uint64_t walk(void *arg)
{
    const struct mr_bench_stream *s = arg;
    static uint8_t assembly[1024];
    struct mr_ws ws;
    mr_ws_init(&ws, MR_WS_CLIENT, assembly, sizeof assembly);
    uint64_t sum = 0;
    for (uint32_t at = 0, round = 0; round < s->rounds; at = 0, round++) {
        struct mr_ws_frame f;
        for (int64_t n; at < s->len && (n = mr_ws_read(&ws, s->data + at, s->len - at, &f)) > 0; at += (uint32_t)n)
            sum += f.len + f.opcode;
    }
    return sum;
}

static uint8_t bytes[4][READ_BYTES];

/* As many frames as one read holds. */
static struct mr_bench_stream fill(uint8_t *out, uint8_t opcode, uint32_t size, const char *text)
{
    uint8_t payload[256];
    for (uint32_t i = 0; i < size; i++)
        payload[i] = (uint8_t)text[i % strlen(text)];
    struct mr_bench_stream s = {.data = out};
    for (int64_t n; (n = mr_ws_write(out + s.len, READ_BYTES - s.len, opcode, true, NULL, payload, size)) > 0;
         s.frames++)
        s.len += (uint32_t)n;
    s.rounds = PASS_BYTES / READ_BYTES;
    return s;
}

void mr_bench_ws(struct mr_bench *b)
{
    static const char json[] =
        "{\"e\":\"trade\",\"E\":1790000000123,\"s\":\"BTCUSDT\",\"p\":\"67123.45000000\",\"q\":\"0.00150000\"}, ";
    static const char chinese[] = "\xe6\xb6\xa8\xe8\xb7\x8c";
    struct {
        const char *name, *work;
        double goal, stretch;
        struct mr_bench_stream s;
    } cases[] = {
        {"text_200", "frame of 200 bytes of ASCII text: head, and UTF-8 which wslay leaves out", 1.5, 0,
         fill(bytes[0], MR_WS_TEXT, 200, json)},
        {"binary_200", "frame of 200 bytes: head", 4, 5, fill(bytes[1], MR_WS_BINARY, 200, json)},
        {"text_20", "frame of 20 bytes of ASCII text, hundreds in a read", 0, 0, fill(bytes[2], MR_WS_TEXT, 20, json)},
        {"text_198_cjk", "frame of 198 bytes of Chinese text: head, and UTF-8 which wslay leaves out", 0, 0,
         fill(bytes[3], MR_WS_TEXT, 198, chinese)},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        mr_bench_pair(
            b, &(struct mr_bench_pair){.name = cases[i].name,
                                       .work = cases[i].work,
                                       .items = (uint64_t)cases[i].s.frames * cases[i].s.rounds,
                                       .kernels = true,
                                       .ours = {walk, &cases[i].s},
                                       .references = {{"wslay 1.1.1 frame API", mr_reference_wslay, &cases[i].s}},
                                       .goal = cases[i].goal,
                                       .stretch = cases[i].stretch});
}
