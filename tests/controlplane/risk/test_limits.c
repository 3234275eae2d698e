/* Limits: what is taken, what is refused and how it is told, what changes and who may. */
#include "controlplane/risk/limits_priv.h"

#include <stdio.h>

#include "codecs/venue/venue.h"
#include "tests/support/support.h"

struct told {
    char text[4096];
    size_t len;
    unsigned count;
};
static void tell(void *arg, const char *sentence)
{
    struct told *t = arg;
    int n = snprintf(t->text + t->len, sizeof t->text - t->len, "%s\n", sentence);
    t->len += n > 0 && (size_t)n < sizeof t->text - t->len ? (size_t)n : 0;
    t->count++;
}

static struct mr_risk_limits *parse(const char *text, struct told *told, int want)
{
    static struct mr_risk_limits limits;
    *told = (struct told){.len = 0};
    int status = mr_risk_limits_parse(&limits, "limits.yaml", text, strlen(text), tell, told);
    if (status != want)
        fail_msg("%s: status %d, told: %s", text, status, told->text);
    return &limits;
}

static mr_money money(const char *text)
{
    mr_money v;
    assert_int_equal(mr_money_parse(mr_span_of(text), &v), MR_OK);
    return v;
}

static void nothing_said_is_the_careful_default(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "", "\n", "# nothing\n", "{}", "---\n{}\n", "order: {}\n", "markets: []\npolicies: []\n"};
    struct told told;
    for (size_t i = 0; i < MR_COUNT_OF(empty); i++) {
        struct mr_risk_limits *m = parse(empty[i], &told, MR_OK);
        assert_true(m->version == 0 && !m->bound && m->market_count == 0 && m->policy_count == 0);
        assert_true(m->account.position_share_e8 == 10000000 && m->account.positions_max == 3);
        assert_true(m->account.symbol_share_e8 == 30000000 && m->account.daily_loss_e8 == 5000000);
        assert_true(m->account.drawdown_e8 == 15000000 && m->account.margin_use_e8 == 80000000);
        assert_true(m->account.liquidation_e8 == 5000000 && m->account.break_even_buffer_e8 == 50000);
        assert_true(m->hours.from_minute == 0 && m->hours.to_minute == 1440 && m->hours.days == 127);
        assert_true(m->tiers.below_e8[0] == 500000 && m->tiers.leverage[0] == 50 && m->tiers.leverage[5] == 3);
        assert_true(m->market_of[0] == MR_RISK_MARKET_NONE);
    }
}

static void yaml_and_json_are_read_alike(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "order:\n  value_max: 20000.5\n  collar_mid_pct: 0.25\n  duplicate_window: 250ms\nrate:\n  orders_window: 2s\n"
        "hours:\n  from: \"22:00\"\n  to: \"06:30\"\n  days: mon fri\n"
        "markets:\n  - market: \"*\"\n    short: true\n    taker_fee_pct: 0.055\npolicies:\n  - type: KillSwitch\n    "
        "enabled: false\n",
        "{\"order\": {\"value_max\": \"20000.5\", \"collar_mid_pct\": 0.25, \"duplicate_window\": \"250ms\"}, "
        "\"rate\":\t{\"orders_window\": \"2s\"},"
        "\"hours\": {\"from\": \"22:00\", \"to\": \"06:30\", \"days\": \"mon fri\"},"
        "\"markets\": [{\"market\": \"*\", \"short\": true, \"taker_fee_pct\": 0.055}], \"policies\": [{\"type\": "
        "\"KillSwitch\", \"enabled\": false}]}"};
    struct told told;
    for (size_t i = 0; i < MR_COUNT_OF(texts); i++) {
        struct mr_risk_limits *m = parse(texts[i], &told, MR_OK);
        assert_true(m->order.value_max == money("20000.5") && m->order.collar_mid_e8 == 250000);
        assert_true(m->order.duplicate_ns == 250000000 && m->rate.orders_ns == 2000000000);
        assert_true(m->hours.from_minute == 1320 && m->hours.to_minute == 390 && m->hours.days == 0x11);
        assert_true(m->market_count == 1 && m->markets[0].short_allowed && m->markets[0].taker_fee_e8 == 55000);
        assert_true(m->policy_count == 1 && m->policies[0].kind == MR_POLICY_KILL && !m->policies[0].enabled);
        assert_string_equal(m->policies[0].name, "KillSwitch-1");
    }
}

