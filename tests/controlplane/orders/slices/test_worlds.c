/* Parents in worlds drawn from a seed: a venue that fills, rejects, loses answers and ends orders as it likes, a gate and a word that say no for a
 * while, operators who cancel, a process that dies. Whatever happens: what is filled and what lives at the venue is never more than was wanted, and at
 * the end the parent's numbers are the venue's.
 *
 * MILLRACE_SLICE_WORLDS=N plays so many seeds; a seed as the argument repeats that one. */
#include "tests/controlplane/orders/slices/scene.h"

#define ORDERS 4000
#define FILLS 8000
#define PARENTS 2

struct theirs {
    struct mr_order o;
    bool live;
};
struct world {
    struct mr_random rnd;
    uint64_t seed;
    struct scene *s;
    uint32_t seen, epoch; /* requests taken; of the process */
    bool calm;            /* no more trouble */
    struct theirs orders[ORDERS];
    uint32_t order_count;
    struct mr_fill fills[FILLS];
    uint32_t fill_count, deaths;
    uint64_t parents[PARENTS];
    mr_size wanted[PARENTS];
    bool over[PARENTS];
};

#define CHECK(w, cond)                                                                                                 \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            fail_msg("seed %llu, at %lld ms: %s", (unsigned long long)(w)->seed,                                       \
                     (long long)((w)->s->r->now / 1000000), #cond);                                                    \
    } while (0)

static bool chance(struct world *w, uint32_t percent) { return mr_random_below(&w->rnd, 100) < percent; }
static bool trouble(struct world *w, uint32_t percent) { return !w->calm && chance(w, percent); }

/* --- the venue --- */

static struct theirs *find(struct world *w, uint64_t id)
{
    for (uint32_t i = 0; i < w->order_count; i++)
        if (w->orders[i].o.id == id)
            return &w->orders[i];
    return NULL;
}

static struct mr_answer *say_fill(struct world *w, const struct mr_fill *f)
{
    struct mr_answer *a = rig_say(w->s->r, MR_ANSWER_FILL, f->order);
    a->fill = *f;
    return a;
}

static void fill_some(struct world *w, struct theirs *t)
{
    mr_size left = t->o.size - t->o.filled, lot = rig_instruments[0].lot;
    mr_size size = chance(w, 40) ? left : lot * (1 + (mr_size)mr_random_below(&w->rnd, (uint64_t)(left / lot)));
    CHECK(w, t->live && left > 0 && size <= left && w->fill_count < FILLS);
    struct mr_fill *f = &w->fills[w->fill_count++];
    *f = (struct mr_fill){.order = t->o.id,
                          .side = t->o.side,
                          .price = t->o.price,
                          .size = size,
                          .fee = MR_MONEY_ONE / 100,
                          .venue_ns = w->s->r->now,
                          .recv_ns = w->s->r->now};
    snprintf(f->trade_id, sizeof f->trade_id, "t%u", w->fill_count);
    t->o.filled += size;
    t->o.state = MR_STATE_PARTIAL;
    if (t->o.filled == t->o.size) {
        t->live = false;
        t->o.state = MR_STATE_FILLED;
    }
    say_fill(w, f);
}

static void about(struct mr_answer *a, const struct theirs *t)
{
    a->order = t->o.id;
    a->state = t->o.state;
    a->price = t->o.price;
    a->size = t->o.size;
    a->filled = t->o.filled;
    snprintf(a->venue_id, sizeof a->venue_id, "V%llx", (unsigned long long)t->o.id);
}

static void die(struct world *w, struct theirs *t)
{
    t->live = false;
    t->o.state = MR_STATE_CANCELLED;
    about(rig_say(w->s->r, MR_ANSWER_CANCELLED, t->o.id), t);
}

