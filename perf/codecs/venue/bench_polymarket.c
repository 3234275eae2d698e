/* Polymarket's messages to events, against simdjson doing the same work.
 *
 * Messages are generated from a seed in the wire's present shape: six tokens of 77 and 78 digits in three pairs, prices of two or three
 * decimals, sizes from one to hundreds of thousands with up to two, a change names both tokens of its pair. */
#include "codecs/event/instrument.h"
#include "codecs/venue/venue.h"
#include "perf/codecs/venue/polymarket_sets.h"

#include <stdio.h>
#include <stdlib.h>

static struct mr_instruments *table;
static union mr_slot *out;

struct desk {
    bool open;
    struct mr_decoder dec;
    struct mr_shapes *shapes;
    void *state;
};
static struct desk desks[MR_KERNEL_COUNT];

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(mem);
    return mem;
}

static struct mr_decoder *decoder(void)
{
    struct desk *d = &desks[mr_kernel_active()];
    if (!d->open) {
        const struct mr_venue *venue = mr_venue_by_name("polymarket");
        d->shapes = mr_shapes_init(lines(mr_shapes_bytes(1024)), 1024, mr_kernel_active());
        d->state = lines(mr_decoder_bytes(venue, 16));
        mr_decoder_init(&d->dec, venue, 0, table, d->shapes, d->state);
        d->open = true;
    }
    return &d->dec;
}

uint32_t mr_bench_token(const char *token, uint32_t len)
{
    const struct mr_instrument *it =
        mr_instruments_find(table, MR_VENUE_polymarket, 0, (struct mr_span){(const uint8_t *)token, len});
    return it ? it->id : UINT32_MAX;
}

/* ---- ours ---- */

static uint64_t pass(void *arg)
{
    const struct mr_bench_frames *set = arg;
    struct mr_decoder *dec = decoder();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct mr_frame frame = {.data = set->bytes + set->at[i], .len = set->len[i]};
        int n = mr_decode(dec, &frame, out, MR_DECODE_SLOTS);
        if (n < 1)
            return 0;
        for (int k = 0; k < n; k += (int)mr_event_slots(&out[k])) {
            const union mr_slot *g = &out[k];
            if (g->event.kind == MR_EVENT_TRADE) {
                sum += mr_bench_trade_sum(g->event.instrument, (uint64_t)g->event.venue_ns, g->event.price,
                                          g->event.size, g->event.aux, g->event.flags & MR_FLAG_SELL);
                continue;
            }
            const struct mr_book_head *h = &g->book;
            uint64_t s = mr_bench_head_sum(h->instrument, (uint64_t)h->venue_ns, h->checksum);
            if (h->book_flags & MR_BOOK_TOUCH)
                s += h->first_seq * 13 + h->prev_seq * 17;
            for (uint32_t l = 0; l < (uint32_t)h->bid_count + h->ask_count; l++)
                s += mr_bench_level_sum(g[1].level[l].price, h->kind == MR_EVENT_BBO ? 0 : g[1].level[l].size, l);
            sum += s + h->bid_count;
        }
    }
    return sum;
}

/* ---- messages ---- */

static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 32) * bound >> 32);
}

static char tokens[6][80];

static int put_size(char *to, uint64_t *r)
{
    static const uint32_t whole[] = {10, 100, 1000, 10000, 200000};
    uint32_t n = 1 + next(r, whole[next(r, 5)]);
    return next(r, 2) ? sprintf(to, "%u", n) : sprintf(to, "%u.%02u", n, 1 + next(r, 99));
}

static int put_hash(char *to, uint64_t *r)
{
    int n = 0;
    for (int i = 0; i < 5; i++)
        n += sprintf(to + n, "%08x", next(r, UINT32_MAX));
    return n;
}

static int put_head(char *to, uint32_t pair, const char *token)
{
    int n = sprintf(to, "{\"market\":\"0x86964402baab9700a765594e0856dcfce5120b44e0016d98e01801f0856f91%02u\",", pair);
    return token ? n + sprintf(to + n, "\"asset_id\":\"%s\",", token) : n;
}

static int put_trade(char *to, uint64_t *r)
{
    uint32_t t = next(r, 6);
    int n = put_head(to, t / 2, tokens[t]);
    n += sprintf(to + n, "\"price\":\"0.%03u\",\"size\":\"", 100 + next(r, 800));
    n += put_size(to + n, r);
    n += sprintf(
        to + n,
        "\",\"fee_rate_bps\":\"0\",\"side\":\"%s\",\"timestamp\":\"17891%08u\",\"event_type\":\"last_trade_price\","
        "\"transaction_hash\":\"0x%08x000000000000000000000000",
        next(r, 2) ? "BUY" : "SELL", next(r, 99999999), next(r, UINT32_MAX));
    n += put_hash(to + n, r) - 8;
    return n + sprintf(to + n, "\"}");
}

static int put_best(char *to, uint64_t *r)
{
    uint32_t t = next(r, 6), bid = 100 + next(r, 700), spread = 1 + next(r, 9);
    int n = put_head(to, t / 2, tokens[t]);
    return n +
           sprintf(to + n,
                   "\"best_bid\":\"0.%03u\",\"best_ask\":\"0.%03u\",\"spread\":\"0.00%u\",\"timestamp\":\"17891%08u\","
                   "\"event_type\":\"best_bid_ask\"}",
                   bid, bid + spread, spread, next(r, 99999999));
}

static int put_entry(char *to, uint64_t *r, uint32_t t, uint32_t price, const char *size, bool ask)
{
    int n = sprintf(to, "{\"asset_id\":\"%s\",\"price\":\"0.%03u\",\"size\":\"%s\",\"side\":\"%s\",\"hash\":\"",
                    tokens[t], price, size, ask ? "SELL" : "BUY");
    n += put_hash(to + n, r);
    return n +
           sprintf(to + n, "\",\"best_bid\":\"0.%03u\",\"best_ask\":\"0.%03u\"}", 480 + next(r, 9), 490 + next(r, 9));
}

