/* The paper exchange: when it fills, at what, and what it refuses. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/exchange/paper/paper.h"
#include "tests/support/support.h"

#define MS 1000000ll

static struct mr_instruments *table;
static struct mr_paper *p;
static struct mr_exchange_driver d;
static struct mr_market_view view;
static struct mr_answer got[256];
static uint32_t got_count;
static int64_t now;
static uint64_t requests;

/* Prices have two decimals, sizes three: a price of 10000 is 100.00, a size of 1000 is one. */
static void begin_with(struct mr_paper_config *change)
{
    struct mr_instrument it = {.venue = 1,
                               .type = MR_TYPE_PERPETUAL,
                               .price_scale = 2,
                               .size_scale = 3,
                               .tick = 5,
                               .lot = 10,
                               .multiplier = 1,
                               .symbol_len = 7,
                               .symbol = "BTCUSDT",
                               .base = "BTC",
                               .quote = "USDT"};
    table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(4) + 63) / 64 * 64), 4);
    assert_int_equal(mr_instruments_add(table, &it), 0);
    struct mr_paper_config config = mr_paper_defaults(table);
    config.instruments_max = 4;
    config.there_ns = config.back_ns = MS;
    config.jitter_ns = 0;
    if (change) {
        change->instruments = table;
        config = *change;
    }
    p = mr_paper_init(aligned_alloc(64, (mr_paper_bytes(&config) + 63) / 64 * 64), &config);
    d = mr_paper_driver(p);
    now = 1000 * MS;
    requests = 0;
    struct mr_answer a;
    assert_int_equal(d.poll(d.self, &a, now), 1);
    assert_int_equal(a.kind, MR_ANSWER_STREAM_UP);
}

static void end(void)
{
    free(p);
    free(table);
}

/* One best level of 5.000 and one behind it of 10.000, five ticks apart, around 100.00. */
static void market(mr_price bid, mr_price ask)
{
    view = (struct mr_market_view){.flags = MR_MARKET_LIVE,
                                   .bid_count = 2,
                                   .ask_count = 2,
                                   .seq = view.seq + 1,
                                   .last = view.last,
                                   .mark = view.mark,
                                   .funding_next_ns = view.funding_next_ns,
                                   .funding_rate = view.funding_rate,
                                   .funding_scale = view.funding_scale};
    view.bids[0] = (struct mr_level){bid, 5000};
    view.bids[1] = (struct mr_level){bid - 25, 10000};
    view.asks[0] = (struct mr_level){ask, 5000};
    view.asks[1] = (struct mr_level){ask + 25, 10000};
    mr_paper_on_view(p, &view, now);
}

static void begin(void)
{
    memset(&view, 0, sizeof view);
    begin_with(NULL);
    market(9995, 10005);
}

/* What is heard within the next `ms`. SENT is checked and left out. */
static void hear(int ms)
{
    got_count = 0;
    for (int i = 0; i <= ms; i++) {
        while (got_count < MR_COUNT_OF(got) && d.poll(d.self, &got[got_count], now) == 1)
            got_count += got[got_count].kind != MR_ANSWER_SENT;
        now += i < ms ? MS : 0;
    }
}

static uint64_t ask(uint8_t kind, struct mr_order order)
{
    struct mr_request r = {.number = ++requests, .kind = kind, .order = order};
    assert_int_equal(d.send(d.self, &r, now), MR_OK);
    return r.number;
}

#define LIMIT(id_, side_, price_, size_)                                                                               \
    (struct mr_order) { .id = (id_), .side = (side_), .type = MR_ORDER_LIMIT, .price = (price_), .size = (size_) }
#define MARKET(id_, side_, size_)                                                                                      \
    (struct mr_order) { .id = (id_), .side = (side_), .type = MR_ORDER_MARKET, .tif = MR_TIF_IOC, .size = (size_) }

static void place(struct mr_order order)
{
    ask(MR_REQUEST_PLACE, order);
    hear(5);
}

static void assert_money(mr_money m, const char *want)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(m, text);
    assert_string_equal(text, want);
}

static mr_size held(void)
{
    const struct mr_position *pos = mr_positions_get(mr_paper_positions(p), 0);
    return pos ? pos->size : 0;
}

