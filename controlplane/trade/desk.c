#include "controlplane/trade/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "codecs/venue/venue.h"
#include "controlplane/trade/desk_priv.h"
#include "controlplane/trade/records.h"

MR_METRICS_DEFINE(mr_desk, MR_DESK_METRICS);

#define INSTRUMENTS 128u

void *desk_memory(size_t bytes) { return aligned_alloc(128, (bytes + 127) / 128 * 128); }

/* ---- limits ---- */

static void first_error(void *arg, const char *sentence)
{
    struct mr_err *err = arg;
    if (!err->text[0])
        mr_err_set(err, MR_E_INVALID, "%s", sentence);
}

int desk_limits_load(const char *path, const struct mr_instruments *instruments, struct mr_risk_limits *out,
                     struct mr_err *err)
{
    err->text[0] = 0;
    if (!*path)
        return mr_err_set(err, MR_E_INVALID, "trade.limits: name the file with the limits; nothing is traded without");
    int status = mr_risk_limits_load(out, path, first_error, err);
    if (status != MR_OK)
        return status;
    mr_risk_limits_bind(out, instruments);
    return MR_OK;
}

/* ---- what comes in ---- */

static void on_view(void *arg, const struct mr_market_view *view)
{
    struct mr_desk *d = arg;
    if (d->paper)
        mr_paper_on_view(d->paper, view, d->now_ns);
    mr_trade_on_view(d->trade, view, d->now_ns);
}

static void on_trade(void *arg, const struct mr_market_trade *t)
{
    struct mr_desk *d = arg;
    if (d->paper)
        mr_paper_on_trade(d->paper, t->instrument, t->side, t->price, t->size, d->now_ns);
}

static void on_signal(void *arg, const char *plane, const struct mr_signal *signal, uint64_t lost)
{
    struct mr_desk *d = arg;
    if (mr_unlikely(lost)) {
        char said[MR_TOLD_TEXT];
        MR_COUNT(d->metrics, signals_lost, lost);
        snprintf(said, sizeof said, "%.60s: %llu signals from %llu on were lost", plane, (unsigned long long)lost,
                 (unsigned long long)signal->seq);
        desk_say(d, MR_TOLD_ALERT, 1, d->now_ns, said);
        return;
    }
    d->signal_ns = mr_clock_now(&d->clock);
    mr_trade_on_signal(d->trade, signal, d->now_ns);
    desk_told(d, &(struct mr_trade_told){.kind = MR_TOLD_SIGNAL,
                                         .severity = signal->kind == MR_SIGNAL_LEVEL && signal->level >= MR_LEVEL_ALERT,
                                         .now_ns = d->now_ns,
                                         .who = plane,
                                         .signal = signal});
}

/* In front of the driver, for what is measured: when the bytes of the order that a signal led to were given to the kernel. The paper exchange in
 * this process has them when it is called. */
void desk_written(void *arg, uint64_t number)
{
    struct mr_desk *d = arg;
    if (number != d->signal_request)
        return;
    const int64_t at_ns = mr_clock_now(&d->clock), took_ns = at_ns - d->signal_ns;
    if (MR_RECORD_MAX(d->metrics, durable_ns, took_ns)) {
        struct mr_trace t = desk_trace(d, number, d->signal_instrument, took_ns, at_ns);
        MR_TRACE(d->metrics, durable_ns, &t);
    }
    d->signal_request = 0;
    d->signal_ns = 0;
}
static int send(void *self, const struct mr_request *r, int64_t now_ns)
{
    struct mr_desk *d = self;
    if (r->kind == MR_REQUEST_PLACE && r->order.role == MR_ROLE_ENTRY && d->signal_ns) {
        d->signal_request = r->number;
        d->signal_instrument = r->order.instrument;
    }
    if (mr_unlikely(d->config.probe != NULL))
        d->config.probe->handed(d->config.probe->arg, r);
    int status = d->driver.send(d->driver.self, r, now_ns);
    if (d->paper && status == MR_OK)
        desk_written(d, r->number);
    return status;
}
static int poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct mr_desk *d = self;
    int status = d->driver.poll(d->driver.self, out, now_ns);
    d->refused |=
        status == 1 && out->reason == MR_REJECT_CREDENTIALS &&
        (out->kind == MR_ANSWER_REJECTED || out->kind == MR_ANSWER_NOT_SENT || out->kind == MR_ANSWER_STREAM_DOWN);
    return status;
}

