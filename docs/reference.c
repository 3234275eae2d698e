/* The reference pages, written from the tables that the programs run on: docs_reference FOLDER (./dev docs).
 *
 * A page is never edited by hand; docs/check.sh says when a committed one is not what these tables say. */
#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/dial.h"
#include "controlplane/config/config.h"
#include "controlplane/trade/desk.h"
#include "dataplane/aux/aux.h"
#include "dataplane/feed/feed.h"
#include "dataplane/feed/feed_tile.h"
#include "dataplane/net/arbiter.h"
#include "dataplane/net/net.h"
#include "dataplane/plane/plane_memory.h"
#include "dataplane/record/record.h"
#include "dataplane/session/session.h"
#include "dataplane/source/dpdk/dpdk.h"
#include "dataplane/source/source.h"
#include "dataplane/tcp/tcp.h"
#include "engines/book/book.h"
#include "engines/pipeline/engine_tile.h"
#include "engines/pipeline/pipeline.h"
#include "engines/signal/signal.h"
#include "engines/velocity/velocity.h"

/* In the order of a message's way. check.sh looks that none is missing. */
static const struct {
    const struct mr_metrics_desc *desc;
    const char *header;
} families[] = {
    {&mr_plane_memory_metrics_desc, "dataplane/plane/plane_memory.h"},
    {&mr_stream_metrics_desc, "dataplane/source/source.h"},
    {&mr_dpdk_metrics_desc, "dataplane/source/dpdk/dpdk.h"},
    {&mr_net_metrics_desc, "dataplane/net/net.h"},
    {&mr_tcp_metrics_desc, "dataplane/tcp/tcp.h"},
    {&mr_arbiter_metrics_desc, "dataplane/net/arbiter.h"},
    {&mr_session_metrics_desc, "dataplane/session/session.h"},
    {&mr_tls_metrics_desc, "dataplane/tls/tls.h"},
    {&mr_aux_metrics_desc, "dataplane/aux/aux.h"},
    {&mr_merge_metrics_desc, "dataplane/merge/merge.h"},
    {&mr_lane_metrics_desc, "dataplane/merge/merge.h"},
    {&mr_feed_metrics_desc, "dataplane/feed/feed.h"},
    {&mr_feed_tile_metrics_desc, "dataplane/feed/feed_tile.h"},
    {&mr_record_metrics_desc, "dataplane/record/record.h"},
    {&mr_engine_metrics_desc, "engines/pipeline/engine_tile.h"},
    {&mr_pipeline_metrics_desc, "engines/pipeline/pipeline.h"},
    {&mr_book_metrics_desc, "engines/book/book.h"},
    {&mr_velocity_metrics_desc, "engines/velocity/velocity.h"},
    {&mr_signal_metrics_desc, "engines/signal/signal.h"},
    {&mr_desk_metrics_desc, "controlplane/trade/desk.h"},
};

/* Text of a table's cell: a bar would end it. */
static void cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void row(FILE *out, const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fputs(i ? " | " : "| ", out);
        cell(out, cells[i]);
    }
    fputs(" |\n", out);
}

static void heading(FILE *out, const char *title, const char *source)
{
    fprintf(out, "# %s\n\nWritten by `./dev docs` from %s; edit that, not this page.\n", title, source);
}

static void metrics(FILE *out)
{
    static const char *const types[] = {
        [MR_METRIC_COUNTER] = "counter", [MR_METRIC_GAUGE] = "gauge", [MR_METRIC_HIST] = "histogram"};
    heading(out, "Metrics", "the `MR_..._METRICS` lists in the headers named below");
    fputs("\nA block of each family lies in the workspace for every set of labels. Counters only grow; histograms give "
          "any\n"
          "percentile, to 0.8 % of the value, those of headline stages to 0.1 %.\n",
          out);
    for (size_t f = 0; f < MR_COUNT_OF(families); f++) {
        const struct mr_metrics_desc *desc = families[f].desc;
        const char *name = strncmp(desc->family, "mr_", 3) == 0 ? desc->family + 3 : desc->family;
        fprintf(out, "\n## %s\n`%s`\n\n| metric | type | unit | what |\n|---|---|---|---|\n", name, families[f].header);
        for (uint32_t i = 0; i < desc->count; i++) {
            const struct mr_metric_desc *m = &desc->metrics[i];
            row(out, (const char *[]){m->name, types[m->type], m->unit, m->help}, 4);
        }
    }
}

