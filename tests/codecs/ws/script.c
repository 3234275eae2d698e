/* From the lines of a case to bytes. The writer of frames is its own: it must be able to write what mr_ws_write refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codecs/ws/cases.h"

static void grow(uint8_t **data, size_t *room, size_t need)
{
    if (need <= *room)
        return;
    *room = need + need / 2 + 256;
    *data = realloc(*data, *room);
    MR_ASSERT(*data != NULL);
}

static uint32_t hex_digit(char c) { return (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

/* Octet `i` of `n`: tells its place, so that what is exchanged or lost shows. Text has a letter of two octets here and there. */
static uint8_t drawn(uint32_t i, uint32_t n, bool text)
{
    if (!text)
        return (uint8_t)(i * 31 + (i >> 8));
    if (i % 97 == 95 && i + 1 < n)
        return 0xc3;
    if (i % 97 == 96)
        return 0xa9;
    return (uint8_t)(0x20 + (i * 7 + i / 251) % 95);
}

/* Appends the payload of a token; how long it is. */
static uint32_t payload(const char *spec, size_t len, uint8_t **data, size_t *room, uint32_t at)
{
    if (len > 1 && spec[0] == '#') {
        uint32_t n = (uint32_t)(len - 1) / 2;
        grow(data, room, at + n);
        for (uint32_t i = 0; i < n; i++)
            (*data)[at + i] = (uint8_t)(hex_digit(spec[1 + 2 * i]) << 4 | hex_digit(spec[2 + 2 * i]));
        return n;
    }
    if (len > 2 && spec[0] == '$') {
        uint32_t n = (uint32_t)strtoul(spec + 2, NULL, 10);
        grow(data, room, at + n);
        for (uint32_t i = 0; i < n; i++)
            (*data)[at + i] = drawn(i, n, spec[1] == 't');
        return n;
    }
    grow(data, room, at + len);
    if (len > 0)
        memcpy(*data + at, spec, len);
    return (uint32_t)len;
}

static void stop(struct ws_script *s, enum ws_stop_kind kind, uint32_t answers)
{
    if ((s->stop_count & (s->stop_count - 1)) == 0) {
        s->stops = realloc(s->stops, (s->stop_count ? 2 * s->stop_count : 1) * sizeof *s->stops);
        MR_ASSERT(s->stops != NULL);
    }
    s->stops[s->stop_count++] = (struct ws_stop){s->len, (uint8_t)kind, answers};
}

static void frame(struct ws_script *s, uint8_t first, const uint8_t *data, uint32_t len, bool whole_write)
{
    grow(&s->bytes, &s->bytes_room, (size_t)s->len + len + 10);
    uint8_t *out = s->bytes + s->len;
    uint32_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = first;
    out[1] = bytes == 0 ? (uint8_t)len : bytes == 2 ? 126 : 127;
    for (uint32_t i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)((uint64_t)len >> 8 * (bytes - 1 - i));
    if (len > 0)
        memcpy(out + 2 + bytes, data, len);
    s->len += 2 + bytes + len;
    if (whole_write)
        stop(s, WS_STOP_WRITE, 0);
}

struct token {
    uint32_t times, part; /* 1, 0: one frame */
    uint8_t first;
    const char *spec;
    size_t spec_len;
};

static struct token parse(const char *text, size_t len)
{
    struct token t = {.times = 1};
    const char *colon = memchr(text, ':', len), *star = memchr(text, '*', len), *slash = memchr(text, '/', len);
    MR_ASSERT(colon != NULL);
    if (star && star < colon) {
        t.times = (uint32_t)strtoul(text, NULL, 10);
        text = star + 1;
    }
    t.first = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
    if (slash && slash < colon)
        t.part = (uint32_t)strtoul(slash + 1, NULL, 10);
    t.spec = colon + 1;
    t.spec_len = strcspn(t.spec, " ");
    return t;
}

/* A message in frames of `part` octets. */
static void in_parts(struct ws_script *s, const struct token *t, const uint8_t *data, uint32_t len, bool frames)
{
    uint32_t at = 0;
    do {
        uint32_t n = len - at < t->part ? len - at : t->part;
        uint8_t first = at == 0 ? t->first & 0x7f : 0;
        at += n;
        frame(s, at == len ? first | 0x80 : first, data + at - n, n, frames);
    } while (at < len);
}

static void send_token(struct ws_script *s, const char *text, size_t len, bool frames, uint32_t *asked)
{
    uint8_t *data = NULL;
    size_t room = 0;
    if (*text == '?') {
        stop(s, WS_STOP_ANSWERS, (uint32_t)strtoul(text + 1, NULL, 10));
    } else if (*text == '.') {
        stop(s, WS_STOP_QUIET, 0);
    } else if (*text == '!') {
        stop(s, WS_STOP_FAILED, 0);
    } else if (strncmp(text, "raw:", 4) == 0) {
        s->len += payload(text + 4, len - 4, &s->bytes, &s->bytes_room, s->len);
    } else {
        struct token t = parse(text, len);
        uint32_t n = payload(t.spec, t.spec_len, &data, &room, 0);
        for (uint32_t i = 0; i < t.times; i++) {
            if (t.part)
                in_parts(s, &t, data, n, frames);
            else
                frame(s, t.first, data, n, frames);
            if (t.times > 1)
                stop(s, WS_STOP_ANSWERS, ++*asked);
        }
        free(data);
    }
}

static void want_token(struct ws_script *s, const char *text, size_t len)
{
    struct token t = parse(text, len);
    uint32_t n = payload(t.spec, t.spec_len, &s->want, &s->want_room, s->want_len);
    s->answers = realloc(s->answers, (s->answer_count + t.times) * sizeof *s->answers);
    MR_ASSERT(s->answers != NULL);
    for (uint32_t i = 0; i < t.times; i++)
        s->answers[s->answer_count++] = (struct ws_answer){t.first & 15, s->want_len, n};
    s->want_len += n;
}

void ws_script_make(struct ws_script *script, const struct ws_case *c)
{
    *script = (struct ws_script){0};
    uint32_t asked = 0;
    grow(&script->want, &script->want_room, 1); /* answers without payload have a place too */
    for (const char *p = c->send; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        send_token(script, p, len, c->chop == WS_FRAMES, &asked);
        p += len;
    }
    for (const char *p = c->want; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        want_token(script, p, len);
        p += len;
    }
}

void ws_script_free(struct ws_script *script)
{
    free(script->bytes);
    free(script->want);
    free(script->stops);
    free(script->answers);
    *script = (struct ws_script){0};
}