static void values_at_their_bounds_are_taken_and_beyond_refused(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *key; const char *good[4], *bad[12]; } cases[] = {
        {"order.collar_mid_pct", {"0", "100", "0.000001", "99.999999"}, {"-1", "100.000001", "0.0000001", "1e1", "5%", "nan", "inf", "01", ".5", "5.", "[1]", "{a: 1}"}},
        {"order.value_max", {"0", "1000000000000", "0.000000000000000001", "1.50"}, {"-0.1", "1000000000000.000000000000000001", "0.0000000000000000001", "10k", "1,000", "ten", "~", "true", "99999999999999999999999999999999", "0x10", "+1", "1 "}},
        {"rate.orders_max", {"0", "1000", "7", "999"}, {"-1", "1001", "5.0", "5.9", "010", "5s", "1e2", "4294967297", "nan", "\"\"", "false", "1_000"}},
        {"rate.orders_window", {"1ms", "3600s", "1h", "60m"}, {"0ms", "0s", "61m", "2h", "1", "1.5s", "s", "5 s", "5sec", "-1s", "1us", "9999999999999999s"}},
        {"hours.from", {"00:00", "23:59", "09:05", "12:30"}, {"24:01", "24:00", "9:05", "09:60", "0905", "09.05", "aa:bb", "09:5a", "-1:00", "25:00", "09:055", "\"\""}},
        {"hours.days", {"mon", "sun sat", "mon tue wed thu fri sat sun", "fri"}, {"monday", "mon,tue", "mon mon", "", "mon ", " mon", "mo", "Mon", "1", "mon  tue", "montue", "mon tu"}},
        {"account.leverage_max", {"1", "100", "20", "2"}, {"0", "101", "-5", "1.0", "x10", "10x", "NaN", "1e1", "''", "007", "[]", "{}"}},
    };
    /* clang-format on */
    struct told told;
    char text[200], section[32], want[64];
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        const char *key = strchr(cases[i].key, '.') + 1;
        snprintf(section, sizeof section, "%.*s", (int)(key - cases[i].key - 1), cases[i].key);
        for (size_t k = 0; k < 4; k++) {
            snprintf(text, sizeof text, "%s:\n  %s: \"%s\"\n", section, key, cases[i].good[k]);
            parse(text, &told, MR_OK);
        }
        for (size_t k = 0; k < 12; k++) {
            snprintf(text, sizeof text,
                     strchr("[{\"'~", cases[i].bad[k][0]) && cases[i].bad[k][0] ? "%s:\n  %s: %s\n"
                                                                                : "%s:\n  %s: \"%s\"\n",
                     section, key, cases[i].bad[k]);
            parse(text, &told, MR_E_INVALID);
            snprintf(want, sizeof want, "limits.yaml:%s:",
                     strcmp(cases[i].bad[k], "24:00") == 0 ? "1" : "2"); /* 24:00 is a rule of the whole */
            assert_non_null(strstr(told.text, want));
            assert_non_null(strstr(told.text, cases[i].key));
        }
    }
}

