/* Words for what the trade tile writes: runs, instruments, decisions, signals, the life cycle, the day, limits, brackets, slices. */
#include <time.h>

#include "controlplane/cmd/journal_words_priv.h"
#include "controlplane/life/life.h"
#include "controlplane/orders/brackets/brackets.h"
#include "controlplane/orders/slices/slices.h"
#include "controlplane/strategy/strategy.h"

#define DAY_S 86400

static int cut(const char *text, size_t bytes) { return (int)strnlen(text, bytes); }

/* ---- runs ---- */

static void begin_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_begin, b, r);
    (void)n;
    mr_text_format(t, "run %u begins, build %016llx, configuration %016llx", b.epoch, (unsigned long long)b.build,
                   (unsigned long long)b.config_hash);
    for (uint32_t i = 0; i < b.strategies && i < MR_RECORD_STRATEGIES; i++)
        mr_text_format(t, "%s%.*s", i ? ", " : "; strategies ", cut(b.strategy[i], sizeof b.strategy[i]),
                       b.strategy[i]);
}

static void begin_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_begin, b, r);
    (void)n;
    mr_json_out_u64(j, "epoch", b.epoch);
    mr_json_out_u64(j, "build", b.build);
    mr_json_out_u64(j, "config_hash", b.config_hash);
    mr_json_out_array(j, "strategies");
    for (uint32_t i = 0; i < b.strategies && i < MR_RECORD_STRATEGIES; i++)
        words_bounded_json(NULL, b.strategy[i], sizeof b.strategy[i], j);
    mr_json_out_end(j);
}

/* The run's record as it was before it named the strategies. */
static void begin_unnamed_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    struct mr_record_begin b = {.epoch = 0};
    (void)n;
    memcpy(&b, r->payload, MR_RECORD_BEGIN_UNNAMED);
    mr_text_format(t, "run %u begins, build %016llx, configuration %016llx", b.epoch, (unsigned long long)b.build,
                   (unsigned long long)b.config_hash);
}

static void begin_unnamed_json(const struct mr_journal_names *n, const struct mr_journal_record *r,
                               struct mr_json_out *j)
{
    struct mr_record_begin b = {.epoch = 0};
    (void)n;
    memcpy(&b, r->payload, MR_RECORD_BEGIN_UNNAMED);
    mr_json_out_u64(j, "epoch", b.epoch);
    mr_json_out_u64(j, "build", b.build);
    mr_json_out_u64(j, "config_hash", b.config_hash);
}

static int scale_of(const struct mr_record_instrument *i)
{
    return i->multiplier_scale >= 0 && i->multiplier_scale <= 18 ? i->multiplier_scale : 0;
}

static void instrument_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_instrument, i, r);
    mr_text_format(t, "instrument %u is %.*s", i.id, cut(i.name, sizeof i.name), i.name);
    if (i.flags & MR_INSTRUMENT_NO_METADATA) {
        mr_text_add(t, ", no metadata yet");
        return;
    }
    mr_text_add(t, ": tick ");
    words_price(n, i.id, i.tick, t);
    mr_text_add(t, ", lot ");
    words_size(n, i.id, i.lot, t);
    mr_text_add(t, ", multiplier ");
    mr_text_decimal(t, i.multiplier, scale_of(&i));
    mr_text_format(t, "%s, scales %d and %d", i.flags & MR_INSTRUMENT_INVERSE ? " (inverse)" : "", i.price_scale,
                   i.size_scale);
}

static void instrument_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_instrument, i, r);
    mr_json_out_u64(j, "instrument", i.id);
    words_bounded_json("market", i.name, sizeof i.name, j);
    mr_json_out_bool(j, "metadata", !(i.flags & MR_INSTRUMENT_NO_METADATA));
    mr_json_out_bool(j, "inverse", i.flags & MR_INSTRUMENT_INVERSE);
    mr_json_out_i64(j, "price_scale", i.price_scale);
    mr_json_out_i64(j, "size_scale", i.size_scale);
    words_price_json(n, i.id, "tick", i.tick, j);
    words_size_json(n, i.id, "lot", i.lot, j);
    mr_json_out_decimal(j, "multiplier", i.multiplier, scale_of(&i));
    words_bounded_json("base", i.base, sizeof i.base, j);
    words_bounded_json("quote", i.quote, sizeof i.quote, j);
}

