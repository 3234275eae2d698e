/* Shapes change speed only: whatever they answer, the general path answers too, bit for bit. */
#include "codecs/shape/shape.h"
#include "tests/codecs/venue/rig.h"

#include <stdio.h>

/* Small messages of every learnable kind and form, hand-written; venues add theirs. */
/* clang-format off */
static const struct { const char *product, *text; } taught[] = {
    {"binance:usdm", "{\"e\":\"aggTrade\",\"E\":1791391082024,\"a\":3478018549,\"s\":\"BTCUSDT\",\"p\":\"83434.40\",\"q\":\"0.016\",\"nq\":\"0.016\",\"f\":8154045700,"
                     "\"l\":8154045704,\"T\":1791391081874,\"m\":true,\"st\":1}"},
    {"binance:usdm", "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1626992741012,\"a\":70,\"s\":\"BTCUSDT\",\"p\":\"32000\",\"q\":\"1\",\"f\":10,\"l\":20,"
                     "\"T\":1626992741000,\"m\":false}}"},
    {"binance:usdm", "{\"e\":\"bookTicker\",\"u\":11730346419457,\"s\":\"BTCUSDT\",\"ps\":\"BTCUSDT\",\"b\":\"84788.20\",\"B\":\"5.923\",\"a\":\"84788.30\",\"A\":\"2.824\","
                     "\"T\":1791091007473,\"E\":1791091007473,\"st\":1}"},
    {"binance:usdm", "{\"e\":\"trade\",\"E\":1769590256675,\"T\":1769590256674,\"s\":\"1000PEPEUSDT\",\"t\":1074178546,\"p\":\"0.0088904\",\"q\":\"100\",\"X\":\"MARKET\",\"m\":true}"},
    {"binance:usdm", "{\"e\":\"markPriceUpdate\",\"E\":1791269856000,\"s\":\"BTCUSDT\",\"p\":\"85296.60260870\",\"ap\":\"85296.60260870\",\"P\":\"85321.91711993\",\"i\":"
                     "\"85345.93826087\",\"r\":\"-0.00000523\",\"T\":1791273600000,\"st\":1}"},
    {"binance:usdm", "{\"e\":\"24hrMiniTicker\",\"E\":1640248670092,\"s\":\"BTCUSD_220325\",\"c\":\"49461.1\",\"o\":\"50769.1\",\"h\":\"5\",\"l\":\"4\",\"v\":\"1\",\"q\":\"38.3\"}"},
    {"binance:usdm", "{\"T\":1791391081874,\"m\":true,\"q\":\"0.5000000000\",\"p\":12345678901.5,\"s\":\"BTCUSDT\",\"a\":9223372036854775806,\"e\":\"aggTrade\"}"},
    {"binance:usdm", "{\"T\":1,\"m\":true,\"q\":\"0\",\"p\":0.12345678,\"s\":\"BTCUSDT\",\"a\":12345678901234567,\"e\":\"aggTrade\",\"x9\":-1.50,\"y\":\"0.5\"}"},
    {"binance:spot", "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\",\"A\":"
                     "\"1.54698000\"}}"},
    {"binance:spot", "{\"e\":\"trade\",\"E\":1723161255343,\"s\":\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"b\":88,\"a\":50,\"T\":1723161255342,"
                     "\"m\":true,\"M\":true}"},
    {"binance:spot", "{\"e\":\"contractInfo\",\"E\":1640248670092,\"s\":\"BTCUSDT\",\"cs\":\"TRADING\"}"},
};
/* clang-format on */

struct pair {
    struct rig fast, plain;
};

static void pair_open(struct pair *p, const char *product, enum mr_kernel kernel)
{
    static struct mr_venue shapes_only; /* what has a usual form would never come to a shape */
    rig_open(&p->fast, product, 256, kernel);
    rig_open(&p->plain, product, 0, kernel);
    shapes_only = *p->fast.dec.venue;
    shapes_only.usual = NULL;
    p->fast.dec.venue = &shapes_only;
    for (int i = 0; i < 2; i++)
        mr_instruments_add_bare(i ? p->fast.table : p->plain.table, 1, p->fast.dec.product, mr_span_of("BTCUSDT"));
}

