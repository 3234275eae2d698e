/* The rows a store takes: a struct for each table, made from one list of its columns, which also makes the SQL.
 *
 * Names and types are those that earlier systems read (live_orders, live_positions, signal_history, risk_events, fills). They stay; additions
 * stand behind. A NUMBER is two columns: `name` DOUBLE, nearest to it, and `name_exact` TEXT, all its digits. A TIME is two: `name` TIMESTAMP in
 * microseconds since 1970 and `name_ns` INTEGER. An empty text, a number with `null`, a time of 0 are NULL.
 *
 * Memory  plain data without pointers; texts end with a NUL, or at their last byte. */
#ifndef MR_STORE_ROWS_H
#define MR_STORE_ROWS_H

#include "controlplane/money/money.h"

struct mr_store_number {
    mr_i128 value; /* * 10^-scale */
    int8_t scale;
    bool null;
};
MR_INLINE struct mr_store_number mr_store_number(mr_i128 value, int scale)
{
    return (struct mr_store_number){.value = value, .scale = (int8_t)scale};
}
#define MR_STORE_NULL ((struct mr_store_number){.null = true})

/* side BUY, SELL; status PENDING, SUBMITTED, FILLED, PARTIALLY_FILLED, CANCELLED, FAILED */
/* clang-format off */
#define MR_STORE_ORDERS(TEXT, NUMBER, TIME, BOOL)                                                      \
    TEXT(session_id, 32) TEXT(order_id, 16) TEXT(exchange_order_id, 48) TEXT(symbol, 64) TEXT(side, 8) \
    TEXT(order_type, 24) NUMBER(quantity) NUMBER(requested_price) NUMBER(filled_quantity)              \
    NUMBER(average_fill_price) TEXT(status, 20) TEXT(error_message, 96) NUMBER(slippage)               \
    NUMBER(commission) TIME(created_at) TIME(updated_at) TIME(filled_at) TEXT(venue, 24)               \
    TEXT(strategy_name, 32) TEXT(role, 12) TEXT(time_in_force, 8)
/* clang-format on */
/* side LONG, SHORT; status OPEN, CLOSED, LIQUIDATED */
/* clang-format off */
#define MR_STORE_POSITIONS(TEXT, NUMBER, TIME, BOOL)                                                  \
    TEXT(session_id, 32) TEXT(symbol, 64) TEXT(side, 8) NUMBER(quantity) NUMBER(entry_price)          \
    NUMBER(current_price) NUMBER(liquidation_price) NUMBER(unrealized_pnl) NUMBER(unrealized_pnl_pct) \
    NUMBER(margin) NUMBER(leverage) NUMBER(margin_ratio) TIME(opened_at) TIME(updated_at)             \
    TIME(closed_at) TEXT(status, 12) TEXT(venue, 24) NUMBER(realized_pnl)
/* clang-format on */
/* signal_type S1, Z1, ZE1, E1 */
/* clang-format off */
#define MR_STORE_SIGNALS(TEXT, NUMBER, TIME, BOOL)                                                \
    TEXT(session_id, 32) TEXT(signal_id, 40) TEXT(signal_type, 12) TEXT(symbol, 64) TEXT(side, 8) \
    NUMBER(quantity) NUMBER(price) NUMBER(confidence) TEXT(strategy_name, 32)                     \
    TEXT(indicator_values, 512) NUMBER(risk_score) BOOL(approved) TEXT(rejection_reason, 160)     \
    TEXT(order_id, 16) TIME(created_at) TEXT(venue, 24)
/* clang-format on */
/* severity CRITICAL, WARNING, INFO */
/* clang-format off */
#define MR_STORE_RISKS(TEXT, NUMBER, TIME, BOOL)                                                    \
    TEXT(alert_id, 40) TEXT(session_id, 32) TIME(timestamp) TEXT(severity, 12) TEXT(alert_type, 40) \
    TEXT(message, 192) TEXT(details, 512) BOOL(acknowledged) TEXT(symbol, 64)
/* clang-format on */
/* side BUY, SELL; liquidity maker, taker */
/* clang-format off */
#define MR_STORE_FILLS(TEXT, NUMBER, TIME, BOOL)                                                        \
    TEXT(id, 64) TIME(timestamp) TEXT(order_id, 16) TEXT(venue, 24) TEXT(market, 64) TEXT(side, 8)      \
    NUMBER(price) NUMBER(size) NUMBER(fee) TEXT(fee_currency, 12) TEXT(trade_id, 48) TEXT(liquidity, 8) \
    TIME(created_at) TEXT(session_id, 32)
/* clang-format on */

#define MR_STORE_TEXT_FIELD(name, bytes) char name[bytes];
#define MR_STORE_NUMBER_FIELD(name) struct mr_store_number name;
#define MR_STORE_TIME_FIELD(name) int64_t name##_ns;
#define MR_STORE_BOOL_FIELD(name) bool name;
#define MR_STORE_ROW(struct_name, list)                                                                                \
    struct struct_name {                                                                                               \
        list(MR_STORE_TEXT_FIELD, MR_STORE_NUMBER_FIELD, MR_STORE_TIME_FIELD, MR_STORE_BOOL_FIELD)                     \
    }
MR_STORE_ROW(mr_store_order, MR_STORE_ORDERS);
MR_STORE_ROW(mr_store_position, MR_STORE_POSITIONS);
MR_STORE_ROW(mr_store_signal, MR_STORE_SIGNALS);
MR_STORE_ROW(mr_store_risk, MR_STORE_RISKS);
MR_STORE_ROW(mr_store_fill, MR_STORE_FILLS);

enum mr_store_table { /* numbers stand in spill files */
                      MR_STORE_ORDER = 1,
                      MR_STORE_POSITION = 2,
                      MR_STORE_SIGNAL = 3,
                      MR_STORE_RISK = 4,
                      MR_STORE_FILL = 5,
                      MR_STORE_TABLE_COUNT = 6
};
#define MR_STORE_ROW_MAX 2048
static_assert(sizeof(struct mr_store_order) <= MR_STORE_ROW_MAX &&
                  sizeof(struct mr_store_position) <= MR_STORE_ROW_MAX &&
                  sizeof(struct mr_store_signal) <= MR_STORE_ROW_MAX &&
                  sizeof(struct mr_store_risk) <= MR_STORE_ROW_MAX && sizeof(struct mr_store_fill) <= MR_STORE_ROW_MAX,
              "every row fits");

#endif