static void a_market_order_takes_the_levels_and_pays_the_takers_fee(void **state)
{
    (void)state;
    begin();
    place(MARKET(1, MR_SIDE_BUY, 7000));
    assert_int_equal(got_count, 3);
    assert_int_equal(got[0].kind, MR_ANSWER_ACK);
    assert_int_equal(got[1].kind, MR_ANSWER_FILL);
    assert_int_equal(got[1].fill.price, 10005);
    assert_int_equal(got[1].fill.size, 5000);
    assert_int_equal(got[1].fill.liquidity, MR_LIQUIDITY_TAKER);
    assert_money(got[1].fill.fee, "0.30015"); /* 500.25 x 0.06 % */
    assert_int_equal(got[2].fill.price, 10030);
    assert_int_equal(got[2].fill.size, 2000);
    assert_int_equal(held(), 7000);
    assert_int_equal(mr_paper_find(p, 1)->state, MR_STATE_FILLED);
    /* the first level is eaten until the market says otherwise */
    place(MARKET(2, MR_SIDE_BUY, 1000));
    assert_int_equal(got[1].fill.price, 10030);
    market(9995, 10005);
    place(MARKET(3, MR_SIDE_BUY, 1000));
    assert_int_equal(got[1].fill.price, 10005);
    end();
}

static void what_the_book_does_not_hold_expires_or_is_refused_whole_or_rests(void **state)
{
    (void)state;
    begin();
    place(MARKET(1, MR_SIDE_BUY, 20000));
    assert_int_equal(got[got_count - 1].kind, MR_ANSWER_EXPIRED);
    assert_int_equal(got[got_count - 1].filled, 15000);
    end();
    begin();
    struct mr_order fok = LIMIT(1, MR_SIDE_BUY, 10005, 6000);
    fok.tif = MR_TIF_FOK;
    place(fok);
    assert_int_equal(got_count, 2);
    assert_int_equal(got[1].kind, MR_ANSWER_EXPIRED);
    assert_int_equal(got[1].filled, 0);
    struct mr_order ioc = LIMIT(2, MR_SIDE_BUY, 10005, 6000);
    ioc.tif = MR_TIF_IOC;
    place(ioc);
    assert_int_equal(got[1].kind, MR_ANSWER_FILL);
    assert_int_equal(got[2].kind, MR_ANSWER_EXPIRED);
    assert_int_equal(got[2].filled, 5000);
    end();
    begin();
    place(LIMIT(1, MR_SIDE_BUY, 10005, 6000));
    assert_int_equal(got_count, 2);
    assert_int_equal(got[1].fill.size, 5000);
    assert_int_equal(mr_paper_open(p), 1);
    assert_int_equal(mr_paper_find(p, 1)->state, MR_STATE_PARTIAL);
    end();
}

static void a_resting_order_waits_behind_the_level(void **state)
{
    (void)state;
    begin();
    place(LIMIT(1, MR_SIDE_BUY, 9995, 1000)); /* 5.000 stand before it */
    assert_int_equal(got_count, 1);
    mr_paper_on_trade(p, 0, MR_SIDE_SELL, 9995, 4000, now);
    hear(3);
    assert_int_equal(got_count, 0);
    mr_paper_on_trade(p, 0, MR_SIDE_BUY, 9995, 4000, now); /* a buyer's trade eats no bids */
    hear(3);
    assert_int_equal(got_count, 0);
    mr_paper_on_trade(p, 0, MR_SIDE_SELL, 9995, 1600, now); /* 1.000 of the queue, then us */
    hear(3);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].fill.size, 600);
    assert_int_equal(got[0].fill.liquidity, MR_LIQUIDITY_MAKER);
    assert_money(got[0].fill.fee, "0.011994");            /* 59.97 x 0.02 % */
    mr_paper_on_trade(p, 0, MR_SIDE_SELL, 9990, 10, now); /* beyond our price: it is gone */
    hear(3);
    assert_int_equal(got[0].fill.size, 400);
    assert_int_equal(got[0].fill.price, 9995);
    assert_int_equal(mr_paper_open(p), 0);
    end();
}

static void a_level_that_shrinks_brings_the_order_forward_and_one_that_grows_does_not_push_it_back(void **state)
{
    (void)state;
    begin();
    place(LIMIT(1, MR_SIDE_SELL, 10005, 1000));
    view.asks[0].size = 200;
    view.seq++;
    mr_paper_on_view(p, &view, now);
    view.asks[0].size = 9000;
    view.seq++;
    mr_paper_on_view(p, &view, now);
    mr_paper_on_trade(p, 0, MR_SIDE_BUY, 10005, 300, now);
    hear(3);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].fill.size, 100);
    end();
}

