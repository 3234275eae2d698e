#include "tests/codecs/ws/cases.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = WS_WE_CLOSE, S = WS_SAID, F = WS_THEY_FAIL, FREE = WS_FREE, EACH = 1, FRAMES = -1 };

#define FE25 "fefefefefefefefefefefefefefefefefefefefefefefefefe"
#define FE125 FE25 FE25 FE25 FE25 FE25
#define X41 "7878787878787878787878787878787878787878787878787878787878787878787878787878787878" /* letters */
#define TEN(code)                                                                                                      \
    code ":ping-0 " code ":ping-1 " code ":ping-2 " code ":ping-3 " code ":ping-4 " code ":ping-5 " code               \
         ":ping-6 " code ":ping-7 " code ":ping-8 " code ":ping-9"
#define GREEK "cebae1bdb9cf83cebcceb5" /* "kosme", with an accent */

/* clang-format off */
static const struct {
    const char *id, *says; int chop; const char *send, *want; int end, code;
} rows[] = {
    {"1.1.1", "text of 0 octets",      0, "81:",        "81:",        W, 1000},
    {"1.1.2", "text of 125 octets",    0, "81:$t125",   "81:$t125",   W, 1000},
    {"1.1.3", "text of 126 octets",    0, "81:$t126",   "81:$t126",   W, 1000},
    {"1.1.4", "text of 127 octets",    0, "81:$t127",   "81:$t127",   W, 1000},
    {"1.1.5", "text of 128 octets",    0, "81:$t128",   "81:$t128",   W, 1000},
    {"1.1.6", "text of 65535 octets",  0, "81:$t65535", "81:$t65535", W, 1000},
    {"1.1.7", "text of 65536 octets",  0, "81:$t65536", "81:$t65536", W, 1000},
    {"1.1.8", "text of 65536 octets, cut every 997", 997, "81:$t65536", "81:$t65536", W, 1000},
    {"1.2.1", "binary of 0 octets",     0, "82:",        "82:",        W, 1000},
    {"1.2.2", "binary of 125 octets",   0, "82:$b125",   "82:$b125",   W, 1000},
    {"1.2.3", "binary of 126 octets",   0, "82:$b126",   "82:$b126",   W, 1000},
    {"1.2.4", "binary of 127 octets",   0, "82:$b127",   "82:$b127",   W, 1000},
    {"1.2.5", "binary of 128 octets",   0, "82:$b128",   "82:$b128",   W, 1000},
    {"1.2.6", "binary of 65535 octets", 0, "82:$b65535", "82:$b65535", W, 1000},
    {"1.2.7", "binary of 65536 octets", 0, "82:$b65536", "82:$b65536", W, 1000},
    {"1.2.8", "binary of 65536 octets, cut every 997", 997, "82:$b65536", "82:$b65536", W, 1000},

    {"2.1",  "ping without payload",             0,    "89:",                  "8a:",                  W, 1000},
    {"2.2",  "ping with a text",                 0,    "89:Good-morning",      "8a:Good-morning",      W, 1000},
    {"2.3",  "ping with octets",                 0,    "89:#00fffefdfcfb00ff", "8a:#00fffefdfcfb00ff", W, 1000},
    {"2.4",  "ping of 125 octets",               0,    "89:#" FE125,           "8a:#" FE125,           W, 1000},
    {"2.5",  "ping of 126 octets",               0,    "89:#fe" FE125,         "",                     F, 1002},
    {"2.6",  "ping of 125 octets, octet-wise",   EACH, "89:#" FE125,           "8a:#" FE125,           W, 1000},
    {"2.7",  "pong unasked, without payload",    0,    "8a: .",                "",                     W, 1000},
    {"2.8",  "pong unasked, with payload",       0,    "8a:unasked .",         "",                     W, 1000},
    {"2.9",  "pong unasked, then a ping",        0,    "8a:unasked 89:asked",  "8a:asked",             W, 1000},
    {"2.10", "ten pings",                        0,    TEN("89"),              TEN("8a"),              W, 1000},
    {"2.11", "ten pings, octet-wise",            EACH, TEN("89"),              TEN("8a"),              W, 1000},

    {"3.1", "text with RSV 1",                                      0,      "91:hello",              "",         F, 1002},
    {"3.2", "text, then one with RSV 2, then a ping",               0,      "81:hello a1:hello 89:", "81:hello", F, 1002},
    {"3.3", "text, then one with RSV 3, then a ping, frame-wise",   FRAMES, "81:hello b1:hello 89:", "81:hello", F, 1002},
    {"3.4", "text, then one with RSV 4, then a ping, octet-wise",   EACH,   "81:hello c1:hello 89:", "81:hello", F, 1002},
    {"3.5", "binary with RSV 5",                                    0,      "d2:#00ff00ff",          "",         F, 1002},
    {"3.6", "ping with RSV 6",                                      0,      "e9:hello",              "",         F, 1002},
    {"3.7", "close with RSV 7",                                     0,      "f8:#03e8",              "",         F, 1002},

    {"4.1.1", "opcode 3",                                                   0,    "83:",                   "",         F, 1002},
    {"4.1.2", "opcode 4 with payload",                                      0,    "84:reserved",           "",         F, 1002},
    {"4.1.3", "text, then opcode 5, then a ping",                           0,    "81:hello 85: 89:",      "81:hello", F, 1002},
    {"4.1.4", "text, then opcode 6 with payload, then a ping",              0,    "81:hello 86:reserved 89:", "81:hello", F, 1002},
    {"4.1.5", "text, then opcode 7 with payload, then a ping, octet-wise",  EACH, "81:hello 87:reserved 89:", "81:hello", F, 1002},
    {"4.2.1", "opcode 11",                                                  0,    "8b:",                   "",         F, 1002},
    {"4.2.2", "opcode 12 with payload",                                     0,    "8c:reserved",           "",         F, 1002},
    {"4.2.3", "text, then opcode 13, then a ping",                          0,    "81:hello 8d: 89:",      "81:hello", F, 1002},
    {"4.2.4", "text, then opcode 14 with payload, then a ping",             0,    "81:hello 8e:reserved 89:", "81:hello", F, 1002},
    {"4.2.5", "text, then opcode 15 with payload, then a ping, octet-wise", EACH, "81:hello 8f:reserved 89:", "81:hello", F, 1002},

    {"5.1",  "ping in two fragments",                                       0,      "09:one 80:two",        "",           F, 1002},
    {"5.2",  "pong in two fragments",                                       0,      "0a:one 80:two",        "",           F, 1002},
    {"5.3",  "text in two fragments",                                       0,      "01:one 80:two",        "81:onetwo",  W, 1000},
    {"5.4",  "... frame-wise",                                              FRAMES, "01:one 80:two",        "81:onetwo",  W, 1000},
    {"5.5",  "... octet-wise",                                              EACH,   "01:one 80:two",        "81:onetwo",  W, 1000},
    {"5.6",  "text in two fragments, a ping between them",                  0,      "01:one 89:now 80:two", "8a:now 81:onetwo", W, 1000},
    {"5.7",  "... frame-wise",                                              FRAMES, "01:one 89:now ?1 80:two", "8a:now 81:onetwo", W, 1000},
    {"5.8",  "... octet-wise",                                              EACH,   "01:one 89:now 80:two", "8a:now 81:onetwo", W, 1000},
    {"5.9",  "last continuation with nothing to continue, then a text",     0,      "80:lost 81:hello",     "",           F, 1002},
    {"5.10", "... frame-wise",                                              FRAMES, "80:lost 81:hello",     "",           F, 1002},
    {"5.11", "... octet-wise",                                              EACH,   "80:lost 81:hello",     "",           F, 1002},
    {"5.12", "continuation with nothing to continue, then a text",          0,      "00:lost 81:hello",     "",           F, 1002},
    {"5.13", "... frame-wise",                                              FRAMES, "00:lost 81:hello",     "",           F, 1002},
    {"5.14", "... octet-wise",                                              EACH,   "00:lost 81:hello",     "",           F, 1002},
    {"5.15", "text in two fragments, a continuation of nothing, a text",    0,      "01:one 80:two 00:lost 81:four", "81:onetwo", F, 1002},
    {"5.16", "twice: a continuation of nothing, then a text in two",        0,      "00:lost 01:one 80:two 00:lost 01:one 80:two", "", F, 1002},
    {"5.17", "twice: a last continuation of nothing, then a text in two",   0,      "80:lost 01:one 80:two 80:lost 01:one 80:two", "", F, 1002},
    {"5.18", "two fragments, both called text",                             0,      "01:one 81:two",        "",           F, 1002},
    {"5.19", "text in five fragments, two pings inside, a wait",            0,      "01:one 00:two 89:first ?1 00:three 00:four 89:second 80:five",
                                                                                    "8a:first 8a:second 81:onetwothreefourfive", W, 1000},
    {"5.20", "... frame-wise",                                              FRAMES, "01:one 00:two 89:first ?1 00:three 00:four 89:second 80:five",
                                                                                    "8a:first 8a:second 81:onetwothreefourfive", W, 1000},

    {"6.1.1", "text of no octets",                                0, "81:",              "81:",       W, 1000},
    {"6.1.2", "text in three fragments of no octets",             0, "01: 00: 80:",      "81:",       W, 1000},
    {"6.1.3", "text in three fragments, the middle one not empty", 0, "01: 00:middle 80:", "81:middle", W, 1000},
    {"6.2.1", "letters of two octets in one frame",               0, "81:#c2b5c39fc3b6c3a4c3bcc3a0c3a12d382121",       "81:#c2b5c39fc3b6c3a4c3bcc3a0c3a12d382121", W, 1000},
    {"6.2.2", "... in two, cut between letters",                  0, "01:#c2b5c39fc3b6 80:#c3a4c3bcc3a0c3a12d382121",  "81:#c2b5c39fc3b6c3a4c3bcc3a0c3a12d382121", W, 1000},
    {"6.2.3", "... a frame an octet",                             0, "01/1:#c2b5c39fc3b6c3a4c3bcc3a0c3a12d382121",     "81:#c2b5c39fc3b6c3a4c3bcc3a0c3a12d382121", W, 1000},
    {"6.2.4", "Greek, a frame an octet",                          0, "01/1:#" GREEK,     "81:#" GREEK, W, 1000},
    {"6.3.1", "a surrogate among letters, in one frame",          0, "81:#" GREEK "eda0806564697465",   "", F, 1007},
    {"6.3.2", "... a frame an octet",                             0, "01/1:#" GREEK "eda0806564697465", "", F, 1007},
    {"6.4.1", "beyond U+10FFFF in the second of three frames",    0, "01:#" GREEK " . 00:#f4908080 ! 80:#6564697465",   "", F, 1007},
    {"6.4.2", "... the second ends with the octet that decides",  0, "01:#" GREEK "f4 . 00:#90 ! 80:#80806564697465",   "", F, 1007},
    {"6.4.3", "one frame, what is wrong in the second of three parts", 0, "raw:#8114" GREEK " . raw:#f4908080 ! raw:#6564697465", "", F, 1007},
    {"6.4.4", "... the second ends with the octet that decides",  0, "raw:#8114" GREEK "f4 . raw:#90 ! raw:#80806564697465", "", F, 1007},

    {"7.1.1", "text, then close",                        0, "81:hello 88:#03e8",              "81:hello", S, 1000},
    {"7.1.2", "two closes",                              0, "88:#03e8 88:#03e8",              "",         S, 1000},
    {"7.1.3", "ping after close",                        0, "88:#03e8 89:late",               "",         S, 1000},
    {"7.1.4", "text after close",                        0, "88:#03e8 81:late",               "",         S, 1000},
    {"7.1.5", "close between two fragments",             0, "01:one 88:#03e8 80:two",         "",         S, 1000},
    {"7.1.6", "256 kB of text, a text, a close, a ping", 0, "81:$t262144 81:hello 88:#03e8 89:late", "81:$t262144 81:hello", FREE, 1000},
    {"7.3.1", "close without code",                      0, "88:",                            "",         S, 0},
    {"7.3.2", "close of one octet",                      0, "88:#03",                         "",         F, 1002},
    {"7.3.3", "close with a code",                       0, "88:#03e8",                       "",         S, 1000},
    {"7.3.4", "close with a code and a reason",          0, "88:#03e8476f6f64206e69676874",   "",         S, 1000},
    {"7.3.5", "close with a reason of 123 octets",       0, "88:#03e8" X41 X41 X41,
                                                                                              "",         S, 1000},
    {"7.3.6", "close with a reason of 124 octets",       0, "88:#03e878" X41 X41 X41,
                                                                                              "",         F, 1002},
    {"7.5.1", "close with a reason that is not UTF-8",   0, "88:#03e8" GREEK "eda0806564697465", "",      F, 1007},
    {"7.7.1", "close with 1000",  0, "88:#03e8", "", S, 1000},
    {"7.7.2", "close with 1001",  0, "88:#03e9", "", S, 1001},
    {"7.7.3", "close with 1002",  0, "88:#03ea", "", S, 1002},
    {"7.7.4", "close with 1003",  0, "88:#03eb", "", S, 1003},
    {"7.7.5", "close with 1007",  0, "88:#03ef", "", S, 1007},
    {"7.7.6", "close with 1008",  0, "88:#03f0", "", S, 1008},
    {"7.7.7", "close with 1009",  0, "88:#03f1", "", S, 1009},
    {"7.7.8", "close with 1010",  0, "88:#03f2", "", S, 1010},
    {"7.7.9", "close with 1011",  0, "88:#03f3", "", S, 1011},
    {"7.7.10", "close with 3000", 0, "88:#0bb8", "", S, 3000},
    {"7.7.11", "close with 3999", 0, "88:#0f9f", "", S, 3999},
    {"7.7.12", "close with 4000", 0, "88:#0fa0", "", S, 4000},
    {"7.7.13", "close with 4999", 0, "88:#1387", "", S, 4999},
    {"7.9.1", "close with 0",     0, "88:#0000", "", F, 1002},
    {"7.9.2", "close with 999",   0, "88:#03e7", "", F, 1002},
    {"7.9.3", "close with 1004",  0, "88:#03ec", "", F, 1002},
    {"7.9.4", "close with 1005",  0, "88:#03ed", "", F, 1002},
    {"7.9.5", "close with 1006",  0, "88:#03ee", "", F, 1002},
    {"7.9.6", "close with 1016",  0, "88:#03f8", "", F, 1002},
    {"7.9.7", "close with 1100",  0, "88:#044c", "", F, 1002},
    {"7.9.8", "close with 2000",  0, "88:#07d0", "", F, 1002},
    {"7.9.9", "close with 2999",  0, "88:#0bb7", "", F, 1002},
    {"7.13.1", "close with 5000",  0, "88:#1388", "", FREE, 1002},
    {"7.13.2", "close with 65535", 0, "88:#ffff", "", FREE, 1002},

    {"10.1.1", "64 kB of text in frames of 1300 octets", 0, "01/1300:$t65536", "81:$t65536", W, 1000},

    {"B3.1", "a text with a mask",                         0, "raw:#8185010203046966686869",  "", F, 1002},
    {"B3.2", "a ping with a mask",                         0, "raw:#898001020304",            "", F, 1002},
    {"B3.3", "a length of 64 bits with its top bit",       0, "raw:#827f8000000000010000",    "", F, 1002},
    {"B3.4", "125 octets, their length in 16 bits",        0, "raw:#817e007d",                "", F, 1002},
    {"B3.5", "65535 octets, their length in 64 bits",      0, "raw:#827f000000000000ffff",    "", F, 1002},
    {"B3.6", "a length of 2^63 - 1",                       0, "raw:#827f7fffffffffffffff",    "", F, 1009},
    {"B3.7", "a length of 2^31",                           0, "raw:#817f0000000080000000",    "", F, 1009},
    {"B3.8", "a good text, then a continuation of 2^31 in a message", 0, "81:hello 02:begin raw:#807f0000000080000000", "81:hello", F, 1009},
};
/* clang-format on */

