/* Memory, start, and the way back from the journal. */
#include <stdio.h>

#include "controlplane/trade/trade_priv.h"

static size_t line(size_t bytes) { return (bytes + 63) / 64 * 64; }

static struct mr_risk_config risk_config(const struct mr_trade_config *c)
{
    uint32_t instruments = mr_instruments_capacity(c->instruments),
             symbols = mr_instruments_underlyings(c->instruments);
    struct mr_risk_config r = {.instruments = instruments,
                               .strategies = MR_TRADE_STRATEGIES_MAX + 1,
                               .symbols = symbols + MR_TRADE_NAMES_MAX,
                               .processes = c->processes,
                               .build = c->build,
                               .config = c->config_hash};
    r.symbols = r.symbols < MR_RISK_SYMBOLS_MAX ? r.symbols : MR_RISK_SYMBOLS_MAX;
    return r;
}

size_t mr_trade_bytes(const struct mr_trade_config *config)
{
    struct mr_risk_config risk = risk_config(config);
    size_t bytes = line(sizeof(struct mr_trade)) + line(mr_orders_bytes(&config->orders)) + line(mr_risk_bytes(&risk)) +
                   line(mr_brackets_bytes(MR_TRADE_BRACKETS)) + line(mr_slices_bytes(MR_TRADE_SLICES_MAX));
    for (uint32_t i = 0; i < config->strategy_count; i++)
        bytes += line(config->strategy[i].row->bytes);
    return bytes;
}

/* Every record passes here, so that "all is on disk" can be said. */
static int64_t append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    struct mr_trade *t = self;
    int64_t seq = t->ports.journal.append(t->ports.journal.self, kind, now_ns, payload, bytes);
    t->appended = seq > 0 ? (uint64_t)seq : t->appended;
    return seq;
}
static uint64_t durable(void *self)
{
    struct mr_trade *t = self;
    return t->ports.journal.durable(t->ports.journal.self);
}
static const char *failed(void *self)
{
    struct mr_trade *t = self;
    return t->ports.journal.failed(t->ports.journal.self);
}

static int check(const struct mr_trade_config *c, struct mr_err *err)
{
    if (c->traded_count == 0 || c->traded_count > MR_TRADE_NAMES_MAX || c->strategy_count > MR_TRADE_STRATEGIES_MAX)
        return mr_err_set(err, MR_E_RANGE, "trade: want 1 to %d instruments, at most %d strategies", MR_TRADE_NAMES_MAX,
                          MR_TRADE_STRATEGIES_MAX);
    for (uint32_t i = 0; i < c->traded_count; i++)
        if (!mr_instruments_get(c->instruments, c->traded[i]))
            return mr_err_set(err, MR_E_SYMBOL, "trade: instrument %u is not in the table", c->traded[i]);
    for (uint32_t i = 0; i < c->strategy_count; i++)
        for (uint32_t k = 0; k < c->strategy[i].config.instrument_count; k++) {
            bool known = false;
            for (uint32_t n = 0; n < c->traded_count; n++)
                known |= c->traded[n] == c->strategy[i].config.instruments[k];
            if (!known)
                return mr_err_set(err, MR_E_SYMBOL, "strategy %s: instrument %u is not traded",
                                  c->strategy[i].row->name, c->strategy[i].config.instruments[k]);
        }
    return MR_OK;
}

static void set_leverage(struct mr_trade *t, uint32_t instrument, uint32_t leverage)
{
    mr_risk_on_leverage(t->risk, instrument, leverage);
    mr_positions_margin(mr_orders_positions_edit(t->orders), instrument, leverage, t->config.maintenance_e8);
}

static void init_traded(struct mr_trade *t)
{
    for (uint32_t i = 0; i < t->config.traded_count; i++) {
        t->traded[i].id = t->traded[i].view.instrument = t->config.traded[i];
        mr_trade_metadata(t, t->traded[i].id);
        set_leverage(t, t->traded[i].id, t->config.leverage);
    }
    for (uint32_t s = 0; s < t->config.strategy_count; s++) {
        const struct mr_trade_strategy *c = &t->config.strategy[s];
        mr_risk_on_strategy(t->risk, s, c->target_e8);
        for (uint32_t k = 0; k < c->config.instrument_count; k++)
            set_leverage(t, c->config.instruments[k], c->leverage);
    }
    mr_risk_on_strategy(t->risk, MR_TRADE_MANUAL, MR_RISK_ONE); /* what a person aims at is the person's business */
}

