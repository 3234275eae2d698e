/* libmillrace, through its public header alone, beside a writer that is a data plane's shared memory. */
#include "include/millrace/millrace.h"
#include "tests/controlplane/consume/writer.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct writer w;
static struct millrace_error error;
static const struct millrace_record *r;

static struct millrace *start(uint32_t slots, unsigned take, unsigned flags)
{
    struct millrace *m;
    writer_folder(&w);
    writer_start(&w, slots);
    if (millrace_open(&m, "test", take, flags, &error) != MILLRACE_OK)
        print_error("%s\n", error.text);
    assert_non_null(m);
    return m;
}

static void end(struct millrace *m)
{
    millrace_close(m);
    writer_remove(&w);
}

/* The next record, or 0 after a second without. */
static int next(struct millrace *m)
{
    int n;
    for (int i = 0; (n = millrace_next(m, &r, &error)) == 0 && i < 10; i++)
        millrace_wait(m, 100);
    return n;
}

static void a_trade_is_given_as_it_was_written(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    char text[MILLRACE_TEXT];
    assert_int_equal(millrace_next(m, &r, &error), 0);
    writer_trade(&w, 1);
    assert_int_equal(millrace_next(m, &r, &error), 1);
    assert_int_equal(r->kind, MILLRACE_TRADE);
    assert_int_equal(r->flags, MILLRACE_SELL | MILLRACE_FIRST | MILLRACE_LAST);
    assert_int_equal(r->seq, 0);
    assert_int_equal(r->recv_ns, 1000);
    assert_int_equal(r->venue_ns, 900);
    assert_int_equal(r->connection, 3);
    assert_int_equal(r->micro_quote, 42);
    assert_string_equal(millrace_text(r->price, r->price_scale, text), "67123.45");
    assert_string_equal(millrace_text(r->size, r->size_scale, text), "1.5");
    assert_string_equal(r->instrument->venue, "binance");
    assert_string_equal(r->instrument->product, "spot");
    assert_string_equal(r->instrument->symbol, "ETHUSDT");
    assert_string_equal(r->instrument->underlying, "ETH");
    writer_trade(&w, 77); /* of an instrument that is not in the table */
    assert_int_equal(millrace_next(m, &r, &error), 1);
    assert_null(r->instrument);
    assert_int_equal(r->place, 1);
    assert_int_equal(millrace_next(m, &r, &error), 0);
    end(m);
}

static void a_book_message_comes_whole_with_both_its_sides(void **state)
{
    (void)state;
    struct millrace *m = start(8192, MILLRACE_BOOKS, 0);
    static const uint32_t sizes[][2] = {{0, 0}, {1, 0}, {0, 1}, {3, 2}, {5000, 5000}};
    for (size_t i = 0; i < MR_COUNT_OF(sizes); i++) {
        uint32_t bids = sizes[i][0], asks = sizes[i][1];
        writer_trade(&w, 0); /* not wanted here */
        writer_book(&w, bids, asks);
        assert_int_equal(millrace_next(m, &r, &error), 1);
        assert_int_equal(r->kind, MILLRACE_BOOK);
        assert_true(r->flags & MILLRACE_SNAPSHOT);
        assert_int_equal(r->slots, 1 + (bids + asks + 3) / 4);
        assert_int_equal(r->seq, 200);
        assert_int_equal(r->book->first_seq, 190);
        assert_int_equal(r->book->prev_seq, 189);
        assert_int_equal(r->book->flags, MILLRACE_BOOK_RESET);
        assert_int_equal(r->book->bid_count, bids);
        assert_int_equal(r->book->ask_count, asks);
        for (uint32_t k = 0; k < bids + asks; k++) {
            const struct millrace_level *level = k < bids ? &r->book->bids[k] : &r->book->asks[k - bids];
            assert_true(level->price == k * 100 && level->size == k);
        }
    }
    assert_int_equal(millrace_next(m, &r, &error), 0);
    end(m);
}