static void refusals_name_the_place_and_the_way_out(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } refused[] = {
        {"order:\n  value_maxx: 1\n", "limits.yaml:2:3: order.value_maxx: no such key; did you mean value_max?"},
        {"order:\n  zzzzzz: 1\n", "limits.yaml:2:3: order.zzzzzz: no such key\n"},
        {"ordr:\n  value_max: 1\n", "limits.yaml:1:1: ordr: no such section; did you mean order?"},
        {"qqqqqqqq: 1\n", "limits.yaml:1:1: qqqqqqqq: no such section\n"},
        {"order: 5\n", "limits.yaml:1:8: order: want a mapping of keys"},
        {"order: {value_max: 1, value_max: 2}\n", "this key stands twice; first in line 1"},
        {"order: {value_max: 1}\norder: {value_max: 2}\n", "limits.yaml:2:1: order: this section stands twice"},
        {"- order\n", "limits.yaml:1:1: want a mapping of sections"},
        {"order: {value_max: [1]}\n", "order.value_max: want a single value"},
        {"order: {[1]: 2}\n", "want a key"},
        {"order: &x {value_max: 1}\n", "anchors (&) and tags (!)"},
        {"order: {value_max: !!int 1}\n", "anchors (&) and tags (!)"},
        {"order: *x\n", "limits.yaml:1:8: order: an alias (*) has no place here"},
        {"order: &x {}\nrate: *x\n", "an alias (*) has no place here"},
        {"%YAML 1.1\n---\norder: {}\n", "a directive (%) has no place here"},
        {"order: {}\n---\nrate: {}\n", "a second document"},
        {"order: {value_max: 1\n", "neither YAML nor JSON"},
        {"order:\n\tvalue_max: 1\n", "neither YAML nor JSON"},
        {"\xff\xfe", "neither YAML nor JSON"},
        {"markets: {market: a}\n", "markets: want a list"},
        {"markets: [5]\n", "markets[0]: want a mapping of keys"},
        {"markets:\n  - short: true\n", "limits.yaml:2:1: markets[0]: which market?"},
        {"markets:\n  - market: a:b:C\n  - market: a:b:C\n", "a:b:C stands twice; first in line 2"},
        {"markets:\n  - market: \"a b\"\n", "want venue:product:symbol"},
        {"markets:\n  - market: a\n    short: yes\n", "markets[0].short: \"yes\" is no value here; want true or false"},
        {"markets:\n  - market: a\n    shrt: true\n", "did you mean short?"},
        {"policies:\n  - max_size: 1\n", "which policy?"},
        {"policies:\n  - type: Positionlimit\n    max_size: 1\n", "want PositionLimit, InventoryLimit"},
        {"policies:\n  - type: PositionLimit\n", "limits.yaml:2:1: policies[0]: PositionLimit wants max_size"},
        {"policies:\n  - type: PositionLimit\n    max_size: 1\n    enabled: true\n",
         "limits.yaml:4:1: policies[0]: PositionLimit has no key enabled"},
        {"policies:\n  - type: VarLimit\n    max_usd: 1\n    confidence_pct: 99\n", "VarLimit wants horizon_days"},
        {"policies:\n  - {type: VarLimit, max_usd: 1, confidence_pct: 100, horizon_days: 1}\n",
         "out of range; want percent"},
        {"policies:\n  - {type: GreeksLimit, delta_max: 1, gamma_max: 1}\n", "GreeksLimit wants vega_max"},
        {"policies:\n  - {type: KillSwitch, enabled: true, name: a}\n  - {type: KillSwitch, enabled: true, name: a}\n",
         "a policy named a stands twice"},
        {"policies:\n  - {type: KillSwitch, enabled: maybe}\n", "want true or false"},
        {"policies:\n  - {type: KillSwitch, enabled: true, name: a b}\n", "want letters, digits"},
        {"policies:\n  - {type: InventoryLimit, max_value_usd: .nan}\n", "is no value here"},
        {"leverage: {below_1_pct: 2, below_2_pct: 1}\n", "leverage.below_2_pct is below the tier before it"},
        {"order: {value_max: }\n", "is no value here"},
    };
    struct told told;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_risk_limits *m = parse(refused[i].text, &told, MR_E_INVALID);
        if (!strstr(told.text, refused[i].want))
            fail_msg("%s\ntold: %swant: %s", refused[i].text, told.text, refused[i].want);
        assert_true(m->version == 0 && m->market_count == 0 && m->policy_count == 0 &&
                    m->order.value_max == money("10000"));
    }
}