int mr_trade_init(void *mem, const struct mr_trade_config *config, const struct mr_trade_ports *ports,
                  struct mr_trade **out, struct mr_err *err)
{
    struct mr_trade *t = mem;
    struct mr_risk_config risk = risk_config(config);
    char *at = (char *)mem + line(sizeof *t);
    int status = check(config, err);
    if (status)
        return status;
    memset(t, 0, sizeof *t);
    t->config = *config;
    t->ports = *ports;
    t->journal = (struct mr_journal_port){t, append, durable, failed};
    struct mr_orders_ports orders = trade_ports(t);
    status = mr_orders_init(at, &config->orders, &orders, &t->orders);
    if (status)
        return mr_err_set(err, status, "orders: %s", mr_status_text(status));
    at += line(mr_orders_bytes(&config->orders));
    t->risk = mr_risk_init(at, &risk);
    if (!t->risk)
        return mr_err_set(err, MR_E_RANGE, "risk: more instruments, strategies or symbols than it can follow");
    at += line(mr_risk_bytes(&risk));
    struct mr_brackets_ports brackets = trade_brackets(t);
    t->brackets = mr_brackets_init(at, MR_TRADE_BRACKETS, CHILD_TRIES, &brackets);
    at += line(mr_brackets_bytes(MR_TRADE_BRACKETS));
    struct mr_slices_ports slices = trade_slices(t);
    t->slices = mr_slices_init(at, MR_TRADE_SLICES_MAX, CHILD_TRIES, &slices);
    at += line(mr_slices_bytes(MR_TRADE_SLICES_MAX));
    for (uint32_t i = 0; i < config->strategy_count; i++) {
        t->state[i] = at;
        config->strategy[i].row->init(at, &t->config.strategy[i].config);
        at += line(config->strategy[i].row->bytes);
    }
    trade_life_init(t);
    init_traded(t);
    *out = t;
    return MR_OK;
}

/* ---- what the journal calls things ---- */

static void name_of(const struct mr_instrument *it, struct mr_record_instrument *r)
{
    TRADE_RECORD(*r, MR_RECORD_INSTRUMENT);
    r->id = it->id;
    r->venue = it->venue;
    r->product = it->product;
    r->type = it->type;
    r->flags = it->flags;
    r->price_scale = it->price_scale;
    r->size_scale = it->size_scale;
    r->multiplier_scale = it->multiplier_scale;
    r->tick = it->tick;
    r->lot = it->lot;
    r->multiplier = it->multiplier;
    mr_risk_market_name(it, r->name);
    snprintf(r->base, sizeof r->base, "%s", it->base);
    snprintf(r->quote, sizeof r->quote, "%s", it->quote);
}

bool trade_name(struct mr_trade *t, uint32_t index)
{
    struct traded *w = &t->traded[index];
    struct mr_record_instrument r;
    if (mr_likely(!w->nameless))
        return true;
    name_of(mr_instruments_get(t->config.instruments, w->id), &r);
    if (memcmp(&r, &w->name, sizeof r) != 0) {
        if (append(t, MR_JOURNAL_BEGIN, t->now, &r, sizeof r) <= 0)
            return false;
        w->name = r;
    }
    w->nameless = false;
    return true;
}

void mr_trade_metadata(struct mr_trade *t, uint32_t instrument)
{
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, instrument);
    uint32_t i = trade_index(t, instrument);
    if (!it)
        return;
    mr_risk_on_instrument(t->risk, instrument, it);
    if (i == UINT32_MAX)
        return;
    t->traded[i].nameless = true;
    if (t->begun)
        trade_name(t, i); /* what is not taken now is asked again before the next decision */
}

