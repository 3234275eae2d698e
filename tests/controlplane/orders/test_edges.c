/* The order manager and positions at their edges: two venues at once, numbers that do not fit, a journal that takes nothing at the wrong moment. */
#include <stdio.h>

#include "controlplane/orders/trades.h"
#include "tests/controlplane/orders/rig.h"

/* A second venue that only listens; its stream is what the test says. */
struct second {
    struct mr_request last;
    uint32_t count, by_kind[MR_REQUEST_KIND_COUNT];
    struct mr_answer answers[16];
    uint32_t head, tail;
};
static int poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct second *s = self;
    (void)now_ns;
    if (s->head == s->tail)
        return 0;
    *out = s->answers[s->head++ % 16];
    return 1;
}
static struct mr_answer *say(struct second *s, unsigned kind)
{
    struct mr_answer *a = &s->answers[s->tail++ % 16];
    *a = (struct mr_answer){.kind = (uint8_t)kind, .request = s->last.number, .order = s->last.order.id};
    return a;
}

static int send(void *self, const struct mr_request *r, int64_t now_ns)
{
    struct second *s = self;
    (void)now_ns;
    s->last = *r;
    s->count++;
    s->by_kind[r->kind]++;
    if (r->kind >= MR_REQUEST_OPEN && r->kind <= MR_REQUEST_FILLS) /* nothing there */
        say(s, r->kind == MR_REQUEST_BALANCE ? MR_ANSWER_BALANCE : MR_ANSWER_END);
    return MR_OK;
}
static void two_venues_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    struct second s = {0};
    const struct mr_orders_link link =
        mr_orders_link_defaults(RIG_VENUE + 1, (struct mr_exchange_driver){&s, send, poll});
    assert_int_equal(mr_orders_add_link(r->om, &link, r->now), MR_OK);
    rig_ready(r);
    assert_false(mr_orders_ready(r->om, RIG_VENUE + 1));
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    uint64_t id, first = rig_acked(r, wish);
    wish.instrument = 3;
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_E_STALE);
    say(&s, MR_ANSWER_STREAM_UP);
    rig_step(r);
    assert_true(mr_orders_ready(r->om, RIG_VENUE + 1));
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_OK);
    rig_step(r);
    assert_int_equal(s.last.kind, MR_REQUEST_PLACE);
    say(&s, MR_ANSWER_ACK);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    /* an answer of one venue about the other's order is of nothing */
    uint64_t stray = mr_orders_counters(r->om)->stray;
    rig_say(r, MR_ANSWER_CANCELLED, id);
    rig_step(r);
    assert_string_equal(rig_state(r, id), "acked");
    assert_int_equal(mr_orders_counters(r->om)->stray, stray + 1);
    /* one stream falls: only its orders are polled, and only they are asked about when it is back */
    say(&s, MR_ANSWER_STREAM_DOWN);
    uint32_t queries = rig_requests(r, MR_REQUEST_QUERY);
    rig_pass(r, 3 * SECOND);
    assert_true(s.by_kind[MR_REQUEST_QUERY] > 0);
    assert_int_equal(rig_requests(r, MR_REQUEST_QUERY), queries);
    assert_true(mr_orders_ready(r->om, RIG_VENUE));
    say(&s, MR_ANSWER_STREAM_UP)->request = 0;
    rig_step(r);
    assert_string_equal(rig_state(r, first), "acked");
    assert_int_equal(mr_orders_cancel_all(r->om, (struct mr_orders_filter){RIG_VENUE + 1, -1, -1}, r->now), 1);
    assert_string_equal(rig_state(r, first), "acked");
    rig_close(r);
}

static mr_money of(const char *text) { return rig_money(text); }