/* Events whose fields are read by kind. */
static void each_kind_says_what_its_fields_mean(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    union mr_slot s[2] = {{.event = {.kind = MR_EVENT_FUNDING, .price = 125, .exponent = -6, .size = 8, .aux = 99}}};
    mr_ring_put(&w.events, s, 1);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->price, 125);
    assert_int_equal(r->price_scale, 6);
    assert_int_equal(r->interval_ns, 8);
    assert_int_equal(r->next_ns, 99);
    s[0].event = (struct mr_event){.kind = MR_EVENT_OPEN_INTEREST, .price = 5, .exponent = 2, .size = 1, .aux = 7};
    mr_ring_put(&w.events, s, 1);
    assert_int_equal(next(m), 1);
    assert_true(millrace_double(r->price, r->price_scale) == 500);
    assert_int_equal(r->unit, 1);
    assert_int_equal(r->micro_quote, 7);
    s[0].event = (struct mr_event){.kind = MR_EVENT_GAP, .price = 10, .size = 14, .aux = 5, .seq = MR_GAP_CHECKSUM};
    mr_ring_put(&w.events, s, 1);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->detail[0], 10);
    assert_int_equal(r->detail[1], 14);
    assert_int_equal(r->detail[2], 5);
    assert_int_equal(r->detail[3], MR_GAP_CHECKSUM);
    s[0].event = (struct mr_event){.kind = MR_EVENT_CANDLE, .price = 4, .size = 9};
    s[1].candle =
        (struct mr_candle){.open = 1, .high = 5, .low = 0, .close = 4, .volume = 9, .interval_s = 60, .closed = 1};
    mr_ring_put(&w.events, s, 2);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->candle->high, 5);
    assert_int_equal(r->candle->interval_s, 60);
    assert_int_equal(r->candle->closed, 1);
    memset(s, 0, sizeof s);
    s[0].book = (struct mr_book_head){.kind = MR_EVENT_BBO, .bid_count = 1, .ask_count = 1};
    s[1].level[0] = (struct mr_level){50, 2}; /* and no ask */
    mr_ring_put(&w.events, s, 2);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->book->bid_count, 1);
    assert_int_equal(r->book->bids[0].price, 50);
    assert_int_equal(r->book->ask_count, 0);
    writer_signal(&w, 11);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->kind, MILLRACE_SIGNAL);
    assert_int_equal(r->seq, 11);
    assert_string_equal(millrace_level_name(r->signal->level), "CRITICAL");
    assert_string_equal(r->signal->underlying, "BTC");
    assert_string_equal(r->signal->words, "velocity 23.4/s over 20.0/s");
    assert_null(r->instrument);
    end(m);
}

/* ---- at speed ---- */

