/* Cases that follow a rule: UTF-8 (6.5 to 6.23), limits (9), and those of an extension that is forced on us (12, 13). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codecs/ws/cases.h"

/* ---- UTF-8: the sequences that a decoder gets wrong, as Markus Kuhn's stress test orders them ---- */

struct maker {
    struct ws_cases *cases;
    uint32_t group, number;
    char hex[256];
};

static void add(struct maker *m, const char *text)
{
    size_t used = strlen(m->hex);
    snprintf(m->hex + used, sizeof m->hex - used, "%s", text);
}

/* `value` in `n` octets, whether or not that is the right number. */
static void add_coded(struct maker *m, uint32_t value, uint32_t n)
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc};
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits = value >> 6 * (n - 1 - i);
        uint32_t octet = n == 1 ? value : i == 0 ? lead[n] | bits : 0x80 | (bits & 0x3f);
        sprintf(m->hex + strlen(m->hex), "%02x", octet);
    }
}

static void cut_last(struct maker *m) { m->hex[strlen(m->hex) - 2] = 0; }

static void group(struct maker *m, uint32_t number)
{
    m->group = number;
    m->number = 0;
}

static void done(struct maker *m, bool valid)
{
    char id[20];
    snprintf(id, sizeof id, "6.%u.%u", m->group, ++m->number);
    struct ws_case *c = ws_cases_add(m->cases, id);
    c->says = valid ? "text that is UTF-8" : "text that is not UTF-8";
    c->send = ws_case_text(c, "81:#%s", m->hex);
    c->want = valid ? ws_case_text(c, "81:#%s", m->hex) : "";
    c->end = valid ? WS_WE_CLOSE : WS_THEY_FAIL;
    c->code = valid ? 1000 : 1007;
    m->hex[0] = 0;
}

static void coded(struct maker *m, uint32_t value, uint32_t n, bool valid)
{
    add_coded(m, value, n);
    done(m, valid);
}

static uint32_t octets(uint32_t value) { return value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4; }

static void words(struct maker *m)
{
    static const uint32_t between[] = {'$', 0xa2, 0x20ac, 0x24b62};
    group(m, 5);
    for (size_t i = 0; i < MR_COUNT_OF(between); i++) {
        add(m, "68656c6c6f");
        add_coded(m, between[i], octets(between[i]));
        add(m, "776f726c64");
        done(m, true);
    }
    static const char greek[] = "cebae1bdb9cf83cebcceb5", whole[] = ".x..x.x.x.x"; /* x: a letter ends here */
    add(m, greek);
    done(m, true);
    group(m, 6);
    for (uint32_t n = 1; n <= 11; n++) {
        snprintf(m->hex, sizeof m->hex, "%.*s", (int)(2 * n), greek);
        done(m, n == 11 || whole[n - 1] == 'x');
    }
}

