#include "perf/codecs/ws/reference_ws.h"

#include <string.h>
#include <sys/types.h>
#include <wslay/wslay.h>

struct left {
    const uint8_t *data;
    size_t len;
};

static ssize_t receive(uint8_t *buf, size_t len, int flags, void *arg)
{
    (void)flags;
    struct left *l = arg;
    size_t n = len < l->len ? len : l->len;
    memcpy(buf, l->data, n);
    l->data += n;
    l->len -= n;
    return (ssize_t)n;
}

/* A frame may come in parts where the library's own buffer ends; its bytes are added up. */
static uint64_t frames(wslay_frame_context_ptr ctx, struct left *l)
{
    uint64_t sum = 0, left = 0;
    for (;;) {
        struct wslay_frame_iocb io;
        ssize_t n = wslay_frame_recv(ctx, &io);
        if (n < 0)
            return l->len == 0 ? sum : 0;
        if (left == 0) {
            sum += io.opcode;
            left = io.payload_length;
        }
        sum += (uint64_t)n;
        left -= (uint64_t)n;
        if (l->len == 0 && left == 0 && n == 0)
            return sum;
    }
}

uint64_t mr_reference_wslay(void *arg)
{
    const struct mr_bench_stream *s = arg;
    struct left l = {0};
    const struct wslay_frame_callbacks callbacks = {NULL, receive, NULL};
    wslay_frame_context_ptr ctx;
    if (wslay_frame_context_init(&ctx, &callbacks, &l))
        return 0;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < s->rounds; round++) {
        l = (struct left){s->data, s->len};
        sum += frames(ctx, &l);
    }
    wslay_frame_context_free(ctx);
    return sum;
}
