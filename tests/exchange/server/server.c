/* The exchange's one loop: connections, the tape, faults, time. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/exchange/server/server_priv.h"

#define EVENTS_MAX 64
#define PIECES_MAX 512 /* of the tape a round */
#define ACCEPT_MAX 32  /* a round */
#define TICK_NS 5000000

static int64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- callers from other threads ---- */

static void enter(struct mr_exchange *x)
{
    atomic_fetch_add(&x->waiting, 1);
    pthread_mutex_lock(&x->lock);
    atomic_fetch_sub(&x->waiting, 1);
    x->now_ns = wall_ns();
}

static void leave(struct mr_exchange *x)
{
    pthread_mutex_unlock(&x->lock);
    const uint64_t one = 1;
    if (write(x->wake, &one, sizeof one) < 0) { /* it is awake already */
    }
}

int mr_exchange_fault(struct mr_exchange *x, const struct mr_exchange_fault *fault, struct mr_err *err)
{
    enter(x);
    int status = mr_fault_begin(x, fault, err);
    leave(x);
    return status;
}

void mr_exchange_pause(struct mr_exchange *x, bool paused)
{
    enter(x);
    mr_tape_pause(x->tape, paused, x->now_ns - x->stood_ns);
    leave(x);
}

int mr_exchange_book(struct mr_exchange *x, const char *product, const char *symbol, uint32_t levels,
                     struct mr_truth *out, struct mr_err *err)
{
    const struct mr_venue *venue;
    uint8_t row;
    int status = mr_venue_parse(product, &venue, &row, err);
    if (status)
        return status;
    enter(x);
    status = mr_tape_truth(x->tape, venue->id, row, mr_span_of(symbol), levels, out);
    leave(x);
    return status == MR_OK ? MR_OK
                           : mr_err_set(err, status, "%s %s: %s", product, symbol,
                                        status == MR_E_EMPTY ? "no book yet" : "no such instrument");
}

void mr_exchange_tap(struct mr_exchange *x, mr_exchange_said_fn *said, void *arg)
{
    enter(x);
    x->said = said;
    x->said_arg = arg;
    leave(x);
}

static void count_subscriptions(struct mr_exchange *x)
{
    x->stats.subscriptions = 0;
    for (uint32_t i = 0; i < x->open_count; i++)
        if (x->open[i]->state == CONN_SOCKET)
            x->stats.subscriptions += x->open[i]->talk.sub_count;
}

void mr_exchange_stats(struct mr_exchange *x, struct mr_exchange_stats *out)
{
    enter(x);
    count_subscriptions(x);
    *out = x->stats;
    leave(x);
}

void mr_exchange_stats_json(const struct mr_exchange_stats *s, struct mr_text *out)
{
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
#define MR_X(name, what) mr_json_out_u64(&j, #name, s->name);
    MR_EXCHANGE_STATS(MR_X)
#undef MR_X
    mr_json_out_object(&j, "faults");
    for (unsigned i = 0; i < MR_FAULT_KINDS; i++)
        mr_json_out_u64(&j, mr_fault_name((enum mr_fault_kind)i), s->faults[i]);
    mr_json_out_end(&j);
    mr_json_out_object(&j, "delivered_by_venue");
    for (uint8_t id = 1; id <= MR_VENUE_ID_MAX; id++)
        if (s->by_venue[id])
            mr_json_out_u64(&j, mr_venue_by_id(id)->name, s->by_venue[id]);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
}

/* ---- restart, notice ---- */

static void end_all(struct mr_exchange *x)
{
    while (x->open_count)
        mr_conn_end(x->open[x->open_count - 1]);
}

void mr_exchange_restart(struct mr_exchange *x, double seconds)
{
    end_all(x);
    if (x->listener >= 0)
        close(x->listener); /* who dials now is refused by the system */
    x->listener = -1;
    x->closed_until_ns = x->now_ns + (int64_t)(seconds * 1e9);
    mr_tape_renumber(x->tape);
}

void mr_conn_notice(struct conn *c)
{
    char out[256];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    switch (c->talk.place.venue) {
    case MR_VENUE_binance:
        mr_text_format(&t, "%s{\"e\":\"serverShutdown\",\"E\":%lld}%s",
                       c->talk.place.wrapped ? "{\"stream\":\"!serverShutdown\",\"data\":" : "",
                       (long long)(c->x->now_ns / 1000000), c->talk.place.wrapped ? "}" : "");
        break;
    case MR_VENUE_okx:
        mr_text_add(&t, "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed for a "
                        "service upgrade. Please reconnect.\",\"connId\":\"a4d3ae55\"}");
        break;
    default:
        break; /* these end without notice */
    }
    if (t.len)
        mr_exchange_host.say(c, t.out, t.len);
    if (c->state == CONN_SOCKET)
        mr_conn_close(c, 1001, "going away");
}

void mr_exchange_notice(struct mr_exchange *x)
{
    for (uint32_t i = x->open_count; i-- > 0;)
        if (x->open[i]->state == CONN_SOCKET)
            mr_conn_notice(x->open[i]);
}

