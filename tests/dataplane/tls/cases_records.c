/* C-57 to C-68: records that are changed, cut, flooded, out of place. */
#include "tests/dataplane/tls/server.h"

#define TLS12 0x0303
#define CLOSE_NOTIFY "\1\0"
#define USER_CANCELED "\1\132"
#define FATAL "\2\50" /* handshake_failure */

static uint32_t record_len(const uint8_t *record) { return 5u + ((uint32_t)record[3] << 8 | record[4]); }

static uint8_t *last_record(struct server *s)
{
    uint8_t *at = s->flight;
    while (at + record_len(at) < s->flight + s->flight_len)
        at += record_len(at);
    return at;
}

/* A finished handshake, the request heard, and the server's records made by hand from here on. */
static bool sealed(struct server *s, struct seal *seal)
{
    SSL_set_num_tickets(s->ssl, 0);
    bool good = server_shake(s) && server_listen(s);
    seal_open(seal, s->traffic_secret);
    return good;
}

static void seal_end(struct server *s, struct seal *seal)
{
    server_seal(s, seal, 21, CLOSE_NOTIFY, 2);
    server_wait(s);
}

static void seal_answer(struct server *s, struct seal *seal)
{
    server_seal(s, seal, 23, ANSWER, sizeof ANSWER - 1);
    seal_end(s, seal);
}

/* ---- changed ---- */

static void serve_flipped_data(struct server *s)
{
    if (server_shake(s) && server_listen(s)) {
        (void)SSL_write(s->ssl, ANSWER, sizeof ANSWER - 1);
        int n = BIO_read(s->out, s->flight, sizeof s->flight);
        MR_ASSERT(n > 0);
        s->flight_len = (uint32_t)n;
        uint8_t *record = last_record(s);
        record[s->c->arg < 0 ? record_len(record) - 1 : 5u + (uint32_t)s->c->arg] ^= 0x10;
        server_say(s);
    }
    server_wait(s);
}

static void serve_flipped_handshake(struct server *s)
{
    if (server_greet(s)) {
        uint8_t *record = last_record(s);
        record[record_len(record) / 2] ^= 0x10;
        server_say(s);
    }
    server_wait(s);
}

/* ---- sizes ---- */

static void serve_long(struct server *s)
{
    static uint8_t data[16384 + 512];
    struct seal seal;
    memset(data, 'x', sizeof data);
    if (sealed(s, &seal))
        server_seal(s, &seal, 23, data, (size_t)s->c->arg);
    seal_end(s, &seal);
}

/* A header is enough to be refused: nothing waits for 64 KiB. */
static void serve_long_header(struct server *s)
{
    const uint8_t header[5] = {23, 3, 3, (uint8_t)(s->c->arg >> 8), (uint8_t)s->c->arg};
    if (server_shake(s) && server_listen(s))
        server_send(s, header, sizeof header);
    server_wait(s);
}

static void serve_short(struct server *s)
{
    if (server_shake(s) && server_listen(s))
        server_record(s, 23, TLS12, "0123456789abcdef", 16);
    server_wait(s);
}

static void serve_empties(struct server *s)
{
    struct seal seal;
    if (sealed(s, &seal))
        for (long i = 0; i < s->c->arg; i++)
            server_seal(s, &seal, 23, NULL, 0);
    seal_answer(s, &seal);
}

static void serve_single_octets(struct server *s)
{
    struct seal seal;
    if (sealed(s, &seal))
        for (size_t i = 0; i < sizeof ANSWER - 1; i++)
            server_seal(s, &seal, 23, &ANSWER[i], 1);
    seal_end(s, &seal);
}

static void serve_single_octets_12(struct server *s)
{
    if (server_shake(s) && server_listen(s))
        for (size_t i = 0; i < sizeof ANSWER - 1; i++)
            server_tell(s, &ANSWER[i], 1);
    server_part(s);
}

/* ---- the handshake in pieces ---- */

static void finish_well(struct server *s)
{
    if (server_finish(s) && server_listen(s))
        server_tell(s, ANSWER, sizeof ANSWER - 1);
    server_part(s);
}

/* Each octet of the handshake messages in a record of its own. */
static void serve_octet_records(struct server *s)
{
    struct seal seal;
    if (server_greet(s)) {
        server_open_flight(s, &seal);
        server_send(s, s->flight, s->plain_len);
        for (uint32_t i = 0; i < s->inner_len; i++)
            server_seal(s, &seal, 22, s->inner + i, 1);
    }
    finish_well(s);
}