static void all_errors_are_told_and_there_is_an_end_to_it(void **state)
{
    (void)state;
    struct told told;
    parse("order:\n  value_max: x\n  collar_mid_pct: y\nrate:\n  orders_max: z\n", &told, MR_E_INVALID);
    assert_int_equal(told.count, 3);
    char text[8192] = "markets:\n";
    for (unsigned i = 0; i < 200; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "  - {short: perhaps}\n");
    parse(text, &told, MR_E_INVALID);
    assert_int_equal(told.count, MR_RISK_ERRORS_MAX);
    static char huge[MR_RISK_LIMITS_BYTES_MAX + 2];
    memset(huge, ' ', sizeof huge - 1);
    parse(huge, &told, MR_E_INVALID);
    assert_non_null(strstr(told.text, "limits have at most"));
}

static void lists_have_an_end(void **state)
{
    (void)state;
    static char text[64 * 1024];
    struct told told;
    for (unsigned extra = 0; extra < 2; extra++) {
        size_t n = (size_t)snprintf(text, sizeof text, "markets:\n");
        for (unsigned i = 0; i < MR_RISK_MARKETS_MAX + extra; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "  - market: m%u\n", i);
        n += (size_t)snprintf(text + n, sizeof text - n, "policies:\n");
        for (unsigned i = 0; i < MR_RISK_POLICIES_MAX + extra; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "  - {type: KillSwitch, enabled: false}\n");
        struct mr_risk_limits *m = parse(text, &told, extra ? MR_E_INVALID : MR_OK);
        assert_int_equal(m->market_count, extra ? 0 : MR_RISK_MARKETS_MAX);
        assert_int_equal(told.count, 2 * extra);
    }
}

static void what_is_shown_reads_back(void **state)
{
    (void)state;
    size_t len;
    char *text = (char *)mr_test_read("tests/controlplane/risk/corpus", "all.yaml", &len), shown[1 << 16],
         again[1 << 16];
    struct told told;
    struct mr_text t;
    assert_non_null(text);
    mr_text_init(&t, shown, sizeof shown);
    mr_risk_limits_show(parse(text, &told, MR_OK), &t);
    assert_non_null(strstr(shown, "  from: \"22:00\"\n  to: \"06:30\"\n  days: mon tue fri\n"));
    assert_non_null(strstr(shown, "  duplicate_window: 250ms\n"));
    assert_non_null(strstr(shown, "  - type: VarLimit\n    name: \"VarLimit-4\"\n    max_usd: 500\n    confidence_pct: "
                                  "99\n    horizon_days: 10\n"));
    mr_text_init(&t, again, sizeof again);
    mr_risk_limits_show(parse(shown, &told, MR_OK), &t);
    assert_string_equal(shown, again);
    free(text);
}

/* ---- single values ---- */