/* ---- the loop ---- */

static void take_connections(struct mr_exchange *x)
{
    for (int i = 0; i < ACCEPT_MAX; i++) {
        int fd = accept4(x->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        mr_conn_take(x, fd);
    }
}

/* At full speed the tape waits for the slowest: nothing more while a queue is half full, or while nobody listens. */
static bool held_back(const struct mr_exchange *x)
{
    bool listened = false;
    if (x->config.tape.pace > 0 && !x->config.patient)
        return false;
    for (uint32_t i = 0; i < x->open_count; i++) {
        const struct conn *c = x->open[i];
        listened |= c->state == CONN_SOCKET && c->talk.sub_count > 0;
        if (c->state == CONN_SOCKET && c->tail - c->head > x->config.queue_bytes / (x->config.patient ? 4 : 2))
            return true;
    }
    return !listened && !x->config.patient;
}

/* The tape's clock: the wall's, less what a patient exchange has waited. */
static int64_t tape_ns(struct mr_exchange *x)
{
    if (x->config.patient && x->played_ns && (x->late || held_back(x)))
        x->stood_ns += x->now_ns - x->played_ns;
    x->stats.stood_ms = (uint64_t)x->stood_ns / 1000000;
    x->played_ns = x->now_ns;
    return x->now_ns - x->stood_ns;
}

/* How many pieces were due; below zero: a recording cannot begin anew. */
static int play(struct mr_exchange *x, struct mr_err *err)
{
    struct mr_piece piece;
    const int64_t now_ns = tape_ns(x);
    int n = 0;
    while ((n < PIECES_MAX && !held_back(x)) || mr_tape_unfinished(x->tape)) {
        int status = mr_tape_next(x->tape, now_ns, &piece);
        if (status == MR_E_END) {
            mr_exchange_notice(x);
            x->stats.loops++;
            status = mr_tape_begin(x->tape, now_ns, err);
            return status < 0 ? status : n;
        }
        if (status)
            break;
        mr_deliver(x, &piece);
        if (x->account)
            mr_account_piece(x, &piece);
        n++;
    }
    x->late = n == PIECES_MAX || held_back(x);
    return n;
}

static int tick(struct mr_exchange *x, struct mr_err *err)
{
    x->ticked_ns = x->now_ns;
    mr_fault_tick(x);
    for (uint32_t i = x->open_count; i-- > 0;)
        mr_conn_tick(x->open[i]);
    if (x->listener < 0 && x->now_ns >= x->closed_until_ns)
        return mr_exchange_listen(x, err);
    return MR_OK;
}

/* Flushes what was written; true: some connection has more to read than epoll will tell. */
static bool flush(struct mr_exchange *x)
{
    bool more = false;
    for (uint32_t i = x->open_count; i-- > 0;) {
        struct conn *c = x->open[i];
        more |= c->more;
        if (c->dirty && !c->wants_out)
            mr_conn_flush(c);
    }
    return more;
}

static void take_event(struct mr_exchange *x, const struct epoll_event *e)
{
    uint64_t count;
    if (e->data.ptr == &x->listener) {
        take_connections(x);
    } else if (e->data.ptr == &x->wake) {
        if (read(x->wake, &count, sizeof count) < 0) { /* somebody else has read it */
        }
    } else {
        struct conn *c = e->data.ptr;
        if (c->state != CONN_FREE)
            mr_conn_event(c, e->events);
    }
}

static int round_once(struct mr_exchange *x, int timeout_ms, bool *busy, struct mr_err *err)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(x->epoll, events, EVENTS_MAX, timeout_ms), status = MR_OK;
    while (atomic_load(&x->waiting))
        sched_yield();
    pthread_mutex_lock(&x->lock);
    x->now_ns = wall_ns();
    for (int i = 0; i < n; i++)
        take_event(x, &events[i]);
    for (uint32_t i = x->open_count; i-- > 0;)
        if (x->open[i]->more)
            mr_conn_event(x->open[i], EPOLLIN);
    int played = play(x, err);
    if (x->account)
        mr_account_step(x);
    if (x->now_ns - x->ticked_ns >= TICK_NS)
        status = tick(x, err);
    *busy = flush(x) || played == PIECES_MAX;
    pthread_mutex_unlock(&x->lock);
    return played < 0 ? played : status;
}

int mr_exchange_run(struct mr_exchange *x, double seconds, struct mr_err *err)
{
    int64_t end = seconds > 0 ? wall_ns() + (int64_t)(seconds * 1e9) : INT64_MAX;
    bool busy = false;
    int status = MR_OK;
    while (status == MR_OK && !atomic_load(&x->stopping) && wall_ns() < end)
        status = round_once(x, busy ? 0 : 1, &busy, err);
    pthread_mutex_lock(&x->lock);
    mr_exchange_notice(x);
    flush(x);
    end_all(x);
    pthread_mutex_unlock(&x->lock);
    return status;
}
