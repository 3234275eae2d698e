#include "perf/controlplane/kill/scene.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/admin/admin.h"
#include "controlplane/admin/look.h"
#include "controlplane/cmd/hands.h"
#include "dataplane/tile/tile.h"
#include "tests/controlplane/consume/writer.h"
#include "tests/support/support.h"

#define MID 6000000000000
#define CONFIG 42

struct scene {
    struct writer plane;
    struct mr_config config;
    struct mr_desk *desk;
    struct mr_desk_probe probe;
    struct mr_hands hands;
    struct mr_admin *admin;
    struct mr_log *log;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_fs_event_t watch;
    uv_async_t answers;
    pthread_t io, market;
    char run[128], limits[200], kill_file[300], log_file[200];
    _Atomic bool halt;
    uint64_t seq;
    /* written by the trade tile */
    MR_ALIGNED _Atomic uint64_t round;
    _Atomic int64_t last_cancel_ns;
    _Atomic uint32_t cancels, placed_after, all;
    /* written by who measures */
    MR_ALIGNED _Atomic uint64_t closed_round; /* 0: not closed */
};

static int64_t wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* ---- on the trade tile ---- */

static void on_round(void *arg)
{
    struct scene *s = arg;
    atomic_store(&s->round, atomic_load_explicit(&s->round, memory_order_relaxed) + 1);
}

static void on_handed(void *arg, const struct mr_request *r)
{
    struct scene *s = arg;
    if (r->kind == MR_REQUEST_CANCEL || r->kind == MR_REQUEST_CANCEL_ALL) {
        atomic_store(&s->last_cancel_ns, mr_clock_mono());
        atomic_fetch_add(r->kind == MR_REQUEST_CANCEL ? &s->cancels : &s->all, 1);
    }
    uint64_t closed = atomic_load(&s->closed_round);
    if (r->kind == MR_REQUEST_PLACE && !(r->order.flags & MR_ORDER_EMERGENCY) && closed &&
        atomic_load_explicit(&s->round, memory_order_relaxed) > closed)
        atomic_fetch_add(&s->placed_after, 1);
}

/* ---- the market ---- */

static void book(struct scene *s)
{
    int64_t now = wall(), mid = MID + (int64_t)(s->seq % 7) * 10000000;
    struct mr_plane_book b = {.live = 1,
                              .seq = ++s->seq,
                              .recv_ns = now,
                              .bid_count = MR_PLANE_BOOK_LEVELS,
                              .ask_count = MR_PLANE_BOOK_LEVELS};
    for (int i = 0; i < MR_PLANE_BOOK_LEVELS; i++) {
        b.bids[i] = (struct mr_level){mid - (i + 1) * 10000000, 500000000};
        b.asks[i] = (struct mr_level){mid + (i + 1) * 10000000, 500000000};
    }
    mr_image_write(s->plane.book, &b, sizeof b);
}

static void print_trade(struct scene *s)
{
    int64_t now = wall();
    union mr_slot slot = {.event = {.recv_ns = now,
                                    .venue_ns = now,
                                    .seq = ++s->seq,
                                    .price = MID,
                                    .size = 1000000,
                                    .kind = MR_EVENT_TRADE,
                                    .flags = MR_FLAG_FIRST | MR_FLAG_LAST}};
    mr_ring_put(&s->plane.events, &slot, 1);
}

