#include "tests/controlplane/trade/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/support.h"

static void *memory(size_t bytes) { return aligned_alloc(64, (bytes + 63) / 64 * 64); }

/* ---- a journal in memory ---- */

static int64_t append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    struct rig *r = self;
    if (r->failed)
        return MR_E_IO;
    if (r->full || r->appended == RIG_RECORDS)
        return MR_E_FULL;
    struct rig_record *rec = &r->record[r->appended++];
    *rec = (struct rig_record){kind, bytes, now_ns, memory(bytes + 8u)};
    memcpy((char *)rec->payload + 8, payload, bytes); /* as the journal gives it back: 8-byte aligned, and no more */
    if (!r->hold_disk)
        r->durable = r->appended;
    return (int64_t)r->appended;
}
static uint64_t durable(void *self) { return ((struct rig *)self)->durable; }
static const char *failed(void *self) { return ((struct rig *)self)->failed; }

static void told(void *self, const struct mr_trade_told *what)
{
    struct rig *r = self;
    r->told[what->kind]++;
    mr_trade_told_text(what, mr_trade_limits_now(r->trade), r->last[what->kind]);
    if (r->also_told)
        r->also_told(self, what);
}

static int notify(void *self, const struct mr_stop *stop, bool first, int64_t now_ns, struct mr_err *err)
{
    struct rig *r = self;
    (void)stop, (void)now_ns, (void)err;
    r->notified += first;
    return MR_OK;
}
static int dump(void *self, const struct mr_trade *t, bool first, int64_t now_ns, struct mr_err *err)
{
    struct rig *r = self;
    (void)t, (void)now_ns, (void)err;
    r->dumped += first;
    return MR_OK;
}

static void add(struct rig *r, const char *symbol, const char *base)
{
    struct mr_instrument it = {.venue = 1,
                               .type = MR_TYPE_PERPETUAL,
                               .price_scale = 2,
                               .size_scale = 3,
                               .tick = 10,
                               .lot = 1,
                               .multiplier = 1};
    it.symbol_len = (uint8_t)strlen(symbol);
    memcpy(it.symbol, symbol, it.symbol_len);
    strcpy(it.base, base);
    strcpy(it.quote, "USDT");
    MR_ASSERT(mr_instruments_add(r->instruments, &it) >= 0);
}

static void configure(struct rig *r)
{
    struct mr_trade_strategy *s = &r->config.strategy[0];
    r->config = (struct mr_trade_config){.instruments = r->instruments,
                                         .traded = {RIG_BTC, RIG_ETH},
                                         .traded_count = 2,
                                         .strategy_count = 1,
                                         .orders = mr_orders_defaults(),

                                         .entry = mr_entry_defaults(),
                                         .atr_bar_s = 1,
                                         .risk_e8 = 1000000,
                                         .taker_fee_e8 = 60000,
                                         .volatility_target_e8 = 2000000,
                                         .maintenance_e8 = 500000};
    r->config.entry.taker_e4 = 5000;
    r->config.orders.cash = 10000 * MR_MONEY_ONE;
    *s = (struct mr_trade_strategy){.row = mr_strategy_by_name("follower"), .leverage = 10, .target_e8 = 4000000};
    s->config =
        (struct mr_strategy_config){.instruments = {RIG_BTC, RIG_ETH}, .instrument_count = 2, .table = r->instruments};
    mr_strategy_defaults(s->row, &s->config);
    mr_risk_limits_default(&r->limits);
    struct mr_risk_market *m = mr_risk_limits_market(&r->limits, "*");
    m->order_size_max = m->position_max = 1000 * MR_MONEY_ONE;
    m->short_allowed = true;
    r->limits.account.correlation_e8 = MR_RISK_ONE;
    r->limits.version = 1;
    mr_risk_limits_bind(&r->limits, r->instruments);
}

static void start(struct rig *r)
{
    struct mr_err err = {""};
    const struct mr_trade_ports ports = {.self = r,
                                         .told = told,
                                         .journal = {r, append, durable, failed},
                                         .kill = r->kill,
                                         .notify = notify,
                                         .dump = dump};
    struct mr_orders_link link = mr_orders_link_defaults(1, mr_paper_driver(r->paper));
    r->trade_mem = memory(mr_trade_bytes(&r->config));
    if (mr_trade_init(r->trade_mem, &r->config, &ports, &r->trade, &err) != MR_OK)
        mr_panic(__FILE__, __LINE__, err.text);
    mr_trade_limits(r->trade, &r->limits, r->now);
    MR_ASSERT(mr_trade_link(r->trade, &link, r->now) == MR_OK);
}

void rig_price(struct rig *r, uint32_t id, mr_price mid)
{
    struct mr_market_view *v = &r->view[id];
    *v = (struct mr_market_view){.instrument = id,
                                 .flags = MR_MARKET_LIVE,
                                 .bid_count = MR_MARKET_LEVELS,
                                 .ask_count = MR_MARKET_LEVELS,
                                 .seq = ++r->seq,
                                 .book_ns = r->now,
                                 .last_ns = r->now,
                                 .last = mid};
    for (int i = 0; i < MR_MARKET_LEVELS; i++) {
        v->bids[i] = (struct mr_level){mid - 10 * (i + 1), i ? 50000 : 5000};
        v->asks[i] = (struct mr_level){mid + 10 * (i + 1), i ? 50000 : 5000};
    }
}

