#include "controlplane/kill/kill.h"

#include <stdio.h>

#include "controlplane/kill/kill_priv.h"
#include "dataplane/text/text.h"

const char *mr_kill_scope_name(unsigned scope)
{
    static const char *const names[] = {"none", "all", "venue", "strategy"};
    return scope < MR_COUNT_OF(names) ? names[scope] : "?";
}

void mr_kill_raise(struct mr_kill_page *page, uint32_t cause)
{
    uint32_t was = atomic_load_explicit(&page->word, memory_order_relaxed), want;
    do
        want = (was | MR_KILL_ALL | (cause & MR_KILL_CAUSES)) + (1u << MR_KILL_RAISES_SHIFT); /* the count may wrap */
    while (!atomic_compare_exchange_weak_explicit(&page->word, &was, want, memory_order_acq_rel, memory_order_relaxed));
    atomic_store_explicit(&page->latched, 0, memory_order_release);
}

void mr_kill_causes(uint32_t word, char out[MR_KILL_TEXT])
{
    static const char *const names[] = {"socket", "HTTP", "signal", "file", "code", "panic", "kept", "damaged"};
    struct mr_text text;
    mr_text_init(&text, out, MR_KILL_TEXT);
    for (unsigned i = 0; i < MR_COUNT_OF(names); i++)
        if (word >> (i + 1) & 1)
            mr_text_format(&text, "%s%s", text.len ? ", " : "", names[i]);
    if (!text.len)
        mr_text_add(&text, word ? "unknown" : "none");
}

/* ---- what is told and kept ---- */

static void plain(char *out, size_t bytes, const char *text)
{
    size_t n = 0;
    for (; text && *text && n + 1 < bytes; text++)
        out[n++] = (char)(*text >= 0x20 && *text < 0x7f ? *text : '?');
    out[n] = 0;
}

static struct mr_kill_change change_of(const struct mr_kill_command *c, uint32_t word, int64_t now_ns)
{
    struct mr_kill_change change = {c->scope, c->on, c->id, word, c->uid, now_ns, "", ""};
    plain(change.who, sizeof change.who, c->who);
    plain(change.reason, sizeof change.reason, c->reason);
    return change;
}

static int tell(struct mr_kill *kill, const struct mr_kill_change *change)
{
    return kill->audit ? kill->audit(kill->arg, change) : MR_OK;
}

/* What people find in KILL. */
static uint32_t describe(const struct mr_kill_change *change, char *out, size_t bytes)
{
    char causes[MR_KILL_TEXT];
    struct mr_text text;
    mr_kill_causes(change->word, causes);
    mr_text_init(&text, out, bytes);
    mr_text_time(&text, change->now_ns);
    mr_text_format(&text, " killed by %s", causes);
    if (change->uid != UINT32_MAX)
        mr_text_format(&text, ", user %u %s", change->uid, change->who);
    mr_text_format(&text, ": %s\nremove by `millrace ctl kill off`\n", change->reason);
    return (uint32_t)text.len;
}

/* Durable before it counts as latched. */
static int keep(struct mr_kill *kill, struct mr_err *err)
{
    char text[512];
    uint32_t word = atomic_load_explicit(&kill->page->word, memory_order_acquire);
    int status = kill->disk.write(kill->disk.self, MR_KILL_FILE, text, describe(&kill->last, text, sizeof text), err);
    if (status != MR_OK) {
        kill->write_failures++;
        return status;
    }
    kill->file_seen = true;
    /* a raise meanwhile has unlatched it, and the file keeps that one as well */
    if (word)
        atomic_store_explicit(&kill->page->latched, 1, memory_order_release);
    return MR_OK;
}

static void note(struct mr_kill *kill, const struct mr_kill_change *change)
{
    int64_t never = 0;
    kill->told = change->word;
    kill->last = *change;
    kill->raises++;
    atomic_compare_exchange_strong(&kill->page->since_ns, &never, change->now_ns);
    tell(kill, change);
}

/* ---- all ---- */

static int on_all(struct mr_kill *kill, const struct mr_kill_command *c, int64_t now_ns, struct mr_err *err)
{
    mr_kill_raise(kill->page, c->cause ? c->cause : MR_KILL_BY_CODE);
    struct mr_kill_change change = change_of(c, atomic_load(&kill->page->word), now_ns);
    note(kill, &change);
    return keep(kill, err);
}

static int off_all(struct mr_kill *kill, const struct mr_kill_command *c, int64_t now_ns, struct mr_err *err)
{
    uint32_t word = atomic_load_explicit(&kill->page->word, memory_order_acquire);
    if (!word)
        return mr_err_set(err, MR_E_EMPTY, "the kill switch is not on");
    struct mr_kill_change change = change_of(c, word, now_ns);
    int status = tell(kill, &change);
    if (status < 0)
        return mr_err_set(err, status, "the clearing cannot be journalled (%s); still killed", mr_status_text(status));
    status = kill->disk.erase(kill->disk.self, MR_KILL_FILE, err);
    if (status != MR_OK)
        return status;
    kill->file_seen = false;
    atomic_store_explicit(&kill->page->latched, 0, memory_order_release);
    atomic_store(&kill->page->since_ns, 0);
    if (!atomic_compare_exchange_strong(&kill->page->word, &word, 0)) {
        mr_kill_poll(kill, now_ns);
        return mr_err_set(err, MR_E_AGAIN, "killed anew while it was being cleared; still killed");
    }
    kill->told = 0;
    kill->last = change;
    return MR_OK;
}