/* ---- decisions ---- */

static uint64_t decision_order(const struct mr_journal_record *r)
{
    COPY(mr_record_decision, d, r);
    return d.order.id;
}

static bool broken(const struct mr_record_decision *d, unsigned rule)
{
    return d->violated[rule / 64] >> rule % 64 & 1;
}

static void rules_text(const struct mr_record_decision *d, struct mr_text *t)
{
    const char *between = ": ";
    for (unsigned rule = 0; rule < 128; rule++) {
        if (!broken(d, rule))
            continue;
        mr_text_add(t, between);
        if (rule < MR_RISK_RULE_COUNT)
            mr_text_add(t, mr_risk_rules[rule].sentence);
        else
            mr_text_format(t, "rule %u, of a later build", rule);
        between = "; ";
    }
}

static void decision_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_decision, d, r);
    const uint32_t id = d.order.instrument;
    mr_text_format(t, "%llu %s", (unsigned long long)d.number, d.allowed ? "allowed" : "denied");
    rules_text(&d, t);
    mr_text_add(t, ", score ");
    mr_text_decimal(t, d.score, 3);
    mr_text_add(t, ", value ");
    words_money(d.value, t);
    mr_text_add(t, ", equity ");
    words_money(d.equity, t);
    mr_text_add(t, ", bid ");
    words_price(n, id, d.bid, t);
    mr_text_add(t, " ask ");
    words_price(n, id, d.ask, t);
    mr_text_add(t, ", position ");
    words_size(n, id, d.position, t);
    mr_text_format(t, ", limits %llu; ", (unsigned long long)d.limits);
    words_order(n, &d.order, t);
}

static void decision_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_decision, d, r);
    const uint32_t id = d.order.instrument;
    mr_json_out_u64(j, "decision", d.number);
    mr_json_out_bool(j, "allowed", d.allowed);
    mr_json_out_array(j, "broken");
    for (unsigned rule = 0; rule < 128; rule++) {
        if (!broken(&d, rule))
            continue;
        mr_json_out_object(j, NULL);
        mr_json_out_u64(j, "place", rule);
        if (rule < MR_RISK_RULE_COUNT) {
            mr_json_out_string(j, "rule", mr_risk_rules[rule].name);
            mr_json_out_string(j, "sentence", mr_risk_rules[rule].sentence);
        }
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
    mr_json_out_decimal(j, "score", d.score, 3);
    mr_json_out_u64(j, "policies", d.policies);
    mr_json_out_string(j, "kill", mr_kill_scope_name(d.kill));
    mr_json_out_bool(j, "armed", d.armed);
    mr_json_out_u64(j, "limits", d.limits);
    words_money_json("value", d.value, j);
    words_money_json("equity", d.equity, j);
    words_money_json("available", d.available, j);
    words_money_json("day_start", d.day_start, j);
    words_money_json("peak", d.peak, j);
    words_money_json("gross", d.gross, j);
    words_price_json(n, id, "bid", d.bid, j);
    words_price_json(n, id, "ask", d.ask, j);
    words_price_json(n, id, "last", d.last, j);
    words_size_json(n, id, "position", d.position, j);
    words_size_json(n, id, "open_buy", d.open_buy, j);
    words_size_json(n, id, "open_sell", d.open_sell, j);
    mr_json_out_u64(j, "open_orders", d.open_orders);
    mr_json_out_u64(j, "market_flags", d.market_flags);
    mr_json_out_i64(j, "book_ns", d.book_ns);
    mr_json_out_i64(j, "last_ns", d.last_ns);
    mr_json_out_i64(j, "account_ns", d.account_ns);
    mr_json_out_object(j, "shown");
    words_order_json(n, &d.order, j);
    mr_json_out_end(j);
}

/* ---- signals ---- */