static void pair_close(struct pair *p)
{
    rig_close(&p->fast);
    rig_close(&p->plain);
}

/* `got` slots of the fast rig against what the general path says of the same frame. */
static void same(struct pair *p, const struct mr_frame *frame, int got)
{
    int want = rig_decode_frame(&p->plain, frame);
    if (got != want || (got > 0 && memcmp(p->fast.out, p->plain.out, (size_t)got * sizeof *p->fast.out) != 0))
        fail_msg("%d by shape, %d by the general path: %.*s", got, want, (int)frame->len, (const char *)frame->data);
}

/* By the shape alone, or -1. */
static int by_shape(struct pair *p, const struct mr_frame *frame)
{
    uint8_t kind;
    int n = mr_shapes_decode(p->fast.shapes, frame, p->fast.out, MR_DECODE_SLOTS, &kind);
    assert_true(n >= 0 || n == MR_E_AGAIN);
    return n;
}

static bool quick(void) { return getenv("MILLRACE_QUICK") != NULL; }

static void each_kernel(void (*fn)(enum mr_kernel kernel))
{
    for (enum mr_kernel k = 0; k < MR_KERNEL_COUNT; k++)
        if (mr_kernel_available(k) && (!quick() || k == mr_kernel_active() || k == MR_KERNEL_SCALAR))
            fn(k);
}

/* ---- learnt once, met again ---- */

static void learn_and_meet(enum mr_kernel kernel)
{
    for (size_t i = 0; i < MR_COUNT_OF(taught); i++) {
        struct pair p;
        pair_open(&p, taught[i].product, kernel);
        struct mr_frame frame = rig_frame(taught[i].text, strlen(taught[i].text));
        assert_int_equal(by_shape(&p, &frame), MR_E_AGAIN);
        same(&p, &frame, rig_decode_frame(&p.fast, &frame));
        frame.recv_ns = 1234567;
        frame.connection = 9;
        frame.clock = MR_CLOCK_VENUE;
        int n = by_shape(&p, &frame);
        if (n < 0)
            fail_msg("not learnt: %s", taught[i].text);
        same(&p, &frame, n);
        if (n > 0) { /* too little room is not the shape's business */
            uint8_t kind;
            assert_int_equal(mr_shapes_decode(p.fast.shapes, &frame, p.fast.out, (uint32_t)n - 1, &kind), MR_E_AGAIN);
        }
        mr_shapes_clear(p.fast.shapes);
        assert_int_equal(by_shape(&p, &frame), MR_E_AGAIN);
        pair_close(&p);
    }
}

static void a_message_seen_once_is_known(void **state)
{
    (void)state;
    each_kernel(learn_and_meet);
}

/* ---- other digits ---- */

static void other_digits(enum mr_kernel kernel)
{
    uint32_t rounds = quick() ? 3000 : 60000;
    uint64_t hits = 0, all = 0;
    struct mr_random r = {42};
    for (size_t i = 0; i < MR_COUNT_OF(taught); i++) {
        struct pair p;
        uint8_t text[512];
        uint32_t len = (uint32_t)strlen(taught[i].text);
        pair_open(&p, taught[i].product, kernel);
        struct mr_frame frame = rig_frame(taught[i].text, len);
        same(&p, &frame, rig_decode_frame(&p.fast, &frame));
        frame.data = text;
        for (uint32_t round = 0; round < rounds; round++) {
            memcpy(text, taught[i].text, len);
            uint64_t one_in = 1 + mr_random_below(&r, 12);
            for (uint32_t at = 0; at < len; at++)
                if (text[at] >= '0' && text[at] <= '9' && mr_random_below(&r, one_in) == 0)
                    text[at] = (uint8_t)('0' + mr_random_below(&r, 10));
            int n = by_shape(&p, &frame);
            if (n >= 0)
                same(&p, &frame, n);
            hits += n >= 0;
            all++;
        }
        pair_close(&p);
    }
    printf("%s: %llu of %llu messages with other digits went by shape\n", mr_kernel_name(kernel),
           (unsigned long long)hits, (unsigned long long)all);
    assert_true(hits > all / 20);
}

