/* Keys of the own record reader: where they are while a connection lives, and that nothing of them is left when it is over. The whole
 * memory of this process is searched, by the offsets of its maps; what is looked for is kept masked, so that it does not find itself. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/tls/tls_record_priv.h"
#include "tests/dataplane/tls/pair.h"
#include "tests/support/support.h"

#define OWN(p) (&(p)->sides[MR_PAIR_OWN])
#define MASK 0xa5
#define NEEDLE 16 /* bytes of a secret that are looked for */

struct needle {
    uint8_t masked[NEEDLE];
};

static void note(struct needle *n, const void *secret)
{
    for (int i = 0; i < NEEDLE; i++)
        n->masked[i] = ((const uint8_t *)secret)[i] ^ MASK;
}

static bool is_at(const struct needle *n, const uint8_t *at)
{
    for (int i = 0; i < NEEDLE; i++)
        if ((at[i] ^ MASK) != n->masked[i])
            return false;
    return true;
}

/* How often each lies in this process's writable memory, outside [except, except + except_bytes). */
static void search(const struct needle *needles, uint32_t count, const void *except, size_t except_bytes,
                   uint32_t *found)
{
    static uint8_t chunk[(1 << 20) + NEEDLE];
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY);
    char line[512];
    memset(found, 0, count * sizeof *found);
    assert_true(maps && mem >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long begin, end;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) != 3 || mode[1] != 'w' || strstr(line, "[v"))
            continue;
        for (unsigned long at = begin; at < end; at += 1 << 20) {
            size_t want = end - at < sizeof chunk ? end - at : sizeof chunk;
            if (at < (uintptr_t)chunk + sizeof chunk && at + want > (uintptr_t)chunk)
                continue; /* our own buffer, and a few pages beside it that hold this test's tables */
            ssize_t n = pread(mem, chunk, want, (off_t)at);
            for (ssize_t i = 0; i + NEEDLE <= n && i < 1 << 20; i++)
                for (uint32_t k = 0; k < count; k++)
                    if (chunk[i] == (needles[k].masked[0] ^ MASK) && is_at(&needles[k], chunk + i) &&
                        !(at + (size_t)i - (uintptr_t)except < except_bytes))
                        found[k]++;
        }
    }
    memset(chunk, 0, sizeof chunk);
    close(mem);
    fclose(maps);
}

/* The kernel's flags of the map that holds `at`. */
static void flags_of(const void *at, char *flags, size_t room)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[512];
    bool here = false;
    flags[0] = 0;
    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        unsigned long begin, end;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 && strchr("r-", mode[0]))
            here = (uintptr_t)at >= begin && (uintptr_t)at < end;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, room, "%s", line + 8);
    }
    fclose(smaps);
}

static const uint8_t *key_of(const struct mr_tls_keys *k)
{
    return k->suite == MR_TLS_CHACHA20 ? k->chacha : k->gcm.expanded_keys;
}

static bool is_clean(const struct mr_tls_keys *k)
{
    for (size_t i = 0; i < sizeof *k; i++)
        if (((const uint8_t *)k)[i] && i != offsetof(struct mr_tls_keys, taken))
            return false;
    return true;
}

static void far_end_goes(struct mr_pair *p, int side)
{
    mr_peer_close(&p->sides[side].peer);
    mr_flight_close(&p->sides[side].writer);
    OPENSSL_cleanse(&p->sides[side].writer, sizeof p->sides[side].writer);
}

enum { OLD_SECRET, OLD_KEY, SECRET, KEY, CONTROL, NEEDLES };

static void connect_and_update(struct mr_pair *p, uint32_t suite, struct needle *needles)
{
    mr_pair_hang_up(p);
    mr_pair_dial(p, suite);
    const struct mr_tls_keys *k = OWN(p)->tls->reader.keys;
    note(&needles[OLD_SECRET], k->secret);
    note(&needles[OLD_KEY], key_of(k));
    for (uint32_t i = 0; i < 64; i++)
        p->expected[100 + i] = (uint8_t)(i * 37 + suite + 1);
    mr_pair_begin(p);
    mr_pair_data(p, "some", 4, 0);
    mr_pair_update(p, 0);
    mr_pair_data(p, "data", 4, 0);
    mr_pair_hear(p, MR_PAIR_OWN, 0, 100);
    assert_int_equal(OWN(p)->plain_len, 8);
    note(&needles[CONTROL], p->expected + 100); /* in the heap, where all can find it */
    note(&needles[SECRET], k->secret);
    note(&needles[KEY], key_of(k));
}

