/* Who is to blame for the end of a connection: some venues answer a subscription that they do not like by closing, without a word, and one bad
 * symbol must not take the others down again and again.
 *
 *     ended by the venue while streams were unanswered    once: nothing, networks do that
 *     again, and the same streams were                    they are suspects: asked for last, one message at a time
 *     ended while one alone was unanswered                a strike; two while others were answered: it is held, with what else its
 *                                                         symbol has unanswered
 *     nothing was answered before                         the venue may be in trouble: it goes behind the other suspects, no more
 *     answered, refused, or ANSWER_NS without an end      acquitted
 *
 * Each bad symbol costs some five dials, within the budgets of dials, and all other streams are up before a suspect is asked for.
 * What is held gets another chance when its time has come, as a suspect: one end is enough then, and it is held for twice as long. */
#include <stdio.h>

#include "dataplane/session/session_priv.h"

#define ANSWER_NS (5 * MR_NS_PER_S) /* who ends a connection for a subscription does so at once */
#define PROOFS 2
#define GROUPS 32 /* suspects are asked for in so many messages, if the venue's messages hold as many */
#define HOLD_NS_MOST (86400 * MR_NS_PER_S)

/* Asked for a moment ago, and not a word about it. */
static bool unanswered(const struct mr_session *s, const struct mr_sub *sub)
{
    return sub->state == MR_SUB_ASKED && sub->data_ns < sub->asked_ns && s->now_ns - sub->asked_ns < ANSWER_NS;
}

static bool answered(const struct mr_sub *sub) { return sub->state == MR_SUB_ACKED || sub->data_ns != 0; }

static const char *symbol_of(const struct mr_session *s, const struct mr_sub *sub)
{
    return s->wanted[sub - s->subs].symbol;
}

/* Another stream of the same instrument, of which nothing is known yet. */
static bool is_mate(const struct mr_session *s, const struct mr_sub *sub, const struct mr_sub *other)
{
    return other == sub || (!answered(other) && (other->state == MR_SUB_WANTED || other->state == MR_SUB_ASKED) &&
                            symbol_of(s, sub)[0] && strcmp(symbol_of(s, sub), symbol_of(s, other)) == 0);
}

static bool has_witness(const struct mr_session *s, const struct mr_sub *sub)
{
    for (uint32_t i = 0; i < s->sub_count; i++)
        if (answered(&s->subs[i]) && strcmp(symbol_of(s, sub), symbol_of(s, &s->subs[i])) != 0)
            return true;
    return false;
}

static void tell(struct mr_session *s, const struct mr_sub *sub, int64_t until_ns)
{
    if (s->config.blamed)
        s->config.blamed(s->config.arg, s, &s->wanted[sub - s->subs], until_ns);
}

static void set_held(struct mr_session *s, struct mr_sub *sub, int64_t until_ns)
{
    s->held_count += sub->state != MR_SUB_HELD;
    sub->state = MR_SUB_HELD;
    sub->held_until_ns = until_ns;
    MR_GAUGE_SET(s->metrics, streams_held, s->held_count);
}

static void release(struct mr_session *s, struct mr_sub *sub)
{
    s->held_count--;
    sub->state = MR_SUB_WANTED;
    sub->held_until_ns = 0;
    MR_GAUGE_SET(s->metrics, streams_held, s->held_count);
}

static void hold(struct mr_session *s, struct mr_sub *sub)
{
    int64_t time_ns = (int64_t)s->config.hold_s * MR_NS_PER_S;
    for (uint32_t i = 0; i < sub->holds && time_ns < HOLD_NS_MOST; i++)
        time_ns *= 2;
    sub->holds = (uint8_t)(sub->holds < UINT8_MAX ? sub->holds + 1 : UINT8_MAX);
    set_held(s, sub, s->now_ns + (time_ns < HOLD_NS_MOST ? time_ns : HOLD_NS_MOST));
    MR_COUNT(s->metrics, blamed, 1);
    if (!sub->mute && s->config.mute)
        s->config.mute(s->config.arg, s, &s->wanted[sub - s->subs], true);
    sub->mute = true;
    tell(s, sub, sub->held_until_ns);
}

/* It alone was unanswered. True: it is held now. */
static bool strike(struct mr_session *s, struct mr_sub *sub)
{
    uint8_t strikes = (uint8_t)(sub->strikes < UINT8_MAX ? sub->strikes + 1 : UINT8_MAX);
    uint8_t proven = (uint8_t)(sub->proven + (has_witness(s, sub) ? 1 : 0));
    for (uint32_t i = 0; i < s->sub_count; i++) {
        struct mr_sub *mate = &s->subs[i];
        if (!is_mate(s, sub, mate))
            continue;
        mate->suspect = MR_SUSPECT_ALONE;
        mate->strikes = strikes;
        mate->proven = proven;
        if (proven >= PROOFS)
            hold(s, mate);
    }
    return proven >= PROOFS;
}