static const char *intent_name(unsigned intent)
{
    static const char *const names[] = {[MR_INTENT_OPEN] = "open", [MR_INTENT_CLOSE] = "close"};
    return intent < MR_COUNT_OF(names) ? names[intent] : "?";
}

static void signal_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_signal, s, r);
    char strategy[24];
    words_strategy(n, s.strategy, strategy);
    mr_text_format(t, "%s: %s ", strategy, intent_name(s.intent));
    if (s.intent == MR_INTENT_OPEN)
        mr_text_format(t, "%s ", mr_side_name(s.side));
    words_market(n, s.instrument, 0, t);
    if (s.intent == MR_INTENT_OPEN) {
        mr_text_add(t, ", confidence ");
        mr_text_decimal(t, s.confidence_ppm, 6);
        mr_text_add(t, ", stop at a ROI of -");
        mr_text_decimal(t, s.stop_roi_ppm, 4);
        mr_text_add(t, " %, target at ");
        mr_text_decimal(t, s.target_roi_ppm, 4);
        mr_text_add(t, " %");
    }
    if (s.signal_seq)
        mr_text_format(t, ", signal %llu of %.*s", (unsigned long long)s.signal_seq,
                       cut(s.underlying, sizeof s.underlying), s.underlying);
    mr_text_format(t, ": %.*s", cut(s.reason, sizeof s.reason), s.reason);
}

static void signal_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_signal, s, r);
    char strategy[24];
    words_strategy(n, s.strategy, strategy);
    mr_json_out_string(j, "strategy_name", strategy);
    mr_json_out_u64(j, "strategy", s.strategy);
    mr_json_out_string(j, "intent", intent_name(s.intent));
    mr_json_out_string(j, "side", mr_side_name(s.side));
    words_market_json(n, s.instrument, j);
    mr_json_out_decimal(j, "confidence", s.confidence_ppm, 6);
    mr_json_out_decimal(j, "stop_roi_pct", s.stop_roi_ppm, 4);
    mr_json_out_decimal(j, "target_roi_pct", s.target_roi_ppm, 4);
    mr_json_out_i64(j, "signal_ns", s.signal_ns);
    mr_json_out_u64(j, "signal_seq", s.signal_seq);
    words_bounded_json("underlying", s.underlying, sizeof s.underlying, j);
    words_bounded_json("reason", s.reason, sizeof s.reason, j);
}

/* ---- the life cycle ---- */

static void state_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_life, s, r);
    (void)n;
    mr_text_format(t, "%s -> %s %s, by %s", mr_life_state_name(s.from), mr_life_state_name(s.to),
                   s.allowed ? "done" : "REFUSED", mr_life_actor_name(s.actor));
    if (s.uid != UINT32_MAX)
        mr_text_format(t, " (user %u)", s.uid);
    mr_text_format(t, ": %.*s", cut(s.reason, sizeof s.reason), s.reason);
}

static void state_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_life, s, r);
    (void)n;
    mr_json_out_u64(j, "number", s.number);
    mr_json_out_string(j, "from", mr_life_state_name(s.from));
    mr_json_out_string(j, "to", mr_life_state_name(s.to));
    mr_json_out_bool(j, "allowed", s.allowed);
    mr_json_out_string(j, "by", mr_life_actor_name(s.actor));
    if (s.uid != UINT32_MAX)
        mr_json_out_u64(j, "uid", s.uid);
    words_bounded_json("reason", s.reason, sizeof s.reason, j);
}

/* ---- the day, and the limits ---- */

static void date(int64_t day, char out[16])
{
    time_t at = (time_t)day * DAY_S;
    struct tm tm;
    if (day < 0 || day > 2932896 || !gmtime_r(&at, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm)) /* up to 9999 */
        snprintf(out, 16, "?");
}

static void day_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_day, d, r);
    char text[16];
    (void)n;
    date(d.day, text);
    mr_text_format(t, "day %s: began with ", text);
    words_money(d.day_start, t);
    mr_text_add(t, ", peak ");
    words_money(d.peak, t);
    mr_text_add(t, ", realised ");
    words_money(d.realised_day, t);
    mr_text_format(t, ", orders %llu, trades %llu, losses in a row %u, rejects in a row %u",
                   (unsigned long long)d.day_orders, (unsigned long long)d.day_trades, d.losses, d.rejects);
}

