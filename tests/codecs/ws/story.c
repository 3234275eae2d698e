#include "tests/codecs/ws/story.h"

#include "tests/support/support.h"

#include <stdio.h>

static uint64_t hash(const uint8_t *data, uint32_t len)
{
    uint64_t h = 14695981039346656037u;
    for (uint32_t i = 0; i < len; i++)
        h = (h ^ data[i]) * 1099511628211u;
    return h;
}

static void tell(struct story *s, const struct mr_ws_frame *f)
{
    static const char *const names[] = {"", "text", "binary", "", "", "", "", "", "close", "ping", "pong"};
    if (f->opcode == MR_WS_CONTINUATION || s->len + 80 > STORY_BYTES)
        return;
    s->len += (size_t)snprintf(s->text + s->len, 80, "%s(%u,%u)=%016llx ", names[f->opcode], f->close_code, f->len,
                               (unsigned long long)hash(f->data, f->len));
}

void story_tell(struct story *s, enum mr_ws_side side, uint32_t message_max, const uint8_t *data, uint32_t len,
                story_cut_fn *cut, void *arg)
{
    *s = (struct story){.len = 0};
    uint8_t *assembly = malloc(message_max + 1u), *copy = malloc(len + 1u);
    memcpy(copy, data, len); /* a server unmasks in place */
    struct mr_ws ws;
    mr_ws_init(&ws, side, assembly, message_max);
    int64_t got = 0;
    for (uint32_t from = 0, to = 0; to < len && got >= 0;) {
        uint32_t more = cut ? cut(arg, len - to) : len - to;
        to += more == 0 ? 1 : more > len - to ? len - to : more;
        do {
            struct mr_ws_frame frame = {0};
            /* what has come, in memory that ends with it, at another place each time */
            uint32_t odd = (to - from) & 1;
            uint8_t *heap = malloc(to - from + odd), *here = heap + odd;
            memcpy(here, copy + from, to - from);
            got = mr_ws_read(&ws, here, to - from, &frame);
            MR_ASSERT(got <= (int64_t)(to - from));
            if (got > 0)
                tell(s, &frame);
            memcpy(copy + from, here, to - from);
            free(heap);
            from += got > 0 ? (uint32_t)got : 0;
        } while (got > 0 && from < to);
    }
    s->status = ws.status;
    s->close_code = ws.close_code;
    s->frames = ws.frames;
    MR_ASSERT((ws.status == MR_OK) == (ws.reason == NULL));
    if (ws.status != MR_OK)
        MR_ASSERT(mr_ws_read(&ws, copy, len, &(struct mr_ws_frame){0}) == ws.status);
    free(assembly);
    free(copy);
}
