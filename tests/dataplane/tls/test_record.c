/* The own record reader beside SSL_read: the same records, the same verdict. And what it does alone: keys, memory, counters. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dataplane/tls/pair.h"
#include "tests/support/support.h"

static int open_pair(void **state)
{
    struct mr_pair *p = malloc(sizeof *p);
    mr_pair_open(p);
    *state = p;
    return 0;
}

static int close_pair(void **state)
{
    mr_pair_close(*state);
    free(*state);
    return 0;
}

static uint32_t flights_wanted(void)
{
    const char *wish = getenv("MILLRACE_TLS_FLIGHTS");
    return wish ? (uint32_t)atoi(wish) : getenv("MILLRACE_QUICK") ? 2000 : 8000;
}

/* Mostly what is right, so that a flight gets somewhere, then whatever comes. */
static size_t draw_script(struct mr_random *r, uint8_t *script, size_t room)
{
    size_t n = 0, steps = 1 + mr_random_below(r, 12);
    for (size_t i = 0; i < steps && n + 20 < room; i++) {
        bool tame = mr_random_below(r, 4) != 0;
        script[n++] = (uint8_t)mr_random_below(r, tame ? 12 : 20);
        size_t more = script[n - 1] < 12 ? 1 : 1 + mr_random_below(r, 19);
        while (more--)
            script[n++] = (uint8_t)mr_random_next(r);
    }
    return n;
}

static void mutated_flights_get_the_verdict_of_ssl_read(void **state)
{
    struct mr_pair *p = *state;
    uint32_t flights = flights_wanted(), refused = 0, ended = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < flights; i++) {
        struct mr_random r = {0x7e15 + i};
        uint8_t script[512];
        size_t len = draw_script(&r, script, sizeof script);
        mr_pair_dial(p, i * MR_PAIR_SUITES / flights);
        mr_pair_script(p, script, len);
        mr_pair_hear(p, MR_PAIR_OWN, mr_random_next(&r) | 1, 0);
        mr_pair_hear(p, MR_PAIR_OPENSSL, mr_random_next(&r) | 1, 0);
        const char *differs = mr_pair_differs(p);
        if (differs)
            fail_msg("flight %u (%s): they differ in %s: own %lld, %u bytes (%s); SSL_read %lld, %u bytes (%s)", i,
                     mr_pair_suites[p->suite], differs, (long long)p->sides[0].status, p->sides[0].plain_len,
                     mr_tls_error(p->sides[0].tls), (long long)p->sides[1].status, p->sides[1].plain_len,
                     mr_tls_error(p->sides[1].tls));
        refused += p->sides[0].status == MR_E_CORRUPT;
        ended += p->sides[0].status == MR_E_END;
        bytes += p->sides[0].plain_len;
        p->dialled = p->dialled && !p->damaged && mr_random_below(&r, 8) != 0;
    }
    const struct mr_tls_metrics *m = &p->sides[0].metrics;
    print_message("%u flights, %u dials, %u refused alike, %u ended alike, %llu bytes of data; %llu records, %llu "
                  "staged, %llu key "
                  "updates, %llu tickets\n",
                  flights, p->dials, refused, ended, (unsigned long long)bytes, (unsigned long long)m->records_own,
                  (unsigned long long)m->records_staged, (unsigned long long)m->key_updates,
                  (unsigned long long)m->tickets);
    assert_true(refused > flights / 8 && flights - refused - ended > flights / 8);
    assert_true(m->refused_header && m->refused_tag && m->refused_empty && m->refused_message && m->refused_length);
    assert_int_equal(p->sides[1].metrics.records_own, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_flights_get_the_verdict_of_ssl_read),
    };
    return cmocka_run_group_tests(tests, open_pair, close_pair) ? 1 : 0;
}
