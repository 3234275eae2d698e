/* The desk beside a data plane's shared memory: what it waits for, what a restart leaves, with whom it does not trade. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/ring/workspace_priv.h"
#include "tests/controlplane/trade/desk_scene.h"

static void it_waits_for_metadata_books_volatility_and_reconciliation_then_trades(void **state)
{
    (void)state;
    set_up();
    assert_int_equal(must_open(), MR_OK);
    now += 10000000;
    mr_desk_round(desk, now);
    assert_int_equal(show()->steer.state, MR_LIFE_INITIALIZING);
    pass(5);
    assert_int_equal(show()->steer.state, MR_LIFE_INITIALIZING);
    assert_non_null(strstr(show()->why, "volatility"));
    pass(20);
    assert_string_equal(show()->why, "");
    assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
    struct mr_desk_line line;
    bool said = false;
    while (mr_desk_line(desk, &line))
        said |= strstr(line.text, "ready -> trading") != NULL;
    assert_true(said);
    tear_down();
}

static void what_is_held_survives_the_process_and_ids_of_trades_do_not_repeat(void **state)
{
    (void)state;
    set_up();
    for (int life = 1; life <= 3; life++) {
        assert_int_equal(must_open(), MR_OK);
        pass(25);
        assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
        print_trade();
        image();
        pass(1);
        struct mr_err said;
        const struct mr_desk_act buy = {.what = MR_DESK_PLACE,
                                        .side = MR_SIDE_BUY,
                                        .type = MR_ORDER_LIMIT,
                                        .name = "BTCUSDT",
                                        .price = "60000.5",
                                        .size = "0.01"};
        int status = act(&buy, &said);
        if (status)
            print_error("%s\n", said.text);
        assert_int_equal(status, MR_OK);
        pass(1);
        assert_true(show()->fills > 0);
        mr_desk_close(desk);
        desk = NULL;
    }
    assert_int_equal(must_open(), MR_OK);
    pass(2);
    assert_int_equal(show()->position_count, 1);
    assert_string_equal(show()->position[0].size, "0.03");
    assert_int_equal(show()->discrepancies, 0);
    tear_down();
}

static void what_cannot_be_is_refused_before_anything_starts(void **state)
{
    (void)state;
    static const struct {
        const char *instrument, *strategy, *setting, *limits, *want;
    } cases[] = {
        {"binance:spot:BTCUSDT", "follower", NULL, "", "trade.limits"},
        {"binance:spot:BTCUSDT", "follower", NULL, "/nowhere/limits.yaml", "/nowhere/limits.yaml"},
        {"binance:spott:BTCUSDT", "follower", NULL, NULL, "spott"},
        {"binance:spot:BTCUSDT", "leader", NULL, NULL, "leader"},
        {"binance:spot:BTCUSDT", "follower+follower", NULL, NULL, "named twice"},
        {"binance:spot:BTCUSDT", "follower", "follower.level", NULL, "STRATEGY.PARAMETER:VALUE"},
        {"binance:spot:BTCUSDT", "follower", "fader.level:3", NULL, "fader"},
        {"binance:spot:BTCUSDT", "follower", "follower.level:9", NULL, "from 1 to 4"},
        {"binance:spot:BTCUSDT", "follower", "follower.colour:9", NULL, "colour"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_err err = {""};
        set_up();
        strcpy(trading.instruments[0], cases[i].instrument);
        trading.strategy_count = 0;
        for (const char *at = cases[i].strategy; at; at = strchr(at, '+') ? strchr(at, '+') + 1 : NULL)
            snprintf(trading.strategies[trading.strategy_count++], 24, "%.*s", (int)strcspn(at, "+"), at);
        if (cases[i].setting)
            strcpy(trading.settings[trading.setting_count++], cases[i].setting);
        if (cases[i].limits)
            strcpy(trading.limits, cases[i].limits);
        assert_true(open_desk(&err) != MR_OK);
        if (!strstr(err.text, cases[i].want))
            print_error("\"%s\" does not say \"%s\"\n", err.text, cases[i].want);
        assert_non_null(strstr(err.text, cases[i].want));
        assert_null(desk);
        tear_down();
    }
}

static void two_desks_cannot_write_one_journal(void **state)
{
    (void)state;
    struct mr_desk *second = NULL;
    struct mr_err err = {""};
    set_up();
    assert_int_equal(must_open(), MR_OK);
    assert_true(mr_desk_open(&second, &config, &err) != MR_OK);
    assert_true(err.text[0]);
    assert_null(second);
    tear_down();
}

/* ---- one build, one configuration ---- */