/* The first and the last value of each length, and the edges of what is a character. */
static void edges(struct maker *m)
{
    static const uint32_t from[] = {0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    group(m, 7);
    for (uint32_t n = 1; n <= 4; n++)
        coded(m, from[n], n, true);
    group(m, 8);
    coded(m, from[5], 5, false);
    coded(m, from[6], 6, false);
    group(m, 9);
    for (uint32_t n = 1; n <= 4; n++)
        coded(m, n == 4 ? 0x10ffff : from[n + 1] - 1, n, true);
    group(m, 10);
    coded(m, from[5] - 1, 4, false);
    coded(m, from[6] - 1, 5, false);
    coded(m, 0x7fffffff, 6, false);
    group(m, 11);
    coded(m, 0xd7ff, 3, true);
    coded(m, 0xe000, 3, true);
    coded(m, 0xfffd, 3, true);
    coded(m, 0x10ffff, 4, true);
    coded(m, 0x110000, 4, false);
}

/* Octets that stand where none of their kind may. */
static void strays(struct maker *m)
{
    group(m, 12);
    add(m, "80");
    done(m, false);
    add(m, "bf");
    done(m, false);
    for (uint32_t n = 2; n <= 6; n++) {
        for (uint32_t i = 0; i < n; i++)
            add(m, i & 1 ? "bf" : "80");
        done(m, false);
    }
    for (uint32_t octet = 0x80; octet < 0xbf; octet++)
        sprintf(m->hex + strlen(m->hex), "%02x", octet);
    done(m, false);
    group(m, 13);
    static const struct {
        uint32_t first, last;
    } leads[] = {{0xc0, 0xde}, {0xe0, 0xee}, {0xf0, 0xf6}, {0xf8, 0xfa}, {0xfc, 0xfc}};
    for (size_t i = 0; i < MR_COUNT_OF(leads); i++) {
        for (uint32_t octet = leads[i].first; octet <= leads[i].last; octet++)
            sprintf(m->hex + strlen(m->hex), "%02x20", octet);
        done(m, false);
    }
}

static uint32_t last_of(uint32_t n) { return n == 2 ? 0x7ff : n == 3 ? 0xffff : (1u << (6 * (n - 1) + 7 - n)) - 1; }

/* Sequences without their last octet, alone and one behind the other; octets that never stand in UTF-8. */
static void unfinished(struct maker *m)
{
    group(m, 14);
    for (uint32_t full = 0; full < 2; full++)
        for (uint32_t n = 2; n <= 6; n++) {
            add_coded(m, full ? last_of(n) : 0, n);
            cut_last(m);
            done(m, false);
        }
    group(m, 15);
    for (uint32_t full = 0; full < 2; full++)
        for (uint32_t n = 2; n <= 6; n++) {
            add_coded(m, full ? last_of(n) : 0, n);
            cut_last(m);
        }
    done(m, false);
    group(m, 16);
    static const char *const never[] = {"fe", "ff", "fefeffff"};
    for (size_t i = 0; i < MR_COUNT_OF(never); i++) {
        add(m, never[i]);
        done(m, false);
    }
}

/* More octets than it takes. */
static void overlong(struct maker *m)
{
    static const uint32_t too_long_from[] = {0, 0, 0x7f, 0x7ff, 0xffff, 0x1fffff, 0x3ffffff};
    group(m, 17);
    for (uint32_t n = 2; n <= 6; n++)
        coded(m, '/', n, false);
    group(m, 18);
    for (uint32_t n = 2; n <= 6; n++)
        coded(m, too_long_from[n], n, false);
    group(m, 19);
    for (uint32_t n = 2; n <= 6; n++)
        coded(m, 0, n, false);
}

static void surrogates(struct maker *m)
{
    static const uint32_t single[] = {0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff};
    group(m, 20);
    for (size_t i = 0; i < MR_COUNT_OF(single); i++)
        coded(m, single[i], 3, false);
    group(m, 21);
    for (size_t i = 0; i < 4; i++)
        for (uint32_t low = 0xdc00; low <= 0xdfff; low += 0x3ff) {
            add_coded(m, single[i], 3);
            coded(m, low, 3, false);
        }
}

/* Legal, though nothing is assigned there. */
static void no_characters(struct maker *m)
{
    group(m, 22);
    for (uint32_t plane = 0; plane <= 16; plane++)
        for (uint32_t value = plane << 16 | 0xfffe; value <= (plane << 16 | 0xffff); value++)
            coded(m, value, octets(value), true);
    group(m, 23);
    for (uint32_t value = 0xfff9; value <= 0xffff; value++)
        coded(m, value, 3, true);
}

void ws_cases_utf8(struct ws_cases *cases)
{
    struct maker m = {.cases = cases};
    words(&m);
    edges(&m);
    strays(&m);
    unfinished(&m);
    overlong(&m);
    surrogates(&m);
    no_characters(&m);
}

/* ---- limits ---- */

static struct ws_case *limit(struct ws_cases *cases, uint32_t group, uint32_t number)
{
    char id[20];
    snprintf(id, sizeof id, "9.%u.%u", group, number);
    struct ws_case *c = ws_cases_add(cases, id);
    c->end = WS_WE_CLOSE;
    c->code = 1000;
    return c;
}

void ws_cases_limits(struct ws_cases *cases, uint32_t shrink)
{
    static const uint32_t whole_kb[] = {64, 256, 1024, 4096, 8192, 16384}, trips[] = {0, 16, 64, 256, 1024, 4096};
    const uint32_t mb = 1024 * 1024, times = 1000 / shrink;
    for (uint32_t binary = 0; binary < 2; binary++) {
        uint32_t op = 0x81 + binary;
        char kind = binary ? 'b' : 't';
        for (uint32_t i = 0; i < 6; i++) {
            struct ws_case *c = limit(cases, 1 + binary, i + 1);
            uint32_t bytes = whole_kb[i] * 1024 / shrink;
            c->says = ws_case_text(c, "%u octets in one frame", bytes);
            c->send = c->want = ws_case_text(c, "%02x:$%c%u", op, kind, bytes);
        }
        for (uint32_t i = 0; i < 9; i++) {
            struct ws_case *c = limit(cases, 3 + binary, i + 1);
            uint32_t part = 64u << 2 * i;
            c->says = ws_case_text(c, "%u octets in frames of %u", 4 * mb / shrink, part);
            c->send = ws_case_text(c, "%02x/%u:$%c%u", op & 0x7f, part, kind, 4 * mb / shrink);
            c->want = ws_case_text(c, "%02x:$%c%u", op, kind, 4 * mb / shrink);
        }
        for (uint32_t i = 0; i < 6; i++) {
            struct ws_case *c = limit(cases, 5 + binary, i + 1);
            c->says = ws_case_text(c, "%u octets in one frame, cut every %u", mb / shrink, 64u << i);
            c->send = c->want = ws_case_text(c, "%02x:$%c%u", op, kind, mb / shrink);
            c->chop = 64u << i;
        }
        for (uint32_t i = 0; i < 6; i++) {
            struct ws_case *c = limit(cases, 7 + binary, i + 1);
            c->says = ws_case_text(c, "%u messages of %u octets, there and back", times, trips[i]);
            c->send = c->want = ws_case_text(c, "%u*%02x:$%c%u", times, op, kind, trips[i]);
        }
    }
}

/* ---- permessage-deflate, which we never offer: the server forces it ---- */

/* A message of `bytes` as deflate writes it without packing: a stored block, and the empty one that the extension cuts off. Its
 * first frame has RSV1. */
static const char *deflated(struct ws_case *c, uint32_t bytes, uint32_t part)
{
    uint32_t block = bytes < 65535 ? bytes : 65535, frame = part && part < block + 6 ? part : block + 6;
    char head[64], *hex = calloc(2 * frame + 1, 1);
    MR_ASSERT(hex != NULL);
    snprintf(head, sizeof head, "00%02x%02x%02x%02x", block & 255, block >> 8, ~block & 255, ~block >> 8 & 255);
    memcpy(hex, head, 10);
    for (uint32_t i = 5; i < frame; i++)
        memcpy(hex + 2 * i, i == block + 5 ? "00" : "61", 2);
    const char *text = ws_case_text(c, "%s:#%s", frame == block + 6 ? "c1" : "41", hex);
    free(hex);
    return text;
}

/* The parameters a server would agree on, by the groups of offers 12.1 to 12.5 and 13.1 to 13.7. */
static const struct {
    uint32_t major, minor;
    const char *extension;
} offers[] = {
    {12, 1, "permessage-deflate"},
    {12, 2, "permessage-deflate"},
    {12, 3, "permessage-deflate"},
    {12, 4, "permessage-deflate"},
    {12, 5, "permessage-deflate"},
    {13, 1, "permessage-deflate"},
    {13, 2, "permessage-deflate; server_no_context_takeover"},
    {13, 3, "permessage-deflate; server_max_window_bits=9"},
    {13, 4, "permessage-deflate; server_max_window_bits=15"},
    {13, 5, "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"},
    {13, 6, "permessage-deflate; server_no_context_takeover; server_max_window_bits=15"},
    {13, 7, "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"},
};

void ws_cases_deflate(struct ws_cases *cases)
{
    static const struct {
        uint32_t bytes, part;
    } sizes[] = {{16, 0},      {64, 0},      {256, 0},      {1024, 0},      {4096, 0},      {8192, 0},
                 {16384, 0},   {32768, 0},   {65536, 0},    {131072, 0},    {8192, 256},    {16384, 256},
                 {32768, 256}, {65536, 256}, {131072, 256}, {131072, 1024}, {131072, 4096}, {131072, 32768}};
    for (size_t i = 0; i < MR_COUNT_OF(offers); i++)
        for (uint32_t k = 0; k < MR_COUNT_OF(sizes); k++) {
            char id[20];
            snprintf(id, sizeof id, "%u.%u.%u", offers[i].major, offers[i].minor, k + 1);
            struct ws_case *c = ws_cases_add(cases, id);
            c->says = "the 101 agrees to an extension nobody offered";
            c->send = deflated(c, sizes[k].bytes, sizes[k].part);
            c->extension = offers[i].extension;
            c->end = WS_REFUSED;
            c->code = 1010;
            const char *send = c->send;
            snprintf(id, sizeof id, "%u.%u.%u/RSV1", offers[i].major, offers[i].minor, k + 1);
            c = ws_cases_add(cases, id);
            c->says = "no extension was agreed on, and a message comes packed";
            c->send = ws_case_text(c, "%s", send);
            c->end = WS_THEY_FAIL;
            c->code = 1002;
        }
}
