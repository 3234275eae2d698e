/* millrace journal replay: the state that the records of a journal lead to. */
#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/venue.h"
#include "controlplane/cmd/journal_words.h"
#include "controlplane/orders/orders.h"
#include "controlplane/orders/records.h"

#define LINE_BYTES 2048

struct mr_journal_state {
    struct mr_order *orders;
    uint64_t count, room; /* room: a power of two, at most half of it used; id 0 is a free place */
    struct position {
        uint32_t instrument;
        uint8_t venue;
        uint64_t fills;
        mr_i128 size;
        mr_money fees;
    } * positions;
    uint32_t position_count, position_room;
    uint64_t fills, states[MR_STATE_COUNT];
};

static void *must(void *mem)
{
    MR_ASSERT(mem); /* a tool, and nothing is half done */
    return mem;
}

struct mr_journal_state *mr_journal_state_new(void)
{
    struct mr_journal_state *s = must(calloc(1, sizeof *s));
    s->room = 1024;
    s->orders = must(calloc(s->room, sizeof *s->orders));
    return s;
}

void mr_journal_state_free(struct mr_journal_state *s)
{
    free(s->orders);
    free(s->positions);
    free(s);
}

static struct mr_order *place_of(struct mr_order *orders, uint64_t room, uint64_t id)
{
    uint64_t i = id * 0x9e3779b97f4a7c15u & (room - 1);
    while (orders[i].id && orders[i].id != id)
        i = (i + 1) & (room - 1);
    return &orders[i];
}

static void grow(struct mr_journal_state *s)
{
    struct mr_order *more = must(calloc(s->room * 2, sizeof *more));
    for (uint64_t i = 0; i < s->room; i++)
        if (s->orders[i].id)
            *place_of(more, s->room * 2, s->orders[i].id) = s->orders[i];
    free(s->orders);
    s->orders = more;
    s->room *= 2;
}

static void take_order(struct mr_journal_state *s, const struct mr_order *order)
{
    if (!order->id)
        return;
    if (s->count * 2 >= s->room)
        grow(s);
    struct mr_order *place = place_of(s->orders, s->room, order->id);
    s->count += !place->id;
    *place = *order;
}

static void take_fill(struct mr_journal_state *s, const struct mr_fill *f)
{
    uint32_t i = 0;
    while (i < s->position_count && (s->positions[i].instrument != f->instrument || s->positions[i].venue != f->venue))
        i++;
    if (i == s->position_room) {
        s->position_room = s->position_room ? s->position_room * 2 : 16;
        s->positions = must(realloc(s->positions, s->position_room * sizeof *s->positions));
    }
    if (i == s->position_count) {
        s->positions[i] = (struct position){.instrument = f->instrument, .venue = f->venue};
        s->position_count++;
    }
    s->positions[i].size += f->side == MR_SIDE_BUY ? f->size : -(mr_i128)f->size;
    s->positions[i].fees += f->fee;
    s->positions[i].fills++;
    s->fills++;
}

int mr_journal_state_each(void *state, const struct mr_journal_record *r)
{
    struct mr_record_order order;
    struct mr_record_fill fill;
    struct mr_record_head head;
    if (r->bytes < sizeof head)
        return 0;
    memcpy(&head, r->payload, sizeof head);
    if (head.version != MR_RECORDS_VERSION)
        return 0;
    if (r->kind == MR_JOURNAL_ORDER && head.what == MR_RECORD_ORDER && r->bytes == sizeof order) {
        memcpy(&order, r->payload, sizeof order);
        take_order(state, &order.order);
    } else if (r->kind == MR_JOURNAL_FILL && head.what == MR_RECORD_FILL && r->bytes == sizeof fill) {
        memcpy(&fill, r->payload, sizeof fill);
        take_fill(state, &fill.fill);
    }
    return 0;
}

static bool ended(unsigned state) { return state >= MR_STATE_FILLED; }