static void place(struct world *w, const struct mr_request *q)
{
    CHECK(w, !find(w, q->order.id) && w->order_count < ORDERS);
    rig_answer(w->s->r, trouble(w, 5) ? MR_ANSWER_LOST : MR_ANSWER_SENT, q);
    if (trouble(w, 8)) {
        rig_answer(w->s->r, MR_ANSWER_REJECTED, q)->reason = MR_REJECT_MARGIN;
        return;
    }
    if (trouble(w, 4))
        return; /* lost on its way */
    struct theirs *t = &w->orders[w->order_count++];
    *t = (struct theirs){.o = q->order, .live = true};
    t->o.state = MR_STATE_ACKED;
    if (!trouble(w, 6)) /* else its answer is lost */
        about(rig_answer(w->s->r, MR_ANSWER_ACK, q), t);
    if (t->o.tif == MR_TIF_IOC) {
        if (chance(w, 60))
            fill_some(w, t);
        if (t->live)
            die(w, t);
    }
}

static void list(struct world *w, const struct mr_request *q)
{
    struct rig *r = w->s->r;
    mr_size held = 0;
    if (q->kind == MR_REQUEST_BALANCE) {
        rig_answer(r, MR_ANSWER_BALANCE, q)->amount = r->cfg.cash;
        return;
    }
    for (uint32_t i = 0; q->kind == MR_REQUEST_OPEN && i < w->order_count; i++)
        if (w->orders[i].live)
            about(rig_answer(r, MR_ANSWER_ORDER, q), &w->orders[i]);
    for (uint32_t i = 0; i < w->fill_count; i++) {
        held += w->fills[i].side == MR_SIDE_BUY ? w->fills[i].size : -w->fills[i].size;
        if (q->kind == MR_REQUEST_FILLS && w->fills[i].venue_ns >= q->since_ns)
            say_fill(w, &w->fills[i])->request = q->number;
    }
    if (q->kind == MR_REQUEST_POSITIONS && held) {
        struct mr_answer *a = rig_answer(r, MR_ANSWER_POSITION, q);
        a->size = held;
        a->order = 0;
        a->instrument = 0;
    }
    rig_answer(r, MR_ANSWER_END, q);
}

static void venue_takes(struct world *w, const struct mr_request *q)
{
    struct theirs *t = find(w, q->order.id);
    switch (q->kind) {
    case MR_REQUEST_PLACE:
        place(w, q);
        break;
    case MR_REQUEST_CANCEL:
        if (t && t->live && trouble(w, 15))
            fill_some(w, t); /* it was faster */
        if (t && t->live)
            die(w, t);
        else
            rig_answer(w->s->r, MR_ANSWER_CANCEL_REFUSED, q)->reason =
                t && t->o.state == MR_STATE_FILLED ? MR_REJECT_FILLED : MR_REJECT_UNKNOWN_ORDER;
        break;
    case MR_REQUEST_CANCEL_ALL:
        for (uint32_t i = 0; i < w->order_count; i++)
            if (w->orders[i].live)
                die(w, &w->orders[i]);
        break;
    case MR_REQUEST_QUERY:
        if (t)
            about(rig_answer(w->s->r, MR_ANSWER_ORDER, q), t);
        else
            rig_answer(w->s->r, MR_ANSWER_NO_ORDER, q);
        break;
    default:
        list(w, q);
    }
}

/* --- what must hold --- */

static void check(struct world *w)
{
    mr_size filled[PARENTS] = {0}, live[PARENTS] = {0};
    CHECK(w, mr_slices_sound(w->s->ss, w->s->r->om));
    for (uint32_t i = 0; i < w->order_count; i++)
        for (uint32_t k = 0; k < PARENTS; k++)
            if (w->orders[i].o.parent == w->parents[k]) {
                filled[k] += w->orders[i].o.filled;
                live[k] += w->orders[i].live ? w->orders[i].o.size - w->orders[i].o.filled : 0;
            }
    for (uint32_t k = 0; k < PARENTS; k++) {
        const struct mr_record_slices *p = mr_slices_find(w->s->ss, w->parents[k]);
        CHECK(w, filled[k] + live[k] <= w->wanted[k]);
        CHECK(w, !p || (p->plan.parent.filled <= filled[k] && !p->exceeded));
        CHECK(w, !w->over[k] || live[k] == 0);
        CHECK(w, !w->over[k] || !p);
    }
}