static void the_other_sides_best_at_our_price_fills_us_at_our_price(void **state)
{
    (void)state;
    begin();
    place(LIMIT(1, MR_SIDE_BUY, 9995, 8000));
    market(9970, 9990);
    hear(3);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].fill.price, 9995);
    assert_int_equal(got[0].fill.size, 5000); /* as much as stands there */
    assert_int_equal(got[0].fill.liquidity, MR_LIQUIDITY_MAKER);
    end();
}

static void nothing_trades_on_a_book_that_is_not_live(void **state)
{
    (void)state;
    begin();
    view.flags = 0;
    mr_paper_on_view(p, &view, now);
    place(MARKET(1, MR_SIDE_BUY, 1000));
    assert_int_equal(got[1].kind, MR_ANSWER_EXPIRED);
    assert_int_equal(held(), 0);
    end();
}

static void stops_and_targets_fire_at_their_prices(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, side;
        mr_price stop, no, yes;
    } cases[] = {
        {MR_ORDER_STOP_MARKET, MR_SIDE_SELL, 9900, 9905, 9900},
        {MR_ORDER_STOP_MARKET, MR_SIDE_BUY, 10100, 10095, 10100},
        {MR_ORDER_TAKE_PROFIT_MARKET, MR_SIDE_SELL, 10100, 10095, 10105},
        {MR_ORDER_TAKE_PROFIT_MARKET, MR_SIDE_BUY, 9900, 9905, 9895},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        begin();
        place(MARKET(1, !cases[i].side, 1000)); /* the position it protects */
        place((struct mr_order){.id = 2,
                                .side = cases[i].side,
                                .type = cases[i].type,
                                .stop_price = cases[i].stop,
                                .size = 1000,
                                .flags = MR_ORDER_REDUCE_ONLY});
        assert_int_equal(got_count, 1);
        mr_paper_on_trade(p, 0, MR_SIDE_BUY, cases[i].no, 1, now);
        hear(3);
        assert_int_equal(got_count, 0);
        mr_paper_on_trade(p, 0, MR_SIDE_BUY, cases[i].yes, 1, now);
        hear(3);
        assert_int_equal(got_count, 2);
        assert_int_equal(got[0].kind, MR_ANSWER_TRIGGERED);
        assert_int_equal(got[1].kind, MR_ANSWER_FILL);
        assert_int_equal(held(), 0);
        end();
    }
}

static void what_a_venue_refuses_is_refused_by_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct mr_order order;
        uint8_t reason;
    } cases[] = {
        {"a size of nothing", {.id = 9, .price = 10000}, MR_REJECT_FILTER},
        {"a size below zero", {.id = 9, .price = 10000, .size = -1000}, MR_REJECT_FILTER},
        {"a size off the lot", {.id = 9, .price = 10000, .size = 1005}, MR_REJECT_FILTER},
        {"a price off the tick", {.id = 9, .price = 10001, .size = 1000}, MR_REJECT_FILTER},
        {"a limit without a price", {.id = 9, .size = 1000}, MR_REJECT_FILTER},
        {"a market order with one", {.id = 9, .type = MR_ORDER_MARKET, .price = 10000, .size = 1000}, MR_REJECT_FILTER},
        {"a stop without a trigger", {.id = 9, .type = MR_ORDER_STOP_MARKET, .size = 1000}, MR_REJECT_FILTER},
        {"a limit with a trigger", {.id = 9, .price = 10000, .stop_price = 10000, .size = 1000}, MR_REJECT_FILTER},
        {"less than the least value", {.id = 9, .price = 9900, .size = 50}, MR_REJECT_FILTER},
        {"an unknown type", {.id = 9, .type = 77, .size = 1000}, MR_REJECT_FILTER},
        {"an unknown instrument", {.id = 9, .instrument = 3, .price = 10000, .size = 1000}, MR_REJECT_FILTER},
        {"one beyond the table", {.id = 9, .instrument = 70000, .price = 10000, .size = 1000}, MR_REJECT_FILTER},
        {"post-only that would take",
         {.id = 9, .price = 10005, .size = 1000, .flags = MR_ORDER_POST_ONLY},
         MR_REJECT_POST_ONLY},
        {"a post-only market order",
         {.id = 9, .type = MR_ORDER_MARKET, .size = 1000, .flags = MR_ORDER_POST_ONLY},
         MR_REJECT_POST_ONLY},
        {"reduce-only without a position",
         {.id = 9, .price = 10000, .size = 1000, .flags = MR_ORDER_REDUCE_ONLY},
         MR_REJECT_REDUCE_ONLY},
        {"more than the margin", {.id = 9, .price = 10000, .size = 1001000}, MR_REJECT_MARGIN},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        begin();
        place(cases[i].order);
        if (got_count != 1 || got[0].kind != MR_ANSWER_REJECTED || got[0].reason != cases[i].reason)
            print_error("%s\n", cases[i].says);
        assert_int_equal(got_count, 1);
        assert_int_equal(got[0].kind, MR_ANSWER_REJECTED);
        assert_int_equal(got[0].reason, cases[i].reason);
        assert_int_equal(mr_paper_open(p), 0);
        end();
    }
    begin();
    place(LIMIT(9, MR_SIDE_BUY, 10000, 1000000)); /* just the margin */
    assert_int_equal(got[0].kind, MR_ANSWER_ACK);
    place(LIMIT(9, MR_SIDE_BUY, 9000, 1000));
    assert_int_equal(got[0].reason, MR_REJECT_DUPLICATE_ID);
    place(LIMIT(10, MR_SIDE_BUY, 9000, 1000)); /* what rests holds it */
    assert_int_equal(got[0].reason, MR_REJECT_MARGIN);
    end();
}