static void sums_that_do_not_fit_change_nothing(void **state)
{
    (void)state;
    const struct mr_instrument whole = {.price_scale = 0, .size_scale = 0, .multiplier = 1};
    /* first a fill that fits, then one that does not, by the basis, the fee, the cash */
    static const struct {
        const char *cash, *fee;
        struct {
            int side;
            int64_t price, size;
            const char *fee;
        } then;
    } rows[] = {{"0", "0", {MR_SIDE_BUY, 1000000000000000, 1, "0"}},
                {"0", "900000000000000", {MR_SIDE_BUY, 1, 1, "900000000000000"}},
                {"-999999999999999", "0", {MR_SIDE_BUY, 1, 1, "2"}},
                {"999999999999999", "0", {MR_SIDE_SELL, 11, 1, "0"}},
                {"999999999999999", "0", {MR_SIDE_BUY, 1, 1, "-2"}}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct mr_positions *ps = mr_positions_init(malloc(mr_positions_bytes(1)), 1, of(rows[i].cash));
        struct mr_fill f = {.side = MR_SIDE_BUY, .price = 1, .size = 10, .fee = of(rows[i].fee), .recv_ns = 1};
        assert_int_equal(mr_positions_fill(ps, &whole, &f), MR_OK);
        struct mr_position before = *mr_positions_get(ps, 0);
        mr_money cash = mr_positions_cash(ps);
        f.side = (uint8_t)rows[i].then.side;
        f.price = rows[i].then.price;
        f.size = rows[i].then.size;
        f.fee = of(rows[i].then.fee);
        assert_int_equal(mr_positions_fill(ps, &whole, &f), MR_E_OVERFLOW);
        assert_memory_equal(&before, mr_positions_get(ps, 0), sizeof before);
        assert_true(mr_positions_cash(ps) == cash);
        free(ps);
    }
    struct mr_positions *ps = mr_positions_init(malloc(mr_positions_bytes(2)), 2, 0);
    assert_int_equal(mr_positions_funding(ps, 0, MR_MONEY_MAX, 1), MR_OK);
    assert_int_equal(mr_positions_funding(ps, 0, 1, 1), MR_E_OVERFLOW);
    assert_int_equal(mr_positions_funding(ps, 1, 1, 1), MR_E_OVERFLOW);
    free(ps);
}

static const struct mr_instrument *any(void *self, uint32_t id)
{
    (void)id;
    return self;
}

static void worths_that_do_not_fit_are_refused_and_ratios_are_held(void **state)
{
    (void)state;
    struct mr_instrument whole = {.price_scale = 0, .size_scale = 0, .multiplier = 1};
    struct mr_account_worth w;
    struct mr_positions *ps = mr_positions_init(malloc(mr_positions_bytes(2)), 2, of("900000000000000"));
    struct mr_fill f = {.side = MR_SIDE_BUY, .price = 1, .size = 1000000, .recv_ns = 1};
    assert_int_equal(mr_positions_fill(ps, &whole, &f), MR_OK);
    assert_int_equal(mr_positions_margin(ps, 0, 1, 1), MR_OK);
    mr_positions_mark(ps, 0, 1);
    assert_int_equal(mr_positions_worth(ps, any, &whole, &w), MR_OK);
    assert_true(w.ratio_e4 == INT64_MAX); /* 9 * 10^14 over 0.01 */
    mr_positions_mark(ps, 0, 2000000000); /* 2 * 10^15 */
    assert_int_equal(mr_positions_worth(ps, any, &whole, &w), MR_E_OVERFLOW);
    mr_positions_mark(ps, 0, 200000000); /* the unrealised fits, with the cash it does not */
    assert_int_equal(mr_positions_worth(ps, any, &whole, &w), MR_E_OVERFLOW);
    mr_positions_mark(ps, 0, 1);
    f.instrument = 1;
    f.price = 600000000;
    assert_int_equal(mr_positions_fill(ps, &whole, &f), MR_OK);
    f.instrument = 0;
    f.side = MR_SIDE_SELL;
    f.size = 2000000;
    f.price = 400000000;
    assert_int_equal(mr_positions_fill(ps, &whole, &f), MR_E_OVERFLOW);
    free(ps);
    /* deep under water */
    ps = mr_positions_init(malloc(mr_positions_bytes(1)), 1, of("-900000000000000"));
    f = (struct mr_fill){.side = MR_SIDE_BUY, .price = 1, .size = 1, .recv_ns = 1};
    assert_int_equal(mr_positions_fill(ps, &whole, &f), MR_OK);
    assert_int_equal(mr_positions_margin(ps, 0, 1, 1), MR_OK);
    assert_int_equal(mr_positions_worth(ps, any, &whole, &w), MR_OK);
    assert_true(w.ratio_e4 == INT64_MIN);
    assert_int_equal(mr_positions_worth(ps, any, NULL, &w), MR_E_SYMBOL);
    free(ps);
}