static void what_is_wrong_with_a_value_is_said_with_what_is_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } refused[] = {
        {"rate: {orders_max: x}", "rate.orders_max: \"x\" is no value here; want a whole number\n"},
        {"order: {value_max: x}", "\"x\" is no value here; want a plain decimal number\n"},
        {"order: {collar_mid_pct: x}", "\"x\" is no value here; want percent, at most six decimals\n"},
        {"rate: {orders_window: s}", "\"s\" is no value here; want a duration with its unit: ms, s, m, h\n"},
        {"rate: {orders_window: 5sec}", "\"5sec\" is no value here; want a duration"},
        {"rate: {orders_window: -1s}", "\"-1s\" is no value here; want a duration"},
        {"rate: {orders_window: 5}", "\"5\" is no value here; want a duration"},
        {"rate: {orders_window: 999999999999ms}", "999999999999ms is out of range; want a duration"},
        {"rate: {orders_window: 1000000000000ms}", "\"1000000000000ms\" is no value here"},
        {"hours: {from: x}", "\"x\" is no value here; want hh:mm up to 24:00\n"},
        {"hours: {days: x}", "\"x\" is no value here; want days as in \"mon tue wed thu fri sat sun\"\n"},
        {"policies: [{type: x}]", "want PositionLimit, InventoryLimit, KillSwitch, VarLimit or GreeksLimit"},
        {"markets: [{market: \"*\", short: x}]", "\"x\" is no value here; want true or false\n"},
        {"markets: [{market: \"\"}]", "\"\" is no value here; want venue:product:symbol\n"},
        {"policies: [{type: KillSwitch, enabled: true, name: \"\"}]", "\"\" is no value here; want letters, digits"},
        {"rate: {orders_max: 1001}", "1001 is out of range; want a whole number from 0 to 1000\n"},
        /* of a long one the first forty characters are shown */
        {"rate: {orders_max: a234567890b234567890c234567890d234567890}",
         "\"a234567890b234567890c234567890d234567890\" is no value here"},
        {"rate: {orders_max: a234567890b234567890c234567890d234567890e}",
         "\"a234567890b234567890c234567890d234567890\" is no value here"},
    };
    struct told told;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        parse(refused[i].text, &told, MR_E_INVALID);
        if (!strstr(told.text, refused[i].want))
            fail_msg("%s: %s", refused[i].text, told.text);
    }
    assert_string_equal(mr_policy_kind_name(MR_POLICY_KIND_COUNT), "?");
}

static void names_are_of_these_characters_and_so_long(void **state)
{
    (void)state;
    static const char policy[] = "policies: [{type: KillSwitch, enabled: true, name: \"%s\"}]",
                      market[] = "markets: [{market: \"%s\"}]";
    char name[200], text[400];
    struct told told;
    for (int c = ' '; c < 0x7f; c++) {
        bool letter = strchr("azAZ09._-bcyBCY15", c) != NULL, other = strchr("/:;@[`{!~?", c) != NULL;
        if (!letter && !other)
            continue;
        for (int first = 0; first < 2; first++) { /* the first character and any other */
            snprintf(name, sizeof name, first ? "%cx" : "x%c", c);
            snprintf(text, sizeof text, policy, name);
            parse(text, &told, letter ? MR_OK : MR_E_INVALID);
            snprintf(text, sizeof text, market, name);
            assert_string_equal(parse(text, &told, MR_OK)->markets[0].name, name);
        }
    }
    static const char *const blanks[] = {" x", "x y", "x\\\"", "x\\\\", "x\\u00e4"};
    for (size_t i = 0; i < MR_COUNT_OF(blanks); i++) {
        snprintf(text, sizeof text, market, blanks[i]);
        parse(text, &told, MR_E_INVALID);
    }
    const size_t policy_room = sizeof((struct mr_risk_policy *)0)->name;
    for (size_t len = 1; len < sizeof name - 1; len++) {
        memset(name, 'n', len);
        name[len] = 0;
        snprintf(text, sizeof text, policy, name);
        parse(text, &told, len < policy_room ? MR_OK : MR_E_INVALID);
        snprintf(text, sizeof text, market, name);
        parse(text, &told, len < MR_RISK_NAME_BYTES ? MR_OK : MR_E_INVALID);
    }
    static struct mr_risk_limits limits;
    memset(&limits, 0xa5, sizeof limits);
    limits.market_count = 0;
    name[MR_RISK_NAME_BYTES] = 0;
    assert_null(mr_risk_limits_market(&limits, name));
    name[MR_RISK_NAME_BYTES - 1] = 0;
    const struct mr_risk_market *row = mr_risk_limits_market(&limits, name);
    assert_non_null(row);
    assert_true(row->line == 0 && row->order_size_max == 0 && row->leverage_max == 20 && !row->short_allowed);
}