/* ---- venues and strategies ---- */

static _Atomic uint64_t *bits_of(struct mr_kill_page *page, const struct mr_kill_command *c)
{
    return c->scope == MR_KILL_SCOPE_VENUE ? &page->venues[c->id / 64] : &page->strategies[c->id / 64];
}

static int scoped(struct mr_kill *kill, const struct mr_kill_command *c, int64_t now_ns, struct mr_err *err)
{
    uint32_t most = c->scope == MR_KILL_SCOPE_VENUE ? MR_KILL_VENUES : kill->strategy_count;
    if (c->id >= most)
        return mr_err_set(err, MR_E_RANGE, "no %s %u", mr_kill_scope_name(c->scope), c->id);
    _Atomic uint64_t *bits = bits_of(kill->page, c);
    const uint64_t bit = (uint64_t)1 << c->id % 64;
    bool was = atomic_load(bits) & bit;
    struct mr_kill_change change = change_of(c, atomic_load(&kill->page->word), now_ns);
    if (c->on) {
        atomic_fetch_or_explicit(bits, bit, memory_order_acq_rel);
        tell(kill, &change);
        return mr_kill_scopes_save(kill, NULL, err);
    }
    if (!was)
        return mr_err_set(err, MR_E_EMPTY, "%s %u is not killed", mr_kill_scope_name(c->scope), c->id);
    int status = tell(kill, &change);
    if (status < 0)
        return mr_err_set(err, status, "the clearing cannot be journalled (%s); still killed", mr_status_text(status));
    status = mr_kill_scopes_save(kill, c, err);
    if (status == MR_OK)
        atomic_fetch_and_explicit(bits, ~bit, memory_order_acq_rel);
    return status;
}

int mr_kill_command(struct mr_kill *kill, const struct mr_kill_command *c, int64_t now_ns, struct mr_err *err)
{
    if (!c->on && (!c->who || !*c->who))
        return mr_err_set(err, MR_E_INVALID, "only a named person clears the kill switch");
    switch (c->scope) {
    case MR_KILL_SCOPE_ALL:
        return c->on ? on_all(kill, c, now_ns, err) : off_all(kill, c, now_ns, err);
    case MR_KILL_SCOPE_VENUE:
    case MR_KILL_SCOPE_STRATEGY:
        return scoped(kill, c, now_ns, err);
    default:
        return mr_err_set(err, MR_E_INVALID, "kill what?");
    }
}

/* ---- each 100 ms ---- */

static void raised(struct mr_kill *kill, uint32_t word, int64_t now_ns)
{
    char causes[MR_KILL_TEXT];
    bool by_signal = word & ~kill->told & MR_KILL_BY_SIGNAL;
    struct mr_kill_command c = {.scope = MR_KILL_SCOPE_ALL, .on = true, .uid = UINT32_MAX, .who = "", .reason = causes};
    mr_kill_causes(word, causes);
    if (by_signal)
        c.uid = atomic_load(&kill->page->signal_uid);
    struct mr_kill_change change = change_of(&c, word, now_ns);
    if (by_signal)
        snprintf(change.who, sizeof change.who, "pid %u", atomic_load(&kill->page->signal_pid));
    note(kill, &change);
}

bool mr_kill_poll(struct mr_kill *kill, int64_t now_ns)
{
    char first[8];
    bool happened = false;
    int there = kill->disk.read(kill->disk.self, MR_KILL_FILE, first, sizeof first);
    bool present = there != MR_E_EMPTY; /* what cannot be read counts as there */
    uint32_t word = atomic_load_explicit(&kill->page->word, memory_order_acquire);
    if (present && !word) {
        mr_kill_raise(kill->page, MR_KILL_BY_FILE | (there < 0 ? MR_KILL_DAMAGED : 0u));
        word = atomic_load(&kill->page->word);
    }
    if (word && word != kill->told) {
        raised(kill, word, now_ns);
        happened = true;
    }
    /* not latched yet, or somebody removed the file by hand: that is no clearing */
    if (word && (!present || !atomic_load(&kill->page->latched))) {
        keep(kill, NULL);
        happened = true;
    }
    return happened;
}

void mr_kill_init(struct mr_kill *kill, struct mr_kill_page *page, struct mr_kill_disk disk,
                  const char *const *strategies, uint32_t strategy_count,
                  int (*audit)(void *, const struct mr_kill_change *), void *arg, int64_t now_ns)
{
    char first[8];
    MR_ASSERT(strategy_count <= MR_KILL_STRATEGIES);
    *kill = (struct mr_kill){.page = page,
                             .disk = disk,
                             .strategies = strategies,
                             .strategy_count = strategy_count,
                             .audit = audit,
                             .arg = arg};
    int there = disk.read(disk.self, MR_KILL_FILE, first, sizeof first);
    if (there != MR_E_EMPTY || atomic_load(&page->word))
        mr_kill_raise(page, MR_KILL_KEPT | (there < 0 && there != MR_E_EMPTY ? MR_KILL_DAMAGED : 0u));
    mr_kill_scopes_load(kill);
    mr_kill_poll(kill, now_ns);
}
