/* The desk beside a data plane's shared memory: what it waits for, what an operator may do, what a restart leaves. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/trade/desk_priv.h"
#include "controlplane/trade/records.h"
#include "dataplane/ring/workspace_priv.h"
#include "tests/controlplane/consume/writer.h"
#include "tests/support/support.h"

static struct writer w;
static struct mr_desk *desk;
static struct mr_kill_page *kill_page;
static struct mr_trading_config trading;
static struct mr_journal_config journal;
static struct mr_desk_config config;
static char run_folder[128], limits[160];
static const char *name = "test", *path;
static int64_t now;
static uint64_t seq;
static mr_price mid = 6000000000000;
#define CONFIG 42 /* hash of what all run with */

static void write_limits(const char *text)
{
    FILE *f = fopen(limits, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void image(void)
{
    struct mr_plane_book b = {.instrument = 0,
                              .live = 1,
                              .seq = ++seq,
                              .recv_ns = now,
                              .bid_count = MR_PLANE_BOOK_LEVELS,
                              .ask_count = MR_PLANE_BOOK_LEVELS};
    for (int i = 0; i < MR_PLANE_BOOK_LEVELS; i++) {
        b.bids[i] = (struct mr_level){mid - (i + 1) * 10000000, 500000000};
        b.asks[i] = (struct mr_level){mid + (i + 1) * 10000000, 500000000};
    }
    mr_image_write(w.book, &b, sizeof b);
}

static void print_trade(void)
{
    union mr_slot slot = {.event = {.recv_ns = now,
                                    .venue_ns = now,
                                    .seq = ++seq,
                                    .price = mid,
                                    .size = 1000000,
                                    .kind = MR_EVENT_TRADE,
                                    .flags = MR_FLAG_FIRST | MR_FLAG_LAST}};
    mr_ring_put(&w.events, &slot, 1);
}

static int open_desk(struct mr_err *err) { return mr_desk_open(&desk, &config, err); }

static void start_plane(uint64_t with)
{
    w.config = with;
    writer_start(&w, 1024);
    struct mr_instrument it = *mr_instruments_get(w.table, 0);
    it.tick = 1000000;
    it.lot = 1000;
    assert_int_equal(mr_instruments_add(w.table, &it), 0);
}

static void set_up(void)
{
    struct timespec t;
    mid = 6000000000000;
    writer_folder(&w);
    start_plane(CONFIG);
    clock_gettime(CLOCK_REALTIME, &t);
    now = t.tv_sec * 1000000000ll;
    path = w.path;
    snprintf(run_folder, sizeof run_folder, "%s/run", w.folder);
    assert_int_equal(mkdir(run_folder, 0700), 0);
    snprintf(limits, sizeof limits, "%s/limits.yaml", run_folder);
    write_limits("account:\n  position_share_pct: 100\nmarkets:\n  - market: \"*\"\n    order_size_max: 10\n    "
                 "position_max: 10\n");
    kill_page = mr_kill_page_init(aligned_alloc(64, MR_KILL_PAGE_BYTES));
    trading = (struct mr_trading_config){.enabled = true,
                                         .at_start = true,
                                         .instrument_count = 1,
                                         .strategy_count = 1,
                                         .leverage = 10,
                                         .atr_bar_s = 1,
                                         .entry_level = 9,
                                         .cash = 10000,
                                         .latency_ns = 1000000,
                                         .risk_pct = 1,
                                         .volatility_pct = 2,
                                         .target_pct = 4,
                                         .slippage_pct = 0.5,
                                         .taker_confidence = 0.5,
                                         .maker_fee_pct = 0.02,
                                         .taker_fee_pct = 0.06,
                                         .maintenance_pct = 0.5};
    strcpy(trading.instruments[0], "binance:spot:BTCUSDT");
    strcpy(trading.strategies[0], "follower");
    snprintf(trading.limits, sizeof trading.limits, "%s", limits);
    journal = (struct mr_journal_config){.file_bytes = 1 << 20, .ring_bytes = 1 << 17, .group_bytes = 1 << 16};
    snprintf(journal.folder, sizeof journal.folder, "%s/journal", run_folder);
    config = (struct mr_desk_config){.trading = &trading,
                                     .journal = &journal,
                                     .instance = "test",
                                     .run_folder = run_folder,
                                     .build = "test",
                                     .config_hash = CONFIG,
                                     .kill = kill_page,
                                     .names = &name,
                                     .workspaces = &path,
                                     .plane_count = 1,
                                     .cores = {-1, -1}};
}

static void tear_down(void)
{
    mr_desk_close(desk);
    desk = NULL;
    free(kill_page);
    assert_int_equal(mr_test_remove(run_folder), 0);
    writer_remove(&w);
}

/* `seconds` in rounds of 10 ms, a new book each. */
static void pass(int seconds)
{
    for (int i = 0; i < seconds * 100; i++) {
        now += 10000000;
        if (i % 10 == 0)
            image();
        if (i % 50 == 0)
            print_trade();
        mr_desk_round(desk, now);
    }
}

/* Asked, and answered in the desk's rounds. */
static int act(const struct mr_desk_act *what, struct mr_err *said)
{
    struct mr_ask ask = {0};
    int status = mr_desk_act(desk, what, &ask, said);
    while (mr_ask_open(&ask)) {
        pass(1);
        status = mr_desk_act(desk, what, &ask, said);
    }
    return status;
}

static int steer(uint8_t verb, struct mr_err *said)
{
    const struct mr_steer_act what = {.verb = verb, .actor = MR_ACTOR_ADMIN, .who = "test"};
    struct mr_ask ask = {0};
    int status = mr_desk_steer(desk, &what, &ask, said);
    while (mr_ask_open(&ask)) {
        pass(1);
        status = mr_desk_steer(desk, &what, &ask, said);
    }
    return status;
}

static struct mr_trade_show *show(void)
{
    static struct mr_trade_show s;
    mr_desk_look(desk, &s);
    return &s;
}

static int must_open(void)
{
    struct mr_err err = {""};
    int status = open_desk(&err);
    if (status)
        print_error("%s\n", err.text);
    return status;
}

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

/* ---- from a signal to what is said of it ---- */

static void signal_level(uint8_t level)
{
    struct mr_signal *s = mr_ring_reserve(&w.control, sizeof *s / MR_RING_SLOT_BYTES);
    assert_non_null(s);
    *s = (struct mr_signal){.engine_ns = now,
                            .seq = ++seq,
                            .instrument = UINT32_MAX,
                            .kind = MR_SIGNAL_LEVEL,
                            .level = level,
                            .level_before = MR_LEVEL_WATCH,
                            .probability = 0.75,
                            .confidence = 1,
                            .underlying_name = "BTC"};
    mr_ring_publish(&w.control, sizeof *s / MR_RING_SLOT_BYTES);
}

static void trade_on_a_cascade(void)
{
    pass(25);
    assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
    mid += 12000000000; /* 20 basis points */
    pass(1);
    signal_level(MR_LEVEL_CRITICAL);
    pass(2);
}

static bool any(void *arg, const struct mr_store_cell *cells, uint32_t count)
{
    (void)arg, (void)cells, (void)count;
    return true;
}

static int64_t rows_of(struct mr_store *store, enum mr_store_table table)
{
    struct mr_err err;
    return mr_store_query(store, &(struct mr_store_query){.table = table}, any, NULL, &err);
}

static void a_signal_is_told_in_the_order_of_what_it_led_to_and_is_in_the_store(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        const char *piece;
    } want[] = {
        {MR_TOLD_SIGNAL, "follower: BTC at "}, {MR_TOLD_DECISION, "allowed, score "},  {MR_TOLD_ORDER, ": approved"},
        {MR_TOLD_SIGNAL, "CRITICAL"},          {MR_TOLD_FILL, "binance:spot:BTCUSDT"},
    };
    struct mr_store *store;
    struct mr_err err = {""};
    struct mr_desk_line line;
    struct mr_desk_io_counts counts;
    char folder[160];
    size_t at = 0;
    set_up();
    snprintf(folder, sizeof folder, "%s/store", run_folder);
    assert_int_equal(mr_store_open(&store, folder, &mr_store_limits_default, &err), MR_OK);
    config.store = store;
    trading.taker_confidence = 0.1;
    trading.risk_pct = 0.01;
    assert_int_equal(must_open(), MR_OK);
    trade_on_a_cascade();
    while (at < MR_COUNT_OF(want) && mr_desk_line(desk, &line))
        at += line.kind == want[at].kind && strstr(line.text, want[at].piece) != NULL;
    if (at < MR_COUNT_OF(want))
        fail_msg("no line with \"%s\"", want[at].piece);
    assert_true(show()->decided.count == 1 && show()->handed.count == 1);
    mr_desk_io_counts(desk, &counts);
    assert_true(counts.bus.published[MR_TOPIC_signal_generated] >= 2);
    assert_true(counts.bus.published[MR_TOPIC_risk_approved] >= 1 && counts.bus.published[MR_TOPIC_order_filled] >= 1);
    assert_true(counts.lost == 0 && counts.bus.waiting == 0);
    assert_int_equal(mr_store_flush(store, now), MR_OK);
    assert_true(rows_of(store, MR_STORE_ORDER) >= 1 && rows_of(store, MR_STORE_SIGNAL) == 1);
    assert_true(rows_of(store, MR_STORE_FILL) >= 1 && rows_of(store, MR_STORE_POSITION) >= 1);
    mr_desk_close(desk);
    desk = NULL;
    mr_store_close(store, now);
    tear_down();
}

/* ---- the slowest order names itself ---- */

/* Between the gate's yes and the exchange 7,777 ns pass, on the clock that the rounds set. */
static void time_passes(void *arg, const struct mr_request *r)
{
    (void)arg, (void)r;
    mr_clock_set(&desk->clock, now + 7777);
}
static void a_round(void *arg) { (void)arg; }

static void keep_durable(void *arg, const struct mr_metric_view *view)
{
    struct mr_trace *t = arg;
    if (view->hist && strcmp(view->name, "durable_ns") == 0 && mr_hist_trace(view->hist, t) != MR_OK)
        t->at_ns = 0;
}

static void the_slowest_order_leaves_a_record_with_its_number_and_instrument(void **state)
{
    (void)state;
    static const struct mr_desk_probe probe = {
        .round = a_round, .handed = time_passes, .order_limit = {.quota = 1000, .burst = 500, .window_ns = 1000000000}};
    struct mr_region r;
    struct mr_trace t = {.at_ns = -1};
    set_up();
    config.probe = &probe;
    trading.taker_confidence = 0.1;
    trading.risk_pct = 0.01;
    assert_int_equal(must_open(), MR_OK);
    trade_on_a_cascade();
    assert_int_equal(show()->handed.count, 1);
    assert_int_equal(mr_workspace_find(mr_desk_workspace(desk), "metrics/trade", &r), MR_OK);
    assert_int_equal(mr_metrics_each(r.mem, r.bytes, keep_durable, &t), MR_OK);
    assert_int_equal(t.value, 10007777); /* and a round for the journal */
    assert_int_equal(t.thread, MR_TRACE_THREAD_TRADE);
    assert_string_equal(t.begins, "BTCUSDT");
    assert_true(t.seq > 0 && t.core >= 0);
    assert_int_equal(t.at_ns - t.recv_ns, t.value);
    tear_down();
}

/* ---- limits in force ---- */

struct in_force {
    struct mr_record_limits set[8];
    uint32_t count;
};

static int keep_limits(void *arg, const struct mr_journal_record *record)
{
    struct in_force *f = arg;
    struct mr_record_limits l;
    if (record->kind != MR_JOURNAL_CONFIG)
        return 0;
    assert_int_equal(record->bytes, sizeof l);
    memcpy(&l, record->payload, sizeof l);
    assert_true(l.head.version == MR_RECORDS_VERSION && l.head.what == MR_RECORD_LIMITS && l.head.bytes == sizeof l);
    assert_true(f->count < MR_COUNT_OF(f->set));
    f->set[f->count++] = l;
    return 0;
}

/* As the journal tells it to anybody who reads it. */
static struct in_force in_force(void)
{
    struct in_force f = {.count = 0};
    struct mr_err err = {""};
    if (mr_journal_each(NULL, journal.folder, 0, keep_limits, &f, NULL, &err) != MR_OK)
        fail_msg("%s", err.text);
    return f;
}

static int read_limits_again(struct mr_err *said) { return act(&(struct mr_desk_act){.what = MR_DESK_LIMITS}, said); }

static void limits_in_force_are_in_the_journal_at_the_start_and_at_each_change(void **state)
{
    (void)state;
    struct mr_err said = {""};
    char start[200];
    set_up();
    snprintf(start, sizeof start, "at the start, from %s", limits);
    assert_int_equal(must_open(), MR_OK);
    pass(1);
    write_limits("account:\n  position_share_pct: 90\nmarkets:\n  - market: \"*\"\n    order_size_max: 5\n    "
                 "position_max: 10\n");
    assert_int_equal(read_limits_again(&said), MR_OK);
    assert_non_null(strstr(said.text, "account.position_share_pct: 100 -> 90"));
    write_limits("account:\n  position_share_pct: ninety\n"); /* a mistake changes nothing, and is nothing in force */
    assert_true(read_limits_again(&said) != MR_OK);
    write_limits("account:\n  position_share_pct: 80\nmarkets:\n  - market: \"*\"\n    order_size_max: 5\n    "
                 "position_max: 10\n");
    assert_int_equal(read_limits_again(&said), MR_OK);
    mr_desk_close(desk);
    desk = NULL;
    struct in_force f = in_force();
    assert_int_equal(f.count, 3);
    for (uint32_t i = 0; i < f.count; i++)
        assert_true(f.set[i].version == i + 1 && f.set[i].before == i); /* 0: nothing was in force before */
    assert_string_equal(f.set[0].said, start);
    assert_non_null(strstr(f.set[1].said, "account.position_share_pct: 100 -> 90"));
    assert_non_null(strstr(f.set[1].said, "order_size_max: 10 -> 5"));
    assert_non_null(strstr(f.set[2].said, "account.position_share_pct: 90 -> 80"));
    /* the next run says what it begins with, too */
    assert_int_equal(must_open(), MR_OK);
    mr_desk_close(desk);
    desk = NULL;
    f = in_force();
    assert_true(f.count == 4 && f.set[3].version == 1 && f.set[3].before == 0);
    assert_string_equal(f.set[3].said, start);
    tear_down();
}

/* ---- orders that leave in slices ---- */

static const struct mr_desk_act twap = {.what = MR_DESK_SLICE,
                                        .side = MR_SIDE_BUY,
                                        .type = MR_SLICES_TWAP,
                                        .minutes = 1,
                                        .slices = 2,
                                        .name = "BTCUSDT",
                                        .price = "60000.5",
                                        .size = "0.02"},
                                iceberg = {.what = MR_DESK_SLICE,
                                           .side = MR_SIDE_BUY,
                                           .type = MR_SLICES_ICEBERG,
                                           .name = "BTCUSDT",
                                           .price = "59990",
                                           .size = "0.02",
                                           .shown = "0.005"};

static void parents_that_cannot_be_are_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        const struct mr_desk_act *of;
        const char *name, *price, *size, *shown, *want;
    } cases[] = {
        {&twap, "ETHUSDT", NULL, NULL, NULL, "\"ETHUSDT\" is not traded here"},
        {&twap, NULL, "0", NULL, NULL, "limit \"0\""},
        {&twap, NULL, "dear", NULL, NULL, "limit \"dear\""},
        {&twap, NULL, NULL, "-1", NULL, "sizes: want numbers above zero"},
        {&twap, NULL, NULL, "0.000000001", NULL, "with at most 8 decimals"},
        {&iceberg, NULL, NULL, NULL, "", "sizes: want numbers above zero"},
        {&iceberg, NULL, NULL, NULL, "0", "sizes: want numbers above zero"},
    };
    struct mr_err said;
    set_up();
    assert_int_equal(must_open(), MR_OK);
    pass(25);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_desk_act a = *cases[i].of;
        if (cases[i].name)
            strcpy(a.name, cases[i].name);
        if (cases[i].price)
            strcpy(a.price, cases[i].price);
        if (cases[i].size)
            strcpy(a.size, cases[i].size);
        if (cases[i].shown)
            strcpy(a.shown, cases[i].shown);
        said.text[0] = 0;
        assert_true(act(&a, &said) != MR_OK);
        if (!strstr(said.text, cases[i].want))
            fail_msg("\"%s\" does not say \"%s\"", said.text, cases[i].want);
        assert_int_equal(show()->parent_count, 0);
    }
    tear_down();
}