static void durations_are_shown_in_the_largest_unit_that_is_exact(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"1h", "1h"},       {"60m", "1h"},    {"3600s", "1h"}, {"90s", "90s"},    {"120s", "2m"},
                {"999ms", "999ms"}, {"1000ms", "1s"}, {"1ms", "1ms"},  {"60000ms", "1m"}, {"59m", "59m"}};
    char text[100], want[100], shown[1 << 14];
    struct told told;
    struct mr_text t;
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        snprintf(text, sizeof text, "rate: {orders_window: %s}", rows[i].in);
        snprintf(want, sizeof want, "  orders_window: %s\n", rows[i].out);
        mr_text_init(&t, shown, sizeof shown);
        mr_risk_limits_show(parse(text, &told, MR_OK), &t);
        if (!strstr(shown, want))
            fail_msg("%s is not shown as %s", rows[i].in, rows[i].out);
    }
}

static void files_are_read_or_the_reason_is_told(void **state)
{
    (void)state;
    struct told told = {.len = 0};
    struct mr_risk_limits m;
    assert_int_equal(mr_risk_limits_load(&m, "tests/controlplane/risk/corpus/all.json", tell, &told), MR_OK);
    assert_true(m.market_count == 1 && m.policies[0].enabled);
    assert_int_equal(mr_risk_limits_load(&m, "tests/controlplane/risk/corpus/wrong.yaml", tell, &told), MR_E_INVALID);
    assert_int_equal(told.count, 4);
    told = (struct told){.len = 0};
    assert_int_equal(mr_risk_limits_load(&m, "tests/no/such/file", tell, &told), MR_E_IO);
    assert_string_equal(told.text, "tests/no/such/file: cannot be read: No such file or directory\n");
    assert_int_equal(mr_risk_limits_load(&m, "tests", tell, &told), MR_E_IO);
    assert_int_equal(m.market_count, 0);
}

/* ---- changes ---- */

static void changes_are_told_and_raising_is_for_those_who_are_armed(void **state)
{
    (void)state;
    static const char *const before =
        "order: {value_max: 10000}\nmarkets: [{market: a:b:C, position_max: 5}]\n"
        "policies: [{type: PositionLimit, name: p, max_size: 7}, {type: KillSwitch, name: k, enabled: true}]\n";
    static const struct {
        const char *text, *want;
        bool raises;
    } cases[] = {
        {"order: {value_max: 9999}\n", "order.value_max: 10000 -> 9999 (lowered)\n", false},
        {"order: {value_max: 10001}\n", "order.value_max: 10000 -> 10001 (raised)\n", true},
        {"order: {value_max: 10000, duplicate_window: 1s}\n", "order.duplicate_window: 500ms -> 1s (lowered)\n", false},
        {"order: {value_max: 10000, duplicate_window: 1ms}\n", "order.duplicate_window: 500ms -> 1ms (raised)\n", true},
        {"hours: {from: \"08:00\"}\n", "hours.from: \"00:00\" -> \"08:00\" (raised)\n", true},
        {"account: {liquidation_pct: 6}\n", "account.liquidation_pct: 5 -> 6 (lowered)\n", false},
        {"account: {liquidation_pct: 4}\n", "account.liquidation_pct: 5 -> 4 (raised)\n", true},
    };
    static struct mr_risk_limits old, new;
    struct told told;
    struct mr_text t;
    char text[1024], out[2048];
    old = *parse(before, &told, MR_OK);
    mr_text_init(&t, out, sizeof out);
    static struct mr_risk_limits none;
    mr_risk_limits_default(&none);
    assert_int_equal(mr_risk_limits_change(&none, &old, false, &t), MR_OK); /* the first is free */
    assert_true(old.version == 1);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        snprintf(text, sizeof text, "%s%s", cases[i].text, strchr(before, '\n') + 1);
        for (unsigned armed = 0; armed < 2; armed++) {
            new = *parse(text, &told, MR_OK);
            mr_text_init(&t, out, sizeof out);
            int status = mr_risk_limits_change(&old, &new, armed, &t);
            assert_string_equal(out, cases[i].want);
            assert_int_equal(status, cases[i].raises && !armed ? MR_E_INVALID : MR_OK);
            assert_true(new.version == (status == MR_OK ? 2u : 0u));
        }
    }
}

