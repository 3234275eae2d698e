#include "dataplane/feed/fresh.h"

#define SECOND 1000000000ll
#define BOUND_MAX (3600 * SECOND)
#define ASK_AGAIN_NS (60 * SECOND) /* a channel is subscribed anew no sooner than so long after the last time */
#define FEW 4                      /* so few channels of a connection are asked for anew though none of them speaks */
#define PROOF_NS                                                                                                       \
    (SECOND / 2) /* its connection's others have to speak for so long meanwhile: a stall of all of them cures itself */
#define ALONE_NS (2 * SECOND) /* where there are few others, this much longer silence will do */
#define REFRESH 64            /* in so many ticks every limit is worked out again */

struct row {
    uint8_t line; /* enum mr_fresh_line */
    bool redialled, heard;
    uint32_t judged, live, stale;
    int64_t mute_ns; /* since when nothing speaks; 0 */
    int64_t last_ns; /* of its channels' messages */
    int64_t talk_ns; /* how long messages have been coming, in all: between ticks with one between them */
};
struct mr_fresh {
    struct mr_fresh_config config;
    struct mr_fresh_cell *cells;
    struct mr_fresh_channel *channels;
    uint32_t count, next; /* next: whose limit is worked out next */
    int64_t tick_ns;      /* the last one */
    struct row rows[MR_FRESH_ROWS];
};

/* ---- config ---- */

static const char *const kinds[MR_FRESH_KINDS] = {"trades", "best",     "depth",     "liquidations",
                                                  "marks",  "fundings", "interests", "candles"};
static_assert(MR_CONTROL == 1 << MR_FRESH_KINDS, "a name a channel");

const char *mr_fresh_kind_name(uint32_t kind) { return kind < MR_FRESH_KINDS ? kinds[kind] : "?"; }

void mr_fresh_config_default(struct mr_fresh_config *c)
{
    *c = (struct mr_fresh_config){
        .bound_ns = {120 * SECOND, 60 * SECOND, 60 * SECOND, 0, 60 * SECOND, 120 * SECOND, 120 * SECOND, 120 * SECOND},
        .floor_ns = SECOND,
        .answer_ns = 5 * SECOND,
        .factor = 2.6,
        .dead_factor = 3};
}

int mr_fresh_check(const struct mr_fresh_config *c, struct mr_err *err)
{
    if (c->floor_ns < SECOND / 100 || c->floor_ns > 60 * SECOND)
        return mr_err_set(err, MR_E_RANGE, "freshness.floor: %lld ms: want 10 to 60,000",
                          (long long)c->floor_ns / 1000000);
    if (!(c->factor == 0 || (c->factor >= 1 && c->factor <= 10))) /* NaN too */
        return mr_err_set(err, MR_E_RANGE,
                          "freshness.factor: want 1 to 10: below 1 every thousandth gap is stale; 0: learn nothing");
    if (c->dead_factor < 1 || c->dead_factor > 100)
        return mr_err_set(err, MR_E_RANGE, "freshness.dead_factor: %u: want 1 to 100", c->dead_factor);
    if (c->answer_ns < SECOND || c->answer_ns > 600 * SECOND)
        return mr_err_set(err, MR_E_RANGE, "freshness.answer: %lld ms: want 1 s to 10 min",
                          (long long)c->answer_ns / 1000000);
    for (uint32_t i = 0; i < MR_FRESH_KINDS; i++)
        if (c->bound_ns[i] && (c->bound_ns[i] < c->floor_ns || c->bound_ns[i] > BOUND_MAX))
            return mr_err_set(err, MR_E_RANGE,
                              "freshness.%s: %lld ms: want freshness.floor (%lld ms) to 1 h, or 0s for never", kinds[i],
                              (long long)c->bound_ns[i] / 1000000, (long long)c->floor_ns / 1000000);
    return MR_OK;
}

/* ---- learning ---- */

/* Every other one stays, from the longest down: the tail keeps its shape, and the count its sum. */
MR_COLD void mr_fresh_age(struct mr_fresh_cell *cell)
{
    uint32_t carry = 1, total = 0;
    for (uint32_t i = MR_FRESH_BUCKETS; i-- > 0;) {
        uint32_t n = cell->bucket[i] + carry;
        cell->bucket[i] = (uint16_t)(n / 2);
        carry = n & 1;
        total += n / 2;
    }
    cell->total = (uint16_t)total;
}