/* Plain ones too: those of TLS 1.2, all of the flight. */
static void serve_octet_records_12(struct server *s)
{
    if (server_greet(s))
        for (uint8_t *record = s->flight; record < s->flight + s->flight_len; record += record_len(record))
            for (uint32_t i = 5; i < record_len(record); i++)
                server_record(s, record[0], TLS12, record + i, 1);
    finish_well(s);
}

/* Each octet of the flight in a segment of its own. */
static void serve_octet_segments(struct server *s)
{
    if (server_greet(s))
        for (uint32_t i = 0; i < s->flight_len; i++)
            server_send(s, s->flight + i, 1);
    finish_well(s);
}

/* ---- out of place ---- */

/* The encrypted flight with one more record after `before` octets of its messages. */
static void with_guest(struct server *s, uint32_t before, uint8_t type, const void *data, size_t len)
{
    struct seal seal;
    server_open_flight(s, &seal);
    server_send(s, s->flight, s->plain_len);
    if (before)
        server_seal(s, &seal, 22, s->inner, before);
    server_seal(s, &seal, type, data, len);
    server_seal(s, &seal, 22, s->inner + before, s->inner_len - before);
}

enum guest { GUEST_FATAL, GUEST_CANCEL, GUEST_CLOSE, GUEST_DATA, GUEST_TYPE };
static void serve_guest_inside_a_message(struct server *s)
{
    static const struct {
        uint8_t type, len;
        const char *data;
    } guests[] = {{21, 2, FATAL}, {21, 2, USER_CANCELED}, {21, 2, CLOSE_NOTIFY}, {23, 4, "data"}, {99, 4, "what"}};
    if (server_greet(s)) {
        struct seal seal;
        uint32_t len;
        server_open_flight(s, &seal);
        uint8_t *certificate = server_message(s, 11, &len);
        MR_ASSERT(certificate);
        with_guest(s, (uint32_t)(certificate - s->inner) + len / 2, guests[s->c->arg].type, guests[s->c->arg].data,
                   guests[s->c->arg].len);
    }
    finish_well(s);
}

static void serve_data_before_finished(struct server *s)
{
    if (server_greet(s)) {
        struct seal seal;
        uint32_t len;
        server_open_flight(s, &seal);
        uint8_t *finished = server_message(s, 20, &len);
        MR_ASSERT(finished);
        with_guest(s, (uint32_t)(finished - s->inner), 23, "a price too early", 17);
    }
    finish_well(s);
}

static void serve_plain_data_before_finished(struct server *s)
{
    if (server_greet(s)) {
        uint32_t first = record_len(s->flight);
        server_send(s, s->flight, first);
        server_record(s, 23, TLS12, "a price in the open, long enough for a tag", 42);
        server_send(s, s->flight + first, s->flight_len - first);
    }
    finish_well(s);
}

enum finished { FINISHED_FLIPPED, FINISHED_SHORT, FINISHED_LONG };
static void serve_wrong_finished(struct server *s)
{
    if (server_greet(s)) {
        struct seal seal;
        uint32_t len;
        server_open_flight(s, &seal);
        uint8_t *finished = server_message(s, 20, &len);
        MR_ASSERT(finished);
        if (s->c->arg == FINISHED_FLIPPED)
            finished[len - 1] ^= 1;
        if (s->c->arg == FINISHED_SHORT) {
            finished[3]--;
            s->inner_len--;
        }
        if (s->c->arg == FINISHED_LONG) {
            finished[3]++;
            s->inner[s->inner_len++] = 0;
        }
        server_send(s, s->flight, s->plain_len);
        server_seal(s, &seal, 22, s->inner, s->inner_len);
    }
    finish_well(s);
}

/* Application data straight after the ServerHello's keys: no certificate, no Finished at all. */
static void serve_no_finished(struct server *s)
{
    if (server_greet(s)) {
        struct seal seal;
        uint32_t len;
        server_open_flight(s, &seal);
        uint8_t *finished = server_message(s, 20, &len);
        MR_ASSERT(finished);
        server_send(s, s->flight, s->plain_len);
        server_seal(s, &seal, 22, s->inner, (size_t)(finished - s->inner));
        seal_open(&seal, s->traffic_secret);
        server_seal(s, &seal, 23, ANSWER, sizeof ANSWER - 1);
    }
    server_wait(s);
}