static void markets_and_policies_that_come_and_go(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *want;
        bool raises;
    } cases[] = {
        {"markets: []\n", "markets: [{market: a}]\n", "markets[a]: added (raised)\n", true},
        {"markets: [{market: a}]\n", "markets: []\n", "markets[a]: removed (lowered)\n", false},
        {"markets: [{market: a}, {market: \"*\"}]\n", "markets: [{market: \"*\"}]\n", "markets[a]: removed (raised)\n",
         true},
        {"markets: [{market: a, short: true}]\n", "markets: [{market: a}]\n",
         "markets[a].short: true -> false (lowered)\n", false},
        {"markets: [{market: a}]\n", "markets: [{market: a, least_value: 4}]\n",
         "markets[a].least_value: 5 -> 4 (raised)\n", true},
        {"policies: []\n", "policies: [{type: KillSwitch, enabled: false}]\n",
         "policies[KillSwitch-1]: added (lowered)\n", false},
        {"policies: [{type: KillSwitch, enabled: false}]\n", "policies: []\n",
         "policies[KillSwitch-1]: removed (raised)\n", true},
        {"policies: [{type: KillSwitch, enabled: true}]\n", "policies: [{type: KillSwitch, enabled: false}]\n",
         "policies[KillSwitch-1].enabled: true -> false (raised)\n", true},
        {"policies: [{type: KillSwitch, enabled: false}]\n", "policies: [{type: KillSwitch, enabled: true}]\n",
         "policies[KillSwitch-1].enabled: false -> true (lowered)\n", false},
        {"policies: [{type: PositionLimit, name: p, max_size: 7}]\n",
         "policies: [{type: PositionLimit, name: p, max_size: 7, market_id: a}]\n",
         "policies[p].market_id: \"\" -> \"a\" (raised)\n", true},
        {"policies: [{type: PositionLimit, name: p, max_size: 7}]\n",
         "policies: [{type: KillSwitch, name: p, enabled: true}]\n",
         "policies[p]: added (lowered)\npolicies[p]: removed (raised)\n", true},
    };
    static struct mr_risk_limits old, new;
    struct told told;
    struct mr_text t;
    char out[2048];
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        old = *parse(cases[i].old, &told, MR_OK);
        new = *parse(cases[i].new, &told, MR_OK);
        old.version = 5;
        mr_text_init(&t, out, sizeof out);
        int status = mr_risk_limits_change(&old, &new, false, &t);
        assert_string_equal(out, cases[i].want);
        assert_int_equal(status, cases[i].raises ? MR_E_INVALID : MR_OK);
    }
    old.version = UINT64_MAX;
    assert_int_equal(mr_risk_limits_change(&old, &new, true, &t), MR_E_OVERFLOW);
}