static int by_id(const void *a, const void *b)
{
    const struct mr_order *x = *(const struct mr_order *const *)a, *y = *(const struct mr_order *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Open orders by age; counts of all by state. */
static const struct mr_order **open_orders(const struct mr_journal_state *s, uint64_t *count,
                                           uint64_t states[MR_STATE_COUNT + 1])
{
    const struct mr_order **list = must(calloc(s->count + 1, sizeof *list));
    *count = 0;
    memset(states, 0, (MR_STATE_COUNT + 1) * sizeof *states);
    for (uint64_t i = 0; i < s->room; i++) {
        const struct mr_order *o = &s->orders[i];
        if (!o->id)
            continue;
        states[o->state < MR_STATE_COUNT ? o->state : MR_STATE_COUNT]++;
        if (!ended(o->state))
            list[(*count)++] = o;
    }
    qsort(list, *count, sizeof *list, by_id);
    return list;
}

int mr_journal_state_same(const struct mr_journal_state *s, const struct mr_orders *rebuilt, struct mr_err *err)
{
    uint64_t count, states[MR_STATE_COUNT + 1];
    const struct mr_order **open = open_orders(s, &count, states);
    int status = MR_OK;
    for (uint64_t i = 0; i < count && !status; i++) {
        const struct mr_order *o = mr_orders_find(rebuilt, open[i]->id);
        if (!o || o->state != open[i]->state || o->size != open[i]->size || o->filled != open[i]->filled)
            status = mr_err_set(err, MR_E_CORRUPT, "order %llu is %s by its last record, and %s to the order manager",
                                (unsigned long long)open[i]->id, mr_order_state_name(open[i]->state),
                                o ? mr_order_state_name(o->state) : "nothing");
    }
    free(open);
    if (!status && count != mr_orders_open(rebuilt))
        status = mr_err_set(err, MR_E_CORRUPT, "%llu orders are open by their last records, %u to the order manager",
                            (unsigned long long)count, mr_orders_open(rebuilt));
    for (uint32_t i = 0; i < s->position_count && !status; i++) {
        const struct position *sum = &s->positions[i];
        const struct mr_position *p = mr_positions_get(mr_orders_positions(rebuilt), sum->instrument);
        if (!p || p->size != sum->size || p->fees != sum->fees)
            status = mr_err_set(err, MR_E_CORRUPT,
                                "instrument %u: the fills add up to %lld, the order manager has %lld (or other fees)",
                                sum->instrument, (long long)sum->size, p ? (long long)p->size : 0);
    }
    return status;
}

/* What the sums above do not have: the manager's money. */
struct money {
    char cash[MR_MONEY_TEXT], realised[MR_MONEY_TEXT], funding[MR_MONEY_TEXT];
};
static struct money money_of(const struct mr_orders *rebuilt)
{
    const struct mr_positions *ps = mr_orders_positions(rebuilt);
    struct money m;
    mr_money realised = 0, funding = 0;
    uint32_t cursor = 0;
    for (const struct mr_position *p; (p = mr_positions_next(ps, &cursor)) != NULL;) {
        realised += p->realised;
        funding += p->funding;
    }
    mr_money_text(mr_positions_cash(ps), m.cash);
    mr_money_text(realised, m.realised);
    mr_money_text(funding, m.funding);
    return m;
}

static const char *venue_name(uint8_t id)
{
    const struct mr_venue *v = mr_venue_by_id(id);
    return v ? v->name : "?";
}

static void text_of_size(mr_i128 size, char out[MR_MONEY_TEXT])
{
    mr_i128 whole = size < 0 ? -size : size;
    char digits[MR_MONEY_TEXT];
    uint32_t n = MR_MONEY_TEXT - 1;
    digits[n] = 0;
    do
        digits[--n] = (char)('0' + (int)(whole % 10));
    while ((whole /= 10) != 0);
    snprintf(out, MR_MONEY_TEXT, "%s%s", size < 0 ? "-" : "", digits + n);
}

void mr_journal_state_text(const struct mr_journal_state *s, const struct mr_orders *rebuilt, const char *why)
{
    uint64_t count, states[MR_STATE_COUNT + 1];
    const struct mr_order **open = open_orders(s, &count, states);
    printf("orders %llu, open %llu:", (unsigned long long)s->count, (unsigned long long)count);
    for (unsigned i = 0; i <= MR_STATE_COUNT; i++)
        if (states[i])
            printf(" %s %llu", mr_order_state_name(i), (unsigned long long)states[i]);
    printf("\n");
    for (uint64_t i = 0; i < count; i++) {
        char id[MR_ORDER_ID_TEXT];
        mr_order_id_text(open[i]->id, id);
        printf("  %s %-10s %-4s %-11s %s instrument %u, price %lld size %lld filled %lld\n", id,
               mr_order_state_name(open[i]->state), mr_side_name(open[i]->side), mr_order_type_name(open[i]->type),
               venue_name(open[i]->venue), open[i]->instrument, (long long)open[i]->price, (long long)open[i]->size,
               (long long)open[i]->filled);
    }
    printf("fills %llu, positions:\n", (unsigned long long)s->fills);
    for (uint32_t i = 0; i < s->position_count; i++) {
        char fees[MR_MONEY_TEXT], size[MR_MONEY_TEXT];
        mr_money_text(s->positions[i].fees, fees);
        text_of_size(s->positions[i].size, size);
        printf("  %s instrument %u: size %s of %llu fills, fees %s\n", venue_name(s->positions[i].venue),
               s->positions[i].instrument, size, (unsigned long long)s->positions[i].fills, fees);
    }
    free(open);
    if (!rebuilt) {
        printf("not rebuilt by the order manager: %s\n", why);
        return;
    }
    struct money m = money_of(rebuilt);
    printf("the order manager, rebuilt from it, has the same; cash %s, realised %s, funding %s\n", m.cash, m.realised,
           m.funding);
}

static void line(struct mr_text *t)
{
    printf("%s", t->out);
    t->len = 0;
    t->out[0] = 0;
}

static void open_json(struct mr_json_out *j, const struct mr_order *o)
{
    char id[MR_ORDER_ID_TEXT];
    mr_order_id_text(o->id, id);
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "order", id);
    mr_json_out_string(j, "state", mr_order_state_name(o->state));
    mr_json_out_string(j, "venue", venue_name(o->venue));
    mr_json_out_u64(j, "instrument", o->instrument);
    mr_json_out_string(j, "side", mr_side_name(o->side));
    mr_json_out_i64(j, "price", o->price);
    mr_json_out_i64(j, "size", o->size);
    mr_json_out_i64(j, "filled", o->filled);
    mr_json_out_end(j);
}

static void rebuilt_json(struct mr_json_out *j, const struct mr_orders *rebuilt, const char *why)
{
    mr_json_out_object(j, "rebuilt");
    mr_json_out_bool(j, "same", rebuilt != NULL);
    if (rebuilt) {
        struct money m = money_of(rebuilt);
        mr_json_out_string(j, "cash", m.cash);
        mr_json_out_string(j, "realised", m.realised);
        mr_json_out_string(j, "funding", m.funding);
    } else {
        mr_json_out_string(j, "why", why);
    }
    mr_json_out_end(j);
}

void mr_journal_state_json(const struct mr_journal_state *s, const struct mr_orders *rebuilt, const char *why)
{
    uint64_t count, states[MR_STATE_COUNT + 1];
    const struct mr_order **open = open_orders(s, &count, states);
    char out[LINE_BYTES], fees[MR_MONEY_TEXT], size[MR_MONEY_TEXT];
    struct mr_text t;
    struct mr_json_out j;
    mr_text_init(&t, out, sizeof out);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "orders", s->count);
    mr_json_out_u64(&j, "fills", s->fills);
    mr_json_out_object(&j, "states");
    for (unsigned i = 0; i <= MR_STATE_COUNT; i++)
        if (states[i])
            mr_json_out_u64(&j, mr_order_state_name(i), states[i]);
    mr_json_out_end(&j);
    mr_json_out_array(&j, "open");
    for (uint64_t i = 0; i < count; i++) {
        open_json(&j, open[i]);
        line(&t);
    }
    mr_json_out_end(&j);
    mr_json_out_array(&j, "positions");
    for (uint32_t i = 0; i < s->position_count; i++) {
        const struct position *p = &s->positions[i];
        mr_money_text(p->fees, fees);
        text_of_size(p->size, size);
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "venue", venue_name(p->venue));
        mr_json_out_u64(&j, "instrument", p->instrument);
        mr_json_out_string(&j, "size", size);
        mr_json_out_string(&j, "fees", fees);
        mr_json_out_u64(&j, "fills", p->fills);
        mr_json_out_end(&j);
        line(&t);
    }
    mr_json_out_end(&j);
    rebuilt_json(&j, rebuilt, why);
    mr_json_out_end(&j);
    printf("%s\n", t.out);
    free(open);
}