static void reduce_only_never_goes_beyond_flat(void **state)
{
    (void)state;
    begin();
    place(MARKET(1, MR_SIDE_BUY, 1000));
    struct mr_order close = MARKET(2, MR_SIDE_SELL, 3000);
    close.flags = MR_ORDER_REDUCE_ONLY;
    place(close);
    assert_int_equal(held(), 0);
    assert_int_equal(got[1].fill.size, 1000);
    assert_int_equal(got[got_count - 1].kind, MR_ANSWER_EXPIRED);
    end();
}

static void orders_are_cancelled_amended_and_found(void **state)
{
    (void)state;
    begin();
    place(LIMIT(1, MR_SIDE_BUY, 9990, 1000));
    ask(MR_REQUEST_AMEND, LIMIT(1, MR_SIDE_BUY, 9985, 2000));
    hear(5);
    assert_int_equal(got[0].kind, MR_ANSWER_AMENDED);
    assert_int_equal(got[0].price, 9985);
    assert_int_equal(got[0].size, 2000);
    uint64_t n = ask(MR_REQUEST_QUERY, (struct mr_order){.id = 1});
    hear(5);
    assert_int_equal(got[0].kind, MR_ANSWER_ORDER);
    assert_int_equal(got[0].request, n);
    assert_int_equal(got[0].state, MR_STATE_ACKED);
    ask(MR_REQUEST_OPEN, (struct mr_order){0});
    hear(5);
    assert_int_equal(got_count, 2);
    assert_int_equal(got[0].order, 1);
    assert_int_equal(got[1].kind, MR_ANSWER_END);
    ask(MR_REQUEST_CANCEL, (struct mr_order){.id = 1});
    hear(5);
    assert_int_equal(got[0].kind, MR_ANSWER_CANCELLED);
    ask(MR_REQUEST_CANCEL, (struct mr_order){.id = 1});
    hear(5);
    assert_int_equal(got[0].kind, MR_ANSWER_CANCEL_REFUSED);
    assert_int_equal(got[0].reason, MR_REJECT_UNKNOWN_ORDER);
    ask(MR_REQUEST_QUERY, (struct mr_order){.id = 77});
    hear(5);
    assert_int_equal(got[0].kind, MR_ANSWER_NO_ORDER);
    place(MARKET(2, MR_SIDE_BUY, 1000));
    ask(MR_REQUEST_CANCEL, (struct mr_order){.id = 2});
    hear(5);
    assert_int_equal(got[0].reason, MR_REJECT_FILLED);
    ask(MR_REQUEST_AMEND, LIMIT(2, MR_SIDE_BUY, 9985, 2000));
    hear(5);
    assert_int_equal(got[0].kind, MR_ANSWER_AMEND_REFUSED);
    ask(MR_REQUEST_FILLS, (struct mr_order){0});
    hear(5);
    assert_int_equal(got_count, 2);
    assert_int_equal(got[0].fill.order, 2);
    ask(MR_REQUEST_POSITIONS, (struct mr_order){0});
    hear(5);
    assert_int_equal(got[0].size, 1000);
    assert_int_equal(got[0].price, 10005);
    ask(MR_REQUEST_BALANCE, (struct mr_order){0});
    hear(5);
    assert_money(got[0].amount, "9999.88997"); /* less the fee of 0.06003 and the half spread, 100.05 against 100.00 */
    end();
}