struct pace {
    uint64_t count, rate;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* `rate` trades a second, a millisecond's worth at a time, with a signal for each hundred. */
static void *write_at_pace(void *arg)
{
    const struct pace *p = arg;
    uint64_t begin = now_ns();
    while (w.sent < p->count) {
        uint64_t due = (now_ns() - begin) * p->rate / 1000000000u;
        for (; w.sent < due && w.sent < p->count;) {
            if (w.sent % 100 == 0)
                writer_signal(&w, w.sent / 100);
            writer_trade(&w, (uint32_t)(w.sent % 2));
        }
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return NULL;
}

static void every_event_is_seen_at_100_000_a_second(void **state)
{
    (void)state;
    struct millrace *m = start(65536, MILLRACE_ALL, 0);
    struct pace p = {getenv("MILLRACE_QUICK") ? 100000 : 500000, 100000};
    pthread_t thread;
    uint64_t trades = 0, signals = 0, lost = 0;
    assert_int_equal(pthread_create(&thread, NULL, write_at_pace, &p), 0);
    while (trades + lost < p.count) {
        int n = next(m);
        assert_int_equal(n, 1);
        if (r->kind == MILLRACE_LAPPED && r->slots == 0) {
            lost += r->lost_slots; /* told, so no fault of the library: a machine that stops us for 0.6 s */
            continue;
        }
        assert_int_equal(r->seq, r->kind == MILLRACE_TRADE ? trades + lost : signals);
        *(r->kind == MILLRACE_TRADE ? &trades : &signals) += 1;
    }
    pthread_join(thread, NULL);
    struct millrace_info info;
    millrace_info(m, &info, sizeof info);
    assert_int_equal(info.lost_slots, lost);
    assert_int_equal(trades + lost, p.count);
    if (lost == 0) {
        while (signals < p.count / 100 && next(m) == 1)
            signals++;
        assert_int_equal(signals, p.count / 100);
    }
    end(m);
}

static void a_slow_reader_gets_each_event_or_is_told_how_many_it_lost(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_EVENTS, 0);
    uint64_t seen = 0, lost = 0, laps = 0, place = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 700 + 40 * round; i++)
            writer_trade(&w, 0);
        for (int i = 0; i < 500 && millrace_next(m, &r, &error) == 1; i++) {
            if (r->kind == MILLRACE_LAPPED) {
                laps++;
                lost += r->lost_slots;
                assert_true(r->lost_slots > 0);
                place = r->place;
                continue;
            }
            assert_int_equal(r->place, place);
            assert_int_equal(r->seq, seen + lost);
            place += r->slots;
            seen++;
        }
    }
    while (millrace_next(m, &r, &error) == 1) {
        lost += r->lost_slots;
        laps += r->kind == MILLRACE_LAPPED;
        seen += r->kind == MILLRACE_TRADE;
    }
    assert_true(laps > 10);
    assert_int_equal(seen + lost, w.sent);
    struct millrace_info info;
    millrace_info(m, &info, sizeof info);
    assert_int_equal(info.lost_slots, lost);
    end(m);
}

static void reading_from_the_oldest_gives_what_was_there_before(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_EVENTS, 0), *old;
    for (int i = 0; i < 100; i++)
        writer_trade(&w, 0);
    assert_int_equal(millrace_open_file(&old, w.path, MILLRACE_EVENTS, MILLRACE_FROM_OLDEST, &error), MILLRACE_OK);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(millrace_next(old, &r, &error), 1);
        assert_int_equal(r->seq, i);
    }
    assert_int_equal(millrace_next(old, &r, &error), 0);
    millrace_close(old);
    end(m);
}

/* ---- restarts ---- */

static void a_restart_is_told_after_the_last_of_the_old_run(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    struct millrace_info info;
    for (uint64_t run = 1; run <= 3; run++) {
        for (int i = 0; i < 10; i++)
            writer_trade(&w, 0);
        writer_signal(&w, 1);
        struct mr_workspace was = w.ws;
        writer_start(&w, 1024); /* the old one's memory is still ours */
        mr_workspace_close(&was);
        for (int i = 0; i < 5; i++)
            writer_trade(&w, 1);
        uint32_t trades = 0;
        while (next(m) == 1 && r->kind != MILLRACE_RESTARTED)
            trades += r->kind == MILLRACE_TRADE;
        assert_int_equal(trades, run == 1 ? 10 : 15); /* five were begun with */
        assert_int_equal(r->kind, MILLRACE_RESTARTED);
        assert_int_equal(r->epoch, run + 1);
        millrace_info(m, &info, sizeof info);
        assert_int_equal(info.epoch, run + 1);
        assert_int_equal(info.restarts, run);
        assert_int_equal(info.lost_slots, 0);
    }
    for (uint64_t i = 0; i < 5; i++) { /* from its oldest record on */
        assert_int_equal(next(m), 1);
        assert_int_equal(r->seq, i);
        assert_string_equal(r->instrument->symbol, "ETHUSDT");
    }
    end(m);
}

