#include "perf/soak/scene.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_S 30 /* until all is live */

/* ---- the data plane's process ---- */

struct place { /* of the exchange, told by the pipe */
    uint16_t port;
    char ca_file[256];
};

static void plane_process(struct mr_plane_config *config, int pipe)
{
    struct place at;
    struct mr_plane *plane;
    struct mr_err err = {""};
    sigset_t ends;
    const struct timespec turn = {0, 100000000};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    if (read(pipe, &at, sizeof at) != sizeof at)
        _exit(0); /* there is no exchange, and that was said */
    close(pipe);
    memcpy(config->ca_file, at.ca_file, sizeof config->ca_file);
    for (uint32_t i = 0; i < config->feed_count; i++)
        config->feeds[i].fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = at.port};
    if (mr_plane_open(&plane, config, NULL, &err) != MR_OK || mr_plane_start(plane, &err) != MR_OK) {
        fprintf(stderr, "soak: data plane: %s\n", err.text);
        _exit(3);
    }
    while (!mr_plane_done(plane) && sigtimedwait(&ends, NULL, &turn) < 0) {
    }
    mr_plane_stop(plane);
    mr_plane_close(plane);
    _exit(0);
}

static int begin_plane(struct mr_soak_scene *s, struct mr_err *err)
{
    int ends[2];
    if (pipe(ends) != 0)
        return mr_err_set(err, MR_E_IO, "pipe: %s", strerror(errno));
    s->plane = fork();
    if (s->plane < 0)
        return mr_err_set(err, MR_E_IO, "fork: %s", strerror(errno));
    if (s->plane == 0) {
        close(ends[1]);
        plane_process(&s->config, ends[0]);
    }
    close(ends[0]);
    s->to_plane = ends[1];
    return MR_OK;
}

/* ---- what is played, and followed ---- */

/* Messages a second that this market makes: two seconds of it, not sent to anybody. */
static double rate_of(const struct mr_market_config *config)
{
    struct mr_market_config c = *config;
    struct mr_market *market = malloc(mr_market_bytes(&c));
    struct mr_piece piece;
    uint64_t begun = 0, n = 0;
    MR_ASSERT(market);
    c.start_ns = 1700000000000000000;
    c.duration_ns = 10000000000;
    mr_market_init(market, &c);
    while (mr_market_until(market, c.start_ns + 1000000000, &piece) == MR_OK)
        begun++; /* each channel begins somewhere in the first second */
    while (mr_market_until(market, c.start_ns + 3000000000, &piece) == MR_OK)
        n += piece.kind == MR_PIECE_FRAME;
    free(market);
    return begun ? (double)n / 2 : 0;
}

/* How many books and trades a second make `rate` messages: proportional, but for the few a second that come at their own pace. */
static void choose_rate(struct mr_market_config *market, uint32_t rate)
{
    market->books_per_s = 100;
    market->trades_per_s = 50;
    double at_100 = rate_of(market);
    market->books_per_s = 20;
    market->trades_per_s = 10;
    double at_20 = rate_of(market), each = (at_100 - at_20) / 80, rest = at_100 - 100 * each;
    double books = ((double)rate - rest) / each;
    market->books_per_s = books < 2 ? 2 : (uint32_t)books;
    market->trades_per_s = market->books_per_s / 2;
}

static void follow(struct mr_soak_scene *s, uint8_t venue, uint8_t product, const char *symbol)
{
    struct mr_plane_config *c = &s->config;
    char name[40];
    snprintf(name, sizeof name, "%s:%s", mr_venue_by_id(venue)->name, mr_venue_by_id(venue)->products[product].name);
    uint32_t i = 0;
    while (i < c->feed_count && strcmp(c->feeds[i].product, name) != 0)
        i++;
    MR_ASSERT(i < MR_PLANE_FEEDS_MAX);
    struct mr_plane_feed *f = &c->feeds[i];
    c->feed_count = i == c->feed_count ? i + 1 : c->feed_count;
    snprintf(f->product, sizeof f->product, "%s", name);
    snprintf(f->symbols[f->symbol_count++].name, sizeof f->symbols[0].name, "%s", symbol);
}

