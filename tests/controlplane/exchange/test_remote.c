/* The driver against the simulated exchange's account over TLS on the loopback: each request is answered exactly once, whatever happens to its
 * connection. The exchange runs on a thread of this process; each wait is bounded, and no time is asserted. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/exchange/remote/remote.h"
#include "dataplane/clock/clock.h"
#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

static char folder[64], certs[96], credentials[96], url[64];
static struct mr_exchange *x;
static struct mr_instruments *table;
static struct mr_remote *remote;
static struct mr_exchange_driver d;
static uint64_t requests, written_last, written_count;
static struct mr_answer got[4096];
static uint32_t got_count;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void written(void *arg, uint64_t number)
{
    assert_ptr_equal(arg, &requests);
    written_last = number;
    written_count++;
}

static void connect_with(const char *secret)
{
    struct mr_err err;
    const struct mr_remote_config config = {.url = url,
                                            .ca_file = mr_exchange_ca(x),
                                            .instruments = table,
                                            .key = mr_span_of("k1"),
                                            .secret = mr_span_of(secret),
                                            .answer_ns = 1000000000,
                                            .seed = 7,
                                            .written = written,
                                            .arg = &requests};
    int status = mr_remote_open(&remote, &config, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    d = mr_remote_driver(remote);
}

/* Takes what comes until there is one of this kind for that request (0: any); its place in `got`. */
static uint32_t heard(uint8_t kind, uint64_t request)
{
    const int64_t until = mr_clock_mono() + 10000000000;
    for (uint32_t i = 0; mr_clock_mono() < until;) {
        for (; i < got_count; i++)
            if (got[i].kind == kind && (!request || got[i].request == request))
                return i;
        if (got_count < MR_COUNT_OF(got) && d.poll(d.self, &got[got_count], now()) == 1)
            got_count++;
        else
            usleep(200);
    }
    print_error("no %s of %llu; the last connection that ended: %s\n", mr_answer_name(kind),
                (unsigned long long)request, mr_remote_why(remote));
    for (uint32_t i = 0; i < got_count; i++)
        print_error("  %s of %llu\n", mr_answer_name(got[i].kind), (unsigned long long)got[i].request);
    fail();
    return 0;
}

static uint32_t count(uint8_t kind, uint64_t request)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < got_count; i++)
        n += got[i].kind == kind && got[i].request == request;
    return n;
}

static uint64_t ask(uint8_t kind, struct mr_order order)
{
    const struct mr_request r = {.number = ++requests, .kind = kind, .order = order};
    assert_int_equal(d.send(d.self, &r, now()), MR_OK);
    return r.number;
}

static struct mr_order limit(uint64_t id)
{
    return (struct mr_order){.id = id, .venue = 1, .type = MR_ORDER_LIMIT, .price = 3000000000000, .size = 100000};
}

static void fault(const char *text)
{
    struct mr_exchange_fault f;
    struct mr_err err;
    assert_int_equal(mr_exchange_fault_parse(text, &f, &err), MR_OK);
    assert_int_equal(mr_exchange_fault(x, &f, &err), MR_OK);
}