static void serve_unknown_type(struct server *s)
{
    struct seal seal;
    if (sealed(s, &seal)) {
        if (s->c->arg < 0)
            server_record(s, 99, TLS12, "what is this? nobody knows it", 29);
        else
            server_seal(s, &seal, (uint8_t)s->c->arg, "what", 4);
    }
    seal_answer(s, &seal);
}

/* A ChangeCipherSpec of this content, behind the first record or before it. */
enum early { CCS_AFTER_HELLO_12, CCS_OF_TWO_13, CCS_BEFORE_HELLO, CCS_AFTER_FINISHED_13 };
static void serve_early_ccs(struct server *s)
{
    if (s->c->arg == CCS_AFTER_FINISHED_13) {
        struct seal seal;
        if (sealed(s, &seal))
            server_record(s, 20, TLS12, "\1", 1);
        seal_answer(s, &seal);
        return;
    }
    if (server_greet(s)) {
        uint32_t first = s->c->arg == CCS_BEFORE_HELLO ? 0 : record_len(s->flight);
        server_send(s, s->flight, first);
        server_record(s, 20, TLS12, s->c->arg == CCS_OF_TWO_13 ? "\2" : "\1", 1);
        server_send(s, s->flight + first, s->flight_len - first);
    }
    server_wait(s);
}

/* ---- floods ---- */

static void serve_warnings_first(struct server *s)
{
    if (server_greet(s)) {
        for (long i = 0; i < s->c->arg; i++)
            server_record(s, 21, TLS12, "\1\160", 2); /* unrecognized_name, as a warning */
        server_say(s);
    }
    finish_well(s);
}

static void serve_warnings(struct server *s)
{
    struct seal seal;
    if (sealed(s, &seal))
        for (long i = 0; i < s->c->arg; i++)
            server_seal(s, &seal, 21, USER_CANCELED, 2);
    seal_answer(s, &seal);
}

/* ---- garbage ---- */

enum garbage { GARBAGE_IN_FINISHED, GARBAGE_SEALED_HANDSHAKE, GARBAGE_RECORD, GARBAGE_OCTETS, GARBAGE_MESSAGE };
static void serve_garbage(struct server *s)
{
    static const uint8_t junk[64] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3};
    struct seal seal;
    SSL_set_num_tickets(s->ssl, 0);
    if (!server_greet(s))
        return;
    server_open_flight(s, &seal);
    if (s->c->arg == GARBAGE_IN_FINISHED) {
        memcpy(s->inner + s->inner_len, junk, sizeof junk);
        s->inner_len += sizeof junk;
    }
    server_send(s, s->flight, s->plain_len);
    server_seal(s, &seal, 22, s->inner, s->inner_len);
    if (s->c->arg == GARBAGE_SEALED_HANDSHAKE) /* under the keys that are over */
        server_seal(s, &seal, 22, junk, sizeof junk);
    seal_open(&seal, s->traffic_secret);
    if (s->c->arg == GARBAGE_RECORD)
        server_record(s, 23, TLS12, junk, sizeof junk);
    if (s->c->arg == GARBAGE_OCTETS)
        server_send(s, junk, sizeof junk);
    if (s->c->arg == GARBAGE_MESSAGE)
        server_seal(s, &seal, 22, "\375\0\0\4junk", 8);
    server_wait(s);
}