static void a_new_run_that_cannot_be_read_is_an_error_until_one_can(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    writer_trade(&w, 0);
    unlink(w.path);
    int fd = open(w.path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "something else, long enough to be a head of a workspace file or to look like one", 80),
                     80);
    close(fd);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->kind, MILLRACE_TRADE);
    assert_int_equal(next(m), MILLRACE_E_FORMAT);
    assert_non_null(strstr(error.text, w.path));
    struct mr_workspace was = w.ws;
    writer_start(&w, 1024);
    mr_workspace_close(&was);
    int n;
    while ((n = next(m)) == MILLRACE_E_FORMAT)
        ;
    assert_int_equal(n, 1);
    assert_int_equal(r->kind, MILLRACE_RESTARTED);
    end(m);
}

static void a_file_that_is_gone_leaves_the_reader_waiting(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    unlink(w.path);
    assert_int_equal(millrace_wait(m, 250), 0);
    assert_int_equal(millrace_next(m, &r, &error), 0);
    writer_trade(&w, 0); /* the writer has it open */
    assert_int_equal(next(m), 1);
    end(m);
}

/* ---- refusals ---- */

static void names_paths_and_bits_are_checked(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0), *none;
    static const char *const names[] = {
        "", "../test", "a/b", ".", "..", ".hidden", "a b", "a-name-of-more-than-thirty-one-bytes", "caf\xc3\xa9"};
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        assert_int_equal(millrace_open(&none, names[i], MILLRACE_ALL, 0, &error), MILLRACE_E_ARGUMENT);
        assert_null(none);
    }
    assert_int_equal(millrace_open(&none, "absent", MILLRACE_ALL, 0, &error), MILLRACE_E_ABSENT);
    assert_non_null(strstr(error.text, "absent/workspace"));
    assert_non_null(strstr(error.text, "is the instance running?"));
    assert_int_equal(millrace_open(&none, NULL, MILLRACE_ALL, 0, NULL), MILLRACE_E_ABSENT);
    assert_int_equal(millrace_open_file(&none, w.path, 8, 0, &error), MILLRACE_E_ARGUMENT);
    assert_int_equal(millrace_open_file(&none, w.path, MILLRACE_ALL, 2, &error), MILLRACE_E_ARGUMENT);
    assert_int_equal(millrace_open_file(&none, "", MILLRACE_ALL, 0, &error), MILLRACE_E_ARGUMENT);
    assert_int_equal(millrace_open_file(&none, w.folder, MILLRACE_ALL, 0, &error), MILLRACE_E_FORMAT);
    assert_int_equal(millrace_open_file(&none, "/dev/null", MILLRACE_ALL, 0, &error), MILLRACE_E_FORMAT);
    millrace_close(NULL);
    end(m);
}

static void a_file_without_permission_is_called_that(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0), *none;
    assert_int_equal(chmod(w.folder, 0755) | chmod(w.path, 0), 0);
    pid_t child = fork(); /* as nobody, where we are root, who may read everything */
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        _exit(millrace_open_file(&none, w.path, MILLRACE_ALL, 0, &error) != MILLRACE_E_PERMISSION ||
              !strstr(error.text, "group"));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    end(m);
}

/* The file with `bytes` at `at`, attached: the code. */
static int attach_with(off_t at, const void *bytes, size_t len)
{
    struct millrace *none;
    uint8_t was[64];
    int fd = open(w.path, O_RDWR);
    assert_true(fd >= 0 && len <= sizeof was);
    assert_int_equal(pread(fd, was, len, at), len);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    int code = millrace_open_file(&none, w.path, MILLRACE_ALL, 0, &error);
    millrace_close(none);
    assert_int_equal(pwrite(fd, was, len, at), len);
    close(fd);
    return code;
}

static off_t place_of(const char *name)
{
    size_t bytes;
    return (off_t)((uint8_t *)writer_region(&w, name, &bytes) - (uint8_t *)w.ws.map);
}