/* A parent has ended: it knows all that the venue has done for it. */
static void judge_end(struct world *w, uint32_t k)
{
    const struct mr_record_slices *last = NULL;
    mr_size filled = 0;
    mr_money cost = 0;
    for (uint64_t i = w->s->r->record_count; i-- > 0 && !last;) {
        const struct mr_record_slices *r = (const void *)w->s->r->records[i].payload;
        if (w->s->r->records[i].bytes == sizeof *r && r->head.what == MR_RECORD_SLICES &&
            r->plan.parent.id == w->parents[k])
            last = r;
    }
    for (uint32_t i = 0; i < w->fill_count; i++)
        if (find(w, w->fills[i].order)->o.parent == w->parents[k]) {
            mr_money worth;
            filled += w->fills[i].size;
            assert_int_equal(mr_money_notional(&rig_instruments[0], w->fills[i].price, w->fills[i].size, &worth),
                             MR_OK);
            cost += worth;
        }
    CHECK(w, last && last->state > MR_SLICES_ENDING && last->child[0].id == 0);
    CHECK(w, last->plan.parent.filled == filled && last->plan.parent.cost == cost);
    CHECK(w, (last->state == MR_SLICES_DONE) == (filled == w->wanted[k]));
    w->over[k] = true;
}

/* --- the world --- */

static void impatient(struct rig *r)
{
    r->cfg.balance_bp = 1000000000;
    r->cfg.ended_max = 2000;
    r->cfg.trades_max = FILLS;
}

static void turn(struct world *w)
{
    struct scene *s = w->s;
    for (int i = 0; i < 6; i++) {
        rig_step(s->r);
        mr_slices_step(s->ss, s->r->om, s->r->now - (trouble(w, 3) ? 5 * SECOND : 0));
        while (w->seen < s->r->request_count)
            venue_takes(w, &s->r->requests[w->seen++]);
        check(w);
    }
    for (uint32_t k = 0; k < PARENTS; k++)
        if (!w->over[k] && w->parents[k] && !mr_slices_find(s->ss, w->parents[k]))
            judge_end(w, k);
}

static void up(struct world *w)
{
    rig_say(w->s->r, MR_ANSWER_STREAM_UP, 0);
    turn(w);
}

static void death(struct world *w)
{
    struct scene *old = w->s;
    w->s = scene_again(old, old->r->record_count);
    w->s->r->has_view = true;
    w->s->r->view = old->r->view;
    close_scene(old);
    CHECK(w, mr_orders_begin(w->s->r->om, ++w->epoch, w->s->r->now) == MR_OK);
    w->seen = 0;
    w->deaths++;
    w->s->r->now += (int64_t)mr_random_below(&w->rnd, 20) * SECOND;
    up(w);
}

static void move_market(struct world *w)
{
    struct mr_market_view *v = &w->s->r->view;
    int64_t mid = 98 + (int64_t)mr_random_below(&w->rnd, 5);
    w->s->r->has_view = true;
    *v = (struct mr_market_view){.flags = trouble(w, 10) ? 0 : MR_MARKET_LIVE, .bid_count = 1, .ask_count = 1};
    v->bids[0].price = (mid - 1) * E8;
    v->asks[0].price = (mid + 1) * E8;
}

static struct mr_slices_plan draw(struct world *w)
{
    struct mr_slices_plan p = {.kind = (uint8_t)mr_random_below(&w->rnd, MR_SLICES_KIND_COUNT),
                               .parent = rig_limit((int)mr_random_below(&w->rnd, 2), 100, 1),
                               .seed = mr_random_next(&w->rnd),
                               .vary_e4 = (uint32_t)mr_random_below(&w->rnd, 9001)};
    uint64_t lots = 100 + mr_random_below(&w->rnd, 5000);
    p.parent.size = (mr_size)lots * rig_instruments[0].lot;
    if (p.kind == MR_SLICES_ICEBERG) {
        p.shown = (mr_size)(1 + lots / 20 + mr_random_below(&w->rnd, lots / 2)) * rig_instruments[0].lot;
        p.parent.expires_ns = chance(w, 50) ? w->s->r->now + 300 * SECOND : 0;
        return p;
    }
    p.slices = 1 + (uint32_t)mr_random_below(&w->rnd, MR_SLICES_MAX);
    p.duration_ns = (int64_t)(p.slices + mr_random_below(&w->rnd, 600)) * SECOND;
    p.passive = chance(w, 50);
    p.catch_up = chance(w, 50);
    for (uint32_t i = 0; p.kind == MR_SLICES_VWAP && i < p.slices; i++)
        p.weight[i] = 1 + (uint32_t)mr_random_below(&w->rnd, 1000);
    return p;
}

