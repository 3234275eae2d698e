#include "tests/dataplane/net/model.h"

static uint64_t numbers(const struct model *m)
{
    return m->config.number_width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * m->config.number_width)) - 1;
}

static int64_t apart(const struct model *m, uint64_t number, uint64_t from)
{
    uint64_t on = (number - from) & numbers(m), back = (from - number) & numbers(m);
    return on < back ? (int64_t)on : on > back ? -(int64_t)back : on == 0 ? 0 : INT64_MIN;
}

void model_init(struct model *m, const struct mr_arbiter_config *config, void (*say)(void *, const struct said *),
                void *arg)
{
    memset(m, 0, sizeof *m);
    m->config = *config;
    m->say = say;
    m->arg = arg;
}

static void remember(struct model *m, struct model_one one)
{
    if (m->past_count == m->config.window)
        memmove(m->past, m->past + 1, --m->past_count * sizeof *m->past);
    m->past[m->past_count++] = one;
}

static void hand_on_first(struct model *m)
{
    struct model_one one = m->waiting[0];
    memmove(m->waiting, m->waiting + 1, --m->waiting_count * sizeof *m->waiting);
    m->delivered++;
    m->next = (m->next + 1) & numbers(m);
    m->say(m->arg,
           &(struct said){
               .first = one.number, .last = one.number, .len = one.len, .line = one.line, .recv_ns = one.recv_ns});
    remember(m, one);
}

/* Everything up to `limit` (a distance from next), handed on or given up. */
static void clear(struct model *m, uint64_t count, int64_t now_ns)
{
    while (count > 0) {
        if (m->waiting_count > 0 && m->waiting[0].number == m->next) {
            hand_on_first(m);
            count--;
            continue;
        }
        uint64_t hole = count;
        if (m->waiting_count > 0 && (uint64_t)apart(m, m->waiting[0].number, m->next) < hole)
            hole = (uint64_t)apart(m, m->waiting[0].number, m->next);
        uint64_t first = m->next;
        for (uint64_t i = hole > m->config.window ? hole - m->config.window : 0; i < hole; i++)
            remember(m, (struct model_one){.number = (first + i) & numbers(m), .lost = true});
        m->gaps++;
        m->lost += hole;
        m->next = (m->next + hole) & numbers(m);
        count -= hole;
        m->say(m->arg,
               &(struct said){.gap = true, .first = first, .last = (m->next - 1) & numbers(m), .recv_ns = now_ns});
    }
}

static void go_on(struct model *m, int64_t now_ns)
{
    for (;;) {
        while (m->waiting_count > 0 && m->waiting[0].number == m->next)
            hand_on_first(m);
        if (m->waiting_count == 0)
            return;
        m->hole_ns = m->waiting[0].recv_ns;
        if (now_ns - m->hole_ns < m->config.patience_ns)
            return;
        clear(m, (uint64_t)apart(m, m->waiting[0].number, m->next), now_ns);
    }
}

static void progress(struct model *m, const struct model_one *d)
{
    m->strays += m->run_count;
    m->run_count = 0;
    m->progress_ns = d->recv_ns;
    m->line_number[d->line] = d->number;
    m->line_heard[d->line] = true;
}

static void put_in_order(struct model *m, struct model_one *list, uint32_t *count, const struct model_one *d)
{
    uint32_t at = *count;
    while (at > 0 && apart(m, list[at - 1].number, d->number) > 0)
        at--;
    memmove(list + at + 1, list + at, (*count - at) * sizeof *list);
    list[at] = *d;
    ++*count;
}

static void place(struct model *m, struct model_one *d);

static void believe(struct model *m, const struct model_one *d)
{
    struct model_one run[MR_ARBITER_RUN];
    put_in_order(m, m->run, &m->run_count, d);
    uint32_t count = m->run_count;
    memcpy(run, m->run, sizeof run);
    m->run_count = 0;
    while (m->waiting_count > 0)
        clear(m, (uint64_t)apart(m, m->waiting[0].number, m->next) + 1, d->recv_ns);
    int64_t skipped = apart(m, run[0].number, m->next);
    if (skipped > 0) {
        m->gaps++;
        m->lost += (uint64_t)skipped;
    } else {
        m->restarts++;
    }
    m->say(m->arg, &(struct said){
                       .gap = true, .first = m->next, .last = (run[0].number - 1) & numbers(m), .recv_ns = d->recv_ns});
    m->next = run[0].number;
    m->past_count = 0;
    for (uint32_t i = 0; i < count; i++)
        place(m, &run[i]);
}