static void other_digits_are_read_as_the_general_path_reads_them(void **state)
{
    (void)state;
    each_kernel(other_digits);
}

/* The same with learning on, so that shapes of all sorts of digits meet each other. */
static void learning(enum mr_kernel kernel)
{
    uint32_t rounds = quick() ? 5000 : 100000;
    struct mr_random r = {7};
    struct pair p[2];
    pair_open(&p[0], "binance:usdm", kernel);
    pair_open(&p[1], "binance:spot", kernel);
    for (uint32_t round = 0; round < rounds; round++) {
        size_t i = mr_random_below(&r, MR_COUNT_OF(taught));
        uint8_t text[512];
        uint32_t len = (uint32_t)strlen(taught[i].text);
        memcpy(text, taught[i].text, len);
        for (uint32_t at = 0; at < len; at++)
            if (text[at] >= '0' && text[at] <= '9' && mr_random_below(&r, 30) == 0)
                text[at] = (uint8_t)('0' + mr_random_below(&r, 10));
        struct mr_frame frame = rig_frame(text, len);
        struct pair *which = &p[strcmp(taught[i].product, "binance:spot") == 0];
        same(which, &frame, rig_decode_frame(&which->fast, &frame));
    }
    pair_close(&p[0]);
    pair_close(&p[1]);
}

static void learning_on_the_way_changes_nothing(void **state)
{
    (void)state;
    each_kernel(learning);
}

/* ---- one byte changed: each byte to each value ---- */

static void one_byte(enum mr_kernel kernel)
{
    uint64_t taken = 0, all = 0;
    for (size_t i = 0; i < MR_COUNT_OF(taught); i += quick() ? 3 : 1) {
        struct pair p;
        uint32_t len = (uint32_t)strlen(taught[i].text);
        struct mr_guard g = mr_guard_open(len); /* a read past the end would fault */
        pair_open(&p, taught[i].product, kernel);
        memcpy(g.data, taught[i].text, len);
        struct mr_frame frame = rig_frame(g.data, len);
        same(&p, &frame, rig_decode_frame(&p.fast, &frame));
        assert_true(by_shape(&p, &frame) >= 0);
        for (uint32_t at = 0; at < len; at++) {
            uint8_t old = g.data[at];
            for (unsigned value = 0; value < 256; value++, all++) {
                g.data[at] = (uint8_t)value;
                int n = by_shape(&p, &frame);
                if (n >= 0) {
                    same(&p, &frame, n);
                    taken++;
                }
            }
            g.data[at] = old;
        }
        /* and lengths: every prefix, and one byte more */
        for (frame.len = 0; frame.len < len; frame.len++)
            assert_int_equal(by_shape(&p, &frame), MR_E_AGAIN);
        pair_close(&p);
        mr_guard_close(&g);
    }
    printf("%s: %llu of %llu one-byte mutations went by shape, all as the general path\n", mr_kernel_name(kernel),
           (unsigned long long)taken, (unsigned long long)all);
    assert_true(taken > 0 && taken < all / 10);
}

static void one_byte_changed_is_refused_or_read_rightly(void **state)
{
    (void)state;
    each_kernel(one_byte);
}

/* ---- bounds of what a shape can hold ---- */

static void state_is_forgotten_when_an_instrument_changes(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "binance:usdm", 64, mr_kernel_active());
    const char *text = "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1.25\",\"q\":\"2\",\"T\":5,\"m\":false}";
    assert_int_equal(rig_decode(&rig, text), 1);
    assert_int_equal(rig_decode(&rig, text), 1);
    assert_int_equal(rig.out->event.price, 125000000);
    assert_true(rig.out->event.flags & MR_FLAG_CAUTION);
    struct mr_instrument it = *mr_instruments_get(rig.table, 0);
    assert_int_equal(mr_instrument_scales(&it, mr_span_of("0.0000000001"), mr_span_of("1")), MR_OK);
    mr_instruments_add(rig.table, &it);
    assert_int_equal(rig_decode(&rig, text), 1);
    assert_int_equal(rig.out->event.price, 12500000000);
    assert_int_equal(rig.out->event.size, 20000);
    assert_false(rig.out->event.flags & MR_FLAG_CAUTION);
    rig_close(&rig);
}

