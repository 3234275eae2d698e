/* Commands and screens over a workspace made here: no sockets. */
#include <stdio.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "controlplane/admin/commands.h"
#include "controlplane/admin/show.h"
#include "tests/controlplane/admin/made.h"
#include "tests/support/support.h"

static struct made made;
static struct mr_commands *commands;
static char reply[MR_ADMIN_REPLY_BYTES];
static char audited[1500];
static bool shut;
static struct mr_peer boss = {1000, 77, MR_ADMIN_ADMINISTER, NULL};

static void on_audit(void *arg, const char *line)
{
    (void)arg;
    snprintf(audited, sizeof audited, "%s", line);
}
static void on_shutdown(void *arg)
{
    (void)arg;
    shut = true;
}

static int up(void **state)
{
    (void)state;
    made_open(&made);
    commands = mr_commands_open();
    commands->version = "9.9";
    commands->build = "test";
    commands->audit = on_audit;
    commands->shutdown = on_shutdown;
    audited[0] = 0;
    shut = false;
    return mr_commands_attach(commands, "made", made.path);
}

static int down(void **state)
{
    (void)state;
    mr_commands_close(commands);
    made_close(&made);
    return 0;
}

static enum mr_reply say_as(const struct mr_peer *peer, const char *line)
{
    struct mr_text out;
    mr_text_init(&out, reply, sizeof reply);
    enum mr_reply kind = mr_command(commands, line, strlen(line), peer, &out);
    assert_false(out.cut);
    return kind;
}

static enum mr_reply say(const char *line) { return say_as(&boss, line); }

static void has(const char *piece)
{
    if (!strstr(reply, piece))
        fail_msg("no \"%s\" in:\n%s", piece, reply);
}

/* ---- shows ---- */

static const struct {
    const char *line, *pieces[6];
} shown[] = {
    {"show status",
     {"made: STALLED", "tiles 2 (1 stalled)", "connections 2/3 live", "mute streams 1", "books 1/2 live", "gaps 2"}},
    {"show tiles", {"feed           run", "spin      25.0", "engine         STALLED", "yield"}},
    {"show feeds",
     {"binance:usdm      2/2    5/6      1", "1210", "bybit:linear      0/1",
      "binance:usdm: 1 streams are subscribed and connected, and say nothing"}},
    {"show feeds",
     {"binance:usdm BTCUSDT        depth    STALE     3  2.5 s  0.3 s  1.0 s", "state stale   last learnt  limit"}},
    {"show feeds binance:usdm",
     {"binance:usdm (all)          liquidat live      0      -      -      -",
      "binance:usdm ETHUSDT        trades   live      0  0.1 s      -  2 min"}},
    {"show connections", {"binance:usdm/market", "live", "down", "connection refused; next dial in 3.0 s", "4/4"}},
    {"show clock",
     {"binance:usdm       behind        -1250.3       12.3        17      1      -61.0",
      "binance:usdm: messages come before they were sent"}},
    {"show quarantine", {"binance:usdm           21      0      0      0      3     14       10"}},
    {"show recording",
     {"waiting for room: /data/recordings", "recording waits for room: /data/recordings: 12 MiB are free",
      "123k records, 7.65MB stored in 9 segments (4 removed), 3 lost", "WARN: 12.6 MB free; 1.2 MB/s (measured)",
      "quarantine: 14 messages in /data/quarantine"}},
    {"show rings", {"feed/0>engine/0", "tap/signals/0", "320", "commands/1"}},
    {"show ports",
     {"net_af_xdp0 on eth1: shared 192.0.2.7/24,", "TCP checksums by us", "  rx_good_packets", "1234567",
      "and 3 counters more"}},
    {"show books", {"binance:usdm BTCUSDT", "65000", "65001", "STALE", "live"}},
    {"show book BTCUSDT",
     {"binance:usdm BTCUSDT  live  seq 42", "bybit:linear BTCUSDT  STALE", "64998", "800 bids, 700 asks"}},
    {"show book binance:usdm:BTCUSDT 1", {"65000", "65001"}},
    {"show velocity", {"BTC", "23.40", "5.50", "1.25M", "71.5", "CASCADE"}},
    {"show volatility", {"0.250", "88.0", "ELEVATED x2.50"}},
    {"show signals", {"watch 7  alert 3  critical 1", "cascades 2", "signal number 39", "signal number 20"}},
    {"show latency", {"feed.lag_ns binance usdm", "50.", "99."}},
    {"show metrics", {"feed.messages{venue=binance,product=usdm}", "1210 messages"}},
    {"show metrics feed", {"feed.gaps"}},
    {"show config", {"instance: made", "  feed_tiles: 2"}},
    {"show version", {"millrace 9.9, build test"}},
    {"help", {"show book <symbol> [levels]", "feed resync <product> [sym", "administer"}},
    {"help feed", {"feed pause"}},
};