static void day_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_day, d, r);
    char text[16];
    (void)n;
    date(d.day, text);
    mr_json_out_string(j, "what", "day");
    mr_json_out_string(j, "day", text);
    words_money_json("day_start", d.day_start, j);
    words_money_json("peak", d.peak, j);
    words_money_json("realised", d.realised_day, j);
    mr_json_out_u64(j, "orders", d.day_orders);
    mr_json_out_u64(j, "trades", d.day_trades);
    mr_json_out_u64(j, "losses", d.losses);
    mr_json_out_u64(j, "rejects", d.rejects);
}

static void limits_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_limits, l, r);
    (void)n;
    mr_text_format(t, "limits %llu in force after %llu: ", (unsigned long long)l.version, (unsigned long long)l.before);
    for (const char *c = l.said; c < l.said + cut(l.said, sizeof l.said); c++) /* its lines on one */
        mr_text_format(t, "%c", *c == '\n' ? ';' : *c);
}

static void limits_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_limits, l, r);
    (void)n;
    mr_json_out_u64(j, "limits", l.version);
    mr_json_out_u64(j, "before", l.before);
    words_bounded_json("said", l.said, sizeof l.said, j);
}

/* ---- brackets ---- */

static uint64_t bracket_order(const struct mr_journal_record *r)
{
    COPY(mr_record_bracket, b, r);
    return b.entry;
}

static void leg_text(const struct mr_journal_names *n, const char *word, uint32_t id, mr_price at, uint64_t order,
                     struct mr_text *t)
{
    char text[MR_ORDER_ID_TEXT];
    if (!at && !order)
        return;
    mr_text_format(t, ", %s ", word);
    words_price(n, id, at, t);
    if (!order)
        return;
    mr_order_id_text(order, text);
    mr_text_format(t, " (%s)", text);
}

static void bracket_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_bracket, b, r);
    const struct mr_order *o = &b.plan.entry;
    char id[MR_ORDER_ID_TEXT] = "no entry yet";
    if (b.entry)
        mr_order_id_text(b.entry, id);
    mr_text_format(t, "bracket of %s%s: %s ", id, b.over ? " is over" : "", mr_side_name(o->side));
    words_market(n, o->instrument, o->venue, t);
    mr_text_add(t, " size ");
    words_size(n, o->instrument, o->size, t);
    mr_text_add(t, " at ");
    words_price(n, o->instrument, o->price, t);
    leg_text(n, "stop", o->instrument, b.stop, b.stop_order, t);
    leg_text(n, "target", o->instrument, b.plan.target, b.target_order, t);
    leg_text(n, "closed by market", o->instrument, 0, b.exit_order, t);
    mr_text_add(t, ", exited ");
    words_size(n, o->instrument, b.exited, t);
    mr_text_format(t, ", leverage %u%s", b.plan.leverage, b.plan.trails ? ", the stop follows" : "");
}

static void id_json(const char *key, uint64_t order, struct mr_json_out *j)
{
    char id[MR_ORDER_ID_TEXT];
    if (!order)
        return;
    mr_order_id_text(order, id);
    mr_json_out_string(j, key, id);
}

static void bracket_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_bracket, b, r);
    const struct mr_order *o = &b.plan.entry;
    mr_json_out_string(j, "what", "bracket");
    id_json("entry", b.entry, j);
    mr_json_out_bool(j, "over", b.over);
    id_json("stop_order", b.stop_order, j);
    id_json("old_stop", b.old_stop, j);
    id_json("target_order", b.target_order, j);
    id_json("exit_order", b.exit_order, j);
    words_market_json(n, o->instrument, j);
    mr_json_out_string(j, "side", mr_side_name(o->side));
    words_price_json(n, o->instrument, "price", o->price, j);
    words_size_json(n, o->instrument, "size", o->size, j);
    words_price_json(n, o->instrument, "stop", b.stop, j);
    words_price_json(n, o->instrument, "target", b.plan.target, j);
    words_size_json(n, o->instrument, "exited", b.exited, j);
    mr_json_out_u64(j, "leverage", b.plan.leverage);
    mr_json_out_bool(j, "trails", b.plan.trails);
}

