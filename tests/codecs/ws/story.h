/* What a reader says of a stream, told as text, so that two deliveries of the same bytes can be compared:
 *     text(5)=1f3a.. ping(0)=.. close(1000,3)=.. !MALFORMED 1002
 * Fragments taken are not told: they are not seen by a user. */
#ifndef MR_TESTS_WS_STORY_H
#define MR_TESTS_WS_STORY_H

#include "codecs/ws/ws.h"

enum { STORY_BYTES = 1 << 16 };

struct story {
    char text[STORY_BYTES];
    size_t len;
    int status; /* of the reader at the end */
    uint16_t close_code;
    uint64_t frames;
};

/* Reads the stream as it comes in pieces: `cut(arg, left)` says how many bytes come next (at least one is taken). The
 * reader looks at memory that ends exactly behind what has come. `cut` NULL: all at once. */
typedef uint32_t story_cut_fn(void *arg, uint32_t left);
void story_tell(struct story *s, enum mr_ws_side side, uint32_t message_max, const uint8_t *data, uint32_t len,
                story_cut_fn *cut, void *arg);

#endif