static void every_screen_shows_what_lies_in_the_workspace(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(shown); i++) {
        if (say(shown[i].line) != MR_REPLY_GOOD)
            fail_msg("%s: %s", shown[i].line, reply);
        for (size_t k = 0; k < MR_COUNT_OF(shown[i].pieces) && shown[i].pieces[k]; k++)
            has(shown[i].pieces[k]);
        assert_string_equal(reply + strlen(reply) - 3, "\n.\n");
    }
}

static void no_line_is_wider_than_eighty_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(shown); i++) {
        if (strncmp(shown[i].line, "show", 4) != 0)
            continue;
        say(shown[i].line);
        for (const char *at = reply; *at; at += strcspn(at, "\n") + 1)
            if (strcspn(at, "\n") > MR_SHOW_COLUMNS)
                fail_msg("%s: %.*s", shown[i].line, (int)strcspn(at, "\n"), at);
    }
}

static void every_screen_is_also_one_line_of_legal_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(shown); i++) {
        char line[128];
        uint32_t at;
        snprintf(line, sizeof line, "%s --json", shown[i].line);
        assert_int_equal(say(line), MR_REPLY_GOOD);
        size_t len = strlen(reply);
        assert_ptr_equal(strchr(reply, '\n'), reply + len - 1);
        if (mr_json_check((const uint8_t *)reply, (uint32_t)len - 1, &at) != MR_OK)
            fail_msg("%s: at %u: %s", line, at, reply);
    }
    say("show tiles --json");
    has("\"busy_percent\":25");
    say("show book BTCUSDT 2 --json");
    has("\"bid\":[[\"65000\",\"1\"],[\"64999\",\"2\"]]");
    say("--json show signals");
    has("\"WATCH\":7");
}

static void the_latest_signals_come_first_and_only_the_latest(void **state)
{
    (void)state;
    say("show signals");
    assert_true(strstr(reply, "number 39") < strstr(reply, "number 38"));
    assert_null(strstr(reply, "number 19"));
}

static void tables_can_be_cut_and_say_so(void **state)
{
    (void)state;
    struct mr_text out;
    struct mr_look look;
    struct mr_err err;
    mr_look_init(&look, "made", made.path);
    assert_true(mr_look_refresh(&look, mr_look_wall()));
    mr_text_init(&out, reply, sizeof reply);
    const struct mr_show s = {.out = &out, .rows = 1};
    mr_show_connections(&s, &look, &err);
    has("... and 2 more");
    assert_null(strstr(reply, "bybit"));
    mr_look_close(&look);
}

/* ---- refusals ---- */