static void cancel_all_and_the_dead_man_end_everything(void **state)
{
    (void)state;
    begin();
    for (uint64_t id = 1; id <= 5; id++)
        place(LIMIT(id, MR_SIDE_BUY, 9000, 1000));
    ask(MR_REQUEST_CANCEL_ALL, (struct mr_order){0});
    hear(5);
    assert_int_equal(got_count, 6);
    assert_int_equal(mr_paper_open(p), 0);
    place(LIMIT(6, MR_SIDE_BUY, 9000, 1000));
    struct mr_request r = {.number = ++requests, .kind = MR_REQUEST_DEAD_MAN, .within_ms = 20};
    assert_int_equal(d.send(d.self, &r, now), MR_OK);
    hear(15);
    assert_int_equal(mr_paper_open(p), 1);
    assert_int_equal(d.send(d.self, &r, now), MR_OK); /* refreshed */
    hear(15);
    assert_int_equal(mr_paper_open(p), 1);
    hear(15);
    assert_int_equal(mr_paper_open(p), 0);
    end();
}

static void a_good_till_date_expires_at_its_time(void **state)
{
    (void)state;
    begin();
    struct mr_order o = LIMIT(1, MR_SIDE_BUY, 9000, 1000);
    o.tif = MR_TIF_GTD;
    o.expires_ns = now + 20 * MS;
    place(o);
    hear(10);
    assert_int_equal(mr_paper_open(p), 1);
    hear(10);
    assert_int_equal(got[0].kind, MR_ANSWER_EXPIRED);
    end();
}

static void funding_is_paid_when_its_hour_has_passed(void **state)
{
    (void)state;
    begin();
    place(MARKET(1, MR_SIDE_BUY, 1000));
    view.funding_next_ns = 10;
    view.funding_rate = 1;
    view.funding_scale = 4; /* 0.01 % */
    view.mark = 10000;
    mr_paper_on_view(p, &view, now);
    hear(3);
    assert_int_equal(got_count, 0);
    view.funding_next_ns = 20;
    mr_paper_on_view(p, &view, now);
    hear(3);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].kind, MR_ANSWER_FUNDING);
    assert_money(got[0].amount, "-0.01"); /* 100 x 0.01 %: the long pays */
    mr_paper_on_view(p, &view, now);
    hear(3);
    assert_int_equal(got_count, 0); /* once */
    end();
}

static void a_position_beyond_its_liquidation_price_is_closed(void **state)
{
    (void)state;
    begin();
    place(MARKET(1, MR_SIDE_BUY, 1000)); /* at 100.05, 10x, 0.5 %: 90.545 and a bit */
    view.mark = 9060;
    mr_paper_on_view(p, &view, now);
    hear(3);
    assert_int_equal(got_count, 0);
    market(9000, 9010);
    view.mark = 9050;
    mr_paper_on_view(p, &view, now);
    hear(3);
    assert_int_equal(got_count, 2);
    assert_int_equal(got[0].kind, MR_ANSWER_LIQUIDATED);
    assert_int_equal(got[1].kind, MR_ANSWER_FILL);
    assert_int_equal(got[1].fill.order, 0);
    assert_int_equal(got[1].fill.price, 9000);
    assert_int_equal(held(), 0);
    end();
}

static void while_cut_nothing_is_sent_or_heard_but_what_was_under_way_is_done(void **state)
{
    (void)state;
    begin();
    ask(MR_REQUEST_PLACE, MARKET(1, MR_SIDE_BUY, 1000)); /* under way */
    mr_paper_cut(p, true, now);
    hear(5);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].kind, MR_ANSWER_STREAM_DOWN);
    assert_int_equal(held(), 1000);
    ask(MR_REQUEST_PLACE, MARKET(2, MR_SIDE_BUY, 1000));
    hear(5);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].kind, MR_ANSWER_NOT_SENT);
    mr_paper_cut(p, false, now);
    ask(MR_REQUEST_QUERY, (struct mr_order){.id = 1});
    ask(MR_REQUEST_QUERY, (struct mr_order){.id = 2});
    hear(5);
    assert_int_equal(got_count, 3);
    assert_int_equal(got[0].kind, MR_ANSWER_STREAM_UP);
    assert_int_equal(got[1].kind, MR_ANSWER_ORDER);
    assert_int_equal(got[1].state, MR_STATE_FILLED);
    assert_int_equal(got[2].kind, MR_ANSWER_NO_ORDER);
    end();
}