static void names_are_bound_to_instruments(void **state)
{
    (void)state;
    static struct mr_risk_limits m;
    struct told told;
    void *mem = aligned_alloc(64, (mr_instruments_bytes(8) + 63) / 64 * 64);
    struct mr_instruments *table = mr_instruments_init(mem, 8);
    const struct mr_venue *venue = mr_venue_by_name("binance");
    uint8_t usdm = 0;
    while (strcmp(venue->products[usdm].name, "usdm") != 0)
        usdm++;
    for (const char *const *s = (const char *const[]){"BTCUSDT", "ETHUSDT", "DOGEUSDT", NULL}; *s; s++)
        assert_true(mr_instruments_add_bare(table, MR_VENUE_binance, usdm, mr_span_of(*s)) >= 0);
    m = *parse("markets:\n  - market: binance:usdm:ETHUSDT\n  - market: binance:usdm:XYZUSDT\n"
               "policies:\n  - {type: PositionLimit, name: a, market_id: \"binance:usdm:DOGEUSDT\", max_size: 1}\n"
               "  - {type: PositionLimit, name: b, market_id: \"binance:usdm:NONE\", max_size: 1}\n  - {type: "
               "PositionLimit, name: c, max_size: 1}\n",
               &told, MR_OK);
    assert_int_equal(mr_risk_limits_bind(&m, table), 2); /* XYZUSDT, NONE */
    assert_true(m.bound && m.market_of[0] == MR_RISK_MARKET_NONE && m.market_of[1] == 0 &&
                m.market_of[2] == MR_RISK_MARKET_NONE);
    assert_true(m.policies[0].instrument == 2 && m.policies[1].instrument == UINT32_MAX - 1 &&
                m.policies[2].instrument == UINT32_MAX);
    m = *parse("markets: [{market: \"*\"}, {market: \"binance:usdm:BTCUSDT\"}]\n", &told, MR_OK);
    assert_int_equal(mr_risk_limits_bind(&m, table), 0);
    assert_true(m.market_of[0] == 1 && m.market_of[1] == 0 && m.market_of[2] == 0 &&
                m.market_of[3] == MR_RISK_MARKET_NONE);
    /* once more, beside other instruments: nothing is left of before; "*" is not missing where nobody needs it, and is for none of a venue
     * that has no name */
    struct mr_instruments *other = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(8) + 63) / 64 * 64), 8);
    assert_true(mr_instruments_add_bare(other, MR_VENUE_binance, usdm, mr_span_of("BTCUSDT")) >= 0);
    assert_true(mr_instruments_add_bare(other, 99, 0, mr_span_of("BTCUSDT")) >= 0);
    m = *parse("markets: [{market: \"binance:usdm:ETHUSDT\"}, {market: \"*\"}, {market: \"binance:usdm:BTCUSDT\"}]\n"
               "policies:\n  - {type: PositionLimit, name: a, market_id: \"binance:usdm:DOGEUSDT\", max_size: 1}\n"
               "  - {type: PositionLimit, name: b, market_id: \"x\", max_size: 1}\n"
               "  - {type: PositionLimit, name: c, max_size: 1}\n",
               &told, MR_OK);
    assert_int_equal(mr_risk_limits_bind(&m, table), 1); /* x */
    assert_int_equal(m.policies[0].instrument, 2);
    assert_int_equal(mr_risk_limits_bind(&m, other), 3); /* x, DOGEUSDT, ETHUSDT */
    assert_true(m.policies[0].instrument == UINT32_MAX - 1 && m.policies[1].instrument == UINT32_MAX - 1);
    assert_true(m.market_of[0] == 2 && m.market_of[1] == MR_RISK_MARKET_NONE && m.market_of[2] == MR_RISK_MARKET_NONE);
    free(other);
    char name[MR_RISK_NAME_BYTES];
    mr_risk_market_name(&(struct mr_instrument){.venue = 99}, name);
    assert_string_equal(name, "");
    assert_null(mr_risk_limits_market(&m, ""));
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_the_careful_default),
        cmocka_unit_test(yaml_and_json_are_read_alike),
        cmocka_unit_test(values_at_their_bounds_are_taken_and_beyond_refused),
        cmocka_unit_test(refusals_name_the_place_and_the_way_out),
        cmocka_unit_test(all_errors_are_told_and_there_is_an_end_to_it),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(what_is_shown_reads_back),
        cmocka_unit_test(what_is_wrong_with_a_value_is_said_with_what_is_wanted),
        cmocka_unit_test(names_are_of_these_characters_and_so_long),
        cmocka_unit_test(durations_are_shown_in_the_largest_unit_that_is_exact),
        cmocka_unit_test(files_are_read_or_the_reason_is_told),
        cmocka_unit_test(changes_are_told_and_raising_is_for_those_who_are_armed),
        cmocka_unit_test(markets_and_policies_that_come_and_go),
        cmocka_unit_test(names_are_bound_to_instruments),
    };
    return MR_TEST_MAIN(tests);
}
