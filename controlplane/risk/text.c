/* Verdicts in words. Cold. */
#include "controlplane/risk/risk.h"

static void decimal(mr_i128 v, int scale, struct mr_text *out)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(v * mr_pow10[MR_MONEY_SCALE - scale], text);
    mr_text_add(out, text);
}

static void measure(mr_i128 v, uint8_t unit, struct mr_text *out)
{
    if (v == INT64_MAX || v == INT64_MIN ||
        (unit == MR_RISK_UNIT_AMOUNT && (v >= MR_MONEY_MAX || v <= -MR_MONEY_MAX))) {
        mr_text_add(out, "unknown");
        return;
    }
    switch (unit) {
    case MR_RISK_UNIT_AMOUNT:
        decimal(v, MR_MONEY_SCALE, out);
        break;
    case MR_RISK_UNIT_RATIO:
        decimal(v, 6, out);
        mr_text_add(out, " %");
        break;
    case MR_RISK_UNIT_TIME:
        decimal(v, 9, out);
        mr_text_add(out, " s");
        break;
    case MR_RISK_UNIT_MINUTE:
        mr_text_format(out, "%02d:%02d", (int)v / 60, (int)v % 60);
        break;
    case MR_RISK_UNIT_TIMES:
        decimal(v, 0, out);
        mr_text_add(out, "x");
        break;
    case MR_RISK_UNIT_SCORE:
        decimal(v, 3, out);
        break;
    default:
        decimal(v, 0, out);
    }
}

void mr_risk_rule_text(const struct mr_risk_verdict *verdict, enum mr_risk_rule rule, struct mr_text *out)
{
    const struct mr_risk_rule_row *row = &mr_risk_rules[rule];
    mr_text_add(out, row->sentence);
    if (row->unit == MR_RISK_UNIT_NONE || !mr_risk_violates(verdict, rule))
        return;
    mr_text_add(out, " (");
    measure(verdict->measured[rule].value, row->unit, out);
    mr_text_add(out, "; limit ");
    measure(verdict->measured[rule].limit, row->unit, out);
    mr_text_add(out, ")");
}

/* Two decimals, to the nearest, halves away from zero: as C-20's texts have them. */
static void cents(mr_i128 v, struct mr_text *out)
{
    const mr_i128 cent = MR_MONEY_ONE / 100;
    if (v >= MR_MONEY_MAX) {
        mr_text_add(out, "unknown");
        return;
    }
    mr_i128 n = (v < 0 ? -v : v) / cent + ((v < 0 ? -v : v) % cent >= cent / 2);
    mr_text_format(out, "%s%lld.%02d", v < 0 ? "-" : "", (long long)(n / 100), (int)(n % 100));
}

static void policy_text(const struct mr_risk_verdict *v, const struct mr_risk_limits *limits, uint32_t i,
                        struct mr_text *out)
{
    static const struct {
        const char *name, *value, *unit;
    } words[MR_POLICY_KIND_COUNT] = {[MR_POLICY_POSITION] = {"PositionLimit", "new position", ""},
                                     [MR_POLICY_INVENTORY] = {"InventoryLimit", "inventory", " USD"},
                                     [MR_POLICY_VAR] = {"VarLimit", "value at risk", " USD"},
                                     [MR_POLICY_GREEKS] = {"GreeksLimit", "exposure", ""}};
    const struct mr_risk_policy *p = &limits->policies[i];
    if (p->kind == MR_POLICY_KILL || p->kind >= MR_POLICY_KIND_COUNT) {
        mr_text_add(out, "KillSwitch: enabled in policy");
        return;
    }
    mr_text_add(out, words[p->kind].name);
    if (p->market[0])
        mr_text_format(out, " (market: %s)", p->market);
    mr_text_format(out, ": %s ", words[p->kind].value);
    cents(v->policy[i].value, out);
    mr_text_format(out, "%s exceeds max ", words[p->kind].unit);
    cents(v->policy[i].limit, out);
    mr_text_add(out, words[p->kind].unit);
}

void mr_risk_text(const struct mr_risk_verdict *verdict, const struct mr_risk_limits *limits, struct mr_text *out)
{
    bool first = true;
    if (mr_risk_allowed(verdict)) {
        mr_text_add(out, "allowed, score ");
        measure(verdict->score, MR_RISK_UNIT_SCORE, out);
        return;
    }
    for (uint32_t r = 0; r < MR_RISK_RULE_COUNT; r++) {
        bool policy = r >= MR_RISK_POLICY_POSITION && r <= MR_RISK_POLICY_GREEKS;
        if (policy || !mr_risk_violates(verdict, (enum mr_risk_rule)r))
            continue;
        mr_text_add(out, first ? "" : "; ");
        mr_risk_rule_text(verdict, (enum mr_risk_rule)r, out);
        first = false;
    }
    if (mr_risk_violates(verdict, MR_RISK_KILL_ALL)) { /* a switch that is on answers for all policies */
        mr_text_add(out, "; KillSwitch (active)");
        return;
    }
    for (uint32_t i = 0; i < limits->policy_count; i++)
        if (verdict->policies >> i & 1) {
            mr_text_add(out, first ? "" : "; ");
            policy_text(verdict, limits, i, out);
            first = false;
        }
}