static void config(FILE *out)
{
    heading(out, "Configuration", "`controlplane/config/keys.def`");
    fputs("\nYAML. `millrace config check FILE` tells every error, `millrace config show --origin` what is in force "
          "and where it is from.\n"
          "Keys before the first section stand at the top of the file; `feeds` is a list, each element with the keys "
          "below. `config reload` takes changes of the keys marked live; the others want a restart.\n",
          out);
    const char *section = NULL;
    struct mr_config_key key;
    for (unsigned i = 0; mr_config_key(i, &key); i++) {
        if (!section || strcmp(section, key.section) != 0) {
            section = key.section;
            fprintf(out, "\n## %s\n\n| key | default | value | when | what |\n|---|---|---|---|---|\n",
                    section[0] ? section : "top");
        }
        char value[480], fallback[128];
        snprintf(value, sizeof value, "%s%s", key.list ? "a list, each " : "", key.want);
        snprintf(fallback, sizeof fallback, key.fallback[0] ? "`%s`" : "%s", key.fallback);
        row(out, (const char *[]){key.name, fallback, value, key.live ? "live" : "restart", key.help}, 5);
    }
}

/* ---- limits ---- */

struct limit_row {
    const char *section, *key, *type, *fallback, *least, *most, *looser, *what;
};

static void limit_rows(FILE *out, const char *section, const struct limit_row *rows, size_t count)
{
    fprintf(out, "\n## %s\n\n| key | default | value | looser | what |\n|---|---|---|---|---|\n", section);
    for (size_t i = 0; i < count; i++) {
        const struct limit_row *r = &rows[i];
        char value[160], fallback[64];
        if (strcmp(r->section, section) != 0)
            continue;
        bool bounds = strcmp(r->least, "0") != 0 || strcmp(r->most, "0") != 0;
        snprintf(value, sizeof value, bounds ? "%s, %s to %s" : "%s", r->type, r->least, r->most);
        const char *quote = r->fallback && r->fallback[0] ? "`" : "";
        snprintf(fallback, sizeof fallback, "%s%s%s", quote, r->fallback ? r->fallback : "must be given", quote);
        row(out, (const char *[]){r->key, fallback, value, r->looser, r->what}, 5);
    }
}

