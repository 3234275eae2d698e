/* Records against the rules, each with its words, its alert and its counter; SSL_read ends over the same ones with the same alert. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dataplane/tls/pair.h"
#include "tests/support/support.h"

#define OWN(p) (&(p)->sides[MR_PAIR_OWN])

typedef void make_fn(struct mr_pair *p);
static const uint8_t byte[16] = {1};

static void bad_tag(struct mr_pair *p)
{
    mr_pair_data(p, byte, 9, 0);
    for (int side = 0; side < 2; side++)
        p->sides[side].wire[p->wire_len - 1] ^= 1;
}
static void lost(struct mr_pair *p)
{
    for (int side = 0; side < 2; side++)
        p->sides[side].writer.sequence++;
    mr_pair_data(p, byte, 9, 0);
}
static void repeated(struct mr_pair *p)
{
    mr_pair_data(p, byte, 9, 0);
    for (int side = 0; side < 2; side++)
        p->sides[side].writer.sequence--;
    mr_pair_data(p, byte, 9, 0);
}
/* The first record again, when OpenSSL's own count stands where it would fit. */
static void first_again(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_DATA, byte, 9, 0);
    for (int side = 0; side < 2; side++)
        memcpy(p->sides[side].wire + p->wire_len, p->sides[side].wire, p->wire_len);
    p->wire_len *= 2;
}
static void change_cipher(struct mr_pair *p) { mr_pair_raw(p, "\x14\x03\x03\x00\x01\x01", 6); }
static void plain_alert(struct mr_pair *p) { mr_pair_raw(p, "\x15\x03\x03\x00\x02\x01\x00", 7); }
static void plain_handshake(struct mr_pair *p) { mr_pair_raw(p, "\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9); }
static void old_version(struct mr_pair *p) { mr_pair_raw(p, "\x17\x03\x01\x00\x01\x00", 6); }
static void no_version(struct mr_pair *p) { mr_pair_raw(p, "\x17\x02\x03\x00\x01\x00", 6); }
static void too_long(struct mr_pair *p) { mr_pair_raw(p, "\x17\x03\x03\x41\x41", 5); }
static void far_too_long(struct mr_pair *p) { mr_pair_raw(p, "\x17\x03\x03\xff\xff", 5); }
static void no_body(struct mr_pair *p) { mr_pair_raw(p, "\x17\x03\x03\x00\x00", 5); }
static void short_body(struct mr_pair *p)
{
    mr_pair_raw(p,
                "\x17\x03\x03\x00\x0f"
                "123456789012345",
                20);
}
static void only_tag(struct mr_pair *p) { mr_pair_record(p, -1, byte, 0, 0); }
static void all_padding(struct mr_pair *p) { mr_pair_record(p, -1, byte, 0, 40); }
static void one_zero(struct mr_pair *p) { mr_pair_record(p, -1, byte, 0, 1); }
static void inner_20(struct mr_pair *p) { mr_pair_record(p, 20, byte, 1, 0); }
static void inner_24(struct mr_pair *p) { mr_pair_record(p, 24, byte, 1, 0); }
static void inner_255(struct mr_pair *p) { mr_pair_record(p, 255, byte, 1, 0); }
static void empty_handshake(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_HANDSHAKE, byte, 0, 0); }
static void empty_alert(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, byte, 0, 3); }
static void half_alert(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, "\x02", 1, 0); }
static void two_alerts(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x5a\x01\x00", 4, 0); }
static void fatal_alert(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, "\x02\x50", 2, 0); }
static void warning_that_is_fatal(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x28", 2, 0); }
static void unknown_alert(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\xc8", 2, 0); }
static void close_notify(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x00", 2, 0); }
static void cancelled(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x5a", 2, 0);
    mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x00", 2, 0);
}
static void hello_request(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x00\x00\x00\x00", 4, 0); }
static void certificate_request(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x0d\x00\x00\x03\x00\x00\x00", 7, 0);
}
static void finished(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x14\x00\x00\x01\x00", 5, 0); }
static void huge_message(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x04\xff\xff\xff", 4, 0); }
static void bad_ticket(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x04\x00\x00\x03\x00\x00\x00", 7, 0);
}
static void update_of_2(struct mr_pair *p) { mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x18\x00\x00\x01\x02", 5, 0); }
static void update_too_long(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x18\x00\x00\x02\x00\x00", 6, 0);
}
static void two_updates(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x18\x00\x00\x01\x00\x18\x00\x00\x01\x00", 10, 0);
}
static void old_keys_after_update(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x18\x00\x00\x01\x00", 5, 0);
    mr_pair_data(p, byte, 1, 0);
}
static void data_in_message(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x04\x00\x00\x20\x00", 5, 0);
    mr_pair_data(p, byte, 1, 0);
}
static void data_in_message_head(struct mr_pair *p)
{
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x04\x00", 2, 0);
    mr_pair_data(p, byte, 1, 0);
}
static void emptiness(struct mr_pair *p)
{
    for (int i = 0; i < 33; i++)
        mr_pair_data(p, byte, 0, (uint32_t)i);
}

static void cancelled_five_times(struct mr_pair *p)
{
    for (int i = 0; i < 9; i++) { /* with data in between they are counted anew */
        mr_pair_record(p, MR_FLIGHT_ALERT, "\x01\x5a", 2, 0);
        if (i < 4)
            mr_pair_data(p, byte, 1, 0);
    }
}

#define ALERT(n) (1000 + (n))
#define COUNTER(name) offsetof(struct mr_tls_metrics, name)
static const struct {
    const char *what;
    make_fn *make;
    const char *says;
    int status, alert; /* what the server hears: 0 nothing */
    size_t counted;
} refused[] = {
    {"a wrong tag", bad_tag, "sent a record that does not decrypt: corrupted on the way", MR_E_CORRUPT, ALERT(20),
     COUNTER(refused_tag)},
    {"a lost record", lost, "sent a record that does not decrypt: corrupted on the way", MR_E_CORRUPT, ALERT(20),
     COUNTER(refused_tag)},
    {"a sequence number twice", repeated, "sent a record that does not decrypt: corrupted on the way", MR_E_CORRUPT,
     ALERT(20), COUNTER(refused_tag)},
    {"a record played again", first_again, "sent a record that does not decrypt: corrupted on the way", MR_E_CORRUPT,
     ALERT(20), COUNTER(refused_tag)},
    {"a record without a body", no_body, "sent a record that does not decrypt: corrupted on the way", MR_E_CORRUPT,
     ALERT(20), COUNTER(refused_tag)},
    {"a body shorter than a tag", short_body, "sent a record that does not decrypt: corrupted on the way", MR_E_CORRUPT,
     ALERT(20), COUNTER(refused_tag)},
    {"ChangeCipherSpec after the handshake", change_cipher, "sent a record that is not encrypted", MR_E_CORRUPT,
     ALERT(10), COUNTER(refused_header)},
    {"an alert in the clear", plain_alert, "sent a record that is not encrypted", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_header)},
    {"a handshake message in the clear", plain_handshake, "sent a record that is not encrypted", MR_E_CORRUPT,
     ALERT(10), COUNTER(refused_header)},
    {"version 3.1", old_version, "sent a record of another TLS version", MR_E_CORRUPT, ALERT(50),
     COUNTER(refused_header)},
    {"version 2.3", no_version, "sent a record of another TLS version", MR_E_CORRUPT, ALERT(70),
     COUNTER(refused_header)},
    {"a length above 2^14 + 256", too_long, "sent a record longer than TLS allows", MR_E_CORRUPT, ALERT(22),
     COUNTER(refused_length)},
    {"the longest length", far_too_long, "sent a record longer than TLS allows", MR_E_CORRUPT, ALERT(22),
     COUNTER(refused_length)},
    {"not even a type", only_tag, "sent a record that does not decrypt", MR_E_CORRUPT, ALERT(20),
     COUNTER(refused_message)},
    {"nothing but padding", all_padding, "broke the rules of TLS: bad record type", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"one zero", one_zero, "broke the rules of TLS: bad record type", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"ChangeCipherSpec inside", inner_20, "broke the rules of TLS: bad record type", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"inner type 24", inner_24, "broke the rules of TLS: bad record type", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"inner type 255", inner_255, "broke the rules of TLS: bad record type", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"a handshake record without a message", empty_handshake, "broke the rules of TLS: bad length", MR_E_CORRUPT,
     ALERT(10), COUNTER(refused_message)},
    {"an alert record without an alert", empty_alert, "broke the rules of TLS: bad length", MR_E_CORRUPT, ALERT(10),
     COUNTER(alerts)},
    {"half an alert", half_alert, "broke the rules of TLS: invalid alert", MR_E_CORRUPT, ALERT(10), COUNTER(alerts)},
    {"two alerts in a record", two_alerts, "broke the rules of TLS: invalid alert", MR_E_CORRUPT, ALERT(10),
     COUNTER(alerts)},
    {"internal_error", fatal_alert, "broke the rules of TLS: tlsv1 alert internal error", MR_E_CORRUPT, 0,
     COUNTER(alerts)},
    {"handshake_failure as a warning", warning_that_is_fatal, "refused the handshake", MR_E_CORRUPT, 0,
     COUNTER(alerts)},
    {"an alert of no known name", unknown_alert, "broke the rules of TLS", MR_E_CORRUPT, 0, COUNTER(alerts)},
    {"close_notify", close_notify, "ended the TLS connection (close_notify)", MR_E_END, 0, COUNTER(alerts)},
    {"user_canceled, then close_notify", cancelled, "ended the TLS connection (close_notify)", MR_E_END, 0,
     COUNTER(alerts)},
    {"HelloRequest", hello_request, "broke the rules of TLS: unexpected message", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"CertificateRequest", certificate_request, "broke the rules of TLS: unexpected message", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"Finished", finished, "broke the rules of TLS: unexpected message", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"a message of 16 MiB", huge_message, "broke the rules of TLS: excessive message size", MR_E_CORRUPT, ALERT(47),
     COUNTER(refused_message)},
    {"a ticket cut short", bad_ticket, "broke the rules of TLS: length mismatch", MR_E_CORRUPT, ALERT(50),
     COUNTER(refused_message)},
    {"a key update that asks for 2", update_of_2, "broke the rules of TLS: bad key update", MR_E_CORRUPT, ALERT(47),
     COUNTER(refused_message)},
    {"a key update of two bytes", update_too_long, "broke the rules of TLS", MR_E_CORRUPT, ALERT(47),
     COUNTER(refused_message)},
    {"two key updates in a record", two_updates, "broke the rules of TLS: not on record boundary", MR_E_CORRUPT,
     ALERT(10), COUNTER(refused_message)},
    {"old keys after a key update", old_keys_after_update, "sent a record that does not decrypt: corrupted on the way",
     MR_E_CORRUPT, ALERT(20), COUNTER(refused_tag)},
    {"data inside a handshake message", data_in_message, "broke the rules of TLS", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"data inside a message's first bytes", data_in_message_head,
     "broke the rules of TLS: mixed handshake and non handshake data", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_message)},
    {"user_canceled five times", cancelled_five_times, "broke the rules of TLS: too many warn alerts", MR_E_CORRUPT,
     ALERT(10), COUNTER(refused_message)},
    {"33 empty records", emptiness, "sends one empty record after another", MR_E_CORRUPT, ALERT(10),
     COUNTER(refused_empty)},
};

static void what_breaks_the_rules_ends_the_connection_with_its_alert(void **state)
{
    struct mr_pair *p = *state;
    for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++)
        for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
            uint64_t *counter = (uint64_t *)((char *)&OWN(p)->metrics + refused[i].counted), before = *counter;
            char want[200];
            snprintf(want, sizeof want, "api.example %s", refused[i].says);
            mr_pair_hang_up(p);
            mr_pair_dial(p, suite);
            mr_pair_begin(p);
            refused[i].make(p);
            mr_pair_hear(p, MR_PAIR_OWN, 0, 17000);
            mr_pair_hear(p, MR_PAIR_OPENSSL, 0, 17000);
            int64_t theirs = p->sides[MR_PAIR_OPENSSL].status;
            int alert = mr_pair_server_hears(p, MR_PAIR_OWN), their_alert = mr_pair_server_hears(p, MR_PAIR_OPENSSL);
            if (OWN(p)->status != refused[i].status || strncmp(mr_tls_error(OWN(p)->tls), want, strlen(want)) != 0 ||
                alert != refused[i].alert)
                fail_msg("%s: %lld, \"%s\", alert %d", refused[i].what, (long long)OWN(p)->status,
                         mr_tls_error(OWN(p)->tls), alert);
            if (theirs != OWN(p)->status || (theirs < 0 && alert != their_alert))
                fail_msg("%s: SSL_read says %lld, alert %d", refused[i].what, (long long)theirs, their_alert);
            assert_true(*counter > before);
            struct mr_tls_cursor more = {OWN(p)->wire, 5};
            uint8_t out[8];
            assert_int_equal(mr_tls_read(OWN(p)->tls, &more, out, sizeof out), refused[i].status); /* for good */
            assert_int_equal(more.len, 5);
            p->dialled = false;
        }
}

/* What RFC 8446 refuses and OpenSSL 3.0 takes. */
static void hollow(struct mr_pair *p)
{
    mr_pair_update(p, 1);
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, "\x45\x00\x00\x00", 4, 0);
}
static void too_much_padding(struct mr_pair *p) { mr_pair_data(p, byte, 1, 16384); }

static void some_is_refused_that_openssl_takes(void **state)
{
    static const struct {
        make_fn *make;
        const char *says;
    } cases[] = {
        {hollow, "api.example broke the rules of TLS: a handshake message without a body"},
        {too_much_padding,
         "api.example sent a record longer than TLS allows"}, /* 2^14 + 1 with type and padding (5.4) */
    };
    struct mr_pair *p = *state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        mr_pair_hang_up(p);
        mr_pair_dial(p, 0);
        mr_pair_begin(p);
        cases[i].make(p);
        mr_pair_hear(p, MR_PAIR_OWN, 0, 17000);
        mr_pair_hear(p, MR_PAIR_OPENSSL, 0, 17000);
        assert_int_equal(OWN(p)->status, MR_E_CORRUPT);
        assert_string_equal(mr_tls_error(OWN(p)->tls), cases[i].says);
        assert_int_equal(p->sides[MR_PAIR_OPENSSL].status, 0);
        p->dialled = false;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_the_rules_ends_the_connection_with_its_alert),
        cmocka_unit_test(some_is_refused_that_openssl_takes),
    };
    return cmocka_run_group_tests(tests, mr_pair_setup, mr_pair_teardown) ? 1 : 0;
}