/* The state first: whoever sees the message may ask for it. */
MR_COLD bool mr_fresh_saw_odd(struct mr_fresh_cell *cell, uint32_t bucket, int64_t now_ns)
{
    bool came_back = cell->odd & MR_FRESH_OFF;
    if (!(cell->odd & (MR_FRESH_NEW | MR_FRESH_SKIP))) {
        cell->bucket[bucket]++;
        if (++cell->total == MR_FRESH_AGE)
            mr_fresh_age(cell);
    }
    cell->last_ns = now_ns;
    cell->odd = 0;
    cell->state = MR_STATUS_LIVE;
    return came_back;
}

static int64_t upper_edge(uint32_t bucket)
{
    uint32_t octave = (bucket + 7) / 8 - 1, part = (bucket + 7) % 8;
    if (bucket == 0)
        return 1ll << 23;
    return bucket == MR_FRESH_BUCKETS - 1 ? BOUND_MAX : (int64_t)(9 + part) << (octave + 20);
}

/* Upper edge of the bucket that holds the ceil(0.999 N)-th gap: floor(N / 1000) are longer. */
static int64_t p999(const struct mr_fresh_cell *cell)
{
    uint32_t longer = 0, i = MR_FRESH_BUCKETS;
    if (cell->total < MR_FRESH_LEARN)
        return 0;
    while (i > 1 && longer + cell->bucket[i - 1] <= cell->total / 1000u)
        longer += cell->bucket[--i];
    return upper_edge(i - 1);
}

static void work_out(struct mr_fresh *f, uint32_t idx)
{
    struct mr_fresh_cell *cell = &f->cells[idx];
    int64_t bound = mr_fresh_bound(f, idx);
    cell->p999_ns = p999(cell);
    cell->limit_ns = bound ? bound : INT64_MAX;
    if (!bound || !cell->p999_ns || !(f->config.factor > 0))
        return;
    int64_t learnt = (int64_t)((double)cell->p999_ns * f->config.factor);
    learnt = learnt < f->config.floor_ns ? f->config.floor_ns : learnt;
    cell->limit_ns = learnt < bound ? learnt : bound;
}

/* ---- set up ---- */

size_t mr_fresh_bytes(uint32_t count)
{
    return (sizeof(struct mr_fresh) + 63) / 64 * 64 +
           count * (sizeof(struct mr_fresh_cell) + sizeof(struct mr_fresh_channel));
}

struct mr_fresh *mr_fresh_init(void *mem, const struct mr_fresh_config *config, const struct mr_fresh_channel *channels,
                               uint32_t count)
{
    struct mr_fresh *f = mem;
    memset(mem, 0, mr_fresh_bytes(count));
    f->config = *config;
    f->count = count;
    f->cells = (struct mr_fresh_cell *)((uint8_t *)mem + (sizeof *f + 63) / 64 * 64);
    f->channels = (struct mr_fresh_channel *)(f->cells + count);
    for (uint32_t i = 0; i < count; i++) {
        MR_ASSERT(channels[i].row < MR_FRESH_ROWS && channels[i].channel && channels[i].channel < MR_CONTROL);
        f->channels[i] = channels[i];
        f->channels[i].told = f->cells[i].state = MR_STATUS_DEAD;
        f->cells[i].odd = MR_FRESH_OFF | MR_FRESH_NEW;
        work_out(f, i);
    }
    return f;
}

struct mr_fresh_cell *mr_fresh_cells(struct mr_fresh *f) { return f->cells; }
const struct mr_fresh_channel *mr_fresh_channels(const struct mr_fresh *f) { return f->channels; }
uint32_t mr_fresh_count(const struct mr_fresh *f) { return f->count; }

int64_t mr_fresh_bound(const struct mr_fresh *f, uint32_t idx)
{
    const struct mr_fresh_channel *c = &f->channels[idx];
    return c->quiet ? 0 : f->config.bound_ns[__builtin_ctz(c->channel)];
}

struct mr_fresh_sum mr_fresh_sum(const struct mr_fresh *f)
{
    struct mr_fresh_sum sum = {{0}};
    for (uint32_t i = 0; i < f->count; i++)
        sum.of[f->cells[i].state]++;
    return sum;
}

/* ---- what is known from elsewhere ---- */

