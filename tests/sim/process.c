/* The process under test: its start from the disk, its round, its death. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "tests/sim/judge.h"

static void *memory(size_t bytes)
{
    void *m = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(m);
    return m;
}

/* ---- the disk, seen by the judge ---- */

static int disk_make_folder(void *self, const char *folder)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return d->make_folder(d->self, folder);
}
static int disk_list(void *self, const char *folder, mr_disk_name_fn *each, void *arg)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return d->list(d->self, folder, each, arg);
}
/* The n-th of a kind fails, where the sweep wants it. */
static bool fails(struct world *w, enum sim_fail kind)
{
    return w->config.fail_at_step && w->config.fail_kind == (int)kind && ++w->of_kind[kind] == w->config.fail_at_step;
}

static int disk_open(void *self, const char *path, int flags)
{
    struct world *w = self;
    const struct mr_disk *d = sim_disk_table(w->disk);
    if ((w->starting || w->alive) && (fails(w, SIM_FAIL_OPEN) || sim_fault(w, FAULT_DESCRIPTORS))) {
        sim_event(w, "no descriptor for %s", path);
        w->refused = true;
        return -EMFILE;
    }
    int handle = d->open(d->self, path, flags);
    if (handle >= 0 && handle < 64)
        snprintf(w->handle_path[handle], sizeof w->handle_path[handle], "%s", path);
    return handle;
}
static int disk_lock(void *self, int handle)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return d->lock(d->self, handle);
}
static bool disk_locked(void *self, int handle)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return d->locked(d->self, handle);
}
static int64_t disk_size(void *self, int handle)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return d->size(d->self, handle);
}
static int64_t disk_pread(void *self, int handle, void *out, uint64_t bytes, uint64_t at)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return d->pread(d->self, handle, out, bytes, at);
}

static int64_t disk_pwrite(void *self, int handle, const void *data, uint64_t bytes, uint64_t at)
{
    struct world *w = self;
    const struct mr_disk *d = sim_disk_table(w->disk);
    if (!sim_step_ok(w))
        return (int64_t)bytes;
    if (fails(w, SIM_FAIL_WRITE))
        return -EIO;
    if (w->alive && sim_fault(w, FAULT_WRITE_ERROR)) {
        sim_event(w, "a write fails");
        if (sim_below(w, 2))
            d->pwrite(d->self, handle, data, bytes / 2, at);
        return -EIO;
    }
    if (w->alive && sim_fault(w, FAULT_DISK_FULL)) {
        sim_event(w, "the disk is full");
        return -ENOSPC;
    }
    return d->pwrite(d->self, handle, data, bytes, at);
}
static int disk_truncate(void *self, int handle, uint64_t bytes)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return sim_step_ok(self) ? d->truncate(d->self, handle, bytes) : 0;
}
static int disk_fdatasync(void *self, int handle)
{
    struct world *w = self;
    const struct mr_disk *d = sim_disk_table(w->disk);
    if (!sim_step_ok(w))
        return 0;
    if (fails(w, SIM_FAIL_SYNC))
        return -EIO;
    if (w->alive && sim_fault(w, FAULT_FSYNC_ERROR)) {
        sim_event(w, "an fsync fails");
        return -EIO;
    }
    int r = d->fdatasync(d->self, handle);
    if (r == 0 && handle < 64 && w->alive)
        judge_synced(w, w->handle_path[handle]);
    return r;
}
static int disk_rename(void *self, const char *from, const char *to)
{
    struct world *w = self;
    const struct mr_disk *d = sim_disk_table(w->disk);
    for (size_t i = 0; i < MR_COUNT_OF(w->handle_path); i++)
        if (strcmp(w->handle_path[i], from) == 0)
            snprintf(w->handle_path[i], sizeof w->handle_path[i], "%s", to);
    return sim_step_ok(w) ? d->rename(d->self, from, to) : 0;
}
static int disk_sync_folder(void *self, const char *folder)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    return sim_step_ok(self) ? d->sync_folder(d->self, folder) : 0;
}
static void disk_close(void *self, int handle)
{
    const struct mr_disk *d = sim_disk_table(((struct world *)self)->disk);
    d->close(d->self, handle);
}

/* ---- ports ---- */

