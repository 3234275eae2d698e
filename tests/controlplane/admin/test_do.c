/* Commands the control plane carries out itself: levels, audit, replies as text and as JSON, and what they really do to the kill switch, the life
 * cycle, the configuration and the log. No sockets. */
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "codecs/venue/venue.h"
#include "controlplane/admin/do.h"
#include "tests/support/support.h"

static char folder[64], file[128], history[128];
static char reply[MR_ADMIN_REPLY_BYTES], audited[1500];
static struct mr_commands *commands;
static struct mr_kill_folder data;
static _Alignas(64) char page_mem[MR_KILL_PAGE_BYTES];
static struct mr_kill kill_switch;
static const char *const strategies[] = {"fader", "maker"};
static struct mr_life life;
static struct mr_stop stop;
static struct mr_config running;
static struct mr_config_live live;
static struct mr_admin_hands hands;
static int step_says;
static bool kill_blocks = true;

static int step(void *self, bool first, int64_t now_ns, struct mr_err *err)
{
    (void)self;
    (void)first;
    (void)now_ns;
    return step_says ? mr_err_set(err, step_says, "2 orders are open") : MR_OK;
}
static int may(void *self, enum mr_life_state from, enum mr_life_state to, struct mr_err *err)
{
    (void)self;
    (void)from;
    if (kill_blocks && (to == MR_LIFE_READY || to == MR_LIFE_TRADING) && mr_kill_read(kill_switch.page, 0, 0))
        return mr_err_set(err, MR_E_STALE, "the kill switch is on");
    return MR_OK;
}
static int steer(void *self, const struct mr_steer_act *act, struct mr_ask *ask, struct mr_err *said)
{
    (void)self, (void)ask;
    return mr_steer(&life, &stop, act, 1000000000, said);
}
static void look(void *self, struct mr_steer_state *out)
{
    (void)self;
    mr_steer_look(&life, &stop, out);
}
static void on_audit(void *arg, const char *line)
{
    (void)arg;
    snprintf(audited, sizeof audited, "%s", line);
}
static void put(const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}
static void no_error(void *arg, const char *sentence)
{
    (void)arg;
    fail_msg("%s", sentence);
}

#define CONFIG "control:\n  half_s: 10\nfeeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n"
static int up(void **state)
{
    struct mr_err err;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-do-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/millrace.yaml", folder);
    snprintf(history, sizeof history, "%s/config-history.jsonl", folder);
    assert_int_equal(mr_kill_folder_open(&data, folder, &err), MR_OK);
    mr_kill_init(&kill_switch, mr_kill_page_init(page_mem), mr_kill_folder_disk(&data), strategies, 2, NULL, NULL,
                 1000);
    mr_life_init(&life, (struct mr_life_port){NULL, may, NULL}, 1000);
    mr_life_go(&life, MR_LIFE_READY, MR_ACTOR_SYSTEM, UINT32_MAX, "started", 1000, &err);
    mr_stop_init(&stop, (struct mr_stop_port){NULL, {step, step, step, step, step, step}, NULL});
    step_says = MR_OK;
    put(CONFIG);
    assert_int_equal(mr_config_load(&running, file, no_error, NULL), MR_OK);
    live = (struct mr_config_live){.running = &running, .file = file, .history = history};
    hands = (struct mr_admin_hands){.kill = &kill_switch, .config = &live, .steer = steer, .look = look};
    commands = mr_commands_open();
    commands->audit = on_audit;
    commands->hands = &hands;
    return 0;
}
static int down(void **state)
{
    (void)state;
    mr_commands_close(commands);
    mr_kill_folder_close(&data);
    return mr_test_remove(folder);
}

static const struct mr_peer boss = {0, 77, MR_ADMIN_ADMINISTER, NULL}, operator= {4242, 78, MR_ADMIN_OPERATE, NULL},
                            guest = {4243, 79, MR_ADMIN_OBSERVE, NULL};