static void an_operators_slices_are_on_the_screen_with_their_children_until_they_are_done(void **state)
{
    (void)state;
    static char text[1 << 16];
    struct mr_err said = {""};
    struct mr_text out;
    struct mr_json_out json;
    char id[2][MR_ORDER_ID_TEXT], want[64];
    set_up();
    assert_int_equal(must_open(), MR_OK);
    pass(25);
    for (int i = 0; i < 2; i++) {
        if (act(i ? &iceberg : &twap, &said) != MR_OK)
            fail_msg("%s", said.text);
        assert_int_equal(strncmp(said.text, "working: ", 9), 0);
        snprintf(id[i], sizeof id[i], "%.*s", (int)sizeof id[i] - 1, said.text + 9);
    }
    pass(1);
    const struct mr_trade_show *s = show();
    assert_int_equal(s->parent_count, 2);
    assert_string_equal(s->parent[0].type, "twap");
    assert_string_equal(s->parent[1].type, "iceberg");
    assert_string_equal(s->parent[1].state, "working");
    assert_string_equal(s->parent[1].size, "0.02");
    mr_text_init(&out, text, sizeof text);
    mr_trade_show_orders(s, &out);
    for (int i = 0; i < 2; i++) {
        snprintf(want, sizeof want, "\n%s ", id[i]); /* a row of its own */
        assert_non_null(strstr(text, want));
    }
    snprintf(want, sizeof want, "s %s\n", id[1]); /* and the last word of its child's */
    assert_non_null(strstr(text, want));
    mr_text_init(&out, text, sizeof text);
    mr_json_out_init(&json, &out);
    mr_json_out_object(&json, NULL);
    mr_trade_show_json(s, &json);
    mr_json_out_end(&json);
    const char *slices = strstr(text, "\"slices\":[");
    assert_non_null(slices);
    for (int i = 0; i < 2; i++) {
        snprintf(want, sizeof want, "\"id\":\"%s\"", id[i]);
        assert_non_null(strstr(slices, want));
    }
    snprintf(want, sizeof want, "\"parent\":\"%s\"", id[1]);
    assert_non_null(strstr(text, want));
    const struct mr_desk_act none = {.what = MR_DESK_CANCEL_ALL};
    assert_int_equal(act(&none, &said), MR_OK);
    pass(1);
    assert_int_equal(show()->parent_count, 0);
    assert_int_equal(show()->open_orders, 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_in_force_are_in_the_journal_at_the_start_and_at_each_change),
        cmocka_unit_test(it_waits_for_metadata_books_volatility_and_reconciliation_then_trades),
        cmocka_unit_test(what_is_held_survives_the_process_and_ids_of_trades_do_not_repeat),
        cmocka_unit_test(what_cannot_be_is_refused_before_anything_starts),
        cmocka_unit_test(two_desks_cannot_write_one_journal),
        cmocka_unit_test(a_data_plane_of_another_build_or_configuration_is_refused_in_words),
        cmocka_unit_test(a_signal_is_told_in_the_order_of_what_it_led_to_and_is_in_the_store),
        cmocka_unit_test(the_slowest_order_leaves_a_record_with_its_number_and_instrument),
        cmocka_unit_test(what_an_older_data_plane_left_is_waited_out),
        cmocka_unit_test(parents_that_cannot_be_are_refused_in_words),
        cmocka_unit_test(an_operators_slices_are_on_the_screen_with_their_children_until_they_are_done),
        cmocka_unit_test(one_that_comes_back_as_a_stranger_pauses_trading_until_it_is_like_us_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
