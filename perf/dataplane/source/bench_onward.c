/* From the sender's call to what a message ends in: all engines done, and the signal given where it makes one. TLS over the loopback, 100,000
 * messages a second, received by spinning; then decoder, join, ring and engines on the same thread, as on a host of two processors. Beside it, in
 * turns, a bare TCP one-way: the same number of bytes from the same sender at the same pace, taken by spinning on recv or on epoll_wait, whichever
 * is faster. What is judged is how far the one's p50 lies above the other's: all that we add to the kernel's way. */
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/player/player.h"
#include "perf/bench.h"
#include "perf/dataplane/source/receivers.h"
#include "perf/dataplane/source/source_sender.h"

#define COUNT 5000u
#define PACE_NS 10000
#define PASSES_MAX 31u
#define ABOVE_NS_MOST 1000

static const struct kind {
    const char *name, *work, *payload;
} kinds[] = {
    {"liquidation", "forceOrder of 226 B",
     "{\"stream\":\"btcusdt@forceOrder\",\"data\":{\"e\":\"forceOrder\",\"E\":1700000000123,\"o\":{\"s\":\"BTCUSDT\","
     "\"S\":\"SELL\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"0.014\",\"p\":\"67123.40\",\"ap\":\"67124.20\",\"X\":"
     "\"FILLED\",\"l\":\"0.014\",\"z\":\"0.014\",\"T\":1700000000120}}}"},
    {"update", "depthUpdate of 296 B, 8 levels", sender_update},
};

/* To the data plane on this thread. */
struct plane {
    struct mr_player *player;
    const struct mr_venue *venue;
    uint8_t product;
    uint32_t held;         /* messages that wait for their book */
    uint32_t count;        /* frames given, */
    uint64_t begun[COUNT]; /* and when each was: decrypted, and checked as a WebSocket frame */
};

static int give(struct plane *to, uint8_t kind, struct mr_span name, const uint8_t *data, uint32_t len,
                const struct mr_piece *from)
{
    const struct mr_piece piece = {.data = (uint8_t *)(uintptr_t)data,
                                   .len = len,
                                   .kind = kind,
                                   .clock = from->clock,
                                   .venue = to->venue->id,
                                   .product = to->product,
                                   .recv_ns = from->recv_ns,
                                   .name = name};
    return mr_player_piece(to->player, &piece);
}

/* The book that the first update belongs to: it is held until this comes. */
static void give_book(struct plane *to, const struct mr_piece *from)
{
    char body[200];
    int len = snprintf(body, sizeof body,
                       "{\"lastUpdateId\":%llu,\"E\":1700000000000,\"T\":1700000000000,\"bids\":[[\"67123.40\",\"1\"]],"
                       "\"asks\":[[\"67123.50\",\"1\"]]}",
                       (unsigned long long)SENDER_FIRST);
    if (give(to, MR_PIECE_REST, mr_span_of("/fapi/v1/depth?symbol=BTCUSDT&limit=1000"), (const uint8_t *)body,
             (uint32_t)len, from) < 1)
        abort();
}

static void onward(void *arg, const struct mr_ws_frame *frame, const struct mr_piece *from)
{
    struct plane *to = arg;
    to->begun[to->count++] = mr_bench_now_ns();
    int groups = give(to, MR_PIECE_FRAME, (struct mr_span){NULL, 0}, frame->data, frame->len, from);
    if (groups == 0 && to->held++ == 0)
        give_book(to, from);
    else if (groups < 1)
        abort();
}

static void plane_open(struct plane *p)
{
    const struct mr_player_config config = {.reference = "binance:usdm:BTCUSDT"};
    struct mr_err err;
    MR_ASSERT(mr_venue_parse("binance:usdm", &p->venue, &p->product, &err) == MR_OK);
    if (mr_player_open(&p->player, &config, &err) != MR_OK ||
        mr_player_expect(p->player, p->venue->id, p->product) != MR_OK)
        mr_panic(__FILE__, __LINE__, err.text);
}

/* Nothing was refused or dropped, and books stand: the work was done. */
static void plane_close(struct plane *p, const struct kind *kind)
{
    struct mr_player_totals t;
    mr_player_totals(p->player, &t);
    if (t.refused + t.dropped + t.gaps || t.books_live != t.books)
        mr_panic(__FILE__, __LINE__, kind->name);
    mr_player_close(p->player);
}