static void what_is_no_workspace_of_ours_is_refused_by_name(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    static const uint8_t ff[16] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    const struct {
        const char *says;
        off_t at;
        size_t len;
        int want;
    } cases[] = {
        {"another magic", 0, 8, MILLRACE_E_FORMAT},
        {"another version", 8, 4, MILLRACE_E_VERSION},
        {"another layout", 24, 8, MILLRACE_E_VERSION},
        {"a table that was scribbled over", 192 + 48, 16, MILLRACE_E_CORRUPT},
        {"a ring's magic", place_of("tap/events/0"), 8, MILLRACE_E_FORMAT},
        {"a ring's version", place_of("tap/events/0") + 8, 4, MILLRACE_E_VERSION},
        {"a ring's size", place_of("tap/signals/0") + 16, 4, MILLRACE_E_VERSION},
        {"a table of instruments too large", place_of("instruments"), 4, MILLRACE_E_CORRUPT},
        {"its offsets", place_of("instruments") + 8, 8, MILLRACE_E_CORRUPT},
        {"its count", place_of("instruments") + 64, 4, MILLRACE_E_CORRUPT},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int got = attach_with(cases[i].at, ff, cases[i].len);
        if (got != cases[i].want)
            print_error("%s: %s: %s\n", cases[i].says, millrace_code_name(got), error.text);
        assert_int_equal(got, cases[i].want);
        assert_non_null(strstr(error.text, w.path));
    }
    assert_int_equal(truncate(w.path, 100), 0);
    struct millrace *none;
    assert_int_equal(millrace_open_file(&none, w.path, MILLRACE_ALL, 0, &error), MILLRACE_E_FORMAT);
    millrace_close(m); /* nobody looks at the memory any more: it ends at 100 bytes */
    unlink(w.path);
    writer_start(&w, 1024);
    writer_remove(&w);
}

static void records_that_cannot_be_are_corrupt_until_the_next_run(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    union mr_slot bad = {.book = {.kind = MR_EVENT_BOOK, .bid_count = 60000, .ask_count = 60000}};
    mr_ring_put(&w.events, &bad, 1);
    assert_int_equal(next(m), MILLRACE_E_CORRUPT);
    assert_non_null(strstr(error.text, "tap/events/0"));
    assert_int_equal(next(m), MILLRACE_E_CORRUPT);
    struct mr_workspace was = w.ws;
    writer_start(&w, 1024);
    mr_workspace_close(&was);
    int n;
    while ((n = millrace_next(m, &r, &error)) == MILLRACE_E_CORRUPT)
        ;
    assert_int_equal(n, 1);
    assert_int_equal(r->kind, MILLRACE_RESTARTED);
    end(m);
}

/* Random words anywhere in the shared regions, while a reader reads: any answer, but no crash and no end without one. */
static void scribbled_memory_never_harms_the_reader(void **state)
{
    (void)state;
    struct mr_random random = {99};
    for (int round = 0; round < (getenv("MILLRACE_QUICK") ? 40 : 200); round++) {
        struct millrace *m = start(256, MILLRACE_ALL, MILLRACE_FROM_OLDEST);
        uint64_t *words = (uint64_t *)((uint8_t *)w.ws.map + 4096);
        size_t count = (w.ws.bytes - 4096) / 8;
        for (int i = 0; i < 200; i++) {
            writer_trade(&w, (uint32_t)mr_random_below(&random, 4));
            writer_signal(&w, 1);
            for (int k = 0; k < 20; k++)
                words[mr_random_below(&random, k & 1 ? count : 4096)] =
                    mr_random_next(&random) >> mr_random_below(&random, 64);
            w.events.ring->head = w.events.head; /* the writer's own index must stay for the writer's sake */
            struct millrace_top top;
            struct millrace_state s;
            struct millrace_connection c;
            struct millrace_instrument it;
            millrace_top(m, 0, &top, sizeof top);
            millrace_state(m, 0, &s, sizeof s);
            millrace_connection(m, (uint32_t)i, &c, sizeof c);
            millrace_instrument(m, (uint32_t)i, &it, sizeof it);
            millrace_find(m, "binance:spot:ETHUSDT");
            int n = millrace_next(m, &r, &error);
            assert_true(n == 1 || n == 0 || n == MILLRACE_E_CORRUPT);
            if (n == 1 && r->book)
                assert_true(r->book->bid_count + r->book->ask_count <= MR_LEVELS_MAX);
        }
        end(m);
    }
}