/* clang-format off */
const struct tls_case cases_records[] = {
    {57, "bit flipped in the body", "record", .serve = serve_flipped_data, .arg = 3},
    {57, "bit flipped in the tag", "record", .serve = serve_flipped_data, .arg = -1},
    {57, "bit flipped in the body, TLS 1.2", "record", .serve = serve_flipped_data, .arg = 12, .version = TLS1_2_VERSION},
    {57, "bit flipped in the explicit nonce, TLS 1.2", "record", .serve = serve_flipped_data, .arg = 1, .version = TLS1_2_VERSION},
    {57, "bit flipped in the handshake", "record", .serve = serve_flipped_handshake},
    {58, "record of 16,385", "record", .serve = serve_long, .arg = 16385},
    {58, "record of 16,384", "ok", .serve = serve_long, .arg = 16384},
    {58, "header of one more than 16,640", "record", .serve = serve_long_header, .arg = 16641},
    {58, "header of 65,535", "record", .serve = serve_long_header, .arg = 65535},
    {58, "header of 65,535, TLS 1.2", "record", .serve = serve_long_header, .arg = 65535, .version = TLS1_2_VERSION},
    {58, "record of 16, too short for a tag and a type", "record", .serve = serve_short},
    {59, "flood of empty records", "record", .serve = serve_empties, .arg = 1000},
    {59, "a few empty records", "ok", .serve = serve_empties, .arg = 8},
    {60, "records of 1 octet", "ok", .serve = serve_single_octets},
    {60, "records of 1 octet, TLS 1.2", "ok", .serve = serve_single_octets_12, .version = TLS1_2_VERSION},
    {61, "handshake cut into records at each octet", "ok", .serve = serve_octet_records},
    {61, "handshake cut into records at each octet, TLS 1.2", "ok", .serve = serve_octet_records_12, .version = TLS1_2_VERSION},
    {61, "handshake cut into segments at each octet", "ok", .serve = serve_octet_segments},
    {61, "handshake cut into segments at each octet, TLS 1.2", "ok", .serve = serve_octet_segments, .version = TLS1_2_VERSION},
    {62, "fatal alert inside a message", "alert", .serve = serve_guest_inside_a_message, .arg = GUEST_FATAL},
    {62, "warning inside a message, which asks for nothing", "ok", .serve = serve_guest_inside_a_message, .arg = GUEST_CANCEL},
    {62, "close_notify inside a message", "ended", .serve = serve_guest_inside_a_message, .arg = GUEST_CLOSE},
    {63, "data inside a message", "record", .serve = serve_guest_inside_a_message, .arg = GUEST_DATA},
    {63, "data before Finished", "record", .serve = serve_data_before_finished},
    {63, "data in the open before Finished", "record", .serve = serve_plain_data_before_finished},
    {63, "data in the open before Finished, TLS 1.2", "record", .serve = serve_plain_data_before_finished, .version = TLS1_2_VERSION},
    {63, "data, and no Finished at all", "record", .serve = serve_no_finished},
    {64, "wrong Finished", "protocol", .serve = serve_wrong_finished, .arg = FINISHED_FLIPPED},
    {64, "Finished of 31 octets", "protocol", .serve = serve_wrong_finished, .arg = FINISHED_SHORT},
    {64, "Finished of 33 octets", "protocol", .serve = serve_wrong_finished, .arg = FINISHED_LONG},
    {65, "unknown record type", "record", .serve = serve_unknown_type, .arg = -1},
    {65, "unknown type inside", "record", .serve = serve_unknown_type, .arg = 99},
    {65, "type 0 inside", "record", .serve = serve_unknown_type, .arg = 0},
    {65, "heartbeat inside", "record", .serve = serve_unknown_type, .arg = 24},
    {65, "unknown type inside a handshake message", "record", .serve = serve_guest_inside_a_message, .arg = GUEST_TYPE},
    {66, "early ChangeCipherSpec, TLS 1.2", "protocol", .serve = serve_early_ccs, .arg = CCS_AFTER_HELLO_12, .version = TLS1_2_VERSION},
    {66, "ChangeCipherSpec before the ServerHello, TLS 1.2", "protocol", .serve = serve_early_ccs, .arg = CCS_BEFORE_HELLO,
         .version = TLS1_2_VERSION},
    {66, "ChangeCipherSpec of content 2", "protocol", .serve = serve_early_ccs, .arg = CCS_OF_TWO_13},
    {66, "ChangeCipherSpec after Finished", "record", .serve = serve_early_ccs, .arg = CCS_AFTER_FINISHED_13},
    {67, "flood of warnings before the ServerHello", "protocol", .serve = serve_warnings_first, .arg = 1000},
    {67, "flood of warnings", "protocol", .serve = serve_warnings, .arg = 1000},
    {68, "garbage behind Finished in its record", "protocol", .serve = serve_garbage, .arg = GARBAGE_IN_FINISHED},
    {68, "garbage behind Finished under the old keys", "record", .serve = serve_garbage, .arg = GARBAGE_SEALED_HANDSHAKE},
    {68, "garbage as a record", "record", .serve = serve_garbage, .arg = GARBAGE_RECORD},
    {68, "garbage on the wire", "record", .serve = serve_garbage, .arg = GARBAGE_OCTETS},
    {68, "a message of unknown type", "protocol", .serve = serve_garbage, .arg = GARBAGE_MESSAGE},
};
/* clang-format on */
const uint32_t cases_records_count = MR_COUNT_OF(cases_records);