void rig_run(struct rig *r, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 5) {
        r->now += 5 * RIG_MS;
        for (uint32_t i = 0; i < 2; i++) {
            r->view[i].book_ns = r->view[i].last_ns = r->now;
            mr_paper_on_view(r->paper, &r->view[i], r->now);
            mr_trade_on_view(r->trade, &r->view[i], r->now);
        }
        mr_trade_step(r->trade, r->now);
    }
}

void rig_signal(struct rig *r, const char *underlying, unsigned level)
{
    struct mr_signal s = {.kind = MR_SIGNAL_LEVEL,
                          .level = (uint8_t)level,
                          .confidence = 0.8,
                          .probability = 0.6,
                          .seq = ++r->seq,
                          .engine_ns = r->now};
    snprintf(s.underlying_name, sizeof s.underlying_name, "%s", underlying);
    mr_trade_on_signal(r->trade, &s, r->now);
}

void rig_trade_on(struct rig *r)
{
    struct mr_err err = {""};
    if (mr_trade_go(r->trade, MR_LIFE_READY, MR_ACTOR_SYSTEM, UINT32_MAX, "started", r->now, &err) != MR_OK ||
        mr_trade_go(r->trade, MR_LIFE_TRADING, MR_ACTOR_OPERATOR, 0, "told to", r->now, &err) != MR_OK)
        print_error("%s\n", err.text);
    assert_int_equal(mr_trade_life(r->trade)->state, MR_LIFE_TRADING);
}

const void *rig_payload(const struct rig *r, uint64_t record) { return (const char *)r->record[record].payload + 8; }

mr_size rig_held(const struct rig *r, uint32_t id)
{
    const struct mr_position *p = mr_positions_get(mr_paper_positions(r->paper), id);
    return p ? p->size : 0;
}

void rig_open(struct rig *r)
{
    memset(r, 0, sizeof *r);
    r->now = 1790000000 * RIG_S;
    r->instruments = mr_instruments_init(memory(mr_instruments_bytes(8)), 8);
    add(r, "BTCUSDT", "BTC");
    add(r, "ETHUSDT", "ETH");
    r->kill = mr_kill_page_init(memory(MR_KILL_PAGE_BYTES));
    struct mr_paper_config paper = mr_paper_defaults(r->instruments);
    paper.instruments_max = 8;
    r->paper_mem = memory(mr_paper_bytes(&paper));
    r->paper = mr_paper_init(r->paper_mem, &paper);
    configure(r);
    start(r);
    assert_int_equal(mr_trade_restored(r->trade, r->now), MR_OK);
    assert_int_equal(mr_trade_begin(r->trade, 1, r->now), MR_OK);
    rig_price(r, RIG_BTC, 6000000);
    rig_price(r, RIG_ETH, 300000);
    rig_run(r, 30000);
    rig_trade_on(r);
}

void rig_restart(struct rig *r)
{
    free(r->trade_mem);
    for (uint64_t i = r->durable; i < r->appended; i++)
        free(r->record[i].payload);
    r->appended = r->durable;
    r->failed = NULL;
    mr_paper_cut(r->paper, true, r->now); /* the old process's stream; what was under way to it is lost */
    for (struct mr_answer a; mr_paper_driver(r->paper).poll(r->paper, &a, r->now) == 1;)
        continue;
    mr_paper_cut(r->paper, false, r->now);
    start(r);
    for (uint64_t i = 0; i < r->durable; i++)
        assert_int_equal(mr_trade_restore(r->trade, r->record[i].kind, (char *)r->record[i].payload + 8,
                                          r->record[i].bytes, r->record[i].at),
                         MR_OK);
    assert_int_equal(mr_trade_restored(r->trade, r->now), MR_OK);
    assert_int_equal(mr_trade_begin(r->trade, mr_trade_epoch_seen(r->trade) + 1, r->now), MR_OK);
}

void rig_close(struct rig *r)
{
    for (uint64_t i = 0; i < r->appended; i++)
        free(r->record[i].payload);
    free(r->trade_mem);
    free(r->paper_mem);
    free(r->kill);
    free(r->instruments);
}

struct rig *rig_new(void)
{
    struct rig *r = malloc(sizeof *r);
    MR_ASSERT(r);
    rig_open(r);
    return r;
}

int rig_end(void **state)
{
    rig_close(*state);
    free(*state);
    return 0;
}

void rig_sound(struct rig *r)
{
    struct mr_err err = {""};
    if (mr_trade_check(r->trade, &err) != MR_OK)
        fail_msg("%s", err.text);
}

struct mr_order rig_order(uint8_t tif, mr_price price, mr_size size)
{
    return (struct mr_order){.instrument = RIG_BTC,
                             .venue = 1,
                             .side = MR_SIDE_BUY,
                             .type = MR_ORDER_LIMIT,
                             .tif = tif,
                             .price = price,
                             .size = size};
}