/* ---- images ---- */

static void images_are_copies_of_what_was_last_written(void **state)
{
    (void)state;
    struct millrace *m = start(1024, 0, 0);
    struct millrace_top top;
    struct millrace_state s;
    struct millrace_connection c;
    assert_int_equal(millrace_top(m, 0, &top, sizeof top), MILLRACE_E_EMPTY);
    assert_int_equal(millrace_top(m, 1, &top, sizeof top), MILLRACE_E_UNKNOWN);
    static struct mr_plane_book book = {
        .instrument = 0, .live = 1, .bid_count = 2, .ask_count = 1, .seq = 9, .gaps = 1};
    book.bids[1] = (struct mr_level){100, 5};
    mr_image_write(w.book, &book, sizeof book);
    assert_int_equal(millrace_top(m, 0, &top, sizeof top), MILLRACE_OK);
    assert_int_equal(top.live, 1);
    assert_int_equal(top.bid_count, 2);
    assert_int_equal(top.bids[1].price, 100);
    assert_int_equal(top.seq, 9);
    book.bid_count = 21; /* more than there can be */
    mr_image_write(w.book, &book, sizeof book);
    assert_int_equal(millrace_top(m, 0, &top, sizeof top), MILLRACE_E_CORRUPT);

    static struct mr_plane_engines engines = {.engine_ns = 7, .underlyings = 1, .regime = 3, .vol_1h = 2.5};
    strcpy(engines.row[0].base, "BTC");
    engines.row[0].rate_10s = 1.5;
    mr_image_write(w.state, &engines, sizeof engines);
    assert_int_equal(millrace_state(m, 0, &s, sizeof s), MILLRACE_OK);
    assert_int_equal(s.regime, 3);
    assert_true(s.volatility_1h == 2.5 && s.underlying[0].rate_10s == 1.5);
    assert_string_equal(s.underlying[0].name, "BTC");
    assert_int_equal(millrace_state(m, 1, &s, sizeof s), MILLRACE_E_UNKNOWN);

    static struct mr_plane_connections connections = {.count = 1};
    connections.row[0] =
        (struct mr_plane_connection){.product = "binance:usdm", .number = 4, .state = 6, .streams = 12, .why = "data"};
    assert_int_equal(millrace_connection(m, 0, &c, sizeof c), MILLRACE_E_UNKNOWN);
    mr_image_write(w.connections, &connections, sizeof connections);
    assert_int_equal(millrace_connection(m, 0, &c, sizeof c), MILLRACE_OK);
    assert_string_equal(c.product, "binance:usdm");
    assert_string_equal(c.state, "live");
    assert_int_equal(c.streams, 12);
    assert_int_equal(millrace_connection(m, 1, &c, sizeof c), MILLRACE_E_UNKNOWN);
    end(m);
}

static void instruments_are_listed_found_and_follow_their_changes(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    struct millrace_instrument it;
    struct millrace_info info;
    millrace_info(m, &info, sizeof info);
    assert_int_equal(info.instruments, 2);
    assert_int_equal(info.alive, 1);
    assert_int_equal(info.pid, getpid());
    assert_string_equal(info.instance, "test");
    assert_int_equal(millrace_find(m, "binance:spot:ETHUSDT"), 1);
    assert_int_equal(millrace_find(m, "binance:spot:ETH"), MILLRACE_E_UNKNOWN);
    assert_int_equal(millrace_instrument(m, 2, &it, sizeof it), MILLRACE_E_UNKNOWN);
    assert_int_equal(millrace_instrument(m, UINT32_MAX, &it, sizeof it), MILLRACE_E_UNKNOWN);
    assert_int_equal(millrace_instrument(m, 0, &it, sizeof it), MILLRACE_OK);
    assert_int_equal(it.price_scale, 8);
    struct mr_instrument change = *mr_instruments_get(w.table, 0);
    change.price_scale = 10;
    mr_instruments_add(w.table, &change);
    writer_trade(&w, 0);
    assert_int_equal(next(m), 1);
    assert_int_equal(r->price_scale, 10);
    assert_int_equal(r->instrument->generation, it.generation + 1);
    end(m);
}