static const struct {
    const char *line, *piece;
    enum mr_reply kind;
} refused[] = {
    {"shwo tiles", "error usage: no command \"shwo tiles\"; did you mean \"show tiles\"?", MR_REPLY_USAGE},
    {"show tils", "did you mean \"show tiles\"?", MR_REPLY_USAGE},
    {"show", "no command \"show\"", MR_REPLY_USAGE},
    {"xyzzy", "`help` lists all", MR_REPLY_USAGE},
    {"shutdwon", "did you mean \"shutdown\"?", MR_REPLY_USAGE},
    {"show tiles now", "want: show tiles", MR_REPLY_USAGE},
    {"show book", "want: show book <symbol> [levels]", MR_REPLY_USAGE},
    {"show book A B C", "want: show book", MR_REPLY_USAGE},
    {"show book BTCUSDT 0", "want a number of levels from 1 to 20", MR_REPLY_USAGE},
    {"show book BTCUSDT 21", "from 1 to 20", MR_REPLY_USAGE},
    {"show book BTCUSDT 5x", "from 1 to 20", MR_REPLY_USAGE},
    {"show book NOSUCH", "error failed: no book of \"NOSUCH\"", MR_REPLY_FAILED},
    {"show book bybit:linear:ETHUSDT", "no book of", MR_REPLY_FAILED},
    {"show metrics nosuch", "no metrics of family", MR_REPLY_FAILED},
    {"feed resync", "want: feed resync <product> [symbol]", MR_REPLY_USAGE},
    {"feed pause binance:usdn", "no feed \"binance:usdn\"; did you mean binance:usdm?", MR_REPLY_USAGE},
    {"feed pause a b", "want: feed pause [product]", MR_REPLY_USAGE},
    {"feed resync binance:usdm ETHUSDT", "binance:usdm has no instrument \"ETHUSDT\"", MR_REPLY_USAGE},
    {"record", "no command \"record\"", MR_REPLY_USAGE},
    {"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o", "too many words",
     MR_REPLY_USAGE},
    {"show \x01tiles", "bytes that are no text", MR_REPLY_USAGE},
    {"show t\xc3\xafles", "bytes that are no text", MR_REPLY_USAGE},
};

static void refusals_say_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        enum mr_reply kind = say(refused[i].line);
        if (kind != refused[i].kind)
            fail_msg("%s: kind %d: %s", refused[i].line, kind, reply);
        has(refused[i].piece);
        assert_memory_equal(reply, "error ", 6);
        assert_string_equal(reply + strlen(reply) - 3, "\n.\n");
    }
    assert_int_equal(say("shwo --json"), MR_REPLY_USAGE);
    has("{\"error\":{\"kind\":\"usage\"");
}

/* ---- acts ---- */

static const struct {
    const char *line;
    uint8_t kind;
    const char *product;
    uint32_t instrument;
} acts[] = {
    {"feed pause", MR_PLANE_PAUSE, "", UINT32_MAX},
    {"feed pause binance:usdm", MR_PLANE_PAUSE, "binance:usdm", UINT32_MAX},
    {"feed resume binance:usdm", MR_PLANE_RESUME, "binance:usdm", UINT32_MAX},
    {"feed resync bybit:linear", MR_PLANE_RESYNC, "bybit:linear", UINT32_MAX},
    {"feed resync binance:usdm BTCUSDT", MR_PLANE_RESYNC, "binance:usdm", 0},
    {"feed resync bybit:linear BTCUSDT", MR_PLANE_RESYNC, "bybit:linear", 1},
    {"feed reconnect", MR_PLANE_RECONNECT, "", UINT32_MAX},
    {"record start", MR_PLANE_RECORD_START, "", UINT32_MAX},
    {"record stop", MR_PLANE_RECORD_STOP, "", UINT32_MAX},
    {"latency reset", MR_PLANE_LATENCY_RESET, "", UINT32_MAX},
    {"shutdown", MR_PLANE_SHUTDOWN, "", UINT32_MAX},
};

static void acts_reach_every_feed_tile_and_are_audited(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(acts); i++) {
        char sent[32];
        assert_int_equal(say(acts[i].line), MR_REPLY_GOOD);
        snprintf(sent, sizeof sent, "sent %zu to 2 feed", i + 1);
        has(sent);
        for (unsigned tile = 0; tile < 2; tile++) {
            struct mr_plane_command command;
            assert_true(made_command(&made, tile, &command));
            assert_int_equal(command.id, i + 1);
            assert_int_equal(command.kind, acts[i].kind);
            assert_string_equal(command.product, acts[i].product);
            assert_int_equal(command.instrument, acts[i].instrument);
            assert_false(made_command(&made, tile, &command));
        }
        assert_non_null(strstr(audited, acts[i].line));
        assert_non_null(strstr(audited, "uid 1000 pid 77 level administer"));
        assert_non_null(strstr(audited, "sent"));
        assert_int_equal(shut, acts[i].kind == MR_PLANE_SHUTDOWN);
    }
    assert_int_equal(say("latency reset --json"), MR_REPLY_GOOD);
    has("{\"sent\":12,\"tiles\":2,\"planes\":1}");
}