static void enter(struct mr_fresh *f, uint32_t idx, enum mr_status_event state)
{
    struct mr_fresh_cell *cell = &f->cells[idx];
    struct mr_fresh_channel *c = &f->channels[idx];
    if (cell->state == state)
        return;
    c->stales += state == MR_STATUS_STALE && cell->state == MR_STATUS_LIVE;
    cell->state = (uint8_t)state;
    cell->odd = (uint8_t)((cell->odd & ~MR_FRESH_OFF) | (state == MR_STATUS_LIVE ? 0 : MR_FRESH_OFF));
}

void mr_fresh_line(struct mr_fresh *f, uint8_t row, enum mr_fresh_line line, int64_t now_ns)
{
    struct row *r = &f->rows[row];
    if (r->line == line)
        return;
    bool begins = r->line == MR_FRESH_DOWN, back = r->line == MR_FRESH_SILENT && line == MR_FRESH_OPEN;
    r->line = (uint8_t)line;
    for (uint32_t i = 0; i < f->count; i++) {
        struct mr_fresh_cell *cell = &f->cells[i];
        if (f->channels[i].row != row)
            continue;
        if (line == MR_FRESH_DOWN || begins) {
            cell->odd |= MR_FRESH_NEW;
            cell->last_ns = begins ? now_ns : cell->last_ns;
            f->channels[i].ask = false; /* a connection that opens asks for everything */
        } else if (back && cell->state == MR_STATUS_STALE && !(cell->odd & MR_FRESH_NEW) &&
                   now_ns - cell->last_ns < cell->limit_ns) {
            enter(f, i, MR_STATUS_LIVE); /* stale by word of the connection, not by its own silence */
        }
    }
    if (begins)
        r->redialled = r->heard = false;
    r->mute_ns = 0;
}

void mr_fresh_slept(struct mr_fresh *f, int64_t from_ns, int64_t now_ns)
{
    for (uint32_t i = 0; i < f->count && now_ns > from_ns; i++) {
        f->cells[i].last_ns += now_ns - from_ns;
        f->cells[i].odd |= MR_FRESH_SKIP;
    }
}

void mr_fresh_mute(struct mr_fresh *f, uint32_t idx)
{
    if (f->rows[f->channels[idx].row].line != MR_FRESH_DOWN)
        enter(f, idx, MR_STATUS_STALE);
}

/* ---- judging ---- */

static enum mr_status_event by_silence(struct mr_fresh *f, uint32_t idx, int64_t bound, int64_t now_ns)
{
    const struct mr_fresh_cell *cell = &f->cells[idx];
    int64_t silence = now_ns - cell->last_ns;
    if (mr_likely(silence < cell->limit_ns && !(cell->odd & MR_FRESH_NEW)))
        return cell->state; /* what it was: only a message makes it LIVE */
    if (silence >= bound * (int64_t)f->config.dead_factor)
        return MR_STATUS_DEAD;
    if (cell->odd & MR_FRESH_NEW) /* nothing yet on this connection: as it was before, or found mute by the session */
        return cell->state == MR_STATUS_LIVE ? MR_STATUS_DEAD : cell->state;
    if (cell->state != MR_STATUS_LIVE)
        return cell->state;
    work_out(f, idx);
    return silence >= cell->limit_ns ? MR_STATUS_STALE : MR_STATUS_LIVE;
}

static void judge(struct mr_fresh *f, uint32_t idx, int64_t now_ns)
{
    struct row *r = &f->rows[f->channels[idx].row];
    struct mr_fresh_cell *cell = &f->cells[idx];
    int64_t bound = mr_fresh_bound(f, idx);
    if (r->line == MR_FRESH_DOWN)
        enter(f, idx, MR_STATUS_DEAD);
    else if (r->line == MR_FRESH_SILENT)
        enter(f, idx, cell->state == MR_STATUS_LIVE ? MR_STATUS_STALE : cell->state);
    else if (bound) {
        enum mr_status_event is = by_silence(f, idx, bound, now_ns);
        if (is != cell->state) {
            f->channels[idx].ask = true;
            f->channels[idx].mute_ns = now_ns;
            f->channels[idx].talk_ns = r->talk_ns;
        }
        enter(f, idx, is);
    }
    if (!(cell->odd & MR_FRESH_NEW) && cell->last_ns > r->last_ns)
        r->last_ns = cell->last_ns;
    if (!bound)
        return;
    r->judged++;
    r->live += cell->state == MR_STATUS_LIVE;
    r->stale += cell->state == MR_STATUS_STALE;
    r->heard |= !(cell->odd & MR_FRESH_NEW);
}