static void trade_ids_are_told_apart_by_all_that_names_them(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct mr_trades *t = mr_trades_init(malloc(mr_trades_bytes(1000)), 1000);
    struct mr_random r = {9};
    for (uint32_t i = 0; i < MANY; i++) {
        struct mr_fill f = {.venue = (uint8_t)(i % 3), .instrument = i / 3 % 5, .venue_ns = (int64_t)(1000 + i)};
        snprintf(f.trade_id, sizeof f.trade_id, "%u", i / 15); /* the same text at fifteen places */
        assert_int_equal(mr_trades_look(t, &f), MR_TRADE_NEW);
        mr_trades_add(t, &f);
        assert_int_equal(mr_trades_look(t, &f), MR_TRADE_SEEN);
        uint32_t k = (uint32_t)mr_random_below(&r, i + 1);
        struct mr_fill old = {.venue = (uint8_t)(k % 3), .instrument = k / 3 % 5, .venue_ns = (int64_t)(1000 + k)};
        snprintf(old.trade_id, sizeof old.trade_id, "%u", k / 15);
        assert_int_equal(mr_trades_look(t, &old), k + 1000 > i ? MR_TRADE_SEEN : MR_TRADE_OLD);
    }
    assert_int_equal(mr_trades_forgotten(t), MANY - 1000);
    struct mr_fill late = {.venue_ns = 1, .trade_id = "never heard"},
                   young = {.venue_ns = 1000 + MANY, .trade_id = "never heard"};
    assert_int_equal(mr_trades_look(t, &late), MR_TRADE_OLD);
    assert_int_equal(mr_trades_look(t, &young), MR_TRADE_NEW);
    free(t);
}

static void trade_ids_need_only_their_own_memory_and_that_need_not_be_empty(void **state)
{
    (void)state;
    for (uint32_t capacity = 1; capacity <= 64; capacity *= 2) {
        size_t bytes = mr_trades_bytes(capacity);
        uint8_t *mem = malloc(bytes + 4096);
        memset(mem, 0x5a, bytes + 4096);
        struct mr_trades *t = mr_trades_init(mem, capacity);
        for (uint32_t i = 0; i < 1000; i++) {
            struct mr_fill f = {.venue_ns = 1000 + i};
            snprintf(f.trade_id, sizeof f.trade_id, "%u", i);
            assert_int_equal(mr_trades_look(t, &f), MR_TRADE_NEW);
            if (i > 100)
                mr_trades_add(t, &f);
        }
        assert_int_equal(mr_trades_forgotten(t), 899 - capacity);
        for (size_t i = 0; i < 4096; i++)
            assert_int_equal(mem[bytes + i], 0x5a);
        free(mem);
    }
}

static void narrow(struct rig *r) { r->cfg.queue_max = 2; }

static void what_does_not_fit_into_the_queue_stays_with_the_driver(void **state)
{
    (void)state;
    struct rig *r = rig_open(narrow);
    rig_ready(r);
    uint64_t id = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 9));
    r->manual = true;
    r->durable = r->record_count;
    for (int i = 0; i < 5; i++) {
        char name[4] = {'t', (char)('0' + i), 0};
        rig_fill(r, id, 100, 1, name);
    }
    rig_step(r);
    assert_int_equal(r->answer_head, 2); /* the rest has not been taken */
    uint64_t restart_at = r->record_count;
    struct rig *again = rig_restart(r, restart_at); /* two fills durable, and not acted on */
    assert_int_equal(mr_orders_restored(again->om, again->now), MR_OK);
    assert_int_equal(rig_order(again, id)->filled, 2 * E8);
    assert_int_equal(rig_events(again, MR_ORDERS_FILLED), 2);
    r->manual = false;
    rig_step(r);
    assert_int_equal(rig_order(r, id)->filled, 5 * E8);
    assert_int_equal(mr_orders_digest(r->om) != 0, 1);
    rig_close(again);
    rig_close(r);
}

static void a_journal_without_room_at_the_start_says_so(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL), *again = rig_restart(r, 0);
    again->record_room = 0;
    assert_int_equal(mr_orders_begin(again->om, 3, again->now), MR_E_FULL);
    again->record_room = 10;
    assert_int_equal(mr_orders_begin(again->om, 3, again->now), MR_OK);
    rig_close(again);
    rig_close(r);
}

