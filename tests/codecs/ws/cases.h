/* The cases of the WebSocket client suite: what a server sends, and what a client must answer. Bytes only; server.c carries them.
 *
 * A case is two lines of text, made into bytes by ws_script_make. What is sent:
 *     81:hello          a frame: its first octet, its payload
 *     01/64:$t4096      a message in frames of 64 octets
 *     100*81:$b16       a hundred frames, each after the answer to the one before
 *     raw:#8985         octets as they are
 *     ?2                not before two answers have come
 *     .                 not before a moment has passed in which the client must neither fail nor answer
 *     !                 the client must have failed by now; if it fails later, that is not strict
 * Payloads: letters as they are, #hex, $t65536 and $b65536 (so many octets of text, and of any kind).
 * What must come back, in order, is written the same way (frames only; a client's are masked). */
#ifndef MR_TESTS_WS_CASES_H
#define MR_TESTS_WS_CASES_H

#include "dataplane/base/base.h"

enum ws_end {
    WS_WE_CLOSE,  /* when all answers have come the server closes with 1000, and the client answers that */
    WS_SAID,      /* the script has a close frame; the client answers with `code` (0: none) */
    WS_THEY_FAIL, /* the client closes with `code`, then the connection */
    WS_REFUSED,   /* the client does not take the 101: it says nothing, or closes with `code` */
    WS_FREE       /* as it likes: RFC 6455 leaves it open */
};
#define WS_FRAMES UINT32_MAX /* `chop`: a frame a write */

struct ws_case {
    char id[20];
    const char *says;
    const char *send, *want;
    uint32_t chop; /* octets a write; 0: as many as go */
    uint8_t end;   /* enum ws_end */
    uint16_t code;
    const char *extension; /* in the 101; NULL: none */
    char *owned[4];        /* of the above, those made at run time */
};
struct ws_cases {
    struct ws_case *row;
    uint32_t count, room;
};
/* All of them: the 301 of the Autobahn suite that need no extension, two a case of those that do (`deflate`), and our own.
 * `shrink` divides the sizes of the limits group: 1 for the full ones. */
void ws_cases_make(struct ws_cases *cases, uint32_t shrink);
void ws_cases_free(struct ws_cases *cases);
const struct ws_case *ws_cases_find(const struct ws_cases *cases, const char *id); /* NULL: none */

/* ---- for the files that make them ---- */
struct ws_case *ws_cases_add(struct ws_cases *cases, const char *id);
MR_PRINTF(2, 3) const char *ws_case_text(struct ws_case *c, const char *format, ...); /* owned by the case */
void ws_cases_utf8(struct ws_cases *cases);
void ws_cases_limits(struct ws_cases *cases, uint32_t shrink);
void ws_cases_deflate(struct ws_cases *cases);

/* ---- as bytes ---- */
enum ws_stop_kind { WS_STOP_WRITE, WS_STOP_ANSWERS, WS_STOP_QUIET, WS_STOP_FAILED };
struct ws_stop {
    uint32_t at; /* nothing behind it is sent before ... */
    uint8_t kind;
    uint32_t answers;
};
struct ws_answer {
    uint8_t opcode;
    uint32_t at, len; /* in `want` */
};
struct ws_script {
    uint8_t *bytes, *want;
    uint32_t len, want_len;
    struct ws_stop *stops;
    struct ws_answer *answers;
    uint32_t stop_count, answer_count;
    size_t bytes_room, want_room;
};
void ws_script_make(struct ws_script *script, const struct ws_case *c);
void ws_script_free(struct ws_script *script);

#endif
