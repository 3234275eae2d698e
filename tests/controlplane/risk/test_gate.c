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
    };
    return MR_TEST_MAIN(tests);
}