static void judging(void *self, bool over)
{
    struct mr_desk *d = self;
    const int64_t now_ns = mr_clock_now(&d->clock);
    if (over && MR_RECORD_MAX(d->metrics, gate_ns, now_ns - d->gate_ns)) {
        struct mr_trace t = desk_trace(d, 0, UINT32_MAX, now_ns - d->gate_ns, now_ns);
        t.recv_ns = 0; /* operators' orders are decided here too */
        MR_TRACE(d->metrics, gate_ns, &t);
    }
    d->gate_ns = now_ns;
}

/* ---- opening ---- */

static int want(struct mr_desk *d, struct mr_err *err)
{
    const struct mr_market_feed_config feed = {
        .instruments = d->instruments, .trade = on_trade, .view = on_view, .arg = d};
    uint8_t venue = 0;
    if (d->trading.instrument_count == 0)
        return mr_err_set(err, MR_E_INVALID, "trade.instruments: name at least one, as binance:usdm:BTCUSDT");
    if (d->config.plane_count > MR_RISK_PROCESSES)
        return mr_err_set(err, MR_E_RANGE, "trading: at most %d data planes", MR_RISK_PROCESSES);
    int status = mr_market_feed_open(&d->feed, &feed, err);
    for (uint32_t i = 0; i < d->trading.instrument_count && !status; i++) {
        int64_t id = mr_market_feed_want(d->feed, d->trading.instruments[i], err);
        if (id < 0)
            return (int)id;
        d->ids[i] = (uint32_t)id;
        d->metadata[i] = UINT32_MAX;
        snprintf(d->names[i], sizeof d->names[i], "%.63s", d->trading.instruments[i]);
        const struct mr_instrument *it = mr_instruments_get(d->instruments, (uint32_t)id);
        if (venue && it->venue != venue)
            return mr_err_set(err, MR_E_UNSUPPORTED,
                              "trade.instruments: \"%s\" is of another venue; the paper exchange is one venue",
                              d->trading.instruments[i]);
        venue = it->venue;
    }
    for (uint32_t i = 0; i < d->config.plane_count && !status; i++)
        status = mr_market_feed_add(d->feed, d->config.workspaces[i]);
    if (!status)
        status = mr_links_open(&d->links, on_signal, d, err);
    for (uint32_t i = 0; i < d->config.plane_count && !status; i++)
        status = mr_links_add(d->links, d->config.names[i], d->config.workspaces[i]);
    return status;
}

static int64_t e8(double percent) { return (int64_t)(percent * 1e6 + 0.5); }

static int strategies(struct mr_desk *d, struct mr_trade_config *c, struct mr_err *err)
{
    for (uint32_t i = 0; i < d->trading.strategy_count; i++) {
        struct mr_trade_strategy *s = &c->strategy[i];
        s->row = mr_strategy_by_name(d->trading.strategies[i]);
        if (!s->row)
            return mr_err_set(err, MR_E_INVALID, "trade.strategies: there is no \"%s\"; known: follower, fader",
                              d->trading.strategies[i]);
        for (uint32_t k = 0; k < i; k++)
            if (c->strategy[k].row == s->row) /* the kill switch, the journal and fills go by the name */
                return mr_err_set(err, MR_E_INVALID, "trade.strategies: \"%s\" is named twice", s->row->name);
        s->leverage = d->trading.leverage;
        s->target_e8 = e8(d->trading.target_pct);
        s->config.table = d->instruments;
        s->config.instrument_count = d->trading.instrument_count;
        memcpy(s->config.instruments, d->ids, sizeof d->ids[0] * d->trading.instrument_count);
        mr_strategy_defaults(s->row, &s->config);
    }
    c->strategy_count = d->trading.strategy_count;
    for (uint32_t i = 0; i < d->trading.setting_count; i++) {
        char text[64], *dot, *colon;
        bool known = false;
        snprintf(text, sizeof text, "%s", d->trading.settings[i]);
        dot = strchr(text, '.');
        colon = strchr(text, ':');
        if (!dot || !colon || dot > colon)
            return mr_err_set(err, MR_E_INVALID,
                              "trade.settings: \"%s\": want STRATEGY.PARAMETER:VALUE, as follower.level:3", text);
        *dot = *colon = 0;
        for (uint32_t k = 0; k < c->strategy_count; k++)
            if (strcmp(c->strategy[k].row->name, text) == 0) {
                int status = mr_strategy_set(c->strategy[k].row, &c->strategy[k].config, dot + 1, colon + 1, err);
                if (status)
                    return status;
                known = true;
            }
        if (!known)
            return mr_err_set(err, MR_E_INVALID, "trade.settings: \"%s\" is not among trade.strategies", text);
    }
    return MR_OK;
}