static void follow_all(struct mr_soak_scene *s)
{
    struct mr_market_config c = s->market;
    c.duration_ns = 1000000000;
    struct mr_market *market = malloc(mr_market_bytes(&c));
    MR_ASSERT(market);
    mr_market_init(market, &c);
    for (uint32_t i = 0; i < mr_market_instruments(market); i++) {
        uint8_t venue, product;
        const char *symbol;
        mr_market_instrument(market, i, &venue, &product, &symbol);
        follow(s, venue, product, symbol);
        s->books +=
            (mr_venue_by_id(venue)->products[product].channels & MR_DEPTH) != 0; /* those without are the last ones */
    }
    free(market);
}

static void configure(struct mr_soak_scene *s)
{
    struct mr_plane_config *c = &s->config;
    char folder[sizeof s->folder];
    memcpy(folder, s->folder, sizeof folder);
    mr_plane_config_default(c);
    snprintf(c->instance, sizeof c->instance, "soak");
    snprintf(c->workspace, sizeof c->workspace, "%s/workspace", folder);
    snprintf(c->data, sizeof c->data, "%s", folder);
    c->instruments_max = 64;
    c->books_max = 32;
    c->dials_per_minute = 600; /* of one product; the faults cut each several times a minute */
    c->quarantine = false;
    if (sysconf(_SC_NPROCESSORS_ONLN) <= 3) /* an idle plane would take the time that the exchange beside it needs */
        c->wait = MR_WAIT_PARK;
}

/* ---- faults ---- */

static uint64_t draw(uint64_t *seed, uint64_t bound)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint64_t)(((mr_u128)(z ^ (z >> 31)) * bound) >> 64);
}

/* Every fault of every product, but the end of the whole exchange, which is all products' at once. */
static void make_deck(struct mr_soak_scene *s)
{
    for (uint8_t kind = 0; kind < MR_FAULT_KINDS; kind++)
        for (uint32_t i = 0; i < s->config.feed_count && s->deck_count < MR_SOAK_DECK_MAX; i++) {
            struct mr_exchange_fault *f = &s->deck[s->deck_count++];
            *f = (struct mr_exchange_fault){.kind = kind, .count = 3, .seconds = 0.5};
            if (kind == MR_FAULT_RESTART)
                break;
            memcpy(f->product, s->config.feeds[i].product, sizeof f->product);
        }
    for (uint32_t i = s->deck_count; i > 1; i--) {
        uint64_t with = draw(&s->seed, i);
        struct mr_exchange_fault other = s->deck[with];
        s->deck[with] = s->deck[i - 1];
        s->deck[i - 1] = other;
    }
}

const struct mr_exchange_fault *mr_soak_scene_fault(struct mr_soak_scene *s)
{
    const struct mr_exchange_fault *f = &s->deck[s->dealt++ % s->deck_count];
    struct mr_err err;
    return mr_exchange_fault(s->exchange, f, &err) == MR_OK ? f : NULL;
}

/* ---- open, wait, close ---- */

bool mr_soak_scene_wait(struct mr_soak_scene *s, double seconds)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGCHLD);
    seconds = seconds > 0 ? seconds : 0;
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)s;
    return sigtimedwait(&ends, NULL, &t) < 0;
}

bool mr_soak_scene_live(struct mr_soak_scene *s, double seconds, char *why, size_t room)
{
    double end = mr_soak_now_s() + seconds;
    while (!mr_soak_look_live(s->look, why, room))
        if (mr_soak_now_s() > end || !mr_soak_scene_wait(s, 0.05))
            return false;
    return true;
}

static int attach(struct mr_soak_scene *s, struct mr_err *err)
{
    double end = mr_soak_now_s() + START_S;
    char why[256] = "";
    while (mr_soak_look_open(&s->look, s->plane, s->config.workspace, s->books, err) != MR_OK)
        if (mr_soak_now_s() > end || !mr_soak_scene_wait(s, 0.02))
            return mr_err_set(err, MR_E_IO, "the data plane did not start");
    if (!mr_soak_scene_live(s, START_S, why, sizeof why))
        return mr_err_set(err, MR_E_IO, "not live after %d s: %s", START_S, why);
    return MR_OK;
}