static enum mr_reply say_as(const struct mr_peer *peer, const char *line)
{
    struct mr_text out;
    audited[0] = 0;
    mr_text_init(&out, reply, sizeof reply);
    return mr_command(commands, line, strlen(line), peer, &out);
}
static enum mr_reply say(const char *line) { return say_as(&boss, line); }
static void has(const char *piece)
{
    if (!strstr(reply, piece))
        fail_msg("no \"%s\" in:\n%s", piece, reply);
}
static void good(const char *line, const char *piece)
{
    if (say(line) != MR_REPLY_GOOD)
        fail_msg("%s: %s", line, reply);
    has(piece);
}
static void failed(const char *line, const char *piece)
{
    assert_int_equal(say(line), MR_REPLY_FAILED);
    has("error failed: ");
    has(piece);
}

static const struct {
    const char *line;
    enum mr_admin_level least;
} levels[] = {
    {"kill status", MR_ADMIN_OBSERVE},
    {"kill on test", MR_ADMIN_OPERATE},
    {"kill off test", MR_ADMIN_ADMINISTER},
    {"kill venue on okx", MR_ADMIN_OPERATE},
    {"kill venue off okx", MR_ADMIN_ADMINISTER},
    {"kill strategy on maker", MR_ADMIN_OPERATE},
    {"kill strategy off maker", MR_ADMIN_ADMINISTER},
    {"state show", MR_ADMIN_OBSERVE},
    {"resume", MR_ADMIN_OPERATE},
    {"pause", MR_ADMIN_OPERATE},
    {"disarm", MR_ADMIN_OPERATE},
    {"emergency-stop", MR_ADMIN_OPERATE},
    {"emergency-stop release", MR_ADMIN_ADMINISTER},
    {"emergency-stop release forced", MR_ADMIN_ADMINISTER},
    {"config show", MR_ADMIN_OBSERVE},
    {"config check", MR_ADMIN_OBSERVE},
    {"config reload", MR_ADMIN_ADMINISTER},
    {"config history", MR_ADMIN_OBSERVE},
    {"log level warn", MR_ADMIN_OPERATE},
};
static void each_wants_its_level_and_what_acts_is_audited_refused_or_not(void **state)
{
    static const struct mr_peer *const peers[] = {&guest, &operator, & boss };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(levels); i++)
        for (size_t p = 0; p < MR_COUNT_OF(peers); p++) {
            bool enough = peers[p]->level >= levels[i].least;
            enum mr_reply kind = say_as(peers[p], levels[i].line);
            if ((kind == MR_REPLY_REFUSED) == enough)
                fail_msg("%s with level %d: %s", levels[i].line, peers[p]->level, reply);
            if (levels[i].least > MR_ADMIN_OBSERVE && !strstr(audited, levels[i].line))
                fail_msg("%s: not audited: %s", levels[i].line, audited);
            assert_int_equal(!enough, strstr(audited, ": refused") != NULL);
            if (levels[i].least == MR_ADMIN_OBSERVE)
                assert_string_equal(audited, "");
        }
}

static void what_a_process_has_not_is_refused_by_name(void **state)
{
    static const struct mr_admin_hands nothing;
    (void)state;
    for (int round = 0; round < 2; round++) {
        commands->hands = round ? &nothing : NULL;
        for (size_t i = 0; i < MR_COUNT_OF(levels); i++) {
            assert_int_equal(say(levels[i].line), MR_REPLY_FAILED);
            has("this process ");
        }
    }
    commands->read_only = true;
    assert_int_equal(say("kill on"), MR_REPLY_REFUSED);
    has("wants the admin socket");
}

static void each_reply_is_also_one_line_of_legal_json(void **state)
{
    char line[128];
    uint32_t at;
    (void)state;
    good("emergency-stop a \"quoted\" reason", "emergency-stop");
    good("kill on \"why\"", "killed");
    for (size_t i = 0; i < MR_COUNT_OF(levels); i++) {
        snprintf(line, sizeof line, "%s --json", levels[i].line);
        say(line);
        assert_int_equal(mr_json_check((const uint8_t *)reply, (uint32_t)strlen(reply) - 1, &at), MR_OK);
        assert_ptr_equal(strchr(reply, '\n'), reply + strlen(reply) - 1);
    }
}