static void paper(struct mr_desk *d)
{
    const struct mr_trading_config *t = &d->trading;
    struct mr_paper_config c = mr_paper_defaults(d->instruments);
    c.instruments_max = INSTRUMENTS;
    c.cash = (mr_money)t->cash * MR_MONEY_ONE;
    c.session = (uint64_t)d->now_ns; /* what the journal remembers of an earlier life is not taken for this one's */
    c.maker_fee_e8 = e8(t->maker_fee_pct);
    c.taker_fee_e8 = e8(t->taker_fee_pct);
    c.there_ns = c.back_ns = t->latency_ns;
    c.jitter_ns = t->latency_ns / 2;
    c.leverage = t->leverage;
    c.maintenance_e8 = (int32_t)e8(t->maintenance_pct);
    d->paper = mr_paper_init(desk_memory(mr_paper_bytes(&c)), &c);
    d->driver = mr_paper_driver(d->paper);
}

static void rows(struct mr_desk *d, const struct mr_trade_config *c)
{
    char session[32];
    snprintf(session, sizeof session, "%lld", (long long)d->now_ns);
    mr_trade_rows_init(&d->rows, d->config.store, desk_instrument, d, session);
    for (uint32_t i = 0; i < c->strategy_count; i++)
        d->rows.strategy[i] = c->strategy[i].row->name;
}

static int trade(struct mr_desk *d, struct mr_err *err)
{
    const struct mr_trading_config *t = &d->trading;
    struct mr_trade_config c = {.instruments = d->instruments,
                                .traded_count = t->instrument_count,
                                .orders = mr_orders_defaults(),
                                .build = desk_build(d->build),
                                .config_hash = d->config.config_hash,
                                .processes = (1u << d->config.plane_count) - 1,
                                .entry = mr_entry_defaults(),
                                .sample_ns = t->sample_ns,
                                .leverage = t->leverage,
                                .atr_bar_s = t->atr_bar_s,
                                .taker_fee_e8 = e8(t->taker_fee_pct),
                                .volatility_target_e8 = e8(t->volatility_pct),
                                .maintenance_e8 = (int32_t)e8(t->maintenance_pct),
                                .risk_e8 = e8(t->risk_pct),
                                .trails = t->trail_step_pct > 0,
                                .staircase = {e8(t->trail_from_pct), e8(t->trail_step_pct), e8(t->trail_distance_pct)}};
    const struct mr_trade_ports ports = {.self = d,
                                         .told = desk_told,
                                         .journal = mr_journal_port(d->journal),
                                         .kill = d->config.kill,
                                         .notify = desk_notify,
                                         .dump = desk_dump,
                                         .judging = judging};
    memcpy(c.traded, d->ids, sizeof d->ids[0] * t->instrument_count);
    c.orders.cash = (mr_money)t->cash * MR_MONEY_ONE;
    c.orders.instruments_max = INSTRUMENTS;
    c.entry.level = t->entry_level;
    c.entry.slippage_e6 = (uint32_t)(t->slippage_pct * 1e4 + 0.5);
    c.entry.taker_e4 = (uint32_t)(t->taker_confidence * 1e4 + 0.5);
    int status = strategies(d, &c, err);
    rows(d, &c);
    if (!status)
        status = mr_trade_init(desk_memory(mr_trade_bytes(&c)), &c, &ports, &d->trade, err);
    if (!status) {
        d->limits.version = 1;
        mr_trade_limits(d->trade, &d->limits, 0);
        d->io_limits[0] = d->limits;
    }
    return status;
}

/* ---- the journal ---- */

/* The scales that the journal's prices and sizes are of, before a data plane has said them. */
static void learn(struct mr_desk *d, const struct mr_record_instrument *r)
{
    const struct mr_instrument *ours = mr_instruments_get(d->instruments, r->id);
    char name[MR_RISK_NAME_BYTES];
    if (!ours || !(ours->flags & MR_INSTRUMENT_NO_METADATA) || r->flags & MR_INSTRUMENT_NO_METADATA)
        return;
    mr_risk_market_name(ours, name);
    if (strncmp(name, r->name, sizeof name) != 0)
        return;
    struct mr_instrument it = *ours;
    it.flags = r->flags & MR_INSTRUMENT_INVERSE;
    it.type = r->type;
    it.price_scale = r->price_scale;
    it.size_scale = r->size_scale;
    it.tick = r->tick;
    it.lot = r->lot;
    it.multiplier = r->multiplier;
    it.multiplier_scale = r->multiplier_scale;
    snprintf(it.base, sizeof it.base, "%.23s", r->base);
    snprintf(it.quote, sizeof it.quote, "%.23s", r->quote);
    if (mr_instruments_add(d->instruments, &it) >= 0)
        mr_trade_metadata(d->trade, r->id);
}