static int64_t port_append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    struct world *w = self;
    int64_t seq = planted_append(w, kind, payload, bytes);
    if (!seq && (w->ring_full_until > w->truth))
        return MR_E_FULL;
    if (!seq)
        seq = w->port.append(w->port.self, kind, now_ns, payload, bytes);
    judge_append(w, kind, payload, bytes, seq);
    return seq;
}
static uint64_t port_durable(void *self)
{
    struct world *w = self;
    return planted_durable(w, w->port.durable(w->port.self));
}
static const char *port_failed(void *self)
{
    struct world *w = self;
    return w->port.failed(w->port.self);
}

static void told(void *self, const struct mr_trade_told *what)
{
    struct world *w = self;
    char said[MR_TOLD_TEXT];
    mr_trade_told_text(what, mr_trade_limits_now(w->trade), said);
    if (said[0] && what->kind != MR_TOLD_SIGNAL)
        sim_event(w, "tile: %s", said);
    judge_told(w, what);
}

/* ---- limits ---- */

static void error_seen(void *arg, const char *sentence) { sim_event(arg, "limits: %s", sentence); }

/* The draft becomes what is in force: as a struct, or through a file, which may be broken. */
void process_limits(struct world *w, bool file, bool broken)
{
    struct mr_risk_limits *draft = w->draft;
    struct mr_text text;
    char said[512];
    if (!w->alive)
        return;
    if (file) {
        mr_text_init(&text, w->text, 1 << 17);
        mr_risk_limits_show(draft, &text);
        if (broken)
            mr_text_format(&text, "\nnobody_knows_this_key: 1\n");
        int status = mr_risk_limits_parse(draft, "limits.yaml", w->text, text.len, error_seen, w);
        if ((status != MR_OK) != broken)
            judge_broken(w, INVARIANT_DENIED, "limits that were %s are %s", broken ? "broken" : "whole",
                         mr_status_name(status));
        if (status != MR_OK)
            return; /* all or nothing: what is in force stays */
    }
    mr_risk_limits_bind(draft, w->instruments);
    const struct mr_risk_limits *now = mr_trade_limits_now(w->trade);
    struct mr_text what;
    mr_text_init(&what, said, sizeof said);
    if (mr_risk_limits_change(now, draft, mr_trade_risk(w->trade)->armed, &what) != MR_OK)
        return;
    draft->version = ++w->limits_version; /* over restarts too */
    *w->limits = *draft;
    judge_limits(w, w->limits);
    planted_limits(w, draft);
    mr_trade_limits(w->trade, draft, sim_host_now(w));
    sim_event(w, "limits %llu: position %lld", (unsigned long long)draft->version,
              (long long)(draft->markets[0].position_max / MR_MONEY_ONE));
}

/* ---- life ---- */

static void configure(struct world *w)
{
    struct mr_trade_config *c = &w->trade_config;
    static const char *const names[] = {"follower", "fader"};
    *c = (struct mr_trade_config){.instruments = w->instruments,
                                  .traded_count = w->markets,
                                  .strategy_count = 2,
                                  .orders = mr_orders_defaults(),
                                  .entry = mr_entry_defaults(),
                                  .atr_bar_s = 1,
                                  .risk_e8 = 1000000,
                                  .taker_fee_e8 = 60000,
                                  .volatility_target_e8 = 2000000,
                                  .maintenance_e8 = 500000};
    c->entry.taker_e4 = 5000;
    c->trails = (uint32_t)sim_below(w, 2);
    c->staircase = (struct mr_risk_staircase){.activation_e8 = 500000, .step_e8 = 250000, .distance_e8 = 200000};
    c->orders.cash = 10000 * MR_MONEY_ONE;
    c->orders.open_max = 64;
    c->orders.ended_max = 1024;
    c->orders.trades_max = JUDGE_TRADES;
    c->orders.queue_max = 64;
    c->orders.instruments_max = 8;
    for (uint32_t i = 0; i < w->markets; i++)
        c->traded[i] = w->market[i].id;
    for (uint32_t s = 0; s < c->strategy_count; s++) {
        struct mr_trade_strategy *row = &c->strategy[s];
        *row = (struct mr_trade_strategy){.row = mr_strategy_by_name(names[s]), .leverage = 10, .target_e8 = 4000000};
        row->config.instrument_count = w->markets;
        row->config.table = w->instruments;
        memcpy(row->config.instruments, c->traded, sizeof c->traded);
        mr_strategy_defaults(row->row, &row->config);
        row->config.param[5] = 5 + (double)sim_below(w, 30); /* hold_s */
        row->config.param[6] = (double)sim_below(w, 5);      /* pause_s */
    }
}

