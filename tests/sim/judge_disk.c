/* What the disk says: the journal's bytes, as far as they are durable, read by the format that README.md writes down. */
#include <stdio.h>

#include "controlplane/exchange/paper/paper_priv.h"
#include "controlplane/journal/journal_priv.h"
#include "tests/sim/judge.h"

uint64_t judge_hash(unsigned kind, const void *data, uint32_t bytes)
{
    uint64_t h = 0xcbf29ce484222325u ^ kind;
    for (uint32_t i = 0; i + 8 <= bytes; i += 8) {
        uint64_t word;
        memcpy(&word, (const char *)data + i, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 29;
    }
    return h + bytes;
}

static void on_order(struct world *w, const struct mr_record_order *r)
{
    struct judge_order *o = judge_order(w, r->order.id);
    if (o->disk_state != MR_STATE_CREATED && mr_order_ended(o->disk_state) && o->disk_state != r->order.state)
        judge_broken(w, INVARIANT_GRAPH, "the journal says that order %llx goes from %s to %s",
                     (unsigned long long)r->order.id, mr_order_state_name(o->disk_state),
                     mr_order_state_name(r->order.state));
    if (r->order.filled < 0 || r->order.filled > r->order.size)
        judge_broken(w, INVARIANT_OVERFILL, "the journal says that order %llx is filled by %lld of %lld",
                     (unsigned long long)r->order.id, (long long)r->order.filled, (long long)r->order.size);
    o->disk_state = r->order.state;
    if (r->order.state == MR_STATE_APPROVED) {
        o->intent = true;
        o->intent_price = r->order.price;
        o->intent_stop = r->order.stop_price;
        o->intent_size = r->order.size;
    }
}

static void on_fill(struct world *w, const struct mr_record_fill *r)
{
    struct judge *j = w->judge;
    uint64_t n = strtoull(r->fill.trade_id + 1, NULL, 10) - 1;
    if (r->fill.trade_id[0] != 'T' || n >= w->paper->trades || n >= JUDGE_TRADES) {
        judge_broken(w, INVARIANT_ONCE, "the journal has a trade that the venue never made: %.20s", r->fill.trade_id);
        return;
    }
    if (j->trades[n].disk)
        judge_broken(w, INVARIANT_ONCE, "the journal has trade %.20s twice", r->fill.trade_id);
    j->trades[n].disk = true;
}

static void on_record(struct world *w, unsigned kind, uint64_t seq, const void *data, uint32_t bytes)
{
    struct judge *j = w->judge;
    _Alignas(16) uint8_t payload[MR_JOURNAL_PAYLOAD_MAX]; /* amounts want 16, the journal gives 8 */
    const struct mr_record_head *head = (const void *)payload;
    MR_ASSERT(bytes <= sizeof payload);
    memcpy(payload, data, bytes);
    if (seq != j->on_disk + 1)
        judge_broken(w, INVARIANT_DENSE, "record %llu follows %llu on the disk", (unsigned long long)seq,
                     (unsigned long long)j->on_disk);
    j->on_disk = seq;
    if (seq < JUDGE_RECORDS && j->record_hash[seq] != judge_hash(kind, payload, bytes))
        judge_broken(w, INVARIANT_DENSE, "record %llu is not what was written", (unsigned long long)seq);
    if (kind == MR_JOURNAL_ORDER && head->what == MR_RECORD_ORDER)
        on_order(w, (const void *)payload);
    else if (kind == MR_JOURNAL_FILL)
        on_fill(w, (const void *)payload);
    else if (kind == MR_JOURNAL_DECISION) {
        const struct mr_record_decision *r = (const void *)payload;
        struct judge_order *o = judge_order(w, r->order.id);
        if (!r->allowed)
            return;
        o->approved = true;
        o->approved_price = r->order.price;
        o->approved_stop = r->order.stop_price;
        o->approved_size = r->order.size;
        o->approved_limits = r->limits;
    }
}

void judge_synced(struct world *w, const char *path)
{
    struct judge *j = w->judge;
    uint64_t bytes;
    const char *name = strrchr(path, '/');
    uint32_t number = name ? journal_file_number(name + 1) : 0;
    const uint8_t *data = sim_disk_read(w->disk, path, &bytes);
    if (!number || !data || number < j->disk_file)
        return;
    if (number > j->disk_file) {
        j->disk_file = number;
        j->disk_at = sizeof(struct journal_head);
    }
    while (j->disk_at + sizeof(struct journal_record_head) <= bytes) {
        const struct journal_record_head *head = (const void *)(data + j->disk_at);
        if (head->mark != JOURNAL_MARK || j->disk_at + journal_record_bytes(head->bytes) > bytes)
            break;
        on_record(w, head->kind, head->seq, head + 1, head->bytes);
        j->disk_at += journal_record_bytes(head->bytes);
    }
}

static int reread(void *arg, const struct mr_journal_record *r)
{
    struct world *w = arg;
    on_record(w, r->kind, r->seq, r->payload, r->bytes);
    w->judge->disk_file = r->file;
    w->judge->disk_at = r->offset + journal_record_bytes(r->bytes);
    return 0;
}

/* What the dead left: everything anew, and all that is on the disk counts as applied. */
void judge_reread(struct world *w)
{
    struct judge *j = w->judge;
    struct mr_journal_report report;
    struct mr_err err = {""};
    for (uint32_t i = 0; i < JUDGE_ORDERS; i++) {
        j->orders[i].approved = j->orders[i].intent = j->orders[i].seen = false;
        j->orders[i].disk_state = MR_STATE_CREATED;
    }
    memset(j->trades, 0, sizeof j->trades);
    j->on_disk = 0;
    j->disk_file = 0;
    j->disk_at = sizeof(struct journal_head);
    int status = mr_journal_each(sim_disk_table(w->disk), SIM_FOLDER, 1, reread, w, &report, &err);
    if (status != MR_OK)
        judge_broken(w, INVARIANT_CHAIN, "the journal does not verify: %s", err.text);
    j->appended = j->on_disk;
    memset(j->told_size, 0, sizeof j->told_size);
    memset(j->foreign, 0, sizeof j->foreign);
    j->venue_seen = 0;
    j->told_value = j->told_fees = j->told_funding = 0;
    for (uint64_t n = 0; n < w->paper->trades && n < JUDGE_TRADES; n++) {
        const struct mr_fill *f = &w->paper->fill[n % FILLS].fill;
        mr_size size = f->side == MR_SIDE_BUY ? f->size : -f->size;
        mr_money value = 0;
        j->trades[n].told = j->trades[n].disk;
        if (!j->trades[n].disk)
            continue;
        MR_ASSERT(mr_money_notional(mr_instruments_get(w->instruments, f->instrument), f->price, size, &value) ==
                  MR_OK);
        for (uint32_t m = 0; m < w->markets; m++)
            j->told_size[m] += w->market[m].id == f->instrument ? size : 0;
        j->told_value += value;
        j->told_fees += f->fee;
    }
}

/* ---- the whole history ---- */

struct again {
    struct mr_trade *trade;
    int status;
};
static int replay(void *arg, const struct mr_journal_record *r)
{
    struct again *to = arg;
    to->status = mr_trade_restore(to->trade, r->kind, r->payload, r->bytes, r->time_ns);
    return to->status;
}
static int64_t no_append(void *self, enum mr_journal_kind kind, int64_t now_ns, const void *payload, uint32_t bytes)
{
    (void)self, (void)kind, (void)now_ns, (void)payload, (void)bytes;
    return MR_E_IO;
}
static uint64_t no_durable(void *self)
{
    (void)self;
    return 0;
}
static const char *no_failed(void *self)
{
    (void)self;
    return NULL;
}

/* Orders, positions, cash. (The epoch of a process without orders is in its BEGIN record, which is not the order manager's.) */
static bool same(const struct world *w, const struct mr_orders *a, const struct mr_orders *b)
{
    uint32_t cursor = 0;
    for (const struct mr_order *o; (o = mr_orders_next(b, &cursor)) != NULL;) {
        const struct mr_order *other = mr_orders_find(a, o->id);
        if (!other || memcmp(other, o, sizeof *o) != 0 ||
            mr_orders_cancelling(a, o->id) != mr_orders_cancelling(b, o->id))
            return false;
    }
    for (uint32_t m = 0; m < w->markets; m++) {
        const struct mr_position *p = mr_positions_get(mr_orders_positions(a), w->market[m].id),
                                 *q = mr_positions_get(mr_orders_positions(b), w->market[m].id);
        if (p->size != q->size || p->basis != q->basis || p->realised != q->realised || p->fees != q->fees)
            return false;
    }
    return mr_orders_open(a) == mr_orders_open(b) &&
           mr_positions_cash(mr_orders_positions(a)) == mr_positions_cash(mr_orders_positions(b));
}

static void check_replay(struct world *w)
{
    struct mr_trade_ports ports = {.journal = {NULL, no_append, no_durable, no_failed}, .kill = w->kill};
    struct again to = {NULL, MR_OK};
    struct mr_journal_report report;
    struct mr_err err = {""};
    struct mr_orders_link link = w->link;
    MR_ASSERT(mr_trade_init(w->spare_mem, &w->trade_config, &ports, &to.trade, &err) == MR_OK);
    MR_ASSERT(mr_trade_link(to.trade, &link, sim_host_now(w)) == MR_OK);
    int status = mr_journal_each(sim_disk_table(w->disk), SIM_FOLDER, 1, replay, &to, &report, &err);
    if (status != MR_OK) {
        judge_broken(w, INVARIANT_CHAIN, "the journal does not replay: %s %s", mr_status_name(status), err.text);
        return;
    }
    if (w->alive && report.last_seq == w->judge->appended &&
        !same(w, mr_trade_orders(to.trade), mr_trade_orders(w->trade)))
        judge_broken(w, INVARIANT_CHAIN, "the journal replays to another state");
}

static void check_venue(struct world *w)
{
    mr_money basis = 0, their_basis = 0;
    const struct mr_positions *ours = mr_orders_positions(mr_trade_orders(w->trade)),
                              *theirs = mr_paper_positions(w->paper);
    for (uint64_t n = 0; n < w->paper->trades && n < JUDGE_TRADES; n++)
        if (!w->judge->trades[n].disk)
            judge_broken(w, INVARIANT_RECONCILED,
                         "at the end trade T%llu is not known: order %llx, instrument %u, %s %lld, at %lld ms",
                         (unsigned long long)n + 1, (unsigned long long)w->paper->fill[n % FILLS].fill.order,
                         w->paper->fill[n % FILLS].fill.instrument, mr_side_name(w->paper->fill[n % FILLS].fill.side),
                         (long long)w->paper->fill[n % FILLS].fill.size,
                         (long long)(w->paper->fill[n % FILLS].fill.venue_ns % (86400 * SIM_S) / SIM_MS));
    for (uint32_t m = 0; m < w->markets; m++) {
        const struct mr_position *a = mr_positions_get(ours, w->market[m].id),
                                 *b = mr_positions_get(theirs, w->market[m].id);
        basis += a->basis;
        their_basis += b->basis;
        if (a->size != b->size)
            judge_broken(w, INVARIANT_RECONCILED, "at the end we have %lld of instrument %u, the venue %lld",
                         (long long)a->size, w->market[m].id, (long long)b->size);
    }
    /* how much of it is realised depends on the order in which fills are heard; cash less basis does not */
    if (mr_positions_cash(ours) - basis != mr_positions_cash(theirs) - their_basis ||
        mr_positions_fees(ours) != mr_positions_fees(theirs))
        judge_broken(w, INVARIANT_CASH, "at the end we have %.9f less basis, the venue %.9f",
                     mr_money_double(mr_positions_cash(ours) - basis),
                     mr_money_double(mr_positions_cash(theirs) - their_basis));
}

void judge_end(struct world *w)
{
    struct judge *j = w->judge;
    if (!w->alive)
        judge_broken(w, INVARIANT_LIVENESS, "the process does not run at the end");
    else
        check_venue(w);
    if (w->alive && j->on_disk != j->appended)
        judge_broken(w, INVARIANT_DENSE, "%llu records were taken, %llu are on the disk",
                     (unsigned long long)j->appended, (unsigned long long)j->on_disk);
    check_replay(w);
}