static int up_with(const char *secret)
{
    struct mr_instrument it = {
        .venue = 1, .product = 1, .price_scale = 8, .size_scale = 8, .symbol_len = 7, .symbol = "BTCUSDT"};
    struct mr_err err;
    snprintf(folder, sizeof folder, "/tmp/millrace-remote-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(certs, sizeof certs, "%s/certs", folder);
    snprintf(credentials, sizeof credentials, "%s/credentials", folder);
    int fd = open(credentials, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(dprintf(fd, "- venue: paper\n  key: k1\n  secret: s1\n") > 0);
    close(fd);
    const struct mr_exchange_config config = {.certs = certs,
                                              .account = credentials,
                                              .latency_ns = 500000,
                                              .tape = {.pace = 1, .market = {.seed = 5, .books_per_s = 50}}};
    assert_int_equal(mr_exchange_open(&x, &config, &err), MR_OK);
    assert_int_equal(mr_exchange_start(x, &err), MR_OK);
    snprintf(url, sizeof url, "https://127.0.0.1:%u", mr_exchange_port(x));
    table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(4) + 63) / 64 * 64), 4);
    assert_int_equal(mr_instruments_add(table, &it), 0);
    got_count = 0;
    requests = written_count = 0;
    connect_with(secret);
    return 0;
}
static int up(void **state)
{
    (void)state;
    up_with("s1");
    heard(MR_ANSWER_STREAM_UP, 0);
    return 0;
}
static int up_stranger(void **state)
{
    (void)state;
    return up_with("s2");
}
static int down(void **state)
{
    char command[96];
    (void)state;
    mr_remote_close(remote);
    if (x) {
        mr_exchange_stop(x);
        mr_exchange_close(x);
    }
    x = NULL;
    free(table);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* ---- what is carried ---- */

static void each_request_is_sent_and_answered(void **state)
{
    (void)state;
    uint64_t n = ask(MR_REQUEST_PLACE, limit(1));
    uint32_t ack = heard(MR_ANSWER_ACK, n);
    assert_int_equal(got[ack].order, 1);
    assert_true(got[ack].venue_id[0] == 'P');
    assert_int_equal(count(MR_ANSWER_SENT, n), 1);
    assert_int_equal(written_last, n);
    n = ask(MR_REQUEST_QUERY, limit(1));
    uint32_t order = heard(MR_ANSWER_ORDER, n);
    assert_int_equal(got[order].state, MR_STATE_ACKED);
    assert_int_equal(got[order].price, limit(1).price);
    assert_int_equal(got[order].size, limit(1).size);
    n = ask(MR_REQUEST_PLACE, limit(1));
    assert_int_equal(got[heard(MR_ANSWER_REJECTED, n)].reason, MR_REJECT_DUPLICATE_ID);
    n = ask(MR_REQUEST_OPEN, (struct mr_order){0});
    heard(MR_ANSWER_END, n);
    assert_int_equal(count(MR_ANSWER_ORDER, n), 1);
    n = ask(MR_REQUEST_CANCEL, limit(1));
    heard(MR_ANSWER_CANCELLED, n);
    heard(MR_ANSWER_NO_ORDER, ask(MR_REQUEST_QUERY, limit(2)));
    n = ask(MR_REQUEST_BALANCE, (struct mr_order){0});
    assert_true(got[heard(MR_ANSWER_BALANCE, n)].amount == 10000 * MR_MONEY_ONE);
    assert_int_equal(written_count, requests);
}

static void what_happens_is_told_on_the_stream_and_in_the_list_of_fills(void **state)
{
    (void)state;
    struct mr_order buy = {.venue = 1, .type = MR_ORDER_MARKET, .tif = MR_TIF_IOC, .size = 100000};
    uint64_t n = 0;
    for (buy.id = 1; buy.id < 500; buy.id++, usleep(10000)) { /* refused until there is a book */
        got_count = 0;
        n = ask(MR_REQUEST_PLACE, buy);
        while (!count(MR_ANSWER_ACK, n) && !count(MR_ANSWER_REJECTED, n))
            got_count += (uint32_t)d.poll(d.self, &got[got_count], now());
        if (count(MR_ANSWER_ACK, n))
            break;
    }
    uint32_t fill = heard(MR_ANSWER_FILL, 0);
    assert_int_equal(got[fill].request, 0);
    assert_int_equal(got[fill].fill.size, 100000);
    assert_true(got[fill].fill.fee > 0);
    char trade[48];
    memcpy(trade, got[fill].fill.trade_id, sizeof trade);
    got_count = 0;
    n = ask(MR_REQUEST_FILLS, (struct mr_order){0});
    fill = heard(MR_ANSWER_FILL, n);
    assert_string_equal(got[fill].fill.trade_id, trade);
    heard(MR_ANSWER_END, n);
}

static void many_requests_at_once_are_each_answered_once(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 200; id++)
        ask(id % 2 ? MR_REQUEST_PLACE : MR_REQUEST_QUERY, limit(id));
    for (uint64_t id = 1; id <= 200; id++)
        heard(id % 2 ? MR_ANSWER_ACK : MR_ANSWER_NO_ORDER, id);
    for (uint64_t id = 1; id <= 200; id++) {
        assert_int_equal(count(MR_ANSWER_SENT, id), 1);
        assert_int_equal(count(id % 2 ? MR_ANSWER_ACK : MR_ANSWER_NO_ORDER, id), 1);
    }
    assert_int_equal(written_count, 200);
}

static void beyond_the_queue_a_request_is_not_taken(void **state)
{
    (void)state;
    uint32_t taken = 0;
    struct mr_request r = {.kind = MR_REQUEST_BALANCE};
    while (r.number = ++requests, d.send(d.self, &r, now()) == MR_OK)
        taken++;
    assert_int_equal(taken, MR_REMOTE_LINES + MR_REMOTE_QUEUE);
    uint32_t answers = 0;
    heard(MR_ANSWER_BALANCE, 1);
    for (uint64_t n = 1; n <= taken; n++) /* those that waited too long never left, and that is said */
        while (!count(MR_ANSWER_BALANCE, n) && !count(MR_ANSWER_NOT_SENT, n))
            if (d.poll(d.self, &got[got_count], now()) == 1)
                got_count++;
    for (uint64_t n = 1; n <= taken; n++)
        answers += count(MR_ANSWER_BALANCE, n) + count(MR_ANSWER_NOT_SENT, n);
    assert_int_equal(answers, taken);
}

/* ---- what goes wrong ---- */

static void an_answer_that_never_comes_is_lost_and_the_order_is_there_all_the_same(void **state)
{
    (void)state;
    fault("timeout,seconds=3");
    uint64_t n = ask(MR_REQUEST_PLACE, limit(1));
    heard(MR_ANSWER_LOST, n);
    assert_int_equal(count(MR_ANSWER_SENT, n), 1);
    assert_int_equal(count(MR_ANSWER_LOST, n), 1);
    assert_int_equal(count(MR_ANSWER_ACK, n), 0);
    heard(MR_ANSWER_ACK, 0); /* the stream has told it */
    got_count = 0;
    usleep(2500000);
    n = ask(MR_REQUEST_QUERY, limit(1));
    assert_int_equal(got[heard(MR_ANSWER_ORDER, n)].state, MR_STATE_ACKED);
}