/* Numbers are the control plane's own: another list of instruments, and each record would be read as something else. */
static int restore_name(const struct mr_trade *t, const struct mr_record_instrument *r)
{
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, r->id);
    struct mr_record_instrument now;
    if (!memchr(r->name, 0, sizeof r->name))
        return MR_E_CORRUPT;
    if (!it)
        return MR_OK; /* whatever is about it will be refused */
    name_of(it, &now);
    if (strcmp(now.name, r->name) != 0)
        return MR_E_SYMBOL;
    if ((r->flags | now.flags) & MR_INSTRUMENT_NO_METADATA) /* nothing is ordered by a guess */
        return MR_OK;
    return now.price_scale == r->price_scale && now.size_scale == r->size_scale && now.multiplier == r->multiplier &&
                   now.multiplier_scale == r->multiplier_scale && !((now.flags ^ r->flags) & MR_INSTRUMENT_INVERSE)
               ? MR_OK
               : MR_E_RANGE;
}

int mr_trade_link(struct mr_trade *t, const struct mr_orders_link *link, int64_t now_ns)
{
    int status = mr_orders_add_link(t->orders, link, now_ns);
    if (status == MR_OK)
        t->venues[t->venue_count++] = link->venue;
    return status;
}

void mr_trade_process(struct mr_trade *t, uint32_t n, uint64_t build, uint64_t config_hash)
{
    mr_risk_on_process(t->risk, n, build, config_hash);
}

void mr_trade_limits(struct mr_trade *t, const struct mr_risk_limits *limits, int64_t now_ns)
{
    MR_ASSERT(limits->bound && limits->version > t->limits.version);
    (void)now_ns;
    t->limits = *limits;
}

int mr_trade_limits_record(struct mr_trade *t, const struct mr_risk_limits *limits, const char *said, int64_t now_ns)
{
    struct mr_record_limits r;
    TRADE_RECORD(r, MR_RECORD_LIMITS);
    r.version = limits->version;
    r.before = t->limits.version < limits->version ? t->limits.version : 0;
    snprintf(r.said, sizeof r.said, "%s", said);
    return append(t, MR_JOURNAL_CONFIG, now_ns, &r, sizeof r) > 0 ? MR_OK : MR_E_FULL;
}

/* ---- back from the journal ---- */

static int restore_decision(struct mr_trade *t, const struct mr_record_decision *r)
{
    t->decisions = r->number > t->decisions ? r->number : t->decisions;
    t->risk->peak = r->peak > t->risk->peak ? r->peak : t->risk->peak;
    return MR_OK;
}

/* What the day was, from the last record of it. */
static int restore_day(struct mr_trade *t, const struct mr_record_day *r)
{
    t->risk->day = r->day;
    t->risk->day_start = r->day_start;
    t->risk->peak = r->peak;
    t->risk->realised_day = r->realised_day;
    t->risk->losses = r->losses;
    t->risk->rejects = r->rejects;
    t->risk->day_orders = r->day_orders;
    t->risk->day_trades = r->day_trades;
    t->day = *r;
    return MR_OK;
}

static int restore_fill(struct mr_trade *t, const struct mr_record_fill *r)
{
    uint32_t i = trade_index(t, r->fill.instrument);
    const struct mr_order *o = r->fill.order ? mr_orders_find(t->orders, r->fill.order) : NULL;
    uint32_t s = o && o->strategy <= MR_TRADE_STRATEGIES_MAX ? o->strategy : MR_TRADE_MANUAL;
    if (i == UINT32_MAX)
        return MR_E_CORRUPT;
    for (uint32_t k = 0; !o && k < t->config.strategy_count; k++)
        if (t->holding[k][i].size) {
            s = k;
            break;
        }
    struct holding *h = &t->holding[s][i];
    h->size += r->fill.side == MR_SIDE_BUY ? r->fill.size : -r->fill.size;
    h->opened_ns = h->size ? (h->opened_ns ? h->opened_ns : r->fill.recv_ns) : 0;
    if (!h->size)
        *h = (struct holding){0};
    return MR_OK;
}