static void keys_lie_in_their_pages_and_nothing_of_them_is_left_afterwards(void **state)
{
    struct mr_pair *p = *state;
    if (MR_TEST_SANITIZED) { /* its shadow of all memory is writable memory too, terabytes of it */
        mr_test_skip_line("memory cannot be searched under a sanitizer");
        skip();
    }
    for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++) {
        struct needle needles[NEEDLES];
        uint32_t found[NEEDLES];
        connect_and_update(p, suite, needles);
        far_end_goes(p, MR_PAIR_OWN); /* it holds the same secrets */
        const struct mr_tls_crypt *crypt = OWN(p)->context->crypt;
        search(needles, NEEDLES, NULL, 0, found);
        assert_true(found[CONTROL] > 0 && found[SECRET] > 0 && found[KEY] > 0); /* the search does find */
        assert_int_equal(found[OLD_SECRET], 0); /* after the key update nothing is left of the old ones */
        assert_int_equal(found[OLD_KEY], 0);
        search(needles, NEEDLES, crypt->keys, crypt->keys_bytes, found);
        assert_true(found[SECRET] <= 1 && found[KEY] <= 1); /* OpenSSL's own, in its heap */
        mr_tls_close(OWN(p)->tls);
        search(needles, NEEDLES, NULL, 0, found);
        assert_int_equal(found[SECRET], 0);
        assert_int_equal(found[KEY], 0);
        assert_int_equal(found[OLD_SECRET], 0);
        assert_int_equal(found[OLD_KEY], 0);
        assert_true(is_clean(OWN(p)->tls->reader.keys));
        far_end_goes(p, MR_PAIR_OPENSSL);
        p->dialled = false;
    }
}

static void a_connection_that_breaks_has_no_keys_any_more(void **state)
{
    struct mr_pair *p = *state;
    for (int end = 0; end < 3; end++) {
        mr_pair_hang_up(p);
        mr_pair_dial(p, (uint32_t)end);
        const struct mr_tls_keys *k = OWN(p)->tls->reader.keys;
        assert_false(is_clean(k));
        mr_pair_begin(p);
        if (end == 0)
            mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x00", 2, 0);
        else if (end == 1)
            mr_pair_raw(p,
                        "\x17\x03\x03\x00\x11"
                        "12345678901234567",
                        22);
        else
            mr_pair_record(p, 99, "?", 1, 0);
        mr_pair_hear(p, MR_PAIR_OWN, 0, 100);
        assert_true(OWN(p)->status < 0);
        assert_true(is_clean(k)); /* before anybody closes it */
    }
    mr_pair_hang_up(p);
}

static void key_pages_are_not_dumped_nor_inherited_and_locked_where_allowed(void **state)
{
    struct mr_pair *p = *state;
    char flags[512];
    flags_of(OWN(p)->context->crypt->keys, flags, sizeof flags);
    assert_non_null(strstr(flags, " dd")); /* not in core dumps */
    assert_non_null(strstr(flags, " dc")); /* not in children */
    if (!MR_TEST_SANITIZED)                /* which only says that it locks */
        assert_true((strstr(flags, " lo") != NULL) == (OWN(p)->metrics.keys_unlocked == 0));
    assert_null(p->sides[MR_PAIR_OPENSSL].context->crypt); /* who does not need secrets is not given any */
    assert_null(SSL_CTX_get_keylog_callback(p->sides[MR_PAIR_OPENSSL].context->ssl));
}

int main(void)
{
    if (!mr_tls_cleanse_freed())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_lie_in_their_pages_and_nothing_of_them_is_left_afterwards),
        cmocka_unit_test(a_connection_that_breaks_has_no_keys_any_more),
        cmocka_unit_test(key_pages_are_not_dumped_nor_inherited_and_locked_where_allowed),
    };
    return cmocka_run_group_tests(tests, mr_pair_setup, mr_pair_teardown) ? 1 : 0;
}
