/* Shared by the files about limits. */
#ifndef MR_RISK_LIMITS_PRIV_H
#define MR_RISK_LIMITS_PRIV_H

#include "controlplane/risk/limits.h"
#include "dataplane/text/text.h"

enum mr_limit_type {
    LIMIT_COUNT,
    LIMIT_PCT,
    LIMIT_AMOUNT,
    LIMIT_TIME,
    LIMIT_BOOL,
    LIMIT_MINUTE,
    LIMIT_DAYS,
    LIMIT_NAME,
    LIMIT_MARKET,
    LIMIT_KIND
};
enum mr_limit_looser { LOOSER_UP, LOOSER_DOWN, LOOSER_ANY };
struct mr_limit_row {
    const char *section, *key, *fallback, *least, *most, *help;
    uint8_t type, looser, kinds; /* kinds: of policies it belongs to, a bit each */
    uint32_t at;                 /* of the member */
};
extern const struct mr_limit_row mr_limit_rows[], mr_market_rows[], mr_policy_rows[];
extern const uint32_t mr_limit_count, mr_market_count, mr_policy_count;

#define MR_LIMIT_WHY 256
/* Text into the member at `place`; false with the reason in `why`, and nothing changed. */
bool mr_limit_set(const struct mr_limit_row *row, void *place, const char *text, size_t len, char why[MR_LIMIT_WHY]);
/* As it is read. */
void mr_limit_text(const struct mr_limit_row *row, const void *place, struct mr_text *out);
/* Any number as one integer that grows with it. */
mr_i128 mr_limit_get(const struct mr_limit_row *row, const void *place);
const char *mr_policy_kind_name(unsigned kind); /* "PositionLimit"; "?" beyond the last */
/* Plain decimals at a scale up to 18: MR_OK, MR_E_MALFORMED, MR_E_INEXACT, MR_E_OVERFLOW. */
int mr_limit_decimal(const char *text, size_t len, int scale, mr_i128 *out);

#endif
