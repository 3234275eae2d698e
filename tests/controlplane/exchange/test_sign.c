/* The signature is HMAC-SHA256, of any length of key and message, and costs no allocation: libcrypto's are all counted here. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "controlplane/exchange/remote/sign.h"
#include "tests/support/support.h"

static uint64_t allocations;

static void *count_malloc(size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    allocations++;
    return malloc(bytes);
}
static void *count_realloc(void *mem, size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    allocations++;
    return realloc(mem, bytes);
}
static void count_free(void *mem, const char *file, int line)
{
    (void)file, (void)line;
    free(mem);
}

/* RFC 4231, cases 1 to 4, 6 and 7; the last two have keys longer than a block. */
static void the_rfcs_cases_come_out(void **state)
{
    (void)state;
    uint8_t key[131], data[50];
    static const struct {
        uint8_t key, key_len; /* `key` repeated; 0: the text */
        const char *key_text;
        uint8_t data, data_len;
        const char *data_text, *want;
    } cases[] = {
        {0x0b, 20, NULL, 0, 0, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 0, "Jefe", 0, 0, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 20, NULL, 0xdd, 50, NULL, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {0xaa, 131, NULL, 0, 0, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {0xaa, 131, NULL, 0, 0,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
         "hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char out[MR_SIGN_TEXT];
        memset(key, cases[i].key, sizeof key);
        memset(data, cases[i].data, sizeof data);
        const struct mr_span secret = cases[i].key_text ? mr_span_of(cases[i].key_text)
                                                        : (struct mr_span){key, cases[i].key_len},
                             part = cases[i].data_text ? mr_span_of(cases[i].data_text)
                                                       : (struct mr_span){data, cases[i].data_len};
        assert_true(mr_sign(secret, &part, 1, out));
        assert_string_equal(out, cases[i].want);
    }
}

static void any_key_and_message_equal_libcryptos_own(void **state)
{
    (void)state;
    static uint8_t key[200], message[MR_SIGN_MESSAGE_MAX];
    struct mr_random r = {5};
    for (int n = 0; n < 2000; n++) {
        char out[MR_SIGN_TEXT], hex[3];
        uint8_t mac[32];
        uint32_t key_len = 1 + (uint32_t)mr_random_below(&r, sizeof key),
                 len = (uint32_t)mr_random_below(&r, sizeof message + 1),
                 first = len ? (uint32_t)mr_random_below(&r, len) : 0;
        for (uint32_t i = 0; i < key_len; i++)
            key[i] = (uint8_t)mr_random_below(&r, 256);
        for (uint32_t i = 0; i < len; i += 1 + (uint32_t)mr_random_below(&r, 40))
            message[i] = (uint8_t)mr_random_below(&r, 256);
        const struct mr_span parts[] = {{message, first}, {NULL, 0}, {message + first, len - first}};
        assert_true(mr_sign((struct mr_span){key, key_len}, parts, 3, out));
        assert_non_null(HMAC(EVP_sha256(), key, (int)key_len, message, len, mac, NULL));
        for (uint32_t i = 0; i < sizeof mac; i++) {
            snprintf(hex, sizeof hex, "%02x", mac[i]);
            assert_memory_equal(out + 2 * i, hex, 2);
        }
    }
}

static void what_is_too_long_is_not_signed(void **state)
{
    (void)state;
    static uint8_t long_one[MR_SIGN_MESSAGE_MAX + 1];
    char out[MR_SIGN_TEXT];
    const struct mr_span most[] = {{long_one, 1}, {long_one, MR_SIGN_MESSAGE_MAX - 1}},
                         more[] = {{long_one, 1}, {long_one, MR_SIGN_MESSAGE_MAX}}, one = {long_one, sizeof long_one};
    assert_true(mr_sign(mr_span_of("Jefe"), most, 2, out));
    assert_false(mr_sign(mr_span_of("Jefe"), more, 2, out));
    assert_false(mr_sign(mr_span_of("Jefe"), &one, 1, out));
}

static void signing_allocates_nothing(void **state)
{
    (void)state;
    const struct mr_span parts[] = {mr_span_of("1763802000000"), mr_span_of("POST"), mr_span_of("/account/place"),
                                    mr_span_of("{\"order\":1}")};
    char out[MR_SIGN_TEXT], long_key[100];
    memset(long_key, 'k', sizeof long_key);
    assert_non_null(HMAC(EVP_sha256(), "k", 1, (const uint8_t *)"m", 1, (uint8_t *)out, NULL));
    assert_true(allocations > 0); /* they are counted */
    const uint64_t before = allocations;
    for (int i = 0; i < 1000; i++) {
        assert_true(mr_sign(mr_span_of("Jefe"), parts, 4, out));
        assert_true(mr_sign((struct mr_span){(const uint8_t *)long_key, sizeof long_key}, parts, 4, out));
    }
    assert_int_equal(allocations, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfcs_cases_come_out),
        cmocka_unit_test(any_key_and_message_equal_libcryptos_own),
        cmocka_unit_test(what_is_too_long_is_not_signed),
        cmocka_unit_test(signing_allocates_nothing),
    };
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1) /* before libcrypto's first */
        return 1;
    return MR_TEST_MAIN(tests);
}