int mr_trade_restore(struct mr_trade *t, unsigned kind, const void *payload, uint32_t bytes, int64_t at_ns)
{
    MR_ALIGNED uint8_t copy[MR_JOURNAL_PAYLOAD_MAX]; /* the journal's payloads are 8-byte aligned, amounts want 16 */
    const struct mr_record_head *head = (const void *)copy;
    if (bytes < sizeof *head || bytes > sizeof copy)
        return MR_E_CORRUPT;
    memcpy(copy, payload, bytes);
    payload = copy;
    if (head->bytes != bytes)
        return MR_E_CORRUPT;
    if (kind == MR_JOURNAL_ORDER || kind == MR_JOURNAL_FILL || kind == MR_JOURNAL_ACCOUNT) {
        if (head->what == MR_RECORD_DAY && bytes == sizeof(struct mr_record_day))
            return restore_day(t, payload);
        if (head->what == MR_RECORD_BRACKET)
            return mr_brackets_restore(t->brackets, payload, bytes);
        if (head->what == MR_RECORD_SLICES)
            return mr_slices_restore(t->slices, payload, bytes);
        int status = mr_orders_restore(t->orders, kind, payload, bytes, at_ns);
        if (status == MR_OK && kind == MR_JOURNAL_FILL)
            status = restore_fill(t, payload);
        return status;
    }
    if (kind == MR_JOURNAL_DECISION && head->what == MR_RECORD_DECISION && bytes == sizeof(struct mr_record_decision))
        return restore_decision(t, payload);
    if (kind == MR_JOURNAL_BEGIN && head->version != MR_RECORDS_VERSION)
        return MR_E_VERSION;
    if (kind == MR_JOURNAL_BEGIN && head->what == MR_RECORD_INSTRUMENT)
        return bytes == sizeof(struct mr_record_instrument) ? restore_name(t, payload) : MR_E_CORRUPT;
    if (kind == MR_JOURNAL_BEGIN && head->what == MR_RECORD_BEGIN) {
        if (bytes != sizeof(struct mr_record_begin) && bytes != MR_RECORD_BEGIN_UNNAMED)
            return MR_E_CORRUPT;
        uint32_t epoch = ((const struct mr_record_begin *)payload)->epoch;
        t->epoch = epoch > t->epoch ? epoch : t->epoch;
    }
    return MR_OK;
}

/* The gate counts what the manager has. */
static void count_again(struct mr_trade *t)
{
    uint32_t cursor = 0;
    for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL;)
        mr_risk_on_open(t->risk, o, &t->limits);
    for (uint32_t i = 0; i < t->config.traded_count; i++) {
        const struct mr_position *p = mr_positions_get(mr_orders_positions(t->orders), t->traded[i].id);
        t->realised[i] = p ? p->realised : 0;
        mr_risk_on_position(t->risk, t->traded[i].id, MR_RISK_NONE, p ? p->size : 0);
        for (uint32_t s = 0; s <= MR_TRADE_STRATEGIES_MAX; s++)
            if (t->holding[s][i].size) {
                mr_risk_on_position(t->risk, t->traded[i].id, (uint16_t)s, t->holding[s][i].size);
                /* why a strategy opened it, and when it was to end, went with the process: out, in good order. A person's stays */
                t->holding[s][i].closing = s != MR_TRADE_MANUAL;
            }
    }
}

int mr_trade_restored(struct mr_trade *t, int64_t now_ns)
{
    t->now = now_ns;
    t->restoring = true;
    int status = mr_orders_restored(t->orders, now_ns);
    t->restoring = false;
    if (status == MR_OK) {
        mr_brackets_restored(t->brackets, t->orders);
        mr_slices_restored(t->slices, t->orders);
        count_again(t);
    }
    return status;
}

uint32_t mr_trade_epoch_seen(const struct mr_trade *t)
{
    uint32_t orders = mr_orders_epoch_seen(t->orders);
    return orders > t->epoch ? orders : t->epoch;
}

int mr_trade_begin(struct mr_trade *t, uint32_t epoch, int64_t now_ns)
{
    struct mr_record_begin r;
    MR_ASSERT(epoch > mr_trade_epoch_seen(t));
    TRADE_RECORD(r, MR_RECORD_BEGIN);
    r.epoch = epoch;
    r.strategies = t->config.strategy_count;
    for (uint32_t i = 0; i < t->config.strategy_count; i++)
        snprintf(r.strategy[i], sizeof r.strategy[i], "%s", t->config.strategy[i].row->name);
    r.build = t->config.build;
    r.config_hash = t->config.config_hash;
    t->now = now_ns;
    if (append(t, MR_JOURNAL_BEGIN, now_ns, &r, sizeof r) <= 0)
        return MR_E_FULL;
    for (uint32_t i = 0; i < t->config.traded_count; i++)
        if (!trade_name(t, i))
            return MR_E_FULL;
    t->epoch = epoch;
    t->begun = true;
    return mr_orders_begin(t->orders, epoch, now_ns);
}
