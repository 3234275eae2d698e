/* A set of limits as YAML that reads back to the same, and what changed between two. */
#include <stdio.h>

#include "controlplane/risk/limits_priv.h"

static void show_rows(const struct mr_limit_row *rows, uint32_t count, const char *section, const void *base,
                      uint32_t kinds, const char *first, const char *rest, struct mr_text *out)
{
    bool begun = false;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(rows[i].section, section) != 0 || (kinds && !(rows[i].kinds & kinds)))
            continue;
        const char *place = (const char *)base + rows[i].at;
        if (rows[i].type == LIMIT_MARKET && place[0] == 0)
            continue; /* every market: the key is not there */
        mr_text_format(out, "%s%s: ", begun ? rest : first, rows[i].key);
        mr_limit_text(&rows[i], place, out);
        mr_text_add(out, "\n");
        begun = true;
    }
}

void mr_risk_limits_show(const struct mr_risk_limits *limits, struct mr_text *out)
{
    for (uint32_t i = 0; i < mr_limit_count; i++) {
        const char *section = mr_limit_rows[i].section;
        if (i && strcmp(mr_limit_rows[i - 1].section, section) == 0)
            continue;
        mr_text_format(out, "%s:\n", section);
        show_rows(mr_limit_rows, mr_limit_count, section, limits, 0, "  ", "  ", out);
    }
    mr_text_add(out, limits->market_count ? "markets:\n" : "markets: []\n");
    for (uint32_t i = 0; i < limits->market_count; i++)
        show_rows(mr_market_rows, mr_market_count, "markets", &limits->markets[i], 0, "  - ", "    ", out);
    mr_text_add(out, limits->policy_count ? "policies:\n" : "policies: []\n");
    for (uint32_t i = 0; i < limits->policy_count; i++)
        show_rows(mr_policy_rows, mr_policy_count, "policies", &limits->policies[i], 1u << limits->policies[i].kind,
                  "  - ", "    ", out);
}

/* ---- what changed ---- */

struct change {
    struct mr_text *out;
    uint32_t raised, lowered;
};

static void said(struct change *c, bool raises)
{
    mr_text_add(c->out, raises ? " (raised)\n" : " (lowered)\n");
    *(raises ? &c->raised : &c->lowered) += 1;
}

static bool same(const struct mr_limit_row *row, const char *old, const char *new)
{
    if (row->type == LIMIT_MARKET || row->type == LIMIT_NAME)
        return strcmp(old, new) == 0;
    return mr_limit_get(row, old) == mr_limit_get(row, new);
}

static void compare(struct change *c, const struct mr_limit_row *rows, uint32_t count, const char *where,
                    const void *old, const void *new, uint32_t kinds)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *a = (const char *)old + rows[i].at, *b = (const char *)new + rows[i].at;
        if ((kinds && !(rows[i].kinds & kinds)) || same(&rows[i], a, b))
            continue;
        mr_text_format(c->out, "%s.%s: ", where[0] ? where : rows[i].section, rows[i].key);
        mr_limit_text(&rows[i], a, c->out);
        mr_text_add(c->out, " -> ");
        mr_limit_text(&rows[i], b, c->out);
        bool text = rows[i].type == LIMIT_MARKET || rows[i].type == LIMIT_NAME;
        bool more = !text && mr_limit_get(&rows[i], b) > mr_limit_get(&rows[i], a);
        said(c, rows[i].looser == LOOSER_ANY || (rows[i].looser == LOOSER_UP) == more);
    }
}

static const struct mr_risk_market *market_of(const struct mr_risk_limits *limits, const char *name)
{
    for (uint32_t i = 0; i < limits->market_count; i++)
        if (strcmp(limits->markets[i].name, name) == 0)
            return &limits->markets[i];
    return NULL;
}

static void compare_markets(struct change *c, const struct mr_risk_limits *old, const struct mr_risk_limits *new)
{
    char where[MR_RISK_NAME_BYTES + 16];
    for (uint32_t i = 0; i < new->market_count; i++) {
        const struct mr_risk_market *m = &new->markets[i], *was = market_of(old, m->name);
        snprintf(where, sizeof where, "markets[%s]", m->name);
        if (was) {
            compare(c, mr_market_rows, mr_market_count, where, was, m, 0);
        } else {
            mr_text_format(c->out, "%s: added", where);
            said(c, true);
        }
    }
    for (uint32_t i = 0; i < old->market_count; i++) {
        if (market_of(new, old->markets[i].name))
            continue;
        mr_text_format(c->out, "markets[%s]: removed", old->markets[i].name);
        said(c, market_of(new, "*") != NULL); /* then the row of all others holds for it, whatever that allows */
    }
}

static const struct mr_risk_policy *policy_of(const struct mr_risk_limits *limits, const struct mr_risk_policy *like)
{
    for (uint32_t i = 0; i < limits->policy_count; i++)
        if (limits->policies[i].kind == like->kind && strcmp(limits->policies[i].name, like->name) == 0)
            return &limits->policies[i];
    return NULL;
}

static void compare_policies(struct change *c, const struct mr_risk_limits *old, const struct mr_risk_limits *new)
{
    char where[80];
    for (uint32_t i = 0; i < new->policy_count; i++) {
        const struct mr_risk_policy *p = &new->policies[i], *was = policy_of(old, p);
        snprintf(where, sizeof where, "policies[%s]", p->name);
        if (was) {
            compare(c, mr_policy_rows, mr_policy_count, where, was, p, 1u << p->kind);
        } else {
            mr_text_format(c->out, "%s: added", where);
            said(c, false);
        }
    }
    for (uint32_t i = 0; i < old->policy_count; i++)
        if (!policy_of(new, &old->policies[i])) {
            mr_text_format(c->out, "policies[%s]: removed", old->policies[i].name);
            said(c, true);
        }
}

int mr_risk_limits_change(const struct mr_risk_limits *old, struct mr_risk_limits *new, bool armed, struct mr_text *out)
{
    struct change c = {.out = out};
    if (old->version == UINT64_MAX)
        return MR_E_OVERFLOW;
    compare(&c, mr_limit_rows, mr_limit_count, "", old, new, 0);
    compare_markets(&c, old, new);
    compare_policies(&c, old, new);
    /* the first set of a process is what it starts with; after that, raising is for those who trade */
    if (c.raised && !armed && old->version > 0)
        return MR_E_INVALID;
    new->version = old->version + 1;
    return MR_OK;
}