/* ---- passes ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double p50_of(const uint64_t *from, const uint64_t *to)
{
    static double latencies[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        latencies[i] = (double)(to[i] - from[i]);
    qsort(latencies, COUNT, sizeof *latencies, ascending);
    return latencies[COUNT / 2];
}

/* `behind`: the part of it that decoder, join, ring and engines take. */
static double pass_ours(struct receiver *r, struct sender *s, struct desk *desk, const struct kind *kind,
                        double *behind)
{
    static uint64_t ends[COUNT];
    static struct plane plane;
    struct pass p = {.count = COUNT, .desk = desk, .onward = onward, .arg = &plane, .events = ends};
    plane.held = plane.count = 0;
    plane_open(&plane);
    sender_begin(s, COUNT, PACE_NS);
    if (!receiver_run(r, s->ip, s->port, &p))
        mr_panic(__FILE__, __LINE__, "the connection broke off");
    sender_end(s);
    plane_close(&plane, kind);
    *behind = p50_of(plane.begun, ends);
    return p50_of(s->stamps, ends);
}

static double pass_bare(struct sender *s, bool looks)
{
    static uint64_t ends[COUNT];
    struct pass p = {.count = COUNT, .events = ends};
    s->plain = true;
    sender_begin(s, COUNT, PACE_NS);
    if (!receiver_run_bare(s->ip, s->port, sender_record_bytes(s), looks, &p))
        mr_panic(__FILE__, __LINE__, "the connection broke off");
    sender_end(s);
    s->plain = false;
    return p50_of(s->stamps, ends);
}

static void measure(struct mr_bench *b, const struct kind *kind, struct receiver *r, struct sender *s,
                    struct desk *desk)
{
    enum { OURS, BARE_RECV, BARE_EPOLL, SIDES };
    char name[64], work[200];
    double ours[PASSES_MAX], bare[PASSES_MAX], ratio[PASSES_MAX], above[PASSES_MAX], behind[PASSES_MAX];
    const uint32_t passes = mr_bench_passes(b) < PASSES_MAX ? mr_bench_passes(b) : PASSES_MAX;
    snprintf(name, sizeof name, "receive_%s", kind->name);
    if (!mr_bench_wants(b, name))
        return;
    s->payload = kind->payload;
    for (uint32_t i = 0; i < passes; i++) {
        double p50[SIDES];
        for (uint32_t turn = 0; turn < SIDES; turn++) { /* each is first as often */
            uint32_t side = (turn + i) % SIDES;
            p50[side] = side == OURS ? pass_ours(r, s, desk, kind, &behind[i]) : pass_bare(s, side == BARE_EPOLL);
        }
        ours[i] = p50[OURS];
        bare[i] = p50[BARE_RECV] < p50[BARE_EPOLL] ? p50[BARE_RECV] : p50[BARE_EPOLL];
        ratio[i] = ours[i] / bare[i];
        above[i] = ours[i] - bare[i];
    }
    snprintf(work, sizeof work,
             "%s at 100 k/s, %s: p50 to all engines done and the signal given; %+.0f ns, decoder to engines %.0f ns",
             kind->work, r->name, mr_bench_median(above, passes), mr_bench_median(behind, passes));
    const double bare_ns = mr_bench_median(bare, passes);
    mr_bench_row(b,
                 &(struct mr_bench_row){.name = name,
                                        .work = work,
                                        .reference = "bare TCP one-way, as many bytes, spinning on recv or epoll_wait, "
                                                     "whichever is faster; the limit is 1 us above",
                                        .ns = mr_bench_median(ours, passes),
                                        .reference_ns = bare_ns,
                                        .ratio = mr_bench_median(ratio, passes),
                                        .bound = true,
                                        .limit_ns = bare_ns + ABOVE_NS_MOST});
}

void mr_bench_onward(struct mr_bench *b)
{
    static struct sender sender;
    static struct desk desk;
    static struct port sockets = {.ops = &mr_source_socket_ops};
    struct receiver r = {
        .name = "sockets, own record reader", .port = &sockets, .layer = MR_TLS_READ_OWN, .spin = true};
    if (!mr_bench_timing(b, "receive_liquidation"))
        return;
    if (mr_bench_core(b, 0) == mr_bench_core(b, 1)) {
        fprintf(stderr, "onward: left out: sender and receiver spin, and here is one processor\n");
        return;
    }
    sockets.usable = port_open(&sockets);
    if (!sender_open(&sender, mr_bench_core(b, 1), false) || !desk_open(&desk) || !receiver_open(&r, sender.ca_path))
        mr_panic(__FILE__, __LINE__, "no sender or no receiver on the loopback");
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        measure(b, &kinds[i], &r, &sender, &desk);
    receiver_close(&r);
    port_close(&sockets);
    sender_close(&sender);
}