int mr_soak_scene_open(struct mr_soak_scene *s, uint64_t seed, uint32_t rate, struct mr_err *err)
{
    struct place at = {0};
    *s = (struct mr_soak_scene){.to_plane = -1, .seed = seed};
    snprintf(s->folder, sizeof s->folder, "%s/millrace-soak-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(s->folder))
        return mr_err_set(err, MR_E_IO, "%s: %s", s->folder, strerror(errno));
    s->market = (struct mr_market_config){.seed = seed, .venues = MR_MARKET_ALL, .full = true};
    configure(s);
    follow_all(s);
    make_deck(s);
    int status = begin_plane(s, err);
    if (status)
        return status;
    choose_rate(&s->market, rate);
    const struct mr_exchange_config config = {
        .certs = s->folder, .patient = true, .tape = {.pace = 1, .market = s->market}};
    status = mr_exchange_open(&s->exchange, &config, err);
    if (status == MR_OK)
        status = mr_exchange_start(s->exchange, err);
    if (status)
        return status;
    at.port = mr_exchange_port(s->exchange);
    snprintf(at.ca_file, sizeof at.ca_file, "%s", mr_exchange_ca(s->exchange));
    if (write(s->to_plane, &at, sizeof at) != sizeof at)
        return mr_err_set(err, MR_E_IO, "pipe: %s", strerror(errno));
    return attach(s, err);
}

void mr_soak_scene_close(struct mr_soak_scene *s)
{
    char command[128];
    if (s->to_plane >= 0)
        close(s->to_plane);
    if (s->plane > 0) {
        kill(s->plane, SIGTERM);
        waitpid(s->plane, NULL, 0);
    }
    if (s->look)
        mr_soak_look_close(s->look);
    if (s->exchange) {
        mr_exchange_stop(s->exchange);
        mr_exchange_close(s->exchange);
    }
    snprintf(command, sizeof command, "rm -r '%s'", s->folder);
    if (s->folder[0] && system(command) != 0)
        fprintf(stderr, "soak: %s is left behind\n", s->folder);
}

/* ---- books against the exchange's own ---- */

static bool same_book(struct mr_soak_scene *s, uint32_t id, struct mr_truth *truth)
{
    struct mr_instrument it;
    struct mr_plane_book ours;
    struct mr_err err;
    char product[40];
    if (!mr_soak_look_instrument(s->look, id, &it) || !mr_soak_look_book(s->look, id, &ours) || !ours.live)
        return false;
    const struct mr_venue *venue = mr_venue_by_id(it.venue);
    snprintf(product, sizeof product, "%s:%s", venue->name, venue->products[it.product].name);
    return mr_exchange_book(s->exchange, product, it.symbol, MR_PLANE_BOOK_LEVELS, truth, &err) == MR_OK &&
           mr_truth_same(truth, false, ours.bids, ours.bid_count, MR_PLANE_BOOK_LEVELS, &it) &&
           mr_truth_same(truth, true, ours.asks, ours.ask_count, MR_PLANE_BOOK_LEVELS, &it);
}

static uint32_t count_same(struct mr_soak_scene *s, struct mr_truth *truth, char *other, size_t room)
{
    uint32_t same = 0;
    other[0] = 0;
    for (uint32_t id = 0; id < s->books; id++) {
        struct mr_instrument it = {0};
        if (same_book(s, id, truth))
            same++;
        else if (!other[0] && mr_soak_look_instrument(s->look, id, &it))
            snprintf(other, room, "%s %s", mr_venue_by_id(it.venue)->name, it.symbol);
    }
    return same;
}

/* A message that a fault swaps may still be held back: then the market goes on a little and stands still again. */
uint32_t mr_soak_scene_equal(struct mr_soak_scene *s, char *other, size_t room)
{
    struct mr_truth *truth = malloc(sizeof *truth);
    uint32_t same = 0;
    MR_ASSERT(truth);
    for (int round = 0; round < 20 && same < s->books; round++) {
        mr_exchange_pause(s->exchange, false);
        bool on = !round || mr_soak_scene_wait(s, 0.3);
        mr_exchange_pause(s->exchange, true);
        for (int i = 0; i < 30 && same < s->books && on; i++) {
            on = mr_soak_scene_wait(s, 0.05);
            same = count_same(s, truth, other, room);
        }
        if (!on)
            break;
    }
    free(truth);
    return same;
}