static void limits(FILE *out)
{
    static const struct limit_row rows[] = {
#define MR_LIMIT(section, key, type, member, fallback, least, most, looser, what)                                      \
    {#section, #key, #type, fallback, least, most, #looser, what},
#define MR_MARKET_LIMIT(key, type, member, fallback, least, most, looser, what)                                        \
    {"markets", #key, #type, fallback, least, most, #looser, what},
#define MR_POLICY_LIMIT(kinds, key, type, member, fallback, least, most, looser, what)                                 \
    {"policies", #key, #type, fallback, least, most, #looser, what},
#include "controlplane/risk/limits.def"
#undef MR_LIMIT
#undef MR_MARKET_LIMIT
#undef MR_POLICY_LIMIT
    };
    const char *section = NULL;
    heading(out, "Limits", "`controlplane/risk/limits.def`");
    fputs(
        "\nWhat the gate compares every order with: YAML or JSON, a section each, `markets` and `policies` are lists "
        "(`config/limits.yaml` is an example).\n"
        "One error, and the set is refused whole, with file, line and key; what was in force stays. A change that "
        "allows less is in force at once, one that allows\nmore only while trading is armed: `looser` says which "
        "way that is (UP: larger, DOWN: smaller, ANY: each change may).\n\n"
        "PCT is a share in percent, AMOUNT a decimal, TIME bears its unit (500ms, 3s, 5m, 1h), MINUTE is hh:mm UTC.\n",
        out);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        if (!section || strcmp(section, rows[i].section) != 0)
            limit_rows(out, section = rows[i].section, rows, MR_COUNT_OF(rows));
}

/* ---- venues ---- */

static const struct {
    uint32_t bit;
    const char *name;
} channels[] = {
    {MR_TRADES, "trades"}, {MR_BEST, "best"},         {MR_DEPTH, "depth"},         {MR_LIQUIDATIONS, "liquidations"},
    {MR_MARKS, "marks"},   {MR_FUNDINGS, "fundings"}, {MR_INTERESTS, "interests"}, {MR_CANDLES, "candles"},
};

static const char *const sequencing[] = {
    [MR_SEQ_NONE] = "no books",
    [MR_SEQ_FIRST_FINAL] = "first id = last final id + 1; snapshot by REST",
    [MR_SEQ_FIRST_FINAL_PREV] = "previous id = last final id; snapshot by REST",
    [MR_SEQ_PLUS_ONE] = "id = last id + 1, 1 restarts; snapshot in the stream",
    [MR_SEQ_PREV] = "previous id = last id; snapshot in the stream",
    [MR_SEQ_IMAGE] = "every message is the whole book",
    [MR_SEQ_STATE] =
        "no ids: times, a hash a state, and the venue's best prices against the book; snapshot in the stream",
    [MR_SEQ_SPAN] = "first id <= last final id + 1 <= final id; snapshot in the stream",
};
static const char *const instrument_types[] = {
    [MR_TYPE_UNKNOWN] = "several types", [MR_TYPE_SPOT] = "spot",      [MR_TYPE_PERPETUAL] = "perpetuals",
    [MR_TYPE_FUTURE] = "futures",        [MR_TYPE_OPTION] = "options", [MR_TYPE_OUTCOME] = "outcomes"};
static const char *const pings[] = {
    [MR_PING_NONE] = "none", [MR_PING_WS] = "WebSocket ping", [MR_PING_TEXT] = "the venue's text"};

/* A limit, or a word where there is none. */
static void limit(FILE *out, const char *what, uint32_t value, const char *unit, const char *none)
{
    if (value)
        fprintf(out, "| %s | %u%s%s |\n", what, value, unit[0] ? " " : "", unit);
    else
        fprintf(out, "| %s | %s |\n", what, none);
}

static void route(FILE *out, const char *venue, const char *product, const struct mr_route *r)
{
    fprintf(out, "\n**%s:%s/%s** `wss://%s:%u%s`\n\n| rule | value |\n|---|---|\n", venue, product, r->name, r->host,
            r->port, r->path);
    limit(out, "subscriptions a connection", r->streams_max, "", "no rule");
    limit(out, "client messages", r->sends_per_s, "a second", "no rule");
    limit(out, "subscription requests", r->requests_per_hour, "an hour", "no rule");
    fprintf(out, "| our ping | %s, each %u s, answered within %u s |\n", pings[r->ping], r->ping_s, r->pong_s);
    limit(out, "stale after", r->silence_s, "s without a byte", "no rule");
    limit(out, "a connection lives", r->life_s, "s at most", "as long as it holds");
}

static void product(FILE *out, const struct mr_venue *venue, uint8_t at)
{
    const struct mr_product *p = &venue->products[at];
    const struct mr_dialect *dialect = mr_dialect_of(venue);
    const struct mr_product_dial *dial = &dialect->products[at];
    fprintf(
        out,
        "\n### %s:%s\n| | |\n|---|---|\n| instruments | %s |\n| books | %s |\n| trades that engines count | `%s` |\n",
        venue->name, p->name, instrument_types[p->type], sequencing[p->sequencing],
        p->primary_trades ? p->primary_trades : "none");
    fprintf(out, "| REST | <%s>, at most %u of weight in %u s |\n\n", dial->rest, dial->rest_weight, dial->rest_s);
    fputs("| channel | route | subscription of `SYMBOL` | |\n|---|---|---|---|\n", out);
    for (size_t c = 0; c < MR_COUNT_OF(channels); c++) {
        uint32_t bit = channels[c].bit;
        if (!(p->channels & bit))
            continue;
        const char *served = "REST";
        char name[128];
        for (const struct mr_route *r = dial->routes; r->name; r++)
            if (r->channels & bit)
                served = r->name;
        struct mr_text text;
        mr_text_init(&text, name, sizeof name);
        mr_text_add(&text, "`");
        struct mr_stream stream = {bit, dial->market_wide & bit ? "" : "SYMBOL"};
        int named = dialect->name(at, &stream, &text);
        if (named == MR_E_INVALID) { /* symbols are numbers there */
            stream.symbol = "12345";
            named = dialect->name(at, &stream, &text);
        }
        if (named == MR_OK)
            mr_text_add(&text, "`");
        else
            snprintf(name, sizeof name, "polled each %u s", dial->interest_s);
        const char *note = dial->market_wide & bit ? "once, for all instruments"
                           : dial->quiet & bit     ? "may be silent for long"
                                                   : "";
        row(out, (const char *[]){channels[c].name, served, name, note}, 4);
    }
    for (const struct mr_route *r = dial->routes; r->name; r++)
        route(out, venue->name, p->name, r);
}

static void venues(FILE *out)
{
    heading(out, "Venues", "the tables in `codecs/venue/*/venue.c` and `dial.c`");
    fputs("\nRoutes are the endpoints that serve a product; a session is one connection to one of them. Limits are "
          "those we keep to, at or below\n"
          "the venue's own. Links and oddities: the README in the venue's folder.\n",
          out);
    for (uint8_t id = 1; id <= MR_VENUE_ID_MAX; id++) {
        const struct mr_venue *venue = mr_venue_by_id(id);
        if (!venue)
            continue;
        fprintf(out, "\n## %s\n`codecs/venue/%s/`, id %u in recordings.\n", venue->title, venue->name, venue->id);
        for (uint8_t p = 0; venue->products[p].name; p++)
            product(out, venue, p);
        fputs("\nMessage kinds that are told apart and counted: ", out);
        for (uint32_t k = 1; venue->kinds[k].name; k++)
            fprintf(out, "%s%s", k > 1 ? ", " : "", venue->kinds[k].name);
        fputs(".\n", out);
    }
}

/* ---- verbs ---- */

/* Each verb's own --help, from the program. */
static bool help(FILE *out, const char *program, const char *verb)
{
    char command[1024];
    snprintf(command, sizeof command, "'%s' %s --help", program, verb);
    FILE *in = popen(command, "r");
    if (!in)
        return false;
    fputs("\n```\n", out);
    for (int c; (c = fgetc(in)) != EOF;)
        fputc(c, out);
    fputs("```\n", out);
    return pclose(in) == 0;
}

static const char *program; /* millrace, of the same build */

static void verbs(FILE *out)
{
    static const struct {
        const char *name, *what;
    } rows[] = {
#define MR_VERB(name, function, what) {name, what},
#include "controlplane/cmd/verbs.def"
#undef MR_VERB
    };
    heading(out, "Verbs of `millrace`", "`controlplane/cmd/verbs.def` and each verb's `--help`");
    fputs("\n| verb | what |\n|---|---|\n", out);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        row(out, (const char *[]){rows[i].name, rows[i].what}, 2);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        fprintf(out, "\n## %s\n", rows[i].name);
        if (!help(out, program, rows[i].name)) {
            fprintf(stderr, "docs_reference: %s %s --help failed\n", program, rows[i].name);
            exit(1);
        }
    }
}

static void commands(FILE *out)
{
    static const struct {
        const char *words, *arguments, *level, *what;
    } rows[] = {
#define MR_SHOW(words, arguments, function, what) {words, arguments, "observe", what},
#define MR_ACT(words, arguments, level, function, command, what) {words, arguments, #level, what},
#define MR_DO(words, arguments, level, function, what) {words, arguments, #level, what},
#include "controlplane/admin/commands.def"
#undef MR_SHOW
#undef MR_ACT
#undef MR_DO
    };
    heading(out, "Commands of the admin socket", "`controlplane/admin/commands.def`");
    fputs("\nThe level is what the peer's user id must be allowed (section `control` of the configuration).\n\n"
          "| command | arguments | level | what |\n|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        char level[16] = "";
        for (size_t c = 0; rows[i].level[c] && c + 1 < sizeof level; c++)
            level[c] = (char)(rows[i].level[c] | 0x20); /* letters only */
        char arguments[64];
        snprintf(arguments, sizeof arguments, rows[i].arguments[0] ? "`%s`" : "%s", rows[i].arguments);
        row(out, (const char *[]){rows[i].words, arguments, level, rows[i].what}, 4);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } pages[] = {{"metrics", metrics}, {"verbs", verbs},   {"commands", commands},
                 {"config", config},   {"limits", limits}, {"venues", venues}};
    if (argc != 3) {
        fprintf(stderr, "usage: docs_reference MILLRACE FOLDER\n");
        return 2;
    }
    program = argv[1];
    for (size_t i = 0; i < MR_COUNT_OF(pages); i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s.md", argv[2], pages[i].name);
        FILE *out = fopen(path, "w");
        if (!out) {
            perror(path);
            return 1;
        }
        pages[i].write(out);
        if (ferror(out) || fclose(out)) {
            perror(path);
            return 1;
        }
    }
    return 0;
}
