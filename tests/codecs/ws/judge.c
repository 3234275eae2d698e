#include "tests/codecs/ws/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ws_verdict_name(enum ws_verdict verdict)
{
    static const char *const names[] = {"OK", "NON-STRICT", "INFORMATIONAL", "FAILED"};
    return names[verdict];
}

void ws_judge_init(struct ws_judge *j, const struct ws_case *c, const struct ws_script *script)
{
    *j = (struct ws_judge){.c = c, .script = script};
}

void ws_judge_free(struct ws_judge *j) { free(j->data); }

static void wrong(struct ws_judge *j, const char *what)
{
    if (!j->wrong[0])
        snprintf(j->wrong, sizeof j->wrong, "%s", what);
}

static void take_close(struct ws_judge *j, const uint8_t *payload, uint64_t len)
{
    j->closed = true;
    if (len == 1)
        wrong(j, "a close frame with half a code");
    if (len >= 2)
        j->code = (uint16_t)(payload[0] << 8 | payload[1]);
    if (len >= 2 && (j->code < 1000 || (j->code >= 1004 && j->code <= 1006) || (j->code > 1014 && j->code < 3000) ||
                     j->code > 4999))
        wrong(j, "a close code that may not be sent");
}

static void take_answer(struct ws_judge *j, uint8_t opcode, const uint8_t *payload, uint64_t len)
{
    const struct ws_script *s = j->script;
    if (j->answers == s->answer_count) {
        wrong(j, "a frame nobody asked for");
        return;
    }
    const struct ws_answer *want = &s->answers[j->answers];
    if (opcode != want->opcode) {
        wrong(j, "an answer of another kind, or out of order");
        return;
    }
    if (len != want->len || (len > 0 && memcmp(payload, s->want + want->at, len) != 0)) {
        wrong(j, "an answer with another payload");
        return;
    }
    j->answers++;
}

/* What is wrong with a head of a client's frame; NULL: nothing. */
static const char *bad_head(uint8_t first, uint8_t second, uint64_t len, uint32_t len_octets)
{
    uint8_t opcode = first & 15;
    if (first & 0x70)
        return "a reserved bit";
    if (!(second & 0x80))
        return "a frame without a mask";
    if (!(first & 0x80) || opcode == 0)
        return "an answer in fragments";
    if (opcode != 1 && opcode != 2 && (opcode < 8 || opcode > 10))
        return "an unknown opcode";
    if (opcode >= 8 && len > 125)
        return "a control frame of more than 125 octets";
    if ((len_octets == 2 && len < 126) || (len_octets == 8 && len < 65536))
        return "a length in more octets than it needs";
    return NULL;
}

/* One frame from the front; false: it is not whole, or wrong. */
static bool take_frame(struct ws_judge *j, size_t *at)
{
    uint8_t *p = j->data + *at;
    size_t left = j->len - *at;
    if (left < 2)
        return false;
    uint32_t len_octets = (p[1] & 127) == 126 ? 2 : (p[1] & 127) == 127 ? 8 : 0;
    if (left < 2 + len_octets + 4u)
        return false;
    uint64_t len = p[1] & 127;
    for (uint32_t i = 0; i < len_octets; i++)
        len = (i ? len << 8 : 0) | p[2 + i];
    const char *bad = bad_head(p[0], p[1], len, len_octets);
    if (bad) {
        wrong(j, bad);
        return false;
    }
    const uint8_t *mask = p + 2 + len_octets;
    uint8_t *payload = p + 2 + len_octets + 4;
    if (left - 2 - len_octets - 4 < len)
        return false;
    for (uint64_t i = 0; i < len; i++)
        payload[i] ^= mask[i & 3];
    *at += 2 + len_octets + 4 + len;
    if (j->closed)
        wrong(j, "a frame behind the close frame");
    else if ((p[0] & 15) == 8)
        take_close(j, payload, len);
    else
        take_answer(j, p[0] & 15, payload, len);
    return true;
}

void ws_judge_take(struct ws_judge *j, const uint8_t *data, size_t len)
{
    if (len == 0)
        return;
    if (j->len + len > j->room) {
        j->room = (j->len + len) * 2;
        j->data = realloc(j->data, j->room);
        MR_ASSERT(j->data != NULL);
    }
    memcpy(j->data + j->len, data, len);
    j->len += len;
    j->octets += (uint32_t)len;
    size_t at = 0;
    while (!j->wrong[0] && take_frame(j, &at))
        ;
    memmove(j->data, j->data + at, j->len - at);
    j->len -= at;
}

static enum ws_verdict say(char *why, size_t bytes, enum ws_verdict verdict, const char *text)
{
    snprintf(why, bytes, "%s", text);
    return verdict;
}

/* The client had to fail the connection. */
static enum ws_verdict judge_failure(const struct ws_judge *j, char *why, size_t bytes)
{
    if (j->c->end == WS_REFUSED && j->closed && j->code == 1002 && j->answers == 0)
        return say(why, bytes, WS_NON_STRICT, "took the 101, and failed at the first frame");
    if (j->closed && j->code != j->c->code) {
        snprintf(why, bytes, "closed with %u, not %u", j->code, j->c->code);
        return WS_FAILED;
    }
    if (j->c->end == WS_REFUSED)
        return j->answers == 0 ? WS_OK : say(why, bytes, WS_FAILED, "took an extension that it had not offered");
    if (!j->closed)
        return say(why, bytes, WS_NON_STRICT, "no close frame");
    if (j->slow)
        return say(why, bytes, WS_NON_STRICT, "failed, but not at once");
    if (j->answers < j->script->answer_count)
        return say(why, bytes, WS_NON_STRICT, "what came before the mistake was not answered");
    return WS_OK;
}

enum ws_verdict ws_judge_end(struct ws_judge *j, char *why, size_t bytes)
{
    why[0] = 0;
    if (j->wrong[0])
        return say(why, bytes, WS_FAILED, j->wrong);
    if (j->early)
        return say(why, bytes, WS_FAILED, "gave up where all was well");
    if (j->len > 0)
        return say(why, bytes, WS_FAILED, "half a frame at the end");
    if (j->c->end == WS_THEY_FAIL || j->c->end == WS_REFUSED)
        return judge_failure(j, why, bytes);
    if (j->c->end == WS_FREE) {
        snprintf(why, bytes, "%u answers, %s %u", j->answers, j->closed ? "closed with" : "no close frame", j->code);
        return WS_INFORMATIONAL;
    }
    if (j->answers < j->script->answer_count) {
        snprintf(why, bytes, "%u of %u answers", j->answers, j->script->answer_count);
        return WS_FAILED;
    }
    if (!j->closed)
        return say(why, bytes, WS_FAILED, "the close frame was not answered");
    if (j->code != j->c->code) {
        snprintf(why, bytes, "closed with %u, not %u", j->code, j->c->code);
        return WS_NON_STRICT;
    }
    return WS_OK;
}
