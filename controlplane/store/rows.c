/* Tables as data: columns from the lists of rows.h. */
#include <xxhash.h>

#include "controlplane/store/store_priv.h"

#define TEXT_COLUMN(name, bytes) {#name, STORE_TEXT, offsetof(ROW, name), bytes},
#define NUMBER_COLUMN(name) {#name, STORE_NUMBER, offsetof(ROW, name), 0},
#define TIME_COLUMN(name) {#name, STORE_TIME, offsetof(ROW, name##_ns), 0},
#define BOOL_COLUMN(name) {#name, STORE_BOOL, offsetof(ROW, name), 0},
#define COLUMNS(list)                                                                                                  \
    {                                                                                                                  \
        list(TEXT_COLUMN, NUMBER_COLUMN, TIME_COLUMN, BOOL_COLUMN)                                                     \
    }

#define ROW struct mr_store_order
static const struct store_column orders[] = COLUMNS(MR_STORE_ORDERS);
#undef ROW
#define ROW struct mr_store_position
static const struct store_column positions[] = COLUMNS(MR_STORE_POSITIONS);
#undef ROW
#define ROW struct mr_store_signal
static const struct store_column signals[] = COLUMNS(MR_STORE_SIGNALS);
#undef ROW
#define ROW struct mr_store_risk
static const struct store_column risks[] = COLUMNS(MR_STORE_RISKS);
#undef ROW
#define ROW struct mr_store_fill
static const struct store_column fills[] = COLUMNS(MR_STORE_FILLS);
#undef ROW

/* clang-format off */
#define TABLE(row, columns) sizeof(struct row), MR_COUNT_OF(columns), columns
const struct store_table store_tables[MR_STORE_TABLE_COUNT] = {
    [MR_STORE_ORDER]    = {"live_orders",    "order_id",                          "created_at", "symbol", false, TABLE(mr_store_order, orders)},
    [MR_STORE_POSITION] = {"live_positions", "session_id,venue,symbol,opened_at", "updated_at", "symbol", false, TABLE(mr_store_position, positions)},
    [MR_STORE_SIGNAL]   = {"signal_history", "signal_id",                         "created_at", "symbol", false, TABLE(mr_store_signal, signals)},
    [MR_STORE_RISK]     = {"risk_events",    "alert_id",                          "timestamp",  "symbol", false, TABLE(mr_store_risk, risks)},
    [MR_STORE_FILL]     = {"fills",          "id,venue,market",                   "timestamp",  "market", true,  TABLE(mr_store_fill, fills)},
};
/* clang-format on */

uint64_t store_layout(void)
{
    uint64_t hash = MR_STORE_VERSION;
    for (int t = 1; t < MR_STORE_TABLE_COUNT; t++)
        for (uint32_t i = 0; i < store_tables[t].count; i++) {
            const struct store_column *c = &store_tables[t].columns[i];
            uint64_t shape[] = {hash, c->type, c->offset, c->bytes, store_tables[t].bytes};
            hash = XXH3_64bits_withSeed(shape, sizeof shape, XXH3_64bits(c->name, strlen(c->name)));
        }
    return hash;
}

uint32_t store_number_text(const struct mr_store_number *n, char out[STORE_NUMBER_TEXT])
{
    mr_u128 rest = n->value < 0 ? -(mr_u128)n->value : (mr_u128)n->value;
    int scale = n->scale < 0 ? 0 : n->scale > 18 ? 18 : n->scale;
    char digits[STORE_NUMBER_TEXT];
    uint32_t at = STORE_NUMBER_TEXT, len = 0;
    while (scale > 0 && rest % 10 == 0) { /* the shortest */
        rest /= 10;
        scale--;
    }
    for (int place = 0; rest || place <= scale; place++, rest /= 10) {
        if (place == scale && scale > 0)
            digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(rest % 10));
    }
    if (n->value < 0)
        out[len++] = '-';
    memcpy(out + len, digits + at, STORE_NUMBER_TEXT - at);
    len += STORE_NUMBER_TEXT - at;
    out[len] = 0;
    return len;
}