static void refusals_say_whether_it_was_done(void **state)
{
    (void)state;
    fault("limit,seconds=1");
    uint64_t n = ask(MR_REQUEST_PLACE, limit(1));
    uint32_t at = heard(MR_ANSWER_LIMITED, n);
    assert_true(got[at].until_ns > got[at].recv_ns);
    usleep(1100000);
    fault("unavailable,seconds=1");
    n = ask(MR_REQUEST_CANCEL, limit(1));
    assert_int_equal(got[heard(MR_ANSWER_REJECTED, n)].reason, MR_REJECT_OVERLOAD);
    usleep(1100000);
    heard(MR_ANSWER_NO_ORDER, ask(MR_REQUEST_QUERY, limit(1)));
    struct mr_order unknown = limit(2);
    unknown.instrument = 3; /* has no name: nothing leaves */
    heard(MR_ANSWER_NOT_SENT, ask(MR_REQUEST_PLACE, unknown));
}

static void a_stream_that_ends_is_told_and_comes_back(void **state)
{
    (void)state;
    fault("disconnect");
    heard(MR_ANSWER_STREAM_DOWN, 0);
    got_count = 0;
    heard(MR_ANSWER_STREAM_UP, 0);
    heard(MR_ANSWER_ACK, ask(MR_REQUEST_PLACE, limit(1)));
    fault("restart,seconds=1"); /* which the account outlives */
    got_count = 0;
    heard(MR_ANSWER_STREAM_DOWN, 0);
    heard(MR_ANSWER_STREAM_UP, 0);
    heard(MR_ANSWER_ORDER, ask(MR_REQUEST_QUERY, limit(1)));
}

static void without_an_exchange_nothing_is_sent(void **state)
{
    (void)state;
    mr_exchange_stop(x);
    mr_exchange_close(x);
    x = NULL;
    heard(MR_ANSWER_STREAM_DOWN, 0);
    for (int i = 0; i < 100; i++, usleep(1000)) { /* all connections have ended */
        struct mr_answer a;
        (void)d.poll(d.self, &a, now());
    }
    got_count = 0;
    uint64_t n = ask(MR_REQUEST_PLACE, limit(1));
    heard(MR_ANSWER_NOT_SENT, n);
    assert_int_equal(count(MR_ANSWER_SENT, n), 0);
}

static void a_wrong_secret_is_told_by_name(void **state)
{
    (void)state;
    uint32_t at = 0;
    for (int i = 0; i < 200; i++, usleep(5000)) {
        uint64_t n = ask(MR_REQUEST_PLACE, limit(1));
        for (int k = 0; k < 100 && !count(MR_ANSWER_REJECTED, n); k++, usleep(200))
            while (d.poll(d.self, &got[got_count], now()) == 1)
                got_count++;
        if (count(MR_ANSWER_REJECTED, n)) {
            at = heard(MR_ANSWER_REJECTED, n);
            break;
        }
    }
    assert_int_equal(got[at].kind, MR_ANSWER_REJECTED);
    assert_int_equal(got[at].reason, MR_REJECT_CREDENTIALS);
    /* and by the stream, also to who asks for nothing else until it is up */
    assert_int_equal(got[heard(MR_ANSWER_STREAM_DOWN, 0)].reason, MR_REJECT_CREDENTIALS);
    for (uint32_t i = 0; i < got_count; i++)
        assert_int_not_equal(got[i].kind, MR_ANSWER_STREAM_UP);
}

static void urls_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "http://localhost",
                                       "https://",
                                       "https://:1",
                                       "https://h:0",
                                       "https://h:65536",
                                       "https://h:1x",
                                       "https://localhost/x",
                                       "https://h:"};
    for (size_t i = 0; i < MR_COUNT_OF(urls); i++) {
        struct mr_err err = {""};
        struct mr_remote *r;
        assert_int_equal(mr_remote_open(&r, &(struct mr_remote_config){.url = urls[i], .instruments = table}, &err),
                         MR_E_INVALID);
        assert_null(r);
        assert_non_null(strstr(err.text, "want https://HOST"));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)
    const struct CMUnitTest tests[] = {
        TEST(each_request_is_sent_and_answered),
        TEST(what_happens_is_told_on_the_stream_and_in_the_list_of_fills),
        TEST(many_requests_at_once_are_each_answered_once),
        TEST(beyond_the_queue_a_request_is_not_taken),
        TEST(an_answer_that_never_comes_is_lost_and_the_order_is_there_all_the_same),
        TEST(refusals_say_whether_it_was_done),
        TEST(a_stream_that_ends_is_told_and_comes_back),
        TEST(without_an_exchange_nothing_is_sent),
        cmocka_unit_test_setup_teardown(a_wrong_secret_is_told_by_name, up_stranger, down),
        cmocka_unit_test(urls_that_are_none_are_refused),
    };
    return MR_TEST_MAIN(tests);
}
