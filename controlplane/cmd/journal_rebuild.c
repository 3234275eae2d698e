#include "controlplane/cmd/journal_rebuild.h"

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/orders/records.h"

#define INSTRUMENTS 65536
#define TRADES (1u << 18)

struct mr_journal_rebuild {
    struct mr_journal_names names;
    struct mr_instrument instrument; /* as asked for last */
    struct mr_orders *orders;
    void *mem;
    bool begun;
    char why[160]; /* it cannot be rebuilt */
};

/* ---- ports: restoring asks for nothing but instruments, and nothing is begun ---- */

static struct mr_gate_verdict no_gate(void *self, const struct mr_order *order, const struct mr_order *old, int64_t now)
{
    (void)self, (void)order, (void)old, (void)now;
    return (struct mr_gate_verdict){.allowed = false};
}
static bool no_leave(void *self, const struct mr_order *order)
{
    (void)self, (void)order;
    return false;
}
static const struct mr_market_view *no_market(void *self, uint32_t id)
{
    (void)self, (void)id;
    return NULL;
}
static void no_event(void *self, const struct mr_orders_event *event) { (void)self, (void)event; }
static int64_t no_append(void *self, enum mr_journal_kind kind, int64_t now, const void *payload, uint32_t bytes)
{
    (void)self, (void)kind, (void)now, (void)payload, (void)bytes;
    return MR_E_FULL;
}
static uint64_t no_durable(void *self)
{
    (void)self;
    return 0;
}
static const char *no_failure(void *self)
{
    (void)self;
    return NULL;
}

/* As the journal names it: what money is counted by. */
static const struct mr_instrument *instrument(void *self, uint32_t id)
{
    struct mr_journal_rebuild *b = self;
    const struct mr_record_instrument *r = mr_journal_names_find(&b->names, id);
    if (!r)
        return NULL;
    b->instrument = (struct mr_instrument){.id = id,
                                           .venue = r->venue,
                                           .product = r->product,
                                           .type = r->type,
                                           .flags = r->flags,
                                           .price_scale = r->price_scale,
                                           .size_scale = r->size_scale,
                                           .multiplier_scale = r->multiplier_scale,
                                           .tick = r->tick,
                                           .lot = r->lot,
                                           .multiplier = r->multiplier};
    return &b->instrument;
}

struct mr_journal_rebuild *mr_journal_rebuild_new(void)
{
    struct mr_journal_rebuild *b = calloc(1, sizeof *b);
    struct mr_orders_config c = mr_orders_defaults();
    MR_ASSERT(b);
    c.open_max = MR_ORDERS_MAX;
    c.queue_max = 1u << 16;
    c.instruments_max = INSTRUMENTS;
    c.trades_max = TRADES;
    b->mem = aligned_alloc(64, (mr_orders_bytes(&c) + 63) / 64 * 64);
    MR_ASSERT(b->mem);
    const struct mr_orders_ports ports = {.self = b,
                                          .gate = no_gate,
                                          .may_leave = no_leave,
                                          .instrument = instrument,
                                          .market = no_market,
                                          .event = no_event,
                                          .journal = {b, no_append, no_durable, no_failure}};
    int status = mr_orders_init(b->mem, &c, &ports, &b->orders);
    MR_ASSERT(status == MR_OK);
    return b;
}

void mr_journal_rebuild_free(struct mr_journal_rebuild *b)
{
    free(b->mem);
    free(b);
}

/* The instrument that a record's orders or fills are of; UINT32_MAX: it is not about one. */
static uint32_t instrument_of(const struct mr_journal_record *r)
{
    struct mr_record_order order;
    struct mr_record_fill fill;
    if (r->kind == MR_JOURNAL_ORDER && r->bytes == sizeof order) {
        memcpy(&order, r->payload, sizeof order);
        return order.head.what == MR_RECORD_ORDER ? order.order.instrument : UINT32_MAX;
    }
    if (r->kind != MR_JOURNAL_FILL || r->bytes != sizeof fill)
        return UINT32_MAX;
    memcpy(&fill, r->payload, sizeof fill);
    return fill.fill.instrument;
}

/* Records of kinds that the manager's own have, and that are not its: of the day, its numbers. */
static bool of_the_desk(const struct mr_journal_record *r)
{
    struct mr_record_head head;
    if (r->kind != MR_JOURNAL_ACCOUNT || r->bytes < sizeof head)
        return false;
    memcpy(&head, r->payload, sizeof head);
    return head.what == MR_RECORD_DAY;
}

int mr_journal_rebuild_take(struct mr_journal_rebuild *b, const struct mr_journal_record *r, struct mr_err *err)
{
    unsigned long long seq = r->seq;
    uint32_t of = instrument_of(r);
    if (!b->begun && seq != 1)
        snprintf(b->why, sizeof b->why, "it begins with record %llu: what came before is not here", seq);
    b->begun = true;
    mr_journal_names_learn(&b->names, r);
    if (!b->why[0] && of != UINT32_MAX && !mr_journal_names_find(&b->names, of))
        snprintf(b->why, sizeof b->why, "nothing says what instrument %u of record %llu is", of, seq);
    if (b->why[0] || of_the_desk(r))
        return MR_OK;
    int status = mr_orders_restore(b->orders, r->kind, r->payload, r->bytes, r->time_ns);
    return status ? mr_err_set(err, status, "record %llu (%s) cannot follow what came before it: %s", seq,
                               mr_journal_kind_name(r->kind), mr_status_name(status))
                  : MR_OK;
}

const struct mr_orders *mr_journal_rebuild_orders(const struct mr_journal_rebuild *b, const char **why)
{
    *why = b->why;
    return b->why[0] ? NULL : b->orders;
}