static void act(struct world *w)
{
    struct scene *s = w->s;
    move_market(w);
    for (uint32_t i = w->order_count > 20 ? w->order_count - 20 : 0; i < w->order_count; i++) {
        struct theirs *t = &w->orders[i];
        if (t->live && chance(w, w->calm ? 60 : 20))
            fill_some(w, t);
        else if (t->live && trouble(w, 2))
            die(w, t);
    }
    if (w->calm)
        return;
    s->r->deny = chance(w, s->r->deny ? 70 : 3);
    s->word = chance(w, s->word ? 70 : 3) ? MR_SLICES_WAIT : MR_SLICES_GO;
    if (chance(w, 1) && chance(w, 20))
        s->word = MR_SLICES_STOP;
    if (chance(w, 1) && chance(w, 20))
        mr_slices_cancel(s->ss, w->parents[mr_random_below(&w->rnd, PARENTS)], s->r->now);
    if (chance(w, 1) && chance(w, 30)) /* an operator who cancels a child alone */
        mr_orders_cancel_all(s->r->om, (struct mr_orders_filter){-1, -1, -1}, s->r->now);
    if (chance(w, 2))
        death(w);
}

static struct mr_record_slices play(uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    w->seed = w->rnd.state = seed;
    w->epoch = 1;
    w->s = calloc(1, sizeof *w->s);
    attach(w->s, rig_open(impatient));
    up(w);
    CHECK(w, mr_orders_ready(w->s->r->om, RIG_VENUE));
    move_market(w);
    for (uint32_t k = 0; k < PARENTS; k++) {
        const struct mr_slices_plan p = draw(w);
        CHECK(w, mr_slices_open(w->s->ss, w->s->r->om, &p, w->s->r->now, &w->parents[k]) == MR_OK);
        w->wanted[k] = p.parent.size;
    }
    for (int i = 0; i < 1500 && !(w->over[0] && w->over[1]); i++) {
        w->s->r->now += (int64_t)mr_random_below(&w->rnd, 1000) * 1000000;
        w->calm = i > 300;
        if (w->calm) {
            w->s->r->deny = false;
            w->s->word = MR_SLICES_GO;
        }
        act(w);
        turn(w);
    }
    CHECK(w, w->over[0] && w->over[1]);
    CHECK(w, mr_slices_open_count(w->s->ss) == 0 && mr_orders_open(w->s->r->om) == 0);
    struct mr_record_slices last = w->s->last;
    close_scene(w->s);
    free(w);
    return last;
}

static uint64_t only;

static void no_world_gets_more_than_it_wanted_and_each_parent_knows_what_it_got(void **state)
{
    (void)state;
    const char *many = getenv("MILLRACE_SLICE_WORLDS");
    uint64_t n = many ? strtoull(many, NULL, 10) : getenv("MILLRACE_QUICK") ? 60 : 200;
    uint32_t states[MR_SLICES_STATE_COUNT] = {0};
    if (only) {
        play(only);
        return;
    }
    for (uint64_t seed = 1; seed <= n; seed++)
        states[play(seed).state]++;
    if (n >= 60) /* worlds in which nothing is done, or nothing goes wrong, would show nothing */
        assert_true(states[MR_SLICES_DONE] > 10 && states[MR_SLICES_CANCELLED] > 2);
}

static void a_seed_repeats_its_world(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const struct mr_record_slices a = play(seed), b = play(seed);
        assert_memory_equal(&a, &b, sizeof a);
    }
}

int main(int argc, char **argv)
{
    only = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_world_gets_more_than_it_wanted_and_each_parent_knows_what_it_got),
        cmocka_unit_test(a_seed_repeats_its_world),
    };
    return MR_TEST_MAIN(tests);
}