static void a_level_is_enough_for_its_commands_and_no_more(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum mr_admin_level least;
    } wants[] = {
        {"show tiles", MR_ADMIN_OBSERVE},   {"help", MR_ADMIN_OBSERVE},          {"feed pause", MR_ADMIN_OPERATE},
        {"record start", MR_ADMIN_OPERATE}, {"latency reset", MR_ADMIN_OPERATE}, {"shutdown", MR_ADMIN_ADMINISTER},
    };
    for (size_t i = 0; i < MR_COUNT_OF(wants); i++)
        for (enum mr_admin_level level = MR_ADMIN_OBSERVE; level <= MR_ADMIN_ADMINISTER; level++) {
            struct mr_plane_command command;
            const struct mr_peer peer = {4242, 1, level, NULL};
            audited[0] = 0;
            assert_int_equal(say_as(&peer, wants[i].line), level >= wants[i].least ? MR_REPLY_GOOD : MR_REPLY_REFUSED);
            if (level < wants[i].least) {
                has("error refused:");
                has("user 4242 has");
                assert_non_null(strstr(audited, "uid 4242"));
                assert_non_null(strstr(audited, "refused"));
                assert_false(made_command(&made, 0, &command));
            }
            while (made_command(&made, 0, &command) || made_command(&made, 1, &command))
                ;
        }
}

static void a_tile_that_takes_no_commands_is_told_of(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(say("latency reset"), MR_REPLY_GOOD);
    assert_int_equal(say("latency reset"), MR_REPLY_FAILED);
    has("feed tile 0 does not take its commands (its ring is full)");
    assert_non_null(strstr(audited, "ring is full"));
}

static void a_look_at_a_file_does_not_act(void **state)
{
    (void)state;
    commands->read_only = true;
    assert_int_equal(say("feed pause"), MR_REPLY_REFUSED);
    has("wants the admin socket");
    assert_int_equal(say("show tiles"), MR_REPLY_GOOD);
}

/* ---- data planes that come and go ---- */

static void a_new_epoch_is_seen_at_the_next_command(void **state)
{
    (void)state;
    struct mr_plane_command command;
    say("show status");
    has("epoch 1");
    say("latency reset");
    made_again(&made);
    say("show status");
    has("epoch 2");
    assert_int_equal(say("latency reset"), MR_REPLY_GOOD);
    assert_true(made_command(&made, 1, &command));
}

static void a_workspace_that_is_not_there_is_a_sentence(void **state)
{
    (void)state;
    assert_int_equal(mr_commands_attach(commands, "absent", "/tmp/millrace-no-such/workspace"), MR_OK);
    assert_int_equal(mr_commands_attach(commands, "absent", "/tmp/x"), MR_E_INVALID);
    assert_int_equal(say("show tiles"), MR_REPLY_GOOD);
    has("== made ==");
    has("== absent ==\nabsent: no data plane: /tmp/millrace-no-such/workspace");
    assert_int_equal(say("show tiles --json"), MR_REPLY_GOOD);
    has("\"error\":\"no data plane");
    mr_commands_detach(commands, "made");
    assert_int_equal(say("show tiles"), MR_REPLY_FAILED);
    assert_int_equal(say("feed pause"), MR_REPLY_FAILED);
    mr_commands_detach(commands, "absent");
    assert_int_equal(say("show tiles"), MR_REPLY_FAILED);
    has("no data plane is attached");
}

static void as_many_data_planes_as_there_are_seats(void **state)
{
    (void)state;
    for (int i = 1; i < MR_ADMIN_PLANES_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(mr_commands_attach(commands, name, made.path), MR_OK);
    }
    assert_int_equal(mr_commands_attach(commands, "more", made.path), MR_E_FULL);
}

