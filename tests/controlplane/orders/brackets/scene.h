/* Brackets beside the order manager's rig: a market of answers that tests give, in virtual time. */
#ifndef MR_TESTS_BRACKETS_SCENE_H
#define MR_TESTS_BRACKETS_SCENE_H

#include "controlplane/orders/brackets/brackets.h"
#include "tests/controlplane/orders/rig.h"

struct scene {
    struct rig *r;
    struct mr_brackets *bs;
    void *mem;
    uint32_t heard[8];
};

MR_INLINE const struct mr_instrument *instrument(void *self, uint32_t id)
{
    (void)self;
    return id < 2 ? &rig_instruments[id] : NULL;
}
MR_INLINE void heard(void *self, const struct mr_bracket_event *e) { ((struct scene *)self)->heard[e->kind]++; }
MR_INLINE void pass_on(void *self, const struct mr_orders_event *e)
{
    mr_brackets_event(((struct scene *)self)->bs, e);
}

MR_INLINE void attach(struct scene *s, struct rig *r)
{
    s->r = r;
    s->mem = malloc(mr_brackets_bytes(4));
    s->bs = mr_brackets_init(
        s->mem, 4, 3,
        &(struct mr_brackets_ports){.self = s, .instrument = instrument, .event = heard, .journal = rig_journal(r)});
    r->on_event = pass_on;
    r->on_event_self = s;
}

MR_INLINE struct scene *scene_with(void (*change)(struct rig *))
{
    struct scene *s = calloc(1, sizeof *s);
    struct rig *r = rig_open(change);
    rig_ready(r);
    attach(s, r);
    return s;
}

MR_INLINE struct scene *scene(void) { return scene_with(NULL); }

MR_INLINE void close_scene(struct scene *s)
{
    rig_close(s->r);
    free(s->mem);
    free(s);
}

MR_INLINE void step(struct scene *s)
{
    for (int i = 0; i < 10; i++) {
        rig_step(s->r);
        mr_brackets_step(s->bs, s->r->om, s->r->now);
    }
    rig_step(s->r);
}

MR_INLINE void pass(struct scene *s, int64_t ns)
{
    for (int64_t until = s->r->now + ns; rig_next(s->r, until, mr_brackets_due(s->bs));)
        step(s);
}

/* A long of 4 from 100, stop 90, target 120, 10x. */
MR_INLINE struct mr_bracket_plan plan(void)
{
    return (struct mr_bracket_plan){
        .entry = rig_limit(MR_SIDE_BUY, 100, 4), .stop = 90 * E8, .target = 120 * E8, .leverage = 10, .tick = E8 / 10};
}

MR_INLINE uint64_t open_with(struct scene *s, struct mr_bracket_plan p)
{
    uint64_t id = 0;
    assert_int_equal(mr_brackets_open(s->bs, s->r->om, &p, s->r->now, &id), MR_OK);
    step(s);
    rig_answer(s->r, MR_ANSWER_ACK, rig_last(s->r, MR_REQUEST_PLACE));
    step(s);
    return id;
}

MR_INLINE const struct mr_record_bracket *bracket(struct scene *s, uint64_t entry)
{
    const struct mr_record_bracket *b = mr_brackets_find(s->bs, entry);
    assert_non_null(b);
    return b;
}

MR_INLINE void ack(struct scene *s, uint64_t id)
{
    rig_say(s->r, MR_ANSWER_ACK, id);
    step(s);
}

/* Stop and target rest for the whole entry. */
MR_INLINE uint64_t guarded(struct scene *s, struct mr_bracket_plan p)
{
    uint64_t e = open_with(s, p);
    rig_fill(s->r, e, 100, 4, "entry");
    step(s);
    ack(s, bracket(s, e)->stop_order);
    if (p.target)
        ack(s, bracket(s, e)->target_order);
    return e;
}

MR_INLINE const struct mr_order *order(struct scene *s, uint64_t id) { return rig_order(s->r, id); }

#endif