/* A recorder's own view: one number, one string. */
struct hand {
    struct mr_shapes *shapes;
    struct mr_shape_recorder r;
    union mr_slot out[MR_SHAPE_SLOTS];
};

static void teach(struct hand *h, const char *text, enum mr_shape_op op, uint32_t from, uint32_t len, int scale,
                  int64_t value)
{
    struct mr_frame frame = rig_frame(text, strlen(text));
    memset(h->out, 0, sizeof h->out);
    h->out->event.kind = MR_EVENT_TRADE;
    h->out->event.recv_ns = 7;
    h->out->event.connection = 3;
    h->out->event.flags = MR_CLOCK_KERNEL << MR_FLAG_CLOCK_SHIFT;
    h->out->event.price = value;
    mr_shape_record_begin(&h->r, h->shapes, &frame, h->out);
    mr_shape_record(&h->r, op, (struct mr_span){frame.data + from, len}, &h->out->event.price, scale, 1);
    mr_shapes_learn(h->shapes, &h->r, &frame, 1, 5);
}

static int ask(struct hand *h, const char *text, int64_t *price)
{
    struct mr_frame frame = rig_frame(text, strlen(text));
    union mr_slot out[MR_SHAPE_SLOTS];
    uint8_t kind = 0;
    int n = mr_shapes_decode(h->shapes, &frame, out, MR_SHAPE_SLOTS, &kind);
    *price = n > 0 ? out->event.price : 0;
    return n;
}

