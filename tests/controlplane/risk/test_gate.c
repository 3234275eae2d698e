/* The gate, control by control: below, at and above each limit; buying and selling; fresh and after a restart; running, reducing, halted. */
#include "tests/controlplane/risk/control.h"

#include <stdio.h>

static const struct {
    const char *name;
    const struct control *rows;
    const unsigned *count;
} groups[] = {
    {"order", controls_order, &controls_order_count},          {"market", controls_market, &controls_market_count},
    {"exposure", controls_exposure, &controls_exposure_count}, {"account", controls_account, &controls_account_count},
    {"standing", controls_standing, &controls_standing_count},
};

static const char *const levels[] = {"below", "at", "above"}, *const sides[] = {"buy", "sell"},
                         *const modes[] = {"halted", "reducing", "running"};

static bool one(struct rig *r, const struct control *c, enum control_level level, enum mr_side side, bool restart,
                enum mr_risk_mode mode)
{
    char says[200];
    unsigned want[RULES_MAX + 2], n = 0;
    snprintf(says, sizeof says, "%s, %s, %s, %s%s", c->says, levels[level], sides[side], modes[mode],
             restart ? ", restarted" : "");
    rig_reset(r);
    c->set(r, level, side);
    mr_risk_set_mode(r->state, mode);
    if (restart)
        rig_restart(r);
    rig_check(r);
    if (level == ABOVE || (level == AT && !c->at_passes))
        for (unsigned i = 0; i < RULES_MAX && (i == 0 || c->rules[i]); i++)
            want[n++] = c->rules[i];
    if (mode == MR_RISK_HALT)
        want[n++] = MR_RISK_HALTED;
    if (mode == MR_RISK_REDUCE && r->verdict.grows)
        want[n++] = MR_RISK_REDUCING;
    want[n] = MR_RISK_RULE_COUNT;
    return rig_expect(r, says, want);
}

static void every_control_holds_at_its_limit(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    unsigned cases = 0, bad = 0;
    for (size_t g = 0; g < MR_COUNT_OF(groups); g++)
        for (unsigned i = 0; i < *groups[g].count; i++)
            for (unsigned k = 0; k < LEVELS * 2 * 2 * 3; k++, cases++)
                bad += !one(r, &groups[g].rows[i], (enum control_level)(k % 3), (enum mr_side)(k / 3 % 2), k / 6 % 2,
                            (enum mr_risk_mode)(k / 12));
    assert_int_equal(bad, 0);
    print_message("%u cases of controls\n", cases);
    rig_close(r);
}

/* ---- the page ---- */

/* Controls of section F that are shown elsewhere, or are not the gate's. */
static const struct {
    unsigned number;
    const char *what, *where;
} others[] = {
    {8, "each of 5 to 7 for the firm, a venue, a strategy, a symbol", "the rows of 5 to 7"},
    {29, "orders out and orders approved, counted", "`risk/test_state`, `risk/test_random`"},
    {30, "positions and orders compared with the venue's every N seconds",
     "`orders`: position sync; the gate wants its result, and fresh"},
    {31, "kill switch by socket, HTTP, signal, file; latched over restarts", "`kill`"},
    {34, "cancel on disconnect, dead-man timer", "`orders`: refreshed while alive"},
    {34, "works when the main loop is stuck", "`kill`: the word is set by any thread, and read last"},
    {35, "limits from a file, read whole or not at all", "`risk/test_limits`, `risk/fuzz_limits`"},
    {35, "two persons for raising", "not built"},
    {36, "what changed, old and new", "`risk/test_limits`; who and when: the journal's record of it"},
    {37, "lower at once, raise only when armed", "`risk/test_limits`"},
    {38, "a process starts disarmed and halted", "`risk/test_gate`: a fresh state denies everything"},
    {39, "armed only when all processes agree", "`risk/test_state`"},
    {41, "alert within 5 s", "not the gate's, not built"},
    {42, "unacknowledged alerts escalate", "not the gate's, not built"},
    {43, "command that shows all open orders", "not the gate's"},
    {44, "stress at twice the recorded peak", "not the gate's"},
};

static void line_of(char *line, size_t bytes, unsigned number, const char *what, const char *where)
{
    snprintf(line, bytes, number ? "| F-%02u | %s | %s |" : "| C%.0u | %s | %s |", number, what, where);
}

static void the_page_has_these_controls_and_no_other(void **state)
{
    (void)state;
    size_t len;
    char line[300];
    unsigned listed = 0, want = 0, shown[45] = {0};
    bool elsewhere[45] = {false};
    char *text = (char *)mr_test_read("tests/conformance", "controls.md", &len);
    assert_non_null(text);
    for (size_t g = 0; g < MR_COUNT_OF(groups); g++)
        for (unsigned i = 0; i < *groups[g].count; i++, want++) {
            const struct control *c = &groups[g].rows[i];
            shown[c->number] += LEVELS * 2 * 2 * 3;
            line_of(line, sizeof line, c->number, c->says, "`risk/test_gate`");
            if (!strstr(text, line))
                fail_msg("tests/conformance/controls.md lacks the line: %s", line);
        }
    for (size_t i = 0; i < MR_COUNT_OF(others); i++, want++) {
        elsewhere[others[i].number] = true;
        line_of(line, sizeof line, others[i].number, others[i].what, others[i].where);
        if (!strstr(text, line))
            fail_msg("tests/conformance/controls.md lacks the line: %s", line);
    }
    for (const char *at = text; (at = strstr(at, "\n| ")); at++)
        listed += at[3] == 'F' || at[3] == 'C';
    assert_int_equal(listed, want);
    for (unsigned f = 1; f <= 44; f++)
        if (shown[f] < 9 && !elsewhere[f])
            fail_msg("F-%02u: %u cases, want 9", f, shown[f]);
    free(text);
}

static void an_order_in_order_passes(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    char text[200];
    struct mr_text t;
    rig_check(r);
    assert_true(rig_expect(r, "in order", (const unsigned[]){MR_RISK_RULE_COUNT}));
    assert_true(mr_risk_allowed(&r->verdict) && r->verdict.grows && r->verdict.limits == 7);
    mr_text_init(&t, text, sizeof text);
    mr_risk_text(&r->verdict, &r->limits, &t);
    assert_string_equal(text, "allowed, score 0");
    rig_close(r);
}

static void a_fresh_state_denies_everything(void **state)
{
    (void)state;
    struct rig *r = rig_open();
    struct mr_risk_config config = {
        .instruments = RIG_INSTRUMENTS, .strategies = RIG_STRATEGIES, .symbols = RIG_SYMBOLS};
    r->state = mr_risk_init(r->state, &config);
    memset(&r->limits, 0, sizeof r->limits);
    rig_check(r);
    static const enum mr_risk_rule some[] = {MR_RISK_LIMITS,  MR_RISK_DISARMED,    MR_RISK_HALTED, MR_RISK_INSTRUMENT,
                                             MR_RISK_ACCOUNT, MR_RISK_NOT_ALLOWED, MR_RISK_DAY};
    for (size_t i = 0; i < MR_COUNT_OF(some); i++)
        assert_true(mr_risk_violates(&r->verdict, some[i]));
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_in_order_passes),
        cmocka_unit_test(a_fresh_state_denies_everything),
        cmocka_unit_test(every_control_holds_at_its_limit),
        cmocka_unit_test(the_page_has_these_controls_and_no_other),
    };
    return MR_TEST_MAIN(tests);
}