static void far(struct model *m, struct model_one *d, bool behind)
{
    int64_t window = m->config.window;
    if (d->recv_ns - m->progress_ns < MR_ARBITER_IDLE_NS) {
        int64_t on = apart(m, d->number, m->line_number[d->line]);
        bool lags = m->line_heard[d->line] ? on > -window && (behind || on < window) : behind;
        if (lags) {
            m->late++;
            m->line_number[d->line] = d->number;
            m->line_heard[d->line] = true;
            return;
        }
    }
    bool other = false;
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->run[i].number == d->number) {
            m->copies++;
            return;
        }
        int64_t on = apart(m, d->number, m->run[i].number);
        other |= on <= -window || on >= window;
    }
    if (other) {
        m->strays += m->run_count;
        m->run_count = 0;
    }
    if (d->len > m->config.datagram_max)
        m->strays++;
    else if (m->run_count == MR_ARBITER_RUN - 1)
        believe(m, d);
    else
        put_in_order(m, m->run, &m->run_count, d);
}

static struct model_one *find(struct model_one *list, uint32_t count, uint64_t number)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i].number == number)
            return &list[i];
    return NULL;
}

static void copy(struct model *m, struct model_one *had, const struct model_one *d)
{
    m->copies++;
    had->seen |= d->seen;
    m->line_number[d->line] = d->number;
    m->line_heard[d->line] = true;
}

static void past(struct model *m, struct model_one *d)
{
    struct model_one *had = find(m->past, m->past_count, d->number);
    bool explained = had && !had->lost && !(had->seen & d->seen);
    if (!explained && d->recv_ns - m->progress_ns >= MR_ARBITER_IDLE_NS) {
        far(m, d, true);
    } else if (had && !had->lost) {
        copy(m, had, d);
    } else {
        m->late++;
        m->line_number[d->line] = d->number;
        m->line_heard[d->line] = true;
    }
}

static void place(struct model *m, struct model_one *d)
{
    int64_t ahead = apart(m, d->number, m->next), window = m->config.window;
    if (ahead < 0 && ahead >= -window) {
        past(m, d);
        return;
    }
    if (ahead < 0 || ahead >= 2 * window) {
        far(m, d, ahead < 0);
        return;
    }
    struct model_one *had = find(m->waiting, m->waiting_count, d->number);
    if (had) {
        copy(m, had, d);
        return;
    }
    progress(m, d);
    if (ahead > 0 && (m->config.lines == 1 || d->len > m->config.datagram_max))
        clear(m, (uint64_t)ahead, d->recv_ns);
    else if (ahead >= window) {
        clear(m, (uint64_t)(ahead - window + 1), d->recv_ns);
        go_on(m, d->recv_ns);
    }
    bool first = m->waiting_count == 0, now = d->number == m->next;
    put_in_order(m, m->waiting, &m->waiting_count, d);
    if (now) {
        go_on(m, d->recv_ns);
        return;
    }
    if (first)
        m->hole_ns = d->recv_ns;
    model_housekeep(m, d->recv_ns);
}

void model_take(struct model *m, uint16_t line, uint64_t number, uint32_t len, int64_t recv_ns)
{
    struct model_one d = {
        .number = number, .len = len, .line = line, .seen = (uint8_t)(1u << line), .recv_ns = recv_ns};
    m->datagrams++;
    if (!m->begun) {
        m->begun = true;
        m->next = number;
        m->progress_ns = recv_ns;
    }
    place(m, &d);
}

void model_short(struct model *m)
{
    m->datagrams++;
    m->short_ones++;
}

void model_housekeep(struct model *m, int64_t now_ns)
{
    if (m->waiting_count == 0 || now_ns - m->hole_ns < m->config.patience_ns)
        return;
    clear(m, (uint64_t)apart(m, m->waiting[0].number, m->next), now_ns);
    go_on(m, now_ns);
}