/* A channel that may say nothing is what its connection is; its own word counts for a moment. */
static void judge_quiet(struct mr_fresh *f, uint32_t idx, int64_t now_ns)
{
    const struct mr_fresh_cell *cell = &f->cells[idx];
    const struct row *r = &f->rows[f->channels[idx].row];
    bool spoke = !(cell->odd & MR_FRESH_NEW) && now_ns - cell->last_ns < f->config.answer_ns;
    if (r->line == MR_FRESH_OPEN)
        enter(f, idx, r->live || !r->judged || spoke ? MR_STATUS_LIVE : r->stale ? MR_STATUS_STALE : MR_STATUS_DEAD);
}

void mr_fresh_tell(struct mr_fresh *f, uint32_t idx, int64_t now_ns, const struct mr_fresh_acts *acts)
{
    struct mr_fresh_channel *c = &f->channels[idx];
    uint8_t state = f->cells[idx].state;
    if (c->told == state || !acts->tell(acts->arg, idx, (enum mr_status_event)state, now_ns))
        return;
    c->told = state;
    c->since_ns = now_ns;
}

/* That it is this subscription which is silent, and not the venue, the path or this machine for a moment. */
static bool proven(const struct mr_fresh_channel *c, const struct row *r, int64_t now_ns)
{
    return (r->live && r->talk_ns - c->talk_ns >= PROOF_NS) || (r->judged <= FEW && now_ns - c->mute_ns >= ALONE_NS);
}

static void act(struct mr_fresh *f, uint32_t idx, int64_t now_ns, const struct mr_fresh_acts *acts)
{
    struct mr_fresh_channel *c = &f->channels[idx];
    const struct row *r = &f->rows[c->row];
    uint8_t state = f->cells[idx].state;
    mr_fresh_tell(f, idx, now_ns, acts);
    if (mr_likely(!c->ask))
        return;
    if (state == MR_STATUS_LIVE || r->line != MR_FRESH_OPEN)
        c->ask = false;
    else if (proven(c, r, now_ns) && (!c->asked_ns || now_ns - c->asked_ns >= ASK_AGAIN_NS) &&
             acts->ask(acts->arg, idx, now_ns)) {
        c->ask = false;
        c->asked_ns = now_ns;
    }
}

/* It spoke, and nothing that must speak does so any more: subscriptions are not what is wrong. */
static void act_row(struct mr_fresh *f, uint8_t row, int64_t now_ns, const struct mr_fresh_acts *acts)
{
    struct row *r = &f->rows[row];
    if (r->line != MR_FRESH_OPEN || !r->judged || !r->heard || r->live) {
        r->mute_ns = 0;
        return;
    }
    if (!r->mute_ns)
        r->mute_ns = now_ns;
    if (r->redialled || now_ns - r->mute_ns < f->config.answer_ns)
        return;
    r->redialled = true;
    acts->redial(acts->arg, row, now_ns);
}

void mr_fresh_tick(struct mr_fresh *f, int64_t now_ns, const struct mr_fresh_acts *acts)
{
    for (uint32_t k = 0; k < f->count / REFRESH + 1 && f->count; k++)
        work_out(f, f->next = (f->next + 1) % f->count);
    for (uint32_t i = 0; i < MR_FRESH_ROWS; i++) {
        struct row *r = &f->rows[i];
        r->judged = r->live = r->stale = 0;
        if (f->tick_ns &&
            r->last_ns >= f->tick_ns - PROOF_NS / 5) /* slow ones too, as long as one comes now and then */
            r->talk_ns += now_ns - f->tick_ns < PROOF_NS / 5 ? now_ns - f->tick_ns : PROOF_NS / 5;
    }
    f->tick_ns = now_ns;
    for (uint32_t i = 0; i < f->count; i++)
        judge(f, i, now_ns);
    for (uint32_t i = 0; i < f->count; i++)
        if (!mr_fresh_bound(f, i))
            judge_quiet(f, i, now_ns);
    for (uint32_t i = 0; i < f->count; i++)
        act(f, i, now_ns, acts);
    for (uint8_t i = 0; i < MR_FRESH_ROWS; i++)
        act_row(f, i, now_ns, acts);
}