static void first_limits(struct world *w)
{
    struct mr_risk_limits *l = w->draft;
    mr_risk_limits_default(l);
    struct mr_risk_market *m = mr_risk_limits_market(l, "*");
    m->position_max = (2 + (mr_money)sim_below(w, 12)) * MR_MONEY_ONE;
    m->order_size_max = m->position_max;
    m->short_allowed = true;
    l->account.correlation_e8 = MR_RISK_ONE;
    l->account.position_share_e8 = 50000000;
    l->account.symbol_share_e8 = 50000000;
    l->account.drawdown_e8 = l->account.daily_loss_e8 = MR_RISK_ONE;
    l->account.losses_max = l->account.rejects_max = 1000;
    l->order.collar_mid_e8 = l->order.collar_last_e8 = 10000000;
    l->rate.repeats_max = 100000;
    l->order.duplicate_ns = (int64_t)(1 + sim_below(w, 500)) * SIM_MS;
    *w->limits = *l;
}

void process_init(struct world *w)
{
    w->disk = sim_disk_new();
    w->disk_table = (struct mr_disk){.self = w,
                                     .make_folder = disk_make_folder,
                                     .list = disk_list,
                                     .open = disk_open,
                                     .lock = disk_lock,
                                     .locked = disk_locked,
                                     .size = disk_size,
                                     .pread = disk_pread,
                                     .pwrite = disk_pwrite,
                                     .truncate = disk_truncate,
                                     .fdatasync = disk_fdatasync,
                                     .rename = disk_rename,
                                     .sync_folder = disk_sync_folder,
                                     .close = disk_close};
    w->limits = memory(sizeof *w->limits);
    w->draft = memory(sizeof *w->draft);
    w->text = malloc(1 << 17);
    configure(w);
    first_limits(w);
    w->trade_bytes = mr_trade_bytes(&w->trade_config);
    w->trade_mem = memory(w->trade_bytes);
    w->spare_mem = memory(w->trade_bytes);
    uint32_t quota = 10 + (uint32_t)sim_below(w, 66);
    w->link = mr_orders_link_defaults(SIM_VENUE, lane_driver(w));
    w->link.order_limit.quota = quota;
    w->link.order_limit.burst = 4 + (uint32_t)sim_below(w, 6);
}

struct restoring {
    struct mr_trade *trade;
    int status;
};
static int restore(void *arg, const struct mr_journal_record *r)
{
    struct restoring *to = arg;
    to->status = mr_trade_restore(to->trade, r->kind, r->payload, r->bytes, r->time_ns);
    return to->status;
}

static struct mr_trade_ports ports(struct world *w)
{
    return (struct mr_trade_ports){.self = w,
                                   .told = told,
                                   .journal = {w, port_append, port_durable, port_failed},
                                   .kill = w->config.planted == INVARIANT_KILLED ? w->blind : w->kill};
}

/* Memory, as a start asks for it. */
static bool refuses_memory(void *self)
{
    struct world *w = self;
    if (!fails(w, SIM_FAIL_MEMORY) && !sim_fault(w, FAULT_ALLOCATION))
        return false;
    sim_event(w, "no memory");
    return w->refused = true;
}

static int open_journal(struct world *w, int64_t now, struct mr_err *err)
{
    struct mr_journal_limits limits = mr_journal_limits_default;
    limits.file_bytes = 96 << 10;
    limits.ring_bytes = 128 << 10;
    limits.group_bytes = 8192;
    limits.disk = &w->disk_table;
    limits.build = "sim";
    return mr_journal_open(&w->journal, SIM_FOLDER, &limits, now, err);
}

/* Why a start came to nothing: by a fault, and then it is made again; else it is a bug. */
static bool not_started(struct world *w, const char *what, int status, const struct mr_err *err)
{
    if (w->journal)
        mr_journal_close(w->journal, sim_host_now(w));
    w->journal = NULL;
    bool said = status == MR_E_IO || status == MR_E_NOMEM; /* and not that what is there is corrupt */
    if (!w->dying && !(said && (w->refused || w->config.fail_at_step)))
        judge_broken(w, INVARIANT_CHAIN, "the journal %s: %s (%s)", what, mr_status_name(status), err->text);
    return false;
}

