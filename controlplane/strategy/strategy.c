#include "controlplane/strategy/strategy.h"

#include <math.h>
#include <stdlib.h>

#define MR_STRATEGY(name) extern const struct mr_strategy mr_strategy_##name;
#include "controlplane/strategy/strategies.def"
#undef MR_STRATEGY

static const struct mr_strategy *const rows[] = {
#define MR_STRATEGY(name) &mr_strategy_##name,
#include "controlplane/strategy/strategies.def"
#undef MR_STRATEGY
};

const struct mr_strategy *mr_strategy_row(unsigned i) { return i < MR_COUNT_OF(rows) ? rows[i] : NULL; }

const struct mr_strategy *mr_strategy_by_name(const char *name)
{
    for (unsigned i = 0; i < MR_COUNT_OF(rows); i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}

int mr_strategy_defaults(const struct mr_strategy *s, struct mr_strategy_config *config)
{
    for (unsigned i = 0; s->params[i].name; i++) {
        MR_ASSERT(i < MR_STRATEGY_PARAMS_MAX);
        config->param[i] = s->params[i].fallback;
    }
    return MR_OK;
}

int mr_strategy_set(const struct mr_strategy *s, struct mr_strategy_config *config, const char *name, const char *value,
                    struct mr_err *err)
{
    for (unsigned i = 0; s->params[i].name; i++) {
        const struct mr_strategy_param *p = &s->params[i];
        char *end;
        if (strcmp(p->name, name) != 0)
            continue;
        double v = strtod(value, &end);
        if (end == value || *end || !isfinite(v) || v < p->least || v > p->most)
            return mr_err_set(err, MR_E_INVALID, "%s.%s: \"%s\": want a number from %g to %g (%s)", s->name, name,
                              value, p->least, p->most, p->unit);
        config->param[i] = v;
        return MR_OK;
    }
    return mr_err_set(err, MR_E_INVALID, "%s: has no parameter \"%s\"", s->name, name);
}