static void why_not(struct mr_desk *d, const struct mr_journal_record *r, int status)
{
    struct mr_record_instrument named;
    if (status == MR_E_SYMBOL && r->bytes == sizeof named) {
        memcpy(&named, r->payload, sizeof named);
        snprintf(d->why, sizeof d->why, "record %llu: instrument %u is %.80s there, and %.60s here",
                 (unsigned long long)r->seq, named.id, named.name, desk_name(d, named.id));
        return;
    }
    snprintf(d->why, sizeof d->why, "record %llu (%s): %s", (unsigned long long)r->seq, mr_journal_kind_name(r->kind),
             mr_status_text(status));
}

static int restore(void *arg, const struct mr_journal_record *r)
{
    struct mr_desk *d = arg;
    const struct mr_record_head *head = (const void *)r->payload;
    if (r->kind == MR_JOURNAL_BEGIN && r->bytes == sizeof(struct mr_record_instrument) &&
        head->what == MR_RECORD_INSTRUMENT)
        learn(d, (const void *)r->payload);
    int status = mr_trade_restore(d->trade, r->kind, r->payload, r->bytes, r->time_ns);
    if (status)
        why_not(d, r, status);
    return status;
}

static int journal(struct mr_desk *d, int64_t now_ns, struct mr_err *err)
{
    const struct mr_journal_config *c = d->config.journal;
    const struct mr_journal_limits limits = {.file_bytes = c->file_bytes,
                                             .ring_bytes = c->ring_bytes,
                                             .group_bytes = c->group_bytes,
                                             .fsync = (enum mr_journal_fsync)c->fsync,
                                             .interval_ns = c->interval_ns,
                                             .build = d->config.build};
    snprintf(d->journal_folder, sizeof d->journal_folder, "%.255s", c->folder);
    int status = mr_journal_open(&d->journal, d->journal_folder, &limits, now_ns, err);
    d->journal_thread = d->journal_state = (struct mr_journal_thread){d->journal, c->idle_us * 1000l};
    return status;
}

static int back(struct mr_desk *d, int64_t now_ns, struct mr_err *err)
{
    struct mr_orders_link link = mr_orders_link_defaults(mr_instruments_get(d->instruments, d->ids[0])->venue,
                                                         (struct mr_exchange_driver){d, send, poll});
    if (d->config.probe)
        link.order_limit = d->config.probe->order_limit;
    int status = mr_journal_each(NULL, d->journal_folder, 0, restore, d, NULL, err);
    if (status && *d->why)
        return mr_err_set(err, status, "%s: %.200s: cannot go on from it; move the folder away to begin anew",
                          d->journal_folder, d->why);
    if (!status)
        status = mr_trade_restored(d->trade, now_ns);
    if (status)
        return status;
    if (d->paper) /* it died with the process that held it: what was open there is gone, what was held is held */
        mr_paper_adopt(d->paper, mr_orders_positions(mr_trade_orders(d->trade)));
    status = mr_trade_begin(d->trade, mr_trade_epoch_seen(d->trade) + 1, now_ns);
    if (!status) {
        char said[300];
        snprintf(said, sizeof said, "at the start, from %s", d->trading.limits);
        status = mr_trade_limits_record(d->trade, &d->limits, said, now_ns);
    }
    return status ? mr_err_set(err, status, "%s: %s", d->journal_folder, mr_status_text(status))
                  : mr_trade_link(d->trade, &link, now_ns);
}