struct ws_case *ws_cases_add(struct ws_cases *cases, const char *id)
{
    if (cases->count == cases->room) {
        cases->room = cases->room ? 2 * cases->room : 256;
        cases->row = realloc(cases->row, cases->room * sizeof *cases->row);
        MR_ASSERT(cases->row != NULL);
    }
    struct ws_case *c = &cases->row[cases->count++];
    *c = (struct ws_case){.want = ""};
    snprintf(c->id, sizeof c->id, "%s", id);
    return c;
}

const char *ws_case_text(struct ws_case *c, const char *format, ...)
{
    va_list args;
    size_t at = 0;
    while (c->owned[at])
        at++;
    MR_ASSERT(at < MR_COUNT_OF(c->owned));
    va_start(args, format);
    MR_ASSERT(vasprintf(&c->owned[at], format, args) >= 0);
    va_end(args);
    return c->owned[at];
}

void ws_cases_make(struct ws_cases *cases, uint32_t shrink)
{
    *cases = (struct ws_cases){0};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct ws_case *c = ws_cases_add(cases, rows[i].id);
        c->says = rows[i].says;
        c->send = rows[i].send;
        c->want = rows[i].want;
        c->chop = (uint32_t)rows[i].chop;
        c->end = (uint8_t)rows[i].end;
        c->code = (uint16_t)rows[i].code;
    }
    ws_cases_utf8(cases);
    ws_cases_limits(cases, shrink);
    ws_cases_deflate(cases);
}

void ws_cases_free(struct ws_cases *cases)
{
    for (uint32_t i = 0; i < cases->count; i++)
        for (size_t k = 0; k < MR_COUNT_OF(cases->row[i].owned); k++)
            free(cases->row[i].owned[k]);
    free(cases->row);
    *cases = (struct ws_cases){0};
}

const struct ws_case *ws_cases_find(const struct ws_cases *cases, const char *id)
{
    for (uint32_t i = 0; i < cases->count; i++)
        if (strcmp(cases->row[i].id, id) == 0)
            return &cases->row[i];
    return NULL;
}