static void numbers_of_all_sizes(enum mr_kernel kernel)
{
    /* clang-format off */
    static const struct { const char *says, *learnt; uint32_t from, len; int scale; int64_t value; const char *met; int want; int64_t price; } cases[] = {
        {"sixteen digits", "price ............ 1234567890123456 ............", 19, 16, 0, 1234567890123456, "price ............ 9999999999999999 ............", 1, 9999999999999999},
        {"nineteen: the first are pinned", "price ......... 1234567890123456789 ............", 16, 19, 0, 1234567890123456789,
         "price ......... 1239999999999999999 ............", 1, 1239999999999999999},
        {"... and another first is another shape", "price ......... 1234567890123456789 ............", 16, 19, 0, 1234567890123456789,
         "price ......... 2234567890123456789 ............", MR_E_AGAIN, 0},
        {"the largest int64", "price ......... 9223372036854775807 ............", 16, 19, 0, INT64_MAX, "price ......... 9223372036854775807 ............", 1, INT64_MAX},
        {"never beyond it", "price ......... 9223372036854775807 ............", 16, 19, 0, INT64_MAX, "price ......... 9223372036854775808 ............", MR_E_AGAIN, 0},
        {"a scale that leaves no room", "price ......... 92233720368.5 ..................", 16, 13, 8, 9223372036850000000, "price ......... 92233720368.6 ..................", MR_E_AGAIN, 0},
        {"zeros beyond the scale", "price ......... 1.1200 .........................", 16, 6, 2, 112, "price ......... 9.9900 .........................", 1, 999},
        {"... stay zeros", "price ......... 1.1200 .........................", 16, 6, 2, 112, "price ......... 1.1201 .........................", MR_E_AGAIN, 0},
        {"a negative one", "price ......... -0.5 ...........................", 16, 4, 1, -5, "price ......... -7.3 ...........................", 1, -73},
        {"minus zero is zero", "price ......... -0.5 ...........................", 16, 4, 1, -5, "price ......... -0.0 ...........................", 1, 0},
        {"no leading zero", "price ......... 10.5 ...........................", 16, 4, 1, 105, "price ......... 00.5 ...........................", MR_E_AGAIN, 0},
        {"at the very start", "10.5 and then something long enough to be learnt ", 0, 4, 1, 105, "99.9 and then something long enough to be learnt ", 1, 999},
        {"at the very end", "something long enough to be learnt ......... 10.5", 45, 4, 1, 105, "something long enough to be learnt ......... 43.2", 1, 432},
        {"17 characters with the point", "price ......... 12345678.90123456 ..............", 16, 17, 8, 1234567890123456, "price ......... 19999999.99999999 ..............", 1, 1999999999999999},
        {"an exponent is not learnt", "price ......... 1e5 ............................", 16, 3, 0, 100000, "price ......... 1e5 ............................", MR_E_AGAIN, 0},
        {"a wrong value is not learnt", "price ......... 10.5 ...........................", 16, 4, 1, 106, "price ......... 10.5 ...........................", MR_E_AGAIN, 0},
        {"digits not recorded are pinned", "price 1 ....... 10.5 ...........................", 16, 4, 1, 105, "price 2 ....... 10.5 ...........................", MR_E_AGAIN, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct hand h = {.shapes = NULL};
        void *mem = aligned_alloc(64, (mr_shapes_bytes(4) + 63) / 64 * 64);
        int64_t price;
        h.shapes = mr_shapes_init(mem, 4, kernel);
        teach(&h, cases[i].learnt, MR_SHAPE_FIXED, cases[i].from, cases[i].len, cases[i].scale, cases[i].value);
        int n = ask(&h, cases[i].met, &price);
        if (n != cases[i].want || price != cases[i].price)
            fail_msg("%s, %s: %d %lld", mr_kernel_name(kernel), cases[i].says, n, (long long)price);
        free(mem);
    }
}

static void numbers_are_exact_or_left_to_the_general_path(void **state)
{
    (void)state;
    each_kernel(numbers_of_all_sizes);
}

static void ids_with_letters(enum mr_kernel kernel)
{
    static const char learnt[] = "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"symbols\":\"BTCUSDT\","
                                 "\"i\":\"0f7a3b2c-99d1-5c0e-8f57-aa01bb02cc03\",\"p\":1}";
    uint32_t at = (uint32_t)(strstr(learnt, "0f7a") - learnt);
    struct hand h = {.shapes = NULL};
    void *mem = aligned_alloc(64, (mr_shapes_bytes(4) + 63) / 64 * 64);
    int64_t price;
    char text[sizeof learnt];
    h.shapes = mr_shapes_init(mem, 4, kernel);
    teach(&h, learnt, MR_SHAPE_TEXT, at, 36, 0, 77);
    memcpy(text, learnt, sizeof text);
    memcpy(text + at, "ffffffff-0000-ZZZZ- {}-123456789012", 35);
    assert_int_equal(ask(&h, text, &price), 1);
    assert_int_equal(price, 77);
    static const char never[] = {'"', '\\', 0x1f, 0x7f, (char)0x80, (char)0xc3, 0};
    for (size_t i = 0; i < sizeof never; i++)
        for (uint32_t k = 0; k < 36; k += 7) {
            memcpy(text, learnt, sizeof text);
            text[at + k] = never[i];
            struct mr_frame frame = rig_frame(text, sizeof text - 1);
            uint8_t kind;
            assert_int_equal(mr_shapes_decode(h.shapes, &frame, h.out, MR_SHAPE_SLOTS, &kind), MR_E_AGAIN);
        }
    memcpy(text, learnt, sizeof text);
    text[sizeof text - 3] = '2'; /* what is not the id is compared as ever */
    assert_int_equal(ask(&h, text, &price), MR_E_AGAIN);
    free(mem);
}

static void ids_with_letters_may_vary_but_not_end(void **state)
{
    (void)state;
    each_kernel(ids_with_letters);
}

static void what_cannot_be_a_shape_is_not_learnt(void **state)
{
    (void)state;
    struct hand h = {.shapes = NULL};
    void *mem = aligned_alloc(64, (mr_shapes_bytes(8) + 63) / 64 * 64);
    int64_t price;
    struct mr_shapes_stats stats;
    static char text[MR_SHAPE_TEXT_MAX + 2];
    h.shapes = mr_shapes_init(mem, 8, mr_kernel_active());
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "1.5", 3);
    teach(&h, text, MR_SHAPE_FIXED, 0, 3, 1, 15); /* one byte too long */
    assert_int_equal(ask(&h, text, &price), MR_E_AGAIN);
    text[MR_SHAPE_TEXT_MAX] = 0;
    teach(&h, text, MR_SHAPE_FIXED, 0, 3, 1, 15);
    assert_int_equal(ask(&h, text, &price), 1);
    text[15] = 0;
    teach(&h, text, MR_SHAPE_FIXED, 0, 3, 1, 15); /* shorter than a window */
    assert_int_equal(ask(&h, text, &price), MR_E_AGAIN);

    mr_shapes_stats(h.shapes, &stats);
    assert_int_equal(stats.learnt, 1);
    assert_int_equal(stats.hits, 1);

    text[15] = 'x'; /* more numbers than there is room for */
    text[200] = 0;
    struct mr_frame frame = rig_frame(text, 200);
    mr_shape_record_begin(&h.r, h.shapes, &frame, h.out);
    for (int i = 0; i <= MR_SHAPE_NUMBERS; i++)
        mr_shape_record(&h.r, MR_SHAPE_IGNORE, (struct mr_span){frame.data, 3}, NULL, 0, 1);
    assert_true(h.r.refused);
    mr_shapes_learn(h.shapes, &h.r, &frame, 0, 1);
    mr_shape_record_begin(&h.r, h.shapes, &frame, h.out); /* a target beyond the slots */
    mr_shape_record(&h.r, MR_SHAPE_INT, (struct mr_span){frame.data, 1}, &h.out[MR_SHAPE_SLOTS], 0, 1);
    assert_true(h.r.refused);
    mr_shape_record_begin(&h.r, NULL, &frame, h.out); /* nobody to learn */
    assert_false(h.r.on);
    mr_shapes_stats(h.shapes, &stats);
    assert_int_equal(stats.learnt, 1);
    free(mem);
}