static int workspace(struct mr_desk *d, struct mr_err *err)
{
    char path[300];
    struct mr_region r;
    const struct mr_region_plan plan[] = {
        {"trade", MR_REGION_IMAGE, 0, mr_image_bytes(sizeof(struct mr_trade_show))},
        {"tiles", MR_REGION_TILES, sizeof(struct mr_tile_beat), 2 * sizeof(struct mr_tile_beat)},
        {"metrics/trade", MR_REGION_METRICS, 0, mr_metrics_bytes(&mr_desk_metrics_desc)},
    };
    snprintf(path, sizeof path, "%.250s/control", d->config.run_folder);
    int status = mr_workspace_create(&d->ws, path, d->config.instance, plan, MR_COUNT_OF(plan), err);
    if (status)
        return status;
    struct mr_workspace_info info;
    mr_workspace_info(&d->ws, &info);
    memcpy(d->build, info.build, sizeof d->build);
    mr_workspace_config(&d->ws, d->config.config_hash);
    mr_workspace_find(&d->ws, "trade", &r);
    d->image = mr_image_init(r.mem, sizeof(struct mr_trade_show));
    mr_workspace_find(&d->ws, "metrics/trade", &r);
    d->metrics = mr_metrics_init(r.mem, &mr_desk_metrics_desc, "");
    mr_workspace_find(&d->ws, "tiles", &r);
    struct mr_tile_beat *beat = r.mem;
    d->slots[0] = (struct mr_tile_slot){.tile = &desk_tile, .config = &d->self, .beat = &beat[0]};
    d->slots[1] = (struct mr_tile_slot){.tile = &mr_tile_journal, .config = &d->journal_thread, .beat = &beat[1]};
    d->slots[0].state = &d->self;
    d->slots[1].state = &d->journal_state;
    for (uint32_t i = 0; i < 2; i++)
        snprintf(beat[i].name, sizeof beat[i].name, "%s", d->slots[i].tile->name);
    return mr_workspace_commit(&d->ws, err);
}

int mr_desk_open(struct mr_desk **out, const struct mr_desk_config *config, struct mr_err *err)
{
    struct mr_desk *d = desk_memory(sizeof *d);
    struct timespec now;
    *out = NULL;
    if (!d)
        return mr_err_set(err, MR_E_NOMEM, "trading: no memory");
    memset(d, 0, sizeof *d);
    clock_gettime(CLOCK_REALTIME, &now);
    d->now_ns = now.tv_sec * 1000000000ll + now.tv_nsec;
    d->config = *config;
    d->trading = *config->trading;
    d->self = d;
    mr_clock_open_virtual(&d->clock, d->now_ns); /* a tile opens the real one */
    d->instruments = mr_instruments_init(desk_memory(mr_instruments_bytes(INSTRUMENTS)), INSTRUMENTS);
    int status = want(d, err);
    if (!status)
        status = desk_limits_load(d->trading.limits, d->instruments, &d->limits, err);
    if (!status)
        status = journal(d, d->now_ns, err);
    if (!status)
        status = workspace(d, err);
    if (!status) {
        desk_io_open(d);
        if (d->trading.exchange == MR_EXCHANGE_REMOTE)
            status = desk_remote_open(d, err);
        else
            paper(d);
    }
    if (!status)
        status = trade(d, err);
    if (!status)
        status = back(d, d->now_ns, err);
    if (!status) {
        struct mr_journal_stats journal;
        mr_journal_stats(d->journal, &journal);
        d->begin_seq = journal.appended;
        desk_start_init(d);
        desk_publish(d, d->now_ns);
    }
    if (status)
        mr_desk_close(d);
    else
        *out = d;
    return status;
}

const struct mr_workspace *mr_desk_workspace(const struct mr_desk *d) { return &d->ws; }

int mr_desk_start(struct mr_desk *d, struct mr_err *err)
{
    const struct mr_tile_thread threads[] = {{&d->slots[0], 1, d->config.cores[0], MR_WAIT_YIELD, true, 0},
                                             {&d->slots[1], 1, d->config.cores[1], MR_WAIT_YIELD, true, 0}};
    int status = MR_OK;
    for (uint32_t i = 0; i < MR_COUNT_OF(d->slots) && !status; i++)
        status = d->slots[i].tile->boot(d->slots[i].state, d->slots[i].config, NULL, err);
    return status ? status : mr_tiles_start(&d->tiles, threads, 2, err);
}

int mr_desk_round(struct mr_desk *d, int64_t now_ns)
{
    mr_clock_set(&d->clock, now_ns);
    return desk_step(d, now_ns) + mr_journal_step(d->journal, now_ns) + (int)mr_desk_io(d, now_ns);
}

void mr_desk_close(struct mr_desk *d)
{
    if (!d)
        return;
    if (d->tiles)
        mr_tiles_stop(d->tiles);
    if (d->journal)
        mr_journal_close(d->journal, mr_clock_mono());
    if (d->image)
        mr_workspace_close(&d->ws);
    mr_market_feed_close(d->feed);
    if (d->links)
        mr_links_close(d->links);
    free(d->trade);
    free(d->notes_mem);
    free(d->state_image);
    free(d->bus);
    desk_remote_close(d);
    free(d->paper);
    free(d->instruments);
    free(d);
}