static void changes_that_the_journal_did_not_take_are_written_later(void **state)
{
    (void)state;
    struct rig *r = rig_open(NULL);
    rig_ready(r);
    uint64_t a = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 9)), b = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 9));
    r->record_room = r->record_count;
    rig_say(r, MR_ANSWER_CANCELLED, a);
    rig_step(r);
    assert_string_equal(rig_state(r, a), "cancelled");
    rig_say(r, MR_ANSWER_CANCELLED, b); /* nothing more is heard while that one is owed */
    rig_step(r);
    assert_string_equal(rig_state(r, b), "acked");
    uint64_t id;
    struct mr_order wish = rig_limit(MR_SIDE_BUY, 100, 2);
    assert_int_equal(mr_orders_submit(r->om, &wish, r->now, &id), MR_E_FULL);
    assert_int_equal(mr_orders_amend(r->om, b, 90 * E8, 9 * E8, r->now), MR_E_FULL);
    r->record_room += 1;
    rig_step(r);
    assert_string_equal(rig_state(r, b), "cancelled");
    r->record_room += 100;
    rig_step(r);
    struct rig *again = rig_restart(r, r->record_count);
    assert_true(mr_orders_digest(again->om) == mr_orders_digest(r->om));
    assert_int_equal(mr_orders_open(again->om), 0);
    /* an amendment that cannot be written is taken back */
    a = rig_acked(r, rig_limit(MR_SIDE_BUY, 100, 9));
    r->record_room = r->record_count;
    assert_int_equal(mr_orders_amend(r->om, a, 90 * E8, 9 * E8, r->now), MR_E_FULL);
    r->record_room += 100;
    assert_int_equal(mr_orders_amend(r->om, a, 90 * E8, 9 * E8, r->now), MR_OK);
    rig_close(again);
    rig_close(r);
}

static void lists_that_fail_are_asked_again(void **state)
{
    (void)state;
    static const unsigned how[] = {MR_ANSWER_NOT_SENT, MR_ANSWER_LOST, MR_ANSWER_LIMITED};
    for (size_t i = 0; i < MR_COUNT_OF(how); i++)
        for (unsigned kind = MR_REQUEST_OPEN; kind <= MR_REQUEST_FILLS; kind++) {
            struct rig *r = rig_open(NULL);
            bool failed = false;
            uint64_t answered = 0;
            rig_say(r, MR_ANSWER_STREAM_UP, 0);
            int64_t begun = r->now;
            while (!mr_orders_ready(r->om, RIG_VENUE) && r->now < begun + 30 * SECOND) {
                rig_step(r);
                struct mr_request *q = &r->requests[r->request_count - 1];
                if (q->number != answered) {
                    bool fails = q->kind == kind && !failed;
                    answered = q->number;
                    rig_answer(r, MR_ANSWER_SENT, q);
                    rig_answer(r,
                               fails                           ? how[i]
                               : q->kind == MR_REQUEST_BALANCE ? MR_ANSWER_BALANCE
                                                               : MR_ANSWER_END,
                               q)
                        ->until_ns = r->now + 3 * SECOND;
                    failed = failed || fails;
                }
                r->now += SECOND / 20;
            }
            assert_true(failed && mr_orders_ready(r->om, RIG_VENUE));
            assert_int_equal(rig_requests(r, kind), 2);
            assert_true(r->now - begun > (how[i] == MR_ANSWER_LIMITED ? 3 : 1) * SECOND);
            rig_close(r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_venues_do_not_disturb_each_other),
        cmocka_unit_test(sums_that_do_not_fit_change_nothing),
        cmocka_unit_test(worths_that_do_not_fit_are_refused_and_ratios_are_held),
        cmocka_unit_test(trade_ids_are_told_apart_by_all_that_names_them),
        cmocka_unit_test(trade_ids_need_only_their_own_memory_and_that_need_not_be_empty),
        cmocka_unit_test(what_does_not_fit_into_the_queue_stays_with_the_driver),
        cmocka_unit_test(a_journal_without_room_at_the_start_says_so),
        cmocka_unit_test(changes_that_the_journal_did_not_take_are_written_later),
        cmocka_unit_test(lists_that_fail_are_asked_again),
    };
    return MR_TEST_MAIN(tests);
}
