/* The page tests/conformance/ws.md, from the table of cases. */
#include "tests/codecs/ws/list.h"

#include <string.h>

static const char intro[] =
    "# WebSocket client cases\n\n"
    "What the client does with servers that are right, wrong, slow or hostile. Made from the tables in "
    "`tests/codecs/ws/`, which the test\n"
    "`codecs/ws/test_cases` runs and compares with this page (`MILLRACE_WS_LIST=1` writes it anew).\n\n"
    "`build/tests/ws_agent ws://host:port NAME` is the client as a program: it speaks the protocol of the Autobahn "
    "suite's server\n"
    "(`/getCaseCount`, `/runCase?case=N&agent=NAME`, `/updateReports?agent=NAME`) over plain TCP with the product's "
    "source, upgrade, reader and\n"
    "writer of frames, and echoes data. Our own server (`server.c`) plays the cases and its judge reads the answers "
    "octet by octet:\n\n"
    "| verdict | means |\n|---|---|\n"
    "| OK | what RFC 6455 asks for, at once, with the close code that names the reason |\n"
    "| NON-STRICT | allowed, but late, without a close frame, with another code, or without an answer to what came "
    "before a mistake |\n"
    "| INFORMATIONAL | RFC 6455 leaves it open |\n"
    "| FAILED | anything else |\n\n"
    "Required: every case OK, but for the three that are informational.\n\n"
    "## What is run, and where\n"
    "| id | what | rows | test |\n|---|---|---|---|\n"
    "| 1 to 10 | the Autobahn suite without extensions, `ws_agent` against our server over TCP | 301 | "
    "`codecs/ws/test_cases` |\n"
    "| 12, 13 | permessage-deflate, which is never offered: the 101 agrees to it all the same (refused, no frame is "
    "sent), or a packed message comes with RSV1 (1002) | 216 + 216 | `codecs/ws/test_cases` |\n"
    "| 1 to 10, 12.1, B3 | the same octets on a whole session over TLS: what is delivered, which pings are answered, "
    "how "
    "it closes | 327 | `dataplane/session/test_cases` |\n"
    "| B2 | 10,000 masks: no repeat beyond chance, no bit that leans; keys and masks of two runs of one seed differ | "
    "2 "
    "| `dataplane/session/test_cases`, `test_connect` |\n"
    "| B3 | masked frames, lengths that are not minimal, top bit, 2^63 - 1, 2^31: refused from the head alone | 8 | "
    "`codecs/ws/test_cases`, `test_ws` |\n"
    "| B4 | answers to the upgrade, whole and octet-wise, over TLS: named, counted, dialled again | 44 | "
    "`dataplane/session/test_cases` |\n"
    "| B4 | ... the parser alone, at every split | 32 | `codecs/http/test_http` |\n"
    "| B5 | the stream of every case behind its 101, cut in two at every place up to 4 kB, and octet-wise: the same "
    "events | 741 streams | `codecs/ws/test_cuts` |\n"
    "| B5 | every case with each octet changed, every beginning of it, and drawn streams, as client and as server: our "
    "reader and a plain second one agree | over 1,000,000 streams | `codecs/ws/test_mutations` |\n"
    "| B6 | does not apply: nothing is ever unpacked | | |\n"
    "| B7 | silences: each ends within its own time; waits grow and the dials of a minute keep their budget | 10 | "
    "`dataplane/session/test_cases`, `test_time` |\n"
    "| B7 | a peer that reads nothing; a close that is never answered | 2 | `dataplane/session/test_connect`, "
    "`test_live` |\n"
    "| B8 | fuzzers: frames (cuts, round trip, second reader), both sides of the upgrade, whole sessions | 3 | "
    "`codecs/ws/fuzz_ws`, `codecs/http/fuzz_upgrade`, `dataplane/session/fuzz_session` |\n";

static const struct {
    const char *prefix, *title;
} groups[] = {{"1.", "Framing"},           {"2.", "Pings and pongs"}, {"3.", "Reserved bits"},
              {"4.", "Opcodes"},           {"5.", "Fragmentation"},   {"6.", "UTF-8"},
              {"7.", "Closing"},           {"9.", "Limits"},          {"10.", "Frames of one size"},
              {"B3.", "Masks and lengths"}};

static void write_end(FILE *f, const struct ws_case *c)
{
    if (c->end == WS_FREE)
        fprintf(f, "as it likes");
    else
        fprintf(f, "%s", c->want[0] ? "the answers, then " : "");
    if (c->end == WS_WE_CLOSE)
        fprintf(f, "a clean end");
    else if (c->end == WS_SAID && c->code == 0)
        fprintf(f, "a close frame without code");
    else if (c->end == WS_SAID)
        fprintf(f, "a close frame with %u", c->code);
    else if (c->end == WS_THEY_FAIL)
        fprintf(f, "failed with %u", c->code);
}

static void write_group(FILE *f, const struct ws_cases *cases, const char *prefix, const char *title)
{
    fprintf(f, "\n## %s\n| case | the server sends | what must come |\n|---|---|---|\n", title);
    for (uint32_t i = 0; i < cases->count; i++) {
        const struct ws_case *c = &cases->row[i];
        if (strncmp(c->id, prefix, strlen(prefix)) != 0)
            continue;
        fprintf(f, "| %s | %s | ", c->id, c->says);
        write_end(f, c);
        fprintf(f, " |\n");
    }
}

void ws_list_write(FILE *f)
{
    struct ws_cases cases;
    ws_cases_make(&cases, 1);
    fputs(intro, f);
    for (size_t i = 0; i < MR_COUNT_OF(groups); i++)
        write_group(f, &cases, groups[i].prefix, groups[i].title);
    fprintf(f, "\n## Extensions\n| cases | the server answers | what must come |\n|---|---|---|\n");
    for (uint32_t i = 0; i < cases.count; i++) {
        const struct ws_case *c = &cases.row[i];
        const char *number = strrchr(c->id, '.');
        if (c->end == WS_REFUSED && number && strcmp(number, ".1") == 0)
            fprintf(f, "| %s to %.*s.18 | `%s` | no frame, or 1010 |\n", c->id, (int)(number - c->id), c->id,
                    c->extension);
    }
    fprintf(f, "| 12.1.1/RSV1 to 13.7.18/RSV1 | no extension, and packed messages of 16 to 65541 octets, whole or in "
               "frames | failed "
               "with 1002 |\n");
    ws_cases_free(&cases);
}