/* As a data plane of another build leaves it. */
static void forge(const void *field, size_t bytes, size_t at)
{
    int fd = open(w.path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, field, bytes, (off_t)at), bytes);
    close(fd);
}
static void forge_build(void) { forge("00112233", 9, offsetof(struct workspace_head, build)); }

static void a_stranger(bool another_build, const char *want)
{
    struct mr_err said = {""};
    set_up();
    writer_stop(&w);
    start_plane(another_build ? CONFIG : CONFIG + 1);
    if (another_build)
        forge_build();
    assert_int_equal(must_open(), MR_OK);
    pass(25);
    assert_int_equal(show()->steer.state, MR_LIFE_INITIALIZING);
    assert_non_null(strstr(show()->why, want));
    assert_true(steer(MR_STEER_RESUME, &said) != MR_OK);
    assert_non_null(strstr(said.text, want));
    assert_false(show()->armed);
    tear_down();
}

static void a_data_plane_of_another_build_or_configuration_is_refused_in_words(void **state)
{
    (void)state;
    a_stranger(true, "data plane test is build 00112233: restart the older one");
    a_stranger(false, "data plane test with 000000000000002b: restart them with the same file");
}

/* An update: the control plane is there first, and finds what the older data plane left. */
static void what_an_older_data_plane_left_is_waited_out(void **state)
{
    (void)state;
    int status;
    pid_t gone = fork();
    if (gone == 0)
        _exit(0);
    assert_int_equal(waitpid(gone, &status, 0), gone);
    set_up();
    const uint32_t pid = (uint32_t)gone;
    forge_build();
    forge(&pid, sizeof pid, offsetof(struct workspace_head, pid));
    assert_int_equal(must_open(), MR_OK);
    pass(2);
    assert_int_equal(show()->steer.state, MR_LIFE_INITIALIZING);
    assert_non_null(strstr(show()->why, "data plane test does not run, and what it left is of another build"));
    writer_stop(&w);
    start_plane(CONFIG);
    pass(25);
    assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
    struct mr_desk_line line;
    while (mr_desk_line(desk, &line))
        assert_null(strstr(line.text, "restart the older one"));
    tear_down();
}

static void one_that_comes_back_as_a_stranger_pauses_trading_until_it_is_like_us_again(void **state)
{
    (void)state;
    struct mr_err said = {""};
    set_up();
    assert_int_equal(must_open(), MR_OK);
    pass(25);
    assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
    for (uint64_t with = CONFIG + 1; with >= CONFIG; with--) {
        writer_stop(&w);
        start_plane(with);
        pass(2);
        assert_int_equal(show()->steer.state, MR_LIFE_PAUSED);
        assert_non_null(strstr(show()->steer.last.reason, "configuration 000000000000002a"));
        if (with == CONFIG)
            break;
        assert_true(steer(MR_STEER_RESUME, &said) != MR_OK);
        assert_non_null(strstr(said.text, "restart them with the same file"));
        assert_int_equal(show()->steer.state, MR_LIFE_PAUSED);
    }
    assert_int_equal(steer(MR_STEER_RESUME, &said), MR_OK);
    pass(1);
    assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
    tear_down();
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_for_metadata_books_volatility_and_reconciliation_then_trades),
        cmocka_unit_test(what_is_held_survives_the_process_and_ids_of_trades_do_not_repeat),
        cmocka_unit_test(what_cannot_be_is_refused_before_anything_starts),
        cmocka_unit_test(two_desks_cannot_write_one_journal),
        cmocka_unit_test(a_data_plane_of_another_build_or_configuration_is_refused_in_words),
        cmocka_unit_test(what_an_older_data_plane_left_is_waited_out),
        cmocka_unit_test(one_that_comes_back_as_a_stranger_pauses_trading_until_it_is_like_us_again),
    };
    return MR_TEST_MAIN(tests);
}