static void the_oldest_of_a_set_is_replaced(void **state)
{
    (void)state;
    struct hand h = {.shapes = NULL};
    void *mem = aligned_alloc(64, (mr_shapes_bytes(4) + 63) / 64 * 64);
    int64_t price;
    struct mr_shapes_stats stats;
    char text[] = "symbol A price 10.5 ............................................";
    h.shapes = mr_shapes_init(mem, 4, mr_kernel_active()); /* one set of four */
    for (char c = 'A'; c <= 'E'; c++) {
        text[7] = c;
        teach(&h, text, MR_SHAPE_FIXED, 15, 4, 1, 105);
    }
    for (char c = 'A'; c <= 'E'; c++) {
        text[7] = c;
        assert_int_equal(ask(&h, text, &price), c == 'A' ? MR_E_AGAIN : 1);
    }
    mr_shapes_stats(h.shapes, &stats);
    assert_int_equal(stats.learnt, 5);
    assert_int_equal(stats.replaced, 1);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_seen_once_is_known),
        cmocka_unit_test(other_digits_are_read_as_the_general_path_reads_them),
        cmocka_unit_test(learning_on_the_way_changes_nothing),
        cmocka_unit_test(one_byte_changed_is_refused_or_read_rightly),
        cmocka_unit_test(state_is_forgotten_when_an_instrument_changes),
        cmocka_unit_test(numbers_are_exact_or_left_to_the_general_path),
        cmocka_unit_test(ids_with_letters_may_vary_but_not_end),
        cmocka_unit_test(what_cannot_be_a_shape_is_not_learnt),
        cmocka_unit_test(the_oldest_of_a_set_is_replaced),
    };
    return MR_TEST_MAIN(tests);
}