static void latency_keeps_the_order_of_things_and_the_seed_gives_the_same_again(void **state)
{
    (void)state;
    char text[2][4096];
    for (int run = 0; run < 2; run++) {
        struct mr_paper_config config = mr_paper_defaults(NULL);
        uint32_t at = 0;
        config.instruments_max = 4;
        config.seed = 7;
        memset(&view, 0, sizeof view);
        begin_with(&config);
        market(9995, 10005);
        for (uint64_t id = 1; id <= 40; id++) {
            ask(MR_REQUEST_PLACE, LIMIT(id, id % 2 ? MR_SIDE_BUY : MR_SIDE_SELL, id % 2 ? 9990 : 10010, 1000));
            now += MS / 3;
        }
        hear(20);
        assert_int_equal(got_count, 40);
        for (uint32_t i = 0; i < got_count; i++) {
            assert_int_equal(got[i].order, i + 1); /* jitter overtakes nothing */
            at += (uint32_t)snprintf(text[run] + at, sizeof text[run] - at, "%lld ", (long long)got[i].venue_ns);
        }
        end();
    }
    assert_string_equal(text[0], text[1]);
}

static void ended_orders_are_forgotten_from_the_oldest_and_room_is_never_lost(void **state)
{
    (void)state;
    struct mr_paper_config config = mr_paper_defaults(NULL);
    config.instruments_max = 4;
    config.open_max = 4;
    config.ended_max = 4;
    config.there_ns = config.back_ns = 0;
    config.jitter_ns = 0;
    memset(&view, 0, sizeof view);
    begin_with(&config);
    market(9995, 10005);
    for (uint64_t id = 1; id <= 1000; id++) {
        place(LIMIT(id, MR_SIDE_BUY, 9000, 1000));
        assert_int_equal(got[0].kind, MR_ANSWER_ACK);
        ask(MR_REQUEST_CANCEL, (struct mr_order){.id = id});
        hear(1);
        assert_int_equal(got[0].kind, MR_ANSWER_CANCELLED);
    }
    assert_null(mr_paper_find(p, 900));
    assert_non_null(mr_paper_find(p, 1000));
    for (uint64_t id = 2001; id <= 2004; id++)
        place(LIMIT(id, MR_SIDE_BUY, 9000, 1000));
    place(LIMIT(2005, MR_SIDE_BUY, 9000, 1000));
    assert_int_equal(got[0].reason, MR_REJECT_OVERLOAD);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_market_order_takes_the_levels_and_pays_the_takers_fee),
        cmocka_unit_test(what_the_book_does_not_hold_expires_or_is_refused_whole_or_rests),
        cmocka_unit_test(a_resting_order_waits_behind_the_level),
        cmocka_unit_test(a_level_that_shrinks_brings_the_order_forward_and_one_that_grows_does_not_push_it_back),
        cmocka_unit_test(the_other_sides_best_at_our_price_fills_us_at_our_price),
        cmocka_unit_test(nothing_trades_on_a_book_that_is_not_live),
        cmocka_unit_test(stops_and_targets_fire_at_their_prices),
        cmocka_unit_test(what_a_venue_refuses_is_refused_by_its_reason),
        cmocka_unit_test(reduce_only_never_goes_beyond_flat),
        cmocka_unit_test(orders_are_cancelled_amended_and_found),
        cmocka_unit_test(cancel_all_and_the_dead_man_end_everything),
        cmocka_unit_test(a_good_till_date_expires_at_its_time),
        cmocka_unit_test(funding_is_paid_when_its_hour_has_passed),
        cmocka_unit_test(a_position_beyond_its_liquidation_price_is_closed),
        cmocka_unit_test(while_cut_nothing_is_sent_or_heard_but_what_was_under_way_is_done),
        cmocka_unit_test(latency_keeps_the_order_of_things_and_the_seed_gives_the_same_again),
        cmocka_unit_test(ended_orders_are_forgotten_from_the_oldest_and_room_is_never_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