/* ---- kill ---- */

static void killing_says_it_is_on_disk_and_a_clearing_has_a_name(void **state)
{
    char kept[128];
    const struct passwd *me = getpwuid(0);
    (void)state;
    snprintf(kept, sizeof kept, "%s/KILL", folder);
    good("kill status", "not killed\n");
    good("kill on fat finger at desk 3", "killed, and on disk\n");
    assert_int_equal(mr_kill_read(kill_switch.page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(access(kept, F_OK), 0);
    assert_string_equal(kill_switch.last.reason, "fat finger at desk 3");
    assert_string_equal(kill_switch.last.who, me ? me->pw_name : "uid 0");
    assert_non_null(
        strstr(audited, "uid 0 pid 77 level administer: kill on fat finger at desk 3: killed, and on disk"));
    good("kill status", "KILLED by socket since ");
    has("fat finger at desk 3");
    good("kill status --json", "\"killed\":true,\"on_disk\":true");
    good("kill off looked at it", "not killed any more\n");
    assert_int_equal(mr_kill_read(kill_switch.page, 0, 0), MR_KILL_SCOPE_NONE);
    assert_int_not_equal(access(kept, F_OK), 0);
    failed("kill off again", "the kill switch is not on");
    assert_non_null(strstr(audited, "kill off again: the kill switch is not on"));
    assert_int_equal(say_as(&operator, "kill on"), MR_REPLY_GOOD);
    assert_string_equal(kill_switch.last.who, "uid 4242"); /* nobody by that number here */
}

static void a_kill_that_cannot_be_kept_still_kills_and_says_so(void **state)
{
    (void)state;
    int fd = data.fd;
    data.fd = -1;
    failed("kill on", "killed, but that is not on disk");
    assert_int_equal(mr_kill_read(kill_switch.page, 0, 0), MR_KILL_SCOPE_ALL);
    data.fd = fd;
}

static void venues_and_strategies_go_by_name(void **state)
{
    (void)state;
    good("kill venue on okx too slow", "okx: killed, and on disk\n");
    good("kill strategy on maker", "maker: killed, and on disk\n");
    assert_int_equal(mr_kill_read(kill_switch.page, MR_VENUE_okx, 0), MR_KILL_SCOPE_VENUE);
    assert_int_equal(mr_kill_read(kill_switch.page, MR_VENUE_bybit, 1), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(mr_kill_read(kill_switch.page, MR_VENUE_bybit, 0), MR_KILL_SCOPE_NONE);
    good("kill status", "venue okx: killed\nstrategy maker: killed\n");
    good("kill status --json", "\"venues\":[\"okx\"],\"strategies\":[\"maker\"]");
    good("kill venue off okx", "okx: not killed any more\n");
    good("kill strategy off maker", "maker: not killed any more\n");
    failed("kill venue off okx", "venue 2 is not killed");
    assert_int_equal(say("kill venue on nowhere"), MR_REPLY_USAGE);
    has("no venue \"nowhere\"");
    assert_int_equal(say("kill strategy on nobody"), MR_REPLY_USAGE);
    has("no strategy \"nobody\"");
    assert_int_equal(say("kill venue on"), MR_REPLY_USAGE);
    has("want: kill venue on <venue> [reason...]");
    assert_int_equal(say("kill"), MR_REPLY_USAGE);
}

/* ---- life ---- */

static void the_life_cycle_is_steered_and_shown(void **state)
{
    (void)state;
    good("state show", "ready since ");
    has("by system: started");
    good("resume for the morning", "resume\n");
    assert_int_equal(life.state, MR_LIFE_TRADING);
    assert_non_null(strstr(life.last.reason, ": for the morning"));
    assert_int_equal(life.last.actor, MR_ACTOR_ADMIN);
    failed("disarm", "no way from trading to ready");
    assert_int_equal(say_as(&operator, "pause"), MR_REPLY_GOOD);
    assert_int_equal(life.last.actor, MR_ACTOR_OPERATOR);
    assert_int_equal(life.last.uid, 4242);
    good("disarm", "disarm\n");
    assert_int_equal(life.state, MR_LIFE_READY);
    failed("pause", "no way from ready to paused");
    good("state show --json", "\"state\":\"ready\"");
    has("\"refusals\":2");
}

static void an_emergency_stop_is_left_by_an_administrator_when_all_is_closed(void **state)
{
    (void)state;
    failed("emergency-stop release", "there is no emergency stop; the state is ready");
    good("resume", "resume");
    assert_int_equal(say_as(&operator, "emergency-stop it trades nonsense"), MR_REPLY_GOOD);
    assert_int_equal(life.state, MR_LIFE_EMERGENCY_STOP);
    assert_true(stop.active);
    assert_int_equal(stop.cause, MR_STOP_OPERATOR);
    assert_string_equal(stop.reason, "it trades nonsense");
    good("state show", "emergency stop 1, under way: operator: it trades nonsense");
    failed("disarm", "is left by `emergency-stop release`");
    failed("emergency-stop release", "step 3, close, is not done");
    step_says = MR_E_AGAIN;
    mr_stop_poll(&stop, 1000000001);
    failed("emergency-stop release", "is not done: 2 orders are open");
    step_says = MR_OK;
    mr_stop_poll(&stop, 1000000002);
    good("kill on", "killed");
    failed("emergency-stop release", "the kill switch is on"); /* and nothing has changed */
    assert_true(stop.active);
    assert_int_equal(life.state, MR_LIFE_EMERGENCY_STOP);
    good("kill off", "not killed any more");
    good("emergency-stop release all clear", "release\n");
    assert_int_equal(life.state, MR_LIFE_READY);
    assert_false(stop.active);
    step_says = MR_E_AGAIN;
    good("emergency-stop", "emergency-stop\n");
    failed("emergency-stop release", "is not done");
    good("emergency-stop release forced by me", "release, forced\n");
    assert_int_equal(life.state, MR_LIFE_READY);
    assert_string_equal(mr_steer_verb_name(99), "?");
    struct mr_err err;
    assert_int_equal(mr_steer(&life, &stop, &(struct mr_steer_act){.verb = 99}, 5, &err), MR_E_INVALID);
}

/* ---- orders ---- */

static void a_twap_and_an_iceberg_are_asked_for_in_numbers_that_can_be(void **state)
{
    (void)state;
    static const char *const refused[] = {"order twap up BTCUSDT 1 100 5 5",       "order twap buy BTCUSDT 1 100 0 5",
                                          "order twap buy BTCUSDT 1 100 5 0",      "order twap buy BTCUSDT 1 100 5 65",
                                          "order twap buy BTCUSDT 1 100 -5 5",     "order twap buy BTCUSDT 1 100 5m 5",
                                          "order twap sell BTCUSDT 1 100 10081 5", "order twap sell BTCUSDT 1 100 5",
                                          "order iceberg down BTCUSDT 1 100 1",    "order iceberg buy BTCUSDT 1 100"};
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++)
        if (say(refused[i]) != MR_REPLY_USAGE)
            fail_msg("%s: %s", refused[i], reply);
    failed("order twap sell BTCUSDT 1 100 10080 64", "this process does not trade");
    failed("order iceberg buy BTCUSDT 1 100 0.1", "this process does not trade");
    assert_int_not_equal(say_as(&guest, "order iceberg buy BTCUSDT 1 100 0.1"), MR_REPLY_GOOD);
    assert_null(strstr(reply, "does not trade")); /* who may only look is not told so far */
}

/* ---- configuration, log ---- */

static void the_configuration_is_shown_checked_reloaded_and_has_a_history(void **state)
{
    (void)state;
    good("config show", "control:\n");
    has("  half_s: 10\n");
    good("config show origin", "millrace.yaml:2\n");
    assert_int_equal(say("config show nonsense"), MR_REPLY_USAGE);
    good("config history", "no reload yet\n");
    good("config check", "millrace.yaml: good\n");
    put("control:\n  half_s: 20\n  line_max: 8KiB\nfeeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n");
    good("config reload", "now       control.half_s: 10 -> 20\n");
    has("restart   control.line_max: 4KiB -> 8KiB\n");
    assert_int_equal(running.control.half_s, 20);
    assert_non_null(strstr(audited, "config reload: 1 live, 1 want a restart, sha256 "));
    put("control:\n  half_s: 0\n  x: 1\n");
    good("config check", "millrace.yaml:2:11: control.half_s: ");
    has("a reload would be refused");
    good("config check --json", "\"good\":false");
    failed("config reload", "nothing changed: ");
    has("millrace.yaml:2:11");
    assert_int_equal(running.control.half_s, 20);
    good("config history", ": applied; 1 live, 1 want a restart");
    has(": refused; ");
    good("config history 1", ": refused; ");
    assert_null(strstr(reply, "applied"));
    good("config history --json", "\"history\":[{\"time\":");
    put("control:\n  half_s: 21\n");
    good("config reload --json", "\"key\":\"control.half_s\",\"before\":\"20\",\"after\":\"21\",\"when\":\"live\"");
    for (size_t i = 0; i < 5; i++) {
        static const char *const bad[] = {"config history 0", "config history 1001", "config history x",
                                          "config history -1", "config history 1x"};
        assert_int_equal(say(bad[i]), MR_REPLY_USAGE);
        has("want a number from 1 to 1000");
    }
    live.history = NULL;
    failed("config history", "keeps no history");
    live.history = "/proc/self/none";
    put("control:\n  half_s: 22\n");
    good("config reload", "the history cannot be written");
    assert_non_null(strstr(audited, "not in the history"));
    live.file = "";
    good("config check", "defaults: good");
}

static void the_log_speaks_as_much_as_it_is_told(void **state)
{
    char path[128];
    struct mr_err err;
    size_t len;
    (void)state;
    snprintf(path, sizeof path, "%s/log", folder);
    assert_int_equal(mr_log_open(&hands.log, path, false, MR_LOG_INFO, &err), MR_OK);
    MR_LOG(hands.log, MR_LOG_INFO, "one");
    good("log level error", "log level error\n");
    MR_LOG(hands.log, MR_LOG_INFO, "two");
    good("log level debug", "log level debug\n");
    MR_LOG(hands.log, MR_LOG_DEBUG, "three");
    assert_int_equal(say("log level loud"), MR_REPLY_USAGE);
    has("want debug, info, warn or error");
    mr_log_close(hands.log);
    char *text = (char *)mr_test_read(folder, "log", &len);
    assert_non_null(strstr(text, "one"));
    assert_null(strstr(text, "two"));
    assert_non_null(strstr(text, "three"));
    free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        T(each_wants_its_level_and_what_acts_is_audited_refused_or_not),
        T(what_a_process_has_not_is_refused_by_name),
        T(each_reply_is_also_one_line_of_legal_json),
        T(killing_says_it_is_on_disk_and_a_clearing_has_a_name),
        T(a_kill_that_cannot_be_kept_still_kills_and_says_so),
        T(venues_and_strategies_go_by_name),
        T(the_life_cycle_is_steered_and_shown),
        T(an_emergency_stop_is_left_by_an_administrator_when_all_is_closed),
        T(a_twap_and_an_iceberg_are_asked_for_in_numbers_that_can_be),
        T(the_configuration_is_shown_checked_reloaded_and_has_a_history),
        T(the_log_speaks_as_much_as_it_is_told),
    };
    return MR_TEST_MAIN(tests);
}