MR_COLD const char *mr_session_blame(struct mr_session *s, const char *why, char *text, size_t bytes)
{
    struct mr_sub *last = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->sub_count; i++)
        if (unanswered(s, &s->subs[i])) {
            last = &s->subs[i];
            n++;
        }
    if (n == 1 && last->suspect && s->sub_count > 1) { /* of one stream there is nobody to keep it from */
        if (!strike(s, last))
            return why;
        snprintf(text, bytes, "\"%.48s\" is quarantined: the venue ends the connection when asked for it (%.80s)",
                 symbol_of(s, last), why);
        return text;
    }
    for (uint32_t i = 0; i < s->sub_count && n; i++)
        if (unanswered(s, &s->subs[i]) && s->subs[i].suspect < MR_SUSPECT_ALONE)
            s->subs[i].suspect++;
    return why;
}

void mr_session_acquit(struct mr_session *s, struct mr_sub *sub)
{
    if (mr_likely(!sub->suspect && !sub->holds))
        return;
    bool was_held = sub->holds != 0;
    sub->suspect = MR_SUSPECT_NOT;
    sub->strikes = sub->proven = sub->holds = 0;
    if (was_held)
        tell(s, sub, 0);
}

uint32_t mr_session_probe(const struct mr_session *s, uint32_t *end)
{
    uint32_t best = s->sub_count, suspects = 0;
    for (uint32_t i = 0; i < s->sub_count; i++) {
        const struct mr_sub *sub = &s->subs[i];
        if (unanswered(s, sub))
            return s->sub_count; /* one thing at a time, so that an end says which */
        if (sub->state != MR_SUB_WANTED)
            continue;
        suspects++;
        if (best == s->sub_count || sub->strikes < s->subs[best].strikes)
            best = i;
    }
    const struct mr_sub *first = &s->subs[best];
    uint32_t most = first->suspect == MR_SUSPECT_ALONE ? 1 : 1 + suspects / GROUPS;
    for (*end = best + 1; *end < s->sub_count && *end - best < most; ++*end) {
        const struct mr_sub *sub = &s->subs[*end];
        if (sub->state != MR_SUB_WANTED || sub->suspect != first->suspect || sub->unsubscribe != first->unsubscribe)
            break;
    }
    return best;
}

/* Another chance, but the last: one end is enough. After all others. */
static void parole(struct mr_session *s, struct mr_sub *sub)
{
    release(s, sub);
    sub->suspect = MR_SUSPECT_ALONE;
    sub->proven = PROOFS - 1;
    sub->strikes = UINT8_MAX;
}

void mr_session_blame_check(struct mr_session *s)
{
    for (uint32_t i = 0; i < s->sub_count; i++) {
        struct mr_sub *sub = &s->subs[i];
        if (sub->suspect && sub->state == MR_SUB_ASKED && !unanswered(s, sub))
            mr_session_acquit(s, sub);
        else if (sub->state == MR_SUB_HELD && s->now_ns >= sub->held_until_ns)
            parole(s, sub);
    }
}

bool mr_session_any(const struct mr_session *s)
{
    if (mr_likely(s->held_count < s->sub_count))
        return true;
    for (uint32_t i = 0; i < s->sub_count; i++)
        if (s->now_ns >= s->subs[i].held_until_ns)
            return true;
    return s->sub_count == 0;
}

void mr_session_hold(struct mr_session *s, uint32_t channel, const char *symbol, int64_t until_ns, int64_t now_ns)
{
    struct mr_sub *sub = mr_session_find(s, channel, symbol);
    s->now_ns = now_ns;
    if (!sub || sub->held_until_ns == INT64_MAX || (mr_session_open(s) && answered(sub)))
        return;
    if (until_ns > now_ns) {
        set_held(s, sub, until_ns);
        return;
    }
    if (sub->state == MR_SUB_HELD)
        release(s, sub);
    mr_session_acquit(s, sub);
}

bool mr_session_list(struct mr_session *s, uint32_t channel, const char *symbol, bool listed, int64_t now_ns)
{
    struct mr_sub *sub = mr_session_find(s, channel, symbol);
    s->now_ns = now_ns;
    if (!sub || (sub->held_until_ns == INT64_MAX) != listed || (!listed && mr_session_open(s) && answered(sub)))
        return false;
    if (listed) {
        release(s, sub);
        return true;
    }
    set_held(s, sub, INT64_MAX);
    MR_COUNT(s->metrics, unlisted, 1);
    snprintf(s->why, sizeof s->why, "\"%.48s\" is not in the venue's list of instruments: not subscribed", symbol);
    return true;
}

void mr_session_forgive(struct mr_session *s, int64_t now_ns)
{
    s->now_ns = now_ns;
    for (uint32_t i = 0; i < s->sub_count; i++)
        if (s->subs[i].state == MR_SUB_HELD && s->subs[i].held_until_ns != INT64_MAX)
            parole(s, &s->subs[i]);
}
