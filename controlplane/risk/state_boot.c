/* The state's memory, and what is told of instruments, markets, account and by operators. */
#include "controlplane/risk/risk_priv.h"

#define NS_PER_DAY 86400000000000

static size_t lines(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

static bool within(const struct mr_risk_config *c)
{
    return c->instruments && c->instruments <= MR_RISK_INSTRUMENTS_MAX && c->strategies &&
           c->strategies <= MR_RISK_STRATEGIES_MAX && c->symbols && c->symbols <= MR_RISK_SYMBOLS_MAX &&
           c->processes >> MR_RISK_PROCESSES == 0;
}

static void lay_out(const struct mr_risk_config *c, size_t at[5])
{
    at[0] = lines(sizeof(struct mr_risk_state));
    at[1] = at[0] + lines(c->instruments * sizeof(struct mr_risk_instrument));
    at[2] = at[1] + lines(c->strategies * sizeof(struct mr_risk_strategy));
    at[3] = at[2] + lines((size_t)c->instruments * c->strategies * sizeof(struct mr_risk_cell));
    at[4] = at[3] + lines((size_t)c->symbols * c->symbols * sizeof(struct mr_risk_pair));
}

size_t mr_risk_bytes(const struct mr_risk_config *config)
{
    size_t at[5];
    if (!within(config))
        return 0;
    lay_out(config, at);
    return at[4];
}

struct mr_risk_state *mr_risk_init(void *mem, const struct mr_risk_config *config)
{
    size_t at[5];
    if (!within(config))
        return NULL;
    lay_out(config, at);
    memset(mem, 0, at[4]);
    struct mr_risk_state *state = mem;
    state->config = *config;
    state->instruments_at = at[0];
    state->strategies_at = at[1];
    state->cells_at = at[2];
    state->pairs_at = at[3];
    memset(state->slot_of, 0xff, sizeof state->slot_of);
    for (uint32_t i = 0; i < MR_ORDERS_MAX; i++)
        state->open[i].next = i + 1 < MR_ORDERS_MAX ? (uint16_t)(i + 1) : MR_RISK_NONE;
    for (uint32_t i = 0; i < config->instruments; i++)
        mr_risk_row(state, i)->first = MR_RISK_NONE;
    return state;
}

/* ---- instruments ---- */

static bool scale_ok(int scale) { return scale >= 0 && scale <= MR_SCALE_MAX; }

int mr_risk_on_instrument(struct mr_risk_state *state, uint32_t instrument, const struct mr_instrument *it)
{
    if (instrument >= state->config.instruments || it->underlying >= state->config.symbols ||
        it->venue >= MR_RISK_VENUES || !scale_ok(it->price_scale) || !scale_ok(it->size_scale) ||
        !scale_ok(it->multiplier_scale))
        return MR_E_RANGE;
    struct mr_risk_instrument *row = mr_risk_row(state, instrument);
    bool in_use = row->cell.busy || row->first != MR_RISK_NONE;
    bool moved = row->known && (row->it.price_scale != it->price_scale || row->it.size_scale != it->size_scale ||
                                row->it.venue != it->venue || row->symbol != it->underlying);
    if (in_use && moved)
        return MR_E_INVALID;
    if (moved) { /* prices at the old scale say nothing now */
        row->bid_count = row->ask_count = row->market_flags = 0;
        row->book_ns = row->last_ns = 0;
        row->last = row->reference = 0;
    }
    row->it = *it;
    row->symbol = it->underlying;
    row->known = true;
    mr_risk_revalue(state, instrument);
    return MR_OK;
}

void mr_risk_on_leverage(struct mr_risk_state *state, uint32_t instrument, uint32_t leverage)
{
    if (instrument < state->config.instruments)
        mr_risk_row(state, instrument)->leverage = leverage;
}

void mr_risk_on_strategy(struct mr_risk_state *state, uint32_t strategy, int64_t target_e8)
{
    if (strategy < state->config.strategies)
        mr_risk_strategy_row(state, strategy)->target_e8 = target_e8;
}

void mr_risk_on_clock(struct mr_risk_state *state, int64_t passed_ns)
{
    if (passed_ns > state->passed_ns)
        state->passed_ns = passed_ns;
}

void mr_risk_on_time(struct mr_risk_state *state, int64_t now_ns)
{
    if (now_ns <= state->now_ns)
        return;
    int64_t day = now_ns / NS_PER_DAY;
    state->now_ns = now_ns;
    if (day == state->day)
        return;
    state->day = day;
    state->day_start = state->account.equity;
    state->realised_day = 0;
    state->day_orders = state->day_trades = 0;
}

/* ---- markets ---- */

void mr_risk_on_market(struct mr_risk_state *state, const struct mr_market_view *view)
{
    if (view->instrument >= state->config.instruments || !mr_risk_instrument(state, view->instrument)->known)
        return;
    struct mr_risk_instrument *row = mr_risk_row(state, view->instrument);
    row->market_flags = view->flags;
    row->bid_count = view->bid_count < MR_MARKET_LEVELS ? view->bid_count : MR_MARKET_LEVELS;
    row->ask_count = view->ask_count < MR_MARKET_LEVELS ? view->ask_count : MR_MARKET_LEVELS;
    memcpy(row->bids, view->bids, row->bid_count * sizeof row->bids[0]);
    memcpy(row->asks, view->asks, row->ask_count * sizeof row->asks[0]);
    row->book_ns = view->book_ns;
    row->last_ns = view->last_ns;
    row->last = view->last;
    mr_price bid = row->bid_count ? row->bids[0].price : 0, ask = row->ask_count ? row->asks[0].price : 0;
    mr_price mid = bid > 0 && ask > 0 && bid < MR_RISK_NUMBER_MAX && ask < MR_RISK_NUMBER_MAX ? (bid + ask) / 2 : 0;
    if (mid == 0 || mid == row->reference)
        return;
    row->reference = mid;
    if (row->cell.busy || row->strategies)
        mr_risk_revalue(state, view->instrument);
}

void mr_risk_on_volatility(struct mr_risk_state *state, uint32_t instrument, int64_t volatility_e8,
                           int64_t multiplier_e8, int64_t now_ns)
{
    if (instrument >= state->config.instruments)
        return;
    struct mr_risk_instrument *row = mr_risk_row(state, instrument);
    row->volatility_e8 = volatility_e8;
    row->multiplier_e8 = multiplier_e8;
    row->volatility_ns = now_ns;
}

void mr_risk_on_correlation(struct mr_risk_state *state, uint32_t a, uint32_t b, int64_t correlation_e8, int64_t now_ns)
{
    if (a >= state->config.symbols || b >= state->config.symbols)
        return;
    struct mr_risk_pair *pairs = (struct mr_risk_pair *)((char *)state + state->pairs_at);
    pairs[(size_t)a * state->config.symbols + b] = pairs[(size_t)b * state->config.symbols + a] =
        (struct mr_risk_pair){correlation_e8, now_ns};
}

void mr_risk_on_var(struct mr_risk_state *state, const struct mr_risk_var *var)
{
    struct mr_risk_var *oldest = &state->vars[0];
    for (uint32_t i = 0; i < MR_RISK_VALUES; i++) {
        struct mr_risk_var *v = &state->vars[i];
        if (v->confidence_e8 == var->confidence_e8 && v->horizon_days == var->horizon_days) {
            *v = *var;
            return;
        }
        oldest = v->at < oldest->at ? v : oldest;
    }
    *oldest = *var;
}

void mr_risk_on_greeks(struct mr_risk_state *state, mr_money delta, mr_money gamma, mr_money vega, int64_t now_ns)
{
    state->delta = delta;
    state->gamma = gamma;
    state->vega = vega;
    state->greeks_ns = now_ns;
}

/* ---- account ---- */

void mr_risk_on_account(struct mr_risk_state *state, const struct mr_risk_account *account, int64_t now_ns)
{
    mr_risk_on_time(state, now_ns);
    state->account = *account;
    if (state->account_ns == 0 && state->day_start == 0)
        state->day_start = account->equity; /* the day began before we knew */
    state->account_ns = now_ns;
    if (account->equity > state->peak)
        state->peak = account->equity;
}

void mr_risk_on_history(struct mr_risk_state *state, const struct mr_risk_history *history)
{
    state->day = history->day;
    state->day_start = history->day_start;
    state->peak = history->peak;
    state->realised_day = history->realised_day;
    state->losses = history->losses;
    state->rejects = history->rejects;
    state->day_orders = history->day_orders;
    state->day_trades = history->day_trades;
}

void mr_risk_on_realised(struct mr_risk_state *state, mr_money amount)
{
    mr_money sum;
    state->realised_day = mr_money_add(state->realised_day, amount, &sum) == MR_OK ? sum : -MR_MONEY_MAX;
    if (amount < 0)
        state->losses++;
    else if (amount > 0)
        state->losses = 0;
}

void mr_risk_on_reconciled(struct mr_risk_state *state, uint8_t venue, bool same, int64_t now_ns)
{
    if (venue >= MR_RISK_VENUES)
        return;
    state->venues[venue].differs = !same;
    state->venues[venue].reconciled_ns = now_ns;
}

void mr_risk_on_stream(struct mr_risk_state *state, uint8_t venue, bool up)
{
    if (venue < MR_RISK_VENUES)
        state->venues[venue].stream_up = up;
}

/* ---- operators ---- */

void mr_risk_set_mode(struct mr_risk_state *state, enum mr_risk_mode mode) { state->mode = (uint8_t)mode; }

void mr_risk_on_process(struct mr_risk_state *state, uint32_t process, uint64_t build, uint64_t config)
{
    if (process >= MR_RISK_PROCESSES)
        return;
    bool same = build == state->config.build && config == state->config.config;
    uint32_t bit = 1u << process;
    state->agreed = same ? state->agreed | bit : state->agreed & ~bit;
    state->strangers = same ? state->strangers & ~bit : state->strangers | bit;
}

int mr_risk_arm(struct mr_risk_state *state, struct mr_err *err)
{
    if (state->strangers)
        return mr_err_set(err, MR_E_INVALID, "processes 0x%x run another build or configuration: start all from one",
                          state->strangers);
    if (state->config.processes & ~state->agreed)
        return mr_err_set(err, MR_E_INVALID, "processes 0x%x have not said what they run: wait, or start them",
                          state->config.processes & ~state->agreed);
    state->armed = true;
    return MR_OK;
}

void mr_risk_disarm(struct mr_risk_state *state) { state->armed = false; }

void mr_risk_set_closing(struct mr_risk_state *state, bool closing) { state->closing = closing; }

void mr_risk_enable_strategy(struct mr_risk_state *state, uint32_t strategy)
{
    if (strategy >= state->config.strategies)
        return;
    struct mr_risk_strategy *s = mr_risk_strategy_row(state, strategy);
    s->throttled = false;
    s->repeats = 0;
}

void mr_risk_kill_order(struct mr_risk_state *state, uint64_t id)
{
    uint64_t known = state->killed_count < MR_RISK_KILLED ? state->killed_count : MR_RISK_KILLED;
    for (uint64_t i = 0; i < known; i++)
        if (state->killed[i] == id)
            return;
    if (state->killed_count < MR_RISK_KILLED)
        state->killed[state->killed_count] = id;
    state->killed_count++;
}

void mr_risk_forgive(struct mr_risk_state *state)
{
    state->losses = state->rejects = 0;
    state->unapproved = 0;
}

/* ---- windows ---- */

void mr_risk_window_add(struct mr_risk_window *window, int64_t now_ns, uint64_t weight, int64_t quantum_ns)
{
    uint64_t last = (window->count - 1) % MR_RISK_WINDOW;
    if (window->count &&
        window->at[last] / quantum_ns == now_ns / quantum_ns) { /* together: as young as the youngest */
        window->at[last] = now_ns > window->at[last] ? now_ns : window->at[last];
        window->total += weight;
        return;
    }
    uint64_t at = window->count % MR_RISK_WINDOW;
    int64_t before = window->count ? window->at[(window->count - 1) % MR_RISK_WINDOW] : 0;
    window->at[at] = now_ns > before ? now_ns : before; /* a clock that goes back keeps events in the window longer */
    window->before[at] = window->total;
    window->total += weight;
    window->count++;
}

uint64_t mr_risk_window_sum(const struct mr_risk_window *window, int64_t now_ns, int64_t length_ns)
{
    uint64_t kept = window->count < MR_RISK_WINDOW ? window->count : MR_RISK_WINDOW, first = window->count - kept;
    uint64_t low = first, high = window->count; /* the first event after now - length is in [low, high] */
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (window->at[mid % MR_RISK_WINDOW] > now_ns - length_ns)
            high = mid;
        else
            low = mid + 1;
    }
    if (low == first && first > 0)
        return UINT64_MAX; /* what was before is forgotten, and might count */
    return low == window->count ? 0 : window->total - window->before[low % MR_RISK_WINDOW];
}