static void a_smaller_struct_of_an_older_program_gets_what_it_knows(void **state)
{
    (void)state;
    struct millrace *m = start(1024, MILLRACE_ALL, 0);
    union {
        struct millrace_info info;
        uint8_t bytes[sizeof(struct millrace_info) + 64];
    } out;
    memset(&out, 0xee, sizeof out);
    assert_int_equal(millrace_info(m, &out.info, 16), MILLRACE_OK);
    assert_int_equal(out.info.epoch, 1);
    assert_int_equal(out.bytes[16], 0xee);
    assert_int_equal(millrace_info(m, &out.info, sizeof out), MILLRACE_OK); /* a newer program's */
    assert_int_equal(out.bytes[sizeof out - 1], 0);
    end(m);
}

static void numbers_are_written_exactly(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int32_t scale;
        const char *want;
    } cases[] = {
        {0, 8, "0"},
        {50000000, 8, "0.5"},
        {-50000000, 8, "-0.5"},
        {6712345000000, 8, "67123.45"},
        {7, 0, "7"},
        {1, 8, "0.00000001"},
        {100, 0, "100"},
        {5, -2, "500"},
        {0, -2, "0"},
        {INT64_MAX, 0, "9223372036854775807"},
        {INT64_MIN, 18, "-9.223372036854775808"},
        {INT64_MIN, 30, "-0.000000000009223372036854775808"},
        {INT64_MIN, -30, "-9223372036854775808000000000000000000000000000000"},
        {10, 1, "1"},
        {1000, 2, "10"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char out[MILLRACE_TEXT];
        assert_string_equal(millrace_text(cases[i].value, cases[i].scale, out), cases[i].want);
        assert_true(millrace_double(cases[i].value, cases[i].scale) == strtod(cases[i].want, NULL) || i == 11);
    }
    assert_string_equal(millrace_code_name(MILLRACE_E_SYSTEM), "SYSTEM");
    assert_string_equal(millrace_code_name(-99), "?");
    assert_string_equal(millrace_code_name(1), "?");
    assert_string_equal(millrace_kind_name(MILLRACE_LIQUIDATION), "liquidation");
    assert_string_equal(millrace_kind_name(MILLRACE_LAPPED), "lapped");
    assert_string_equal(millrace_kind_name(60), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_is_given_as_it_was_written),
        cmocka_unit_test(a_book_message_comes_whole_with_both_its_sides),
        cmocka_unit_test(each_kind_says_what_its_fields_mean),
        cmocka_unit_test(every_event_is_seen_at_100_000_a_second),
        cmocka_unit_test(a_slow_reader_gets_each_event_or_is_told_how_many_it_lost),
        cmocka_unit_test(reading_from_the_oldest_gives_what_was_there_before),
        cmocka_unit_test(a_restart_is_told_after_the_last_of_the_old_run),
        cmocka_unit_test(a_new_run_that_cannot_be_read_is_an_error_until_one_can),
        cmocka_unit_test(a_file_that_is_gone_leaves_the_reader_waiting),
        cmocka_unit_test(names_paths_and_bits_are_checked),
        cmocka_unit_test(a_file_without_permission_is_called_that),
        cmocka_unit_test(what_is_no_workspace_of_ours_is_refused_by_name),
        cmocka_unit_test(records_that_cannot_be_are_corrupt_until_the_next_run),
        cmocka_unit_test(scribbled_memory_never_harms_the_reader),
        cmocka_unit_test(images_are_copies_of_what_was_last_written),
        cmocka_unit_test(instruments_are_listed_found_and_follow_their_changes),
        cmocka_unit_test(a_smaller_struct_of_an_older_program_gets_what_it_knows),
        cmocka_unit_test(numbers_are_written_exactly),
    };
    return MR_TEST_MAIN(tests);
}
