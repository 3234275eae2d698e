/* What a client answered, octet for octet, against what a case wants. The reader of frames is its own: a judge that shared the client's
 * would share its mistakes. */
#ifndef MR_TESTS_WS_JUDGE_H
#define MR_TESTS_WS_JUDGE_H

#include "tests/codecs/ws/cases.h"

enum ws_verdict { WS_OK, WS_NON_STRICT, WS_INFORMATIONAL, WS_FAILED };
const char *ws_verdict_name(enum ws_verdict verdict);

struct ws_judge {
    const struct ws_case *c;
    const struct ws_script *script;
    uint8_t *data; /* received, not read yet */
    size_t len, room;
    uint32_t answers, octets;
    bool closed;     /* the client's close frame has come */
    bool slow;       /* it failed, but later than it could */
    bool early;      /* it answered in a moment that is quiet */
    uint16_t code;   /* of it; 0 none */
    char wrong[160]; /* what no client may do, or what was not asked for; empty: nothing */
};
void ws_judge_init(struct ws_judge *j, const struct ws_case *c, const struct ws_script *script);
void ws_judge_take(struct ws_judge *j, const uint8_t *data, size_t len);
/* The connection is over: `why` says what is not as it should be, or nothing. */
enum ws_verdict ws_judge_end(struct ws_judge *j, char *why, size_t bytes);
void ws_judge_free(struct ws_judge *j);

#endif