static int take_up(struct world *w, int64_t now, struct mr_err *err)
{
    struct mr_trade_ports p = ports(w);
    struct restoring to = {NULL, MR_OK};
    mr_kill_init(&w->kill_switch, w->kill, w->kill_switch.disk, NULL, 0, NULL, NULL, now);
    if (mr_trade_init(w->trade_mem, &w->trade_config, &p, &w->trade, err) != MR_OK)
        mr_panic(__FILE__, __LINE__, err->text);
    to.trade = w->trade;
    w->link.driver = lane_driver(w);
    struct mr_orders_link link = w->link;
    if (w->config.planted == INVARIANT_THROTTLE)
        link.order_limit = (struct mr_bucket_limit){.quota = 100000, .burst = 50000, .window_ns = 3 * SIM_S};
    MR_ASSERT(mr_trade_link(w->trade, &link, now) == MR_OK);
    mr_trade_on_clock(w->trade, now, w->truth);
    return mr_journal_each(&w->disk_table, SIM_FOLDER, 1, restore, &to, NULL, err);
}

bool process_start(struct world *w)
{
    struct mr_err err = {""};
    w->clock_offset = w->clock_target; /* a new process reads the clock as it is */
    int64_t now = sim_host_now(w);
    w->paused_until = w->slow_disk_until = w->ring_full_until = 0; /* of the process before it, if any */
    w->dying = w->refused = false;
    w->starting = true;
    sim_memory_begin(refuses_memory, w);
    int status = open_journal(w, now, &err), taken = MR_OK;
    bool open = status == MR_OK && !w->dying; /* it may have died while it started */
    if (open) {
        w->port = mr_journal_port(w->journal);
        w->lives++;
        taken = take_up(w, now, &err);
    }
    sim_memory_end();
    w->starting = false;
    if (!open)
        return not_started(w, "does not open", status, &err);
    if (taken != MR_OK)
        return not_started(w, "cannot be restored", taken, &err);
    judge_reread(w);
    if (mr_trade_restored(w->trade, now) != MR_OK)
        judge_broken(w, INVARIANT_CHAIN, "what was restored is not sound");
    w->alive = true;
    judge_born(w);
    if (!w->calm && w->lives > 1 && sim_fault(w, FAULT_WRONG_FILE)) {
        sim_event(w, "started with limits that cannot be read");
        w->go_at = w->truth + 5 * SIM_S;
    } else {
        *w->draft = *w->limits;
        process_limits(w, true, false);
    }
    if (mr_trade_begin(w->trade, mr_trade_epoch_seen(w->trade) + 1, now) != MR_OK)
        judge_broken(w, INVARIANT_CHAIN, "it cannot begin");
    sim_event(w, "process %u has started", w->lives);
    return true;
}

void process_die(struct world *w, bool power)
{
    if (w->journal) {
        w->dying = true; /* what it writes on the way out never was */
        mr_journal_close(w->journal, sim_host_now(w));
    }
    w->journal = NULL;
    w->alive = false;
    if (power)
        sim_disk_crash(w->disk, &w->random);
    else
        sim_disk_kill(w->disk);
    if (power)
        mr_kill_page_init(w->kill); /* shared memory goes with the power */
    lane_forget(w);
    w->paused_until = w->slow_disk_until = w->ring_full_until = 0;
    w->broken_at = 0;
    w->died_at = w->truth;
    w->dying = false;
    sim_event(w, "%s", power ? "power failed" : "killed");
}

/* The journal has failed: somebody repairs the disk and starts it again. */
static void repaired(struct world *w)
{
    if (!w->port.failed(w->port.self)) {
        w->broken_at = 0;
        return;
    }
    if (!w->broken_at)
        w->broken_at = w->truth;
    if (w->truth - w->broken_at < 3 * SIM_S)
        return;
    process_die(w, false);
    w->start_at = w->truth + SIM_MS;
}

void process_step(struct world *w)
{
    int64_t now = sim_host_now(w);
    if (!w->alive) {
        if (w->truth >= w->start_at && !process_start(w))
            w->start_at = w->truth + SIM_S;
        return;
    }
    if (w->paused_until > w->truth)
        return;
    mr_kill_poll(&w->kill_switch, now);
    for (uint32_t i = 0; i < w->markets; i++)
        mr_trade_metadata(w->trade, w->market[i].id);
    planted_step(w);
    mr_trade_on_clock(w->trade, now, w->truth);
    mr_trade_step(w->trade, now);
    if (!w->dying && (w->slow_disk_until <= w->truth))
        mr_journal_step(w->journal, now);
    if (w->dying) {
        process_die(w, w->power);
        w->start_at = w->truth + SIM_MS;
        return;
    }
    repaired(w);
}

void process_free(struct world *w)
{
    if (w->journal)
        process_die(w, false);
    sim_disk_free(w->disk);
    free(w->limits);
    free(w->draft);
    free(w->text);
    free(w->trade_mem);
    free(w->spare_mem);
}
