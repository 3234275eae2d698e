/* Slices beside the order manager's rig: a venue that takes all it is given, until a test says otherwise, in virtual time. */
#ifndef MR_TESTS_SLICES_SCENE_H
#define MR_TESTS_SLICES_SCENE_H

#include <stdio.h>

#include "controlplane/orders/slices/slices.h"
#include "tests/controlplane/orders/rig.h"

#define SCENE_PARENTS 4
#define SCENE_TRIES 4

struct scene {
    struct rig *r;
    struct mr_slices *ss;
    void *mem;
    bool deaf; /* the venue answers nothing by itself */
    enum mr_slices_word word;
    uint32_t told[MR_SLICES_TOLD_COUNT];
    struct mr_record_slices last; /* of what was told last */
    struct mr_fill_quality quality;
    bool has_quality;
};

MR_INLINE const struct mr_instrument *scene_instrument(void *self, uint32_t id)
{
    (void)self;
    return id < 4 ? &rig_instruments[id] : NULL;
}
MR_INLINE const struct mr_market_view *scene_market(void *self, uint32_t id)
{
    const struct rig *r = ((struct scene *)self)->r;
    return r->has_view && id == 0 ? &r->view : NULL;
}
MR_INLINE enum mr_slices_word scene_word(void *self, const struct mr_order *parent)
{
    assert_int_equal(parent->venue, scene_instrument(NULL, parent->instrument)->venue);
    return ((struct scene *)self)->word;
}
MR_INLINE void scene_told(void *self, const struct mr_slices_told *told)
{
    struct scene *s = self;
    s->told[told->kind]++;
    s->last = *told->record;
    s->has_quality = told->quality != NULL;
    if (told->quality)
        s->quality = *told->quality;
}
MR_INLINE void scene_heard(void *self, const struct mr_orders_event *e)
{
    mr_slices_event(((struct scene *)self)->ss, e);
}

MR_INLINE void attach(struct scene *s, struct rig *r)
{
    s->r = r;
    s->mem = malloc(mr_slices_bytes(SCENE_PARENTS));
    s->ss = mr_slices_init(s->mem, SCENE_PARENTS, SCENE_TRIES,
                           &(struct mr_slices_ports){.self = s,
                                                     .instrument = scene_instrument,
                                                     .market = scene_market,
                                                     .word = scene_word,
                                                     .told = scene_told,
                                                     .journal = rig_journal(r)});
    r->on_event = scene_heard;
    r->on_event_self = s;
}

MR_INLINE void patient(struct rig *r)
{
    r->cfg.sync_ns = 80000 * SECOND; /* nobody answers a comparison of positions here */
    r->cfg.ttl_ns = 80000 * SECOND;
}

MR_INLINE struct scene *scene(void)
{
    struct scene *s = calloc(1, sizeof *s);
    struct rig *r = rig_open(patient);
    rig_ready(r);
    attach(s, r);
    return s;
}

/* As after the process's death, from the first `n` records; not ready yet. */
MR_INLINE struct scene *scene_again(const struct scene *from, uint64_t n)
{
    struct scene *s = calloc(1, sizeof *s);
    attach(s, rig_restart(from->r, n));
    for (uint64_t i = 0; i < n; i++)
        if (from->r->records[i].kind == MR_JOURNAL_ORDER)
            assert_int_equal(mr_slices_restore(s->ss, from->r->records[i].payload, from->r->records[i].bytes), MR_OK);
    assert_int_equal(mr_orders_restored(s->r->om, s->r->now), MR_OK);
    mr_slices_restored(s->ss, s->r->om);
    return s;
}

MR_INLINE void close_scene(struct scene *s)
{
    rig_close(s->r);
    free(s->mem);
    free(s);
}

MR_INLINE void venue_answers(struct scene *s)
{
    uint32_t cursor = 0;
    for (const struct mr_order *o; !s->deaf && (o = mr_orders_next(s->r->om, &cursor)) != NULL;) {
        if (o->state == MR_STATE_SENT)
            rig_say(s->r, MR_ANSWER_ACK, o->id);
        if (o->state == MR_STATE_CANCELLING)
            rig_say(s->r, MR_ANSWER_CANCELLED, o->id);
    }
}

MR_INLINE void step(struct scene *s)
{
    for (int i = 0; i < 10; i++) {
        mr_slices_step(s->ss, s->r->om, s->r->now);
        rig_step(s->r);
        venue_answers(s);
        assert_true(mr_slices_sound(s->ss, s->r->om));
    }
    rig_step(s->r);
}

MR_INLINE void pass(struct scene *s, int64_t ns)
{
    for (int64_t until = s->r->now + ns; rig_next(s->r, until, mr_slices_due(s->ss));)
        step(s);
}

/* Where something is due all the time, because the journal takes nothing. */
MR_INLINE void wait_by_tenths(struct scene *s, int tenths)
{
    while (tenths-- > 0) {
        s->r->now += SECOND / 10;
        step(s);
    }
}

/* Buys 8 at 100 at most, in 4 slices of 10 s. */
MR_INLINE struct mr_slices_plan twap(void)
{
    struct mr_slices_plan p = {
        .parent = rig_limit(MR_SIDE_BUY, 100, 8), .kind = MR_SLICES_TWAP, .slices = 4, .duration_ns = 40 * SECOND};
    p.parent.arrival_mid = 99 * E8;
    return p;
}

/* Buys 8 at 100, of which 2 are shown. */
MR_INLINE struct mr_slices_plan iceberg(void)
{
    return (struct mr_slices_plan){
        .parent = rig_limit(MR_SIDE_BUY, 100, 8), .kind = MR_SLICES_ICEBERG, .shown = 2 * E8};
}

MR_INLINE uint64_t begin(struct scene *s, struct mr_slices_plan p)
{
    uint64_t id = 0;
    assert_int_equal(mr_slices_open(s->ss, s->r->om, &p, s->r->now, &id), MR_OK);
    assert_true(id & MR_SLICES_ID);
    step(s);
    return id;
}

MR_INLINE const struct mr_record_slices *parent(struct scene *s, uint64_t id)
{
    const struct mr_record_slices *p = mr_slices_find(s->ss, id);
    assert_non_null(p);
    return p;
}

/* The order that is out. */
MR_INLINE const struct mr_order *child(struct scene *s, uint64_t id)
{
    assert_true(parent(s, id)->child[0].id != 0);
    return rig_order(s->r, parent(s, id)->child[0].id);
}

MR_INLINE bool none_out(struct scene *s, uint64_t id) { return parent(s, id)->child[0].id == 0; }

/* Whole units of what is out, at 100. */
MR_INLINE void fill(struct scene *s, uint64_t id, int64_t size)
{
    static unsigned trades;
    char trade[32];
    snprintf(trade, sizeof trade, "t%u", ++trades);
    rig_fill(s->r, child(s, id)->id, 100, size, trade);
    step(s);
}

MR_INLINE void ended(struct scene *s, uint64_t id, enum mr_slices_state state, enum mr_slices_why why, mr_size filled)
{
    assert_null(mr_slices_find(s->ss, id));
    assert_true(s->last.plan.parent.id == id);
    assert_string_equal(mr_slices_state_name(s->last.state), mr_slices_state_name(state));
    assert_string_equal(mr_slices_why_text(s->last.why), mr_slices_why_text(why));
    assert_int_equal(s->last.plan.parent.filled, filled * E8);
    assert_int_equal(mr_slices_open_count(s->ss), 0);
    assert_int_equal(mr_orders_open(s->r->om), 0);
}

#endif