/* The whole file but its head is overwritten, a piece at a time: sentences, not crashes. */
static void a_scribbled_workspace_harms_nobody(void **state)
{
    (void)state;
    struct mr_random random = {7};
    for (int round = 0; round < 60; round++) {
        for (uint32_t i = 0; i < made.ws.region_count; i++) {
            struct mr_region r;
            assert_int_equal(mr_workspace_region(&made.ws, i, &r), MR_OK);
            if (strncmp(r.name, "commands/", 9) == 0)
                continue; /* its reader's handle is in use here */
            for (int n = 0; n < 8; n++)
                ((uint8_t *)r.mem)[mr_random_below(&random, r.bytes)] = (uint8_t)mr_random_next(&random);
        }
        for (size_t i = 0; i < MR_COUNT_OF(shown); i++) {
            say(shown[i].line);
            assert_string_equal(reply + strlen(reply) - 3, "\n.\n");
            for (const char *c = reply; *c; c++)
                assert_true(*c == '\n' || ((uint8_t)*c >= 0x20 && *c != 0x7f));
        }
    }
}

static void users_have_the_level_that_the_config_gives(void **state)
{
    (void)state;
    struct mr_control_config control = {.operate_uids = {10, 11},
                                        .operate_count = 2,
                                        .administer_uids = {20},
                                        .administer_count = 1,
                                        .others = MR_OTHERS_OBSERVE};
    static const struct {
        uint32_t uid;
        enum mr_admin_level level;
    } cases[] = {
        {0, MR_ADMIN_ADMINISTER}, {500, MR_ADMIN_ADMINISTER}, {20, MR_ADMIN_ADMINISTER}, {10, MR_ADMIN_OPERATE},
        {11, MR_ADMIN_OPERATE},   {12, MR_ADMIN_OBSERVE},     {65534, MR_ADMIN_OBSERVE},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_int_equal(mr_admin_level_of(&control, 500, cases[i].uid), cases[i].level);
    control.others = MR_OTHERS_REFUSE;
    assert_int_equal(mr_admin_level_of(&control, 500, 12), MR_ADMIN_REFUSED);
    assert_int_equal(mr_admin_level_of(&control, 500, 10), MR_ADMIN_OPERATE);
}

static void help_has_every_row_and_every_row_a_level(void **state)
{
    (void)state;
    static const char *const words[] = {
#define MR_SHOW(w, usage, function, help) w,
#define MR_ACT(w, usage, level, function, kind, help) w,
#define MR_DO(w, usage, level, function, help) w,
#include "controlplane/admin/commands.def"
#undef MR_SHOW
#undef MR_ACT
#undef MR_DO
        "help", "quit"};
    say("help --json");
    for (size_t i = 0; i < MR_COUNT_OF(words); i++) {
        char piece[64];
        snprintf(piece, sizeof piece, "{\"words\":\"%s\",", words[i]);
        has(piece);
    }
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        WITH(every_screen_shows_what_lies_in_the_workspace),
        WITH(no_line_is_wider_than_eighty_columns),
        WITH(every_screen_is_also_one_line_of_legal_json),
        WITH(the_latest_signals_come_first_and_only_the_latest),
        WITH(tables_can_be_cut_and_say_so),
        WITH(refusals_say_what_is_wrong),
        WITH(acts_reach_every_feed_tile_and_are_audited),
        WITH(a_level_is_enough_for_its_commands_and_no_more),
        WITH(a_tile_that_takes_no_commands_is_told_of),
        WITH(a_look_at_a_file_does_not_act),
        WITH(a_new_epoch_is_seen_at_the_next_command),
        WITH(a_workspace_that_is_not_there_is_a_sentence),
        WITH(as_many_data_planes_as_there_are_seats),
        WITH(a_scribbled_workspace_harms_nobody),
        WITH(users_have_the_level_that_the_config_gives),
        WITH(help_has_every_row_and_every_row_a_level),
    };
    return MR_TEST_MAIN(tests);
}