static int put_change(char *to, uint64_t *r)
{
    char size[32] = "0";
    uint32_t pair = next(r, 3), price = 101 + next(r, 798);
    bool ask = next(r, 2) != 0;
    if (next(r, 3))
        put_size(size, r);
    int n = put_head(to, pair, NULL);
    n += sprintf(to + n, "\"price_changes\":[");
    n += put_entry(to + n, r, 2 * pair, price, size, ask);
    to[n++] = ',';
    n += put_entry(to + n, r, 2 * pair + 1, 1000 - price, size, !ask);
    return n + sprintf(to + n, "],\"timestamp\":\"17891%08u\",\"event_type\":\"price_change\"}", next(r, 99999999));
}

static int put_book(char *to, uint64_t *r)
{
    uint32_t t = next(r, 6);
    to[0] = '[';
    int n = 1 + put_head(to + 1, t / 2, tokens[t]);
    n += sprintf(to + n, "\"timestamp\":\"17891%08u\",\"hash\":\"", next(r, 99999999));
    n += put_hash(to + n, r);
    for (int ask = 0; ask < 2; ask++) {
        n += sprintf(to + n, ask ? "],\"asks\":[" : "\",\"bids\":[");
        for (uint32_t i = 0, count = 40 + next(r, 20); i < count; i++) {
            n += sprintf(to + n,
                         next(r, 3) ? "%s{\"price\":\"0.%03u\",\"size\":\"" : "%s{\"price\":\"0.%02u\",\"size\":\"",
                         i ? "," : "", 10 + next(r, 89));
            n += put_size(to + n, r);
            n += sprintf(to + n, "\"}");
        }
    }
    return n + sprintf(to + n, "],\"tick_size\":\"0.001\",\"last_trade_price\":\"0.485\",\"event_type\":\"book\"}]");
}

static struct mr_bench_frames *make(int (*put)(char *, uint64_t *), uint32_t count, uint32_t most)
{
    struct mr_bench_frames *set = calloc(1, sizeof *set);
    uint64_t seed = 88172645463325252u;
    uint32_t at = 0;
    set->bytes = calloc(count, most + MR_BENCH_SLACK);
    set->at = calloc(count, sizeof *set->at);
    set->len = calloc(count, sizeof *set->len);
    set->count = count;
    for (uint32_t i = 0; i < count; i++) {
        set->at[i] = at;
        set->len[i] = (uint32_t)put((char *)set->bytes + at, &seed);
        MR_ASSERT(set->len[i] <= most);
        at += set->len[i] + MR_BENCH_SLACK;
    }
    return set;
}

static void open_table(void)
{
    table = mr_instruments_init(lines(mr_instruments_bytes(16)), 16);
    out = lines(MR_DECODE_SLOTS * sizeof *out);
    for (uint32_t t = 0; t < 6; t++) {
        snprintf(tokens[t], sizeof tokens[t], "%s%u",
                 t % 2 ? "10526756807365906821731199390192796247629844062504356510667608884280360077581"
                       : "7132104567925221259462638553270691275033272857194253228963137931245558399256",
                 t);
        struct mr_instrument it = {
            .venue = MR_VENUE_polymarket, .multiplier = 1, .flags = MR_INSTRUMENT_NO_METADATA, .type = MR_TYPE_OUTCOME};
        it.symbol_len = (uint8_t)strlen(tokens[t]);
        memcpy(it.symbol, tokens[t], it.symbol_len);
        MR_ASSERT(mr_instrument_scales(&it, mr_span_of("0.001"), mr_span_of("0.01")) == MR_OK &&
                  mr_instruments_add(table, &it) >= 0);
    }
}

void mr_bench_polymarket(struct mr_bench *b)
{
    static const struct {
        const char *name, *work;
        int (*put)(char *, uint64_t *);
        mr_bench_fn *raw, *string;
        uint32_t count, most;
        double goal, stretch;
    } sets[] = {
        {"last_trade_price", "a trade to an event", put_trade, mr_reference_pm_trade_raw, mr_reference_pm_trade_string,
         4096, 600, 3, 4.5},
        {"best_bid_ask", "best prices to an event", put_best, mr_reference_pm_best_raw, mr_reference_pm_best_string,
         4096, 500, 3, 4.5},
        {"price_change", "a change of both tokens to two book messages", put_change, mr_reference_pm_change_raw,
         mr_reference_pm_change_string, 4096, 900, 2.5, 4},
        {"book", "a book of 80 to 118 levels to a book message", put_book, mr_reference_pm_book_raw,
         mr_reference_pm_book_string, 256, 8000, 2, 3.5},
    };
    open_table();
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct mr_bench_frames *set = make(sets[i].put, sets[i].count, sets[i].most);
        mr_bench_pair(b, &(struct mr_bench_pair){
                             .name = sets[i].name,
                             .work = sets[i].work,
                             .items = set->count,
                             .ours = {pass, set},
                             .references = {{"simdjson On-Demand, raw tokens, our decimal", sets[i].raw, set},
                                            {"simdjson On-Demand, get_string, our decimal", sets[i].string, set}},
                             .goal = sets[i].goal,
                             .stretch = sets[i].stretch,
                             .kernels = true});
        free(set->bytes);
        free(set->at);
        free(set->len);
        free(set);
    }
    for (size_t k = 0; k < MR_KERNEL_COUNT; k++) {
        free(desks[k].shapes);
        free(desks[k].state);
        desks[k] = (struct desk){.open = false};
    }
    free(table);
    free(out);
}