/* About two thousand books and as many trades a second. */
static void *market(void *arg)
{
    struct scene *s = arg;
    while (!atomic_load(&s->halt)) {
        for (int i = 0; i < 2; i++) {
            book(s);
            print_trade(s);
        }
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return NULL;
}

/* ---- the io thread, as the control plane's process has it ---- */

static void on_folder(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct scene *s = watch->data;
    (void)events;
    if (status == 0 && (!name || strcmp(name, "KILL") == 0))
        mr_kill_poll(&s->hands.kill, wall());
}

static void on_timer(uv_timer_t *timer)
{
    struct scene *s = timer->data;
    struct mr_desk_line line;
    mr_hands_poll(&s->hands, wall());
    mr_desk_io(s->desk, wall());
    while (mr_desk_line(s->desk, &line))
        MR_LOG(s->log, MR_LOG_INFO, "%s: %s", mr_trade_told_name(line.kind), line.text);
    mr_admin_answers(s->admin);
    if (atomic_load(&s->halt))
        uv_stop(&s->loop);
}

static void *io(void *arg)
{
    mr_thread_prompt();
    uv_run(&((struct scene *)arg)->loop, UV_RUN_DEFAULT);
    return NULL;
}

static int steer(void *self, const struct mr_steer_act *act, struct mr_ask *ask, struct mr_err *said)
{
    return mr_desk_steer(((struct scene *)self)->desk, act, ask, said);
}

static void answered(void *arg) { uv_async_send(&((struct scene *)arg)->answers); }
static void on_answers(uv_async_t *answers) { mr_admin_answers(((struct scene *)answers->data)->admin); }

static void look(void *self, struct mr_steer_state *out)
{
    static struct mr_trade_show show; /* of the io thread */
    mr_desk_look(((struct scene *)self)->desk, &show);
    *out = show.steer;
}

/* ---- making ---- */

/* Wide: 200 orders at once are what is measured, not what is refused. */
static int write_limits(struct scene *s, struct mr_err *err)
{
    static const char *const scopes[] = {"firm", "venue", "strategy", "symbol"};
    FILE *f = fopen(s->limits, "we");
    if (!f)
        return mr_err_set(err, MR_E_IO, "%s: cannot be written", s->limits);
    fputs("order:\n  collar_mid_pct: 50\n  collar_last_pct: 50\n  duplicate_window: 1ms\n"
          "rate:\n  orders_max: 1000\n  strategy_orders_max: 1000\n  orders_window: 1ms\n  cancels_max: 1000\n"
          "  cancels_window: 1ms\n  weight_max: 1000000\n  weight_window: 1ms\n  ratio_max: 1000000\n"
          "  repeats_max: 1000000\n  repeats_window: 1ms\n"
          "account:\n  position_share_pct: 100\n  symbol_share_pct: 100\n  margin_use_pct: 100\n",
          f);
    for (size_t i = 0; i < MR_COUNT_OF(scopes); i++)
        fprintf(f, "%s:\n  gross_max: 100000000\n  net_max: 100000000\n  orders_max: 1000\n  notional_max: 100000000\n",
                scopes[i]);
    fputs("markets:\n  - market: \"*\"\n    order_size_max: 10\n    position_max: 1000\n", f);
    return fclose(f) == 0 ? MR_OK : mr_err_set(err, MR_E_IO, "%s: cannot be written", s->limits);
}

static void configure(struct scene *s)
{
    struct mr_config *c = &s->config;
    mr_config_default(c);
    snprintf(c->plane.instance, sizeof c->plane.instance, "test");
    snprintf(c->plane.data, sizeof c->plane.data, "%s/data", s->run);
    snprintf(c->control.socket, sizeof c->control.socket, "%s/admin.sock", s->run);
    snprintf(c->journal.folder, sizeof c->journal.folder, "%s/journal", s->run);
    snprintf(c->trade.limits, sizeof c->trade.limits, "%s", s->limits);
    snprintf(c->trade.instruments[0], sizeof c->trade.instruments[0], "binance:spot:BTCUSDT");
    snprintf(c->trade.strategies[0], sizeof c->trade.strategies[0], "follower");
    c->trade.instrument_count = c->trade.strategy_count = 1;
    c->trade.enabled = c->trade.at_start = true;
    c->trade.atr_bar_s = 1;
    c->trade.cash = 100000000;
    c->trade.latency_ns = 0;
    snprintf(s->kill_file, sizeof s->kill_file, "%s/KILL", c->plane.data);
}

static int open_desk(struct scene *s, struct mr_err *err)
{
    static const char *const names[] = {"test"};
    const char *const workspaces[] = {s->plane.path};
    s->probe =
        (struct mr_desk_probe){s, on_round, on_handed, {.quota = 1000000, .burst = 1000000, .window_ns = 1000000}};
    const struct mr_desk_config desk = {.trading = &s->config.trade,
                                        .journal = &s->config.journal,
                                        .instance = "test",
                                        .run_folder = s->run,
                                        .build = "bench",
                                        .kill = s->hands.page,
                                        .config_hash = CONFIG,
                                        .names = names,
                                        .workspaces = workspaces,
                                        .plane_count = 1,
                                        .probe = &s->probe,
                                        .answered = answered,
                                        .arg = s,
                                        .cores = {-1, -1}};
    int status = mr_desk_open(&s->desk, &desk, err);
    return status ? status : mr_desk_start(s->desk, err);
}

static int open_io(struct scene *s, struct mr_err *err)
{
    s->hands.admin.steer = steer;
    s->hands.admin.look = look;
    s->hands.admin.self = s;
    s->hands.admin.desk = s->desk;
    const struct mr_admin_config admin = {
        .control = s->config.control, .version = "", .build = "bench", .log = s->log, .hands = &s->hands.admin};
    uv_timer_init(&s->loop, &s->timer);
    uv_fs_event_init(&s->loop, &s->watch);
    s->timer.data = s->watch.data = s;
    int status = mr_admin_open(&s->admin, &s->loop, &admin, err);
    if (status)
        return status;
    uv_timer_start(&s->timer, on_timer, 0, 5);
    if (uv_fs_event_start(&s->watch, on_folder, s->hands.folder.path, 0) != 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot be watched", s->hands.folder.path);
    return pthread_create(&s->io, NULL, io, s) == 0 ? MR_OK : MR_E_NOMEM;
}

static int wait_for_trading(struct scene *s, struct mr_err *err)
{
    static struct mr_trade_show show;
    for (int i = 0; i < 600; i++) {
        nanosleep(&(struct timespec){0, 100000000}, NULL);
        scene_show(s, &show);
        if (show.steer.state == MR_LIFE_TRADING)
            return MR_OK;
    }
    return mr_err_set(err, MR_E_AGAIN, "it does not trade: %.200s", show.why);
}

int scene_open(struct scene **out, struct mr_err *err)
{
    struct scene *s = aligned_alloc(128, (sizeof *s + 127) / 128 * 128);
    MR_ASSERT(s);
    memset(s, 0, sizeof *s);
    *out = s;
    writer_folder(&s->plane);
    s->plane.config = CONFIG;
    writer_start(&s->plane, 4096);
    struct mr_instrument it = *mr_instruments_get(s->plane.table, 0);
    it.tick = 1000000;
    it.lot = 1000;
    MR_ASSERT(mr_instruments_add(s->plane.table, &it) == 0);
    snprintf(s->run, sizeof s->run, "%s/run", s->plane.folder);
    snprintf(s->limits, sizeof s->limits, "%s/limits.yaml", s->run);
    snprintf(s->log_file, sizeof s->log_file, "%s/log", s->run);
    if (mkdir(s->run, 0700) != 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot be made", s->run);
    configure(s);
    uv_loop_init(&s->loop);
    uv_async_init(&s->loop, &s->answers, on_answers);
    s->answers.data = s;
    int status = write_limits(s, err);
    if (!status)
        status = mr_log_open(&s->log, s->log_file, false, MR_LOG_INFO, err);
    if (!status)
        status = mr_hands_open(&s->hands, &s->config, "test", s->run, "bench", s->log, err);
    if (!status)
        status = open_desk(s, err);
    if (!status)
        status = open_io(s, err);
    if (!status && pthread_create(&s->market, NULL, market, s) != 0)
        status = MR_E_NOMEM;
    return status ? status : wait_for_trading(s, err);
}

void scene_close(struct scene *s)
{
    atomic_store(&s->halt, true);
    if (s->market)
        pthread_join(s->market, NULL);
    if (s->io)
        pthread_join(s->io, NULL);
    mr_desk_close(s->desk); /* first: its tile answers to the loop */
    if (s->admin) {
        mr_admin_close(s->admin);
        uv_close((uv_handle_t *)&s->timer, NULL);
        uv_close((uv_handle_t *)&s->watch, NULL);
        uv_close((uv_handle_t *)&s->answers, NULL);
        uv_run(&s->loop, UV_RUN_DEFAULT);
        uv_loop_close(&s->loop);
    }
    mr_hands_close(&s->hands);
    if (s->log)
        mr_log_close(s->log);
    mr_test_remove(s->run);
    writer_remove(&s->plane);
    free(s);
}

/* ---- acting on it ---- */

const struct mr_kill_page *scene_page(const struct scene *s) { return s->hands.page; }
const char *scene_kill_file(const struct scene *s) { return s->kill_file; }
void scene_show(struct scene *s, struct mr_trade_show *out) { mr_desk_look(s->desk, out); }

bool scene_say(struct scene *s, const char *command, char *reply, size_t bytes)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char line[300], text[4096];
    size_t len = 0;
    snprintf(to.sun_path, sizeof to.sun_path, "%.107s", s->config.control.socket);
    int n = snprintf(line, sizeof line, "%s\n", command), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && write(fd, line, (size_t)n) == n;
    while (good && len + 1 < sizeof text) {
        ssize_t got = read(fd, text + len, sizeof text - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        if ((len == 2 && memcmp(text, ".\n", 2) == 0) || (len > 2 && memcmp(text + len - 3, "\n.\n", 3) == 0))
            break;
    }
    text[len] = 0;
    if (fd >= 0)
        close(fd);
    if (reply)
        snprintf(reply, bytes, "%s", text);
    return good && len && strncmp(text, "error", 5) != 0;
}

void scene_watch(struct scene *s)
{
    atomic_store(&s->closed_round, 0);
    atomic_store(&s->last_cancel_ns, 0);
    atomic_store(&s->cancels, 0);
    atomic_store(&s->all, 0);
    atomic_store(&s->placed_after, 0);
}

void scene_closed(struct scene *s) { atomic_store(&s->closed_round, atomic_load(&s->round)); }

void scene_seen(struct scene *s, struct scene_seen *out)
{
    *out = (struct scene_seen){atomic_load(&s->last_cancel_ns), atomic_load(&s->all) > 0, atomic_load(&s->cancels),
                               atomic_load(&s->placed_after)};
}
