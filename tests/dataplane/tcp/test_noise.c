/* Conversations drawn at random, played by the fuzzer's own player (fuzz_tcp.c) with what it checks: whatever a peer sends, in whatever order,
 * nothing breaks, leaks or goes uncounted. 20,000 of them; MILLRACE_TCP_NOISE=N for another number. A failure names its seed;
 * MILLRACE_TCP_NOISE_SEED=N plays only that one. */
#include <stdio.h>

#include "tests/dataplane/tcp/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    uint8_t data[4096];
    uint32_t len;
};

static void put(struct text *t, uint32_t v, uint32_t octets)
{
    for (; octets > 0; octets--)
        t->data[t->len++] = (uint8_t)(v >> 8 * (octets - 1));
}

static uint32_t below(struct mr_random *r, uint32_t bound) { return (uint32_t)mr_random_below(r, bound); }

/* Mostly what a peer would send next, sometimes what it would not. */
static void segment(struct text *t, struct mr_random *r)
{
    static const uint8_t flags[] = {SEG_ACK,
                                    SEG_ACK,
                                    SEG_ACK | SEG_PSH,
                                    SEG_ACK | SEG_PSH,
                                    SEG_ACK | SEG_PSH,
                                    SEG_SYN | SEG_ACK,
                                    SEG_SYN | SEG_ACK,
                                    SEG_ACK | SEG_FIN,
                                    SEG_RST,
                                    SEG_RST | SEG_ACK,
                                    SEG_SYN,
                                    SEG_FIN,
                                    SEG_URG | SEG_ACK,
                                    0,
                                    63};
    static const uint16_t lengths[] = {0, 0, 1, 10, 100, 536, 1460, 1460};
    static const uint16_t windows[] = {0, 1, 100, 1460, 5000, 65535, 65535, 65535};
    put(t, below(r, 4), 1);
    put(t, flags[below(r, sizeof flags)], 1);
    uint32_t where = below(r, 8); /* in order, a bit early, a bit late, anywhere */
    put(t,
        32768 + (where < 5    ? 0
                 : where == 5 ? below(r, 5000)
                 : where == 6 ? 0u - below(r, 5000)
                              : below(r, 65536)),
        2);
    put(t, below(r, 4) ? 128 : below(r, 256), 1);
    put(t, windows[below(r, MR_COUNT_OF(windows))], 2);
    put(t, lengths[below(r, MR_COUNT_OF(lengths))], 2);
    uint32_t options = below(r, 4) ? 0 : below(r, 41);
    put(t, options, 1);
    static const uint8_t usual[] = {2, 4, 5, 0xb4, 1, 3, 3, 7, 1, 1, 4, 2};
    for (uint32_t i = 0; i < options; i++)
        put(t, below(r, 8) ? usual[i % sizeof usual] : below(r, 256), 1);
}

static void conversation(struct text *t, struct mr_random *r)
{
    t->len = 0;
    put(t, below(r, 4), 1);
    for (uint32_t n = 3 + below(r, 40); n > 0 && t->len < sizeof t->data - 128; n--) {
        uint32_t kind = below(r, 20);
        if (kind < 12) {
            segment(t, r);
        } else if (kind < 15) { /* time */
            put(t, 5, 1);
            put(t, below(r, 14), 1);
        } else if (kind < 17) { /* output */
            put(t, 6, 1);
            put(t, below(r, 20000), 2);
        } else {
            put(t, kind == 17 ? 7 : kind == 18 ? 9 + below(r, 2) : 8, 1);
            if (kind == 18)
                put(t, below(r, 32), 1);
        }
    }
}

static uint64_t playing; /* seed; 0: all went well */

static void tell(const char *file, int line, const char *what)
{
    (void)file, (void)line, (void)what;
    fprintf(stderr, "MILLRACE_TCP_NOISE_SEED=%llu repeats it\n", (unsigned long long)playing);
}

static int tell_failed(void **state)
{
    (void)state;
    if (playing)
        tell("", 0, "");
    return 0;
}

static void whatever_a_peer_sends_nothing_breaks_or_leaks(void **state)
{
    (void)state;
    const char *many = getenv("MILLRACE_TCP_NOISE"), *only = getenv("MILLRACE_TCP_NOISE_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t count = only ? 1 : many ? strtoull(many, NULL, 10) : getenv("MILLRACE_QUICK") ? 4000 : 20000;
    static struct text t;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct mr_random r = {seed * 977};
        conversation(&t, &r);
        playing = seed;
        LLVMFuzzerTestOneInput(t.data, t.len);
    }
    playing = 0;
}

int main(void)
{
    if (!world_built())
        return 77;
    mr_panic_hook = tell;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whatever_a_peer_sends_nothing_breaks_or_leaks, tell_failed),
    };
    return MR_TEST_MAIN(tests);
}