/* ---- slices ---- */

static uint64_t slices_order(const struct mr_journal_record *r)
{
    COPY(mr_record_slices, s, r);
    return s.plan.parent.id;
}

static void slices_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_slices, s, r);
    const struct mr_order *o = &s.plan.parent;
    char id[MR_ORDER_ID_TEXT];
    mr_order_id_text(o->id, id);
    mr_text_format(t, "%s %s is %s%s%s: %s ", mr_slices_kind_name(s.plan.kind), id, mr_slices_state_name(s.state),
                   s.why ? ", " : "", mr_slices_why_text(s.why), mr_side_name(o->side));
    words_market(n, o->instrument, o->venue, t);
    mr_text_add(t, " size ");
    words_size(n, o->instrument, o->size, t);
    mr_text_add(t, " limit ");
    words_price(n, o->instrument, o->price, t);
    mr_text_add(t, ", filled ");
    words_size(n, o->instrument, o->filled, t);
    if (s.plan.slices)
        mr_text_format(t, ", %u slices in %lld s", s.plan.slices, (long long)(s.plan.duration_ns / 1000000000));
    if (s.plan.shown) {
        mr_text_add(t, ", shown ");
        words_size(n, o->instrument, s.plan.shown, t);
    }
    if (!s.child[0].id)
        return;
    mr_order_id_text(s.child[0].id, id);
    mr_text_format(t, ", out %s", id);
}

static void slices_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_slices, s, r);
    const struct mr_order *o = &s.plan.parent;
    mr_json_out_string(j, "what", "slices");
    id_json("parent", o->id, j);
    mr_json_out_string(j, "kind", mr_slices_kind_name(s.plan.kind));
    mr_json_out_string(j, "state", mr_slices_state_name(s.state));
    if (s.why)
        mr_json_out_string(j, "why", mr_slices_why_text(s.why));
    id_json("child", s.child[0].id, j);
    words_market_json(n, o->instrument, j);
    mr_json_out_string(j, "side", mr_side_name(o->side));
    words_price_json(n, o->instrument, "price", o->price, j);
    words_size_json(n, o->instrument, "size", o->size, j);
    words_size_json(n, o->instrument, "filled", o->filled, j);
    words_size_json(n, o->instrument, "shown", s.plan.shown, j);
    mr_json_out_u64(j, "slices", s.plan.slices);
    mr_json_out_i64(j, "duration_ns", s.plan.duration_ns);
    mr_json_out_u64(j, "seed", s.plan.seed);
}

/* clang-format off */
#define ROW(kind, what, record) MR_JOURNAL_##kind, MR_RECORD_##what, sizeof(struct mr_record_##record)
const struct words_row words_trade[] = {
    {ROW(BEGIN,    BEGIN,      begin),      NULL,           begin_text,      begin_json},
    {ROW(BEGIN,    INSTRUMENT, instrument), NULL,           instrument_text, instrument_json},
    {ROW(DECISION, DECISION,   decision),   decision_order, decision_text,   decision_json},
    {ROW(SIGNAL,   SIGNAL,     signal),     NULL,           signal_text,     signal_json},
    {ROW(STATE,    STATE,      life),       NULL,           state_text,      state_json},
    {ROW(ACCOUNT,  DAY,        day),        NULL,           day_text,        day_json},
    {ROW(CONFIG,   LIMITS,     limits),     NULL,           limits_text,     limits_json},
    {ROW(ORDER,    BRACKET,    bracket),    bracket_order,  bracket_text,    bracket_json},
    {ROW(ORDER,    SLICES,     slices),     slices_order,   slices_text,     slices_json},
    {MR_JOURNAL_BEGIN, MR_RECORD_BEGIN, MR_RECORD_BEGIN_UNNAMED, NULL, begin_unnamed_text, begin_unnamed_json},
};
/* clang-format on */
const size_t words_trade_count = MR_COUNT_OF(words_trade);
