#include "engines/pipeline/engine.h"
#include "tests/support/support.h"

#define VERSION 3u
#define LAYOUT 77u
#define AT 1700000000123456789

static uint8_t body[100];

static int64_t seal(uint8_t *buffer, size_t len)
{
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 7);
    return mr_state_seal(buffer, len, "velocity", VERSION, LAYOUT, AT, body, sizeof body);
}

static int open_it(const uint8_t *buffer, size_t len)
{
    const void *state = NULL;
    int64_t at = 0;
    int status = mr_state_open(buffer, len, "velocity", VERSION, LAYOUT, &state, sizeof body, &at);
    if (status == MR_OK) {
        assert_memory_equal(state, body, sizeof body);
        assert_true(at == AT);
    } else {
        assert_null(state);
        assert_true(at == 0);
    }
    return status;
}

static void what_is_sealed_opens_at_any_alignment(void **unused)
{
    (void)unused;
    uint8_t room[MR_STATE_BYTES(sizeof body) + 8];
    for (size_t shift = 0; shift < 8; shift++) {
        assert_true(seal(room + shift, sizeof room - shift) == (int64_t)MR_STATE_BYTES(sizeof body));
        assert_int_equal(open_it(room + shift, sizeof room - shift), MR_OK);
    }
}

static void a_state_sealed_in_place_is_the_same(void **unused)
{
    (void)unused;
    uint8_t apart[MR_STATE_BYTES(sizeof body)], in_place[sizeof apart];
    seal(apart, sizeof apart);
    memcpy(in_place + sizeof(struct mr_state_head), body, sizeof body);
    mr_state_seal(in_place, sizeof in_place, "velocity", VERSION, LAYOUT, AT, in_place + sizeof(struct mr_state_head),
                  sizeof body);
    assert_memory_equal(apart, in_place, sizeof apart);
}

static void an_empty_state_seals_and_opens(void **unused)
{
    (void)unused;
    uint8_t room[sizeof(struct mr_state_head)];
    const void *state;
    int64_t at;
    assert_true(mr_state_seal(room, sizeof room, "e", 1, 1, -5, "", 0) == (int64_t)sizeof room);
    assert_int_equal(mr_state_open(room, sizeof room, "e", 1, 1, &state, 0, &at), MR_OK);
    assert_true(at == -5);
}

static void sealing_refuses_what_does_not_fit(void **unused)
{
    (void)unused;
    uint8_t room[MR_STATE_BYTES(sizeof body)], before[sizeof room];
    memset(room, 0xa5, sizeof room);
    memcpy(before, room, sizeof room);
    static const struct {
        const char *says, *name;
        size_t len;
        int want;
    } refused[] = {
        {"one byte short", "velocity", MR_STATE_BYTES(sizeof body) - 1, MR_E_FULL},
        {"no room for the head", "velocity", 10, MR_E_FULL},
        {"no room at all", "velocity", 0, MR_E_FULL},
        {"a name of 16", "0123456789abcdef", MR_STATE_BYTES(sizeof body), MR_E_INVALID},
        {"no name", "", MR_STATE_BYTES(sizeof body), MR_E_INVALID},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        assert_true(mr_state_seal(room, refused[i].len, refused[i].name, 1, 1, 0, body, sizeof body) ==
                    refused[i].want);
        assert_memory_equal(room, before, sizeof room);
    }
}

static void opening_refuses_what_does_not_match(void **unused)
{
    (void)unused;
    uint8_t room[MR_STATE_BYTES(sizeof body)];
    static const struct {
        const char *says;
        size_t flip;
        int want;
    } refused[] = {
        {"another engine", 0, MR_E_MAGIC},
        {"junk behind the name", 15, MR_E_CORRUPT},
        {"another version", 16, MR_E_VERSION},
        {"another layout", 20, MR_E_LAYOUT},
        {"another length", 24, MR_E_LAYOUT},
        {"another time", 32, MR_E_CORRUPT},
        {"another checksum", 40, MR_E_CORRUPT},
        {"first byte of the state", 48, MR_E_CORRUPT},
        {"last byte of the state", 147, MR_E_CORRUPT},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        seal(room, sizeof room);
        room[refused[i].flip] ^= 1;
        assert_int_equal(open_it(room, sizeof room), refused[i].want);
    }
    seal(room, sizeof room);
    memset(room, 'x', 16); /* no NUL in the name */
    assert_int_equal(open_it(room, sizeof room), MR_E_MAGIC);
}

static void every_flipped_bit_and_every_cut_is_refused(void **unused)
{
    (void)unused;
    uint8_t room[MR_STATE_BYTES(sizeof body)];
    seal(room, sizeof room);
    for (size_t bit = 0; bit < 8 * sizeof room; bit++) {
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(open_it(room, sizeof room) < 0);
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sizeof room; len++) {
        struct mr_guard guard = mr_guard_open(len); /* nothing past the end is read */
        if (len)
            memcpy(guard.data, room, len);
        assert_int_equal(open_it(guard.data, len), MR_E_TRUNCATED);
        mr_guard_close(&guard);
    }
    assert_int_equal(open_it(room, sizeof room), MR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_at_any_alignment),
        cmocka_unit_test(a_state_sealed_in_place_is_the_same),
        cmocka_unit_test(an_empty_state_seals_and_opens),
        cmocka_unit_test(sealing_refuses_what_does_not_fit),
        cmocka_unit_test(opening_refuses_what_does_not_match),
        cmocka_unit_test(every_flipped_bit_and_every_cut_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
