/* TLS 1.3 application records, read by ourselves (RFC 8446 5).
 *
 * Data is the common case: one pass of libipsec-mb from the receive buffer to the caller's memory, the tag compared, padding
 * stripped. A record that lies in two pieces is put together in `staging` first; one larger than the caller's room is
 * decrypted there and given in parts.
 *
 * All else (tickets, key updates, alerts, and what breaks the rules) is OpenSSL's to judge and to answer. It has the same keys,
 * but has not seen our records: so such a record, once we have authenticated and decrypted it, is sealed again under the
 * sequence number OpenSSL is at, and SSL_read gets it. Its view of the connection is the true one without the data in
 * between: it keeps the tickets, follows key updates as we do, writes their answers, and sends the alert where something is
 * refused. (A second ciphertext under a used nonce would be grave if it left the process. It does not: it is made in
 * `staging`, read by OpenSSL, and cleansed.) Where we refuse by ourselves (header, length, tag), it is shown
 * something that it refuses with the same alert. */
#include "dataplane/tls/tls_record_priv.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <stdio.h>

#define TYPE_ALERT 21
#define TYPE_HANDSHAKE 22
#define TYPE_DATA 23
#define MESSAGE_KEY_UPDATE 24
#define ALERT_CANCELLED 90
#define EMPTY_MAX 32    /* records without data in a row; OpenSSL's bound too */
#define CANCELLED_MAX 4 /* user_canceled in a row; likewise */

#define METRICS(t) ((t)->context->metrics)

/* ---- ciphers ---- */

MR_INLINE void nonce_of(const struct mr_tls_keys *k, uint64_t sequence, uint8_t nonce[16])
{
    uint64_t low = htobe64(k->iv_low ^ sequence);
    memcpy(nonce, &k->iv_high, 4);
    memcpy(nonce + 4, &low, 8);
}

/* Every bit of both is looked at, whatever they are. */
MR_INLINE bool same_tag(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2], y[2];
    memcpy(x, a, RECORD_TAG);
    memcpy(y, b, RECORD_TAG);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* The job is done when submit returns: nothing else is ever in the manager's queue. */
static void chacha(struct mr_tls_crypt *c, struct mr_tls_keys *k, IMB_CIPHER_DIRECTION direction, const uint8_t *nonce,
                   const uint8_t *head, const uint8_t *in, uint32_t len, uint8_t *out, uint8_t *tag)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(c->mb);
    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->cipher_direction = direction;
    job->chain_order = direction == IMB_DIR_DECRYPT ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
    job->enc_keys = job->dec_keys = k->chacha;
    job->key_len_in_bytes = sizeof k->chacha;
    job->src = in;
    job->dst = out;
    job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = job->msg_len_to_hash_in_bytes = len;
    job->iv = nonce;
    job->iv_len_in_bytes = MR_TLS_NONCE;
    job->u.CHACHA20_POLY1305.aad = head;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = RECORD_HEAD;
    job->auth_tag_output = tag;
    job->auth_tag_output_len_in_bytes = RECORD_TAG;
    job = IMB_SUBMIT_JOB_NOCHECK(c->mb);
    MR_ASSERT(job && job->status == IMB_STATUS_COMPLETED);
}

bool mr_tls_record_unseal(struct mr_tls_crypt *c, struct mr_tls_keys *k, uint64_t sequence, const uint8_t *head,
                          const uint8_t *body, uint32_t inner, uint8_t *out)
{
    uint8_t nonce[16], tag[RECORD_TAG], want[RECORD_TAG];
    memcpy(want, body + inner, RECORD_TAG); /* before `out`, which may be the same memory, is written */
    nonce_of(k, sequence, nonce);
    if (mr_likely(k->suite == MR_TLS_AES_128_GCM))
        c->open_128(&k->gcm, &k->scratch, out, body, inner, nonce, head, RECORD_HEAD, tag, RECORD_TAG);
    else if (k->suite == MR_TLS_AES_256_GCM)
        c->open_256(&k->gcm, &k->scratch, out, body, inner, nonce, head, RECORD_HEAD, tag, RECORD_TAG);
    else
        chacha(c, k, IMB_DIR_DECRYPT, nonce, head, body, inner, out, tag);
    if (mr_likely(same_tag(tag, want)))
        return true;
    OPENSSL_cleanse(out, inner);
    return false;
}

void mr_tls_record_seal(struct mr_tls_crypt *c, struct mr_tls_keys *k, uint64_t sequence, const uint8_t *inner,
                        uint32_t len, uint8_t *record)
{
    uint8_t nonce[16], *body = record + RECORD_HEAD;
    nonce_of(k, sequence, nonce);
    record[0] = TYPE_DATA;
    record[1] = record[2] = 3;
    record[3] = (uint8_t)((len + RECORD_TAG) >> 8);
    record[4] = (uint8_t)(len + RECORD_TAG);
    if (k->suite == MR_TLS_AES_128_GCM)
        c->seal_128(&k->gcm, &k->scratch, body, inner, len, nonce, record, RECORD_HEAD, body + len, RECORD_TAG);
    else if (k->suite == MR_TLS_AES_256_GCM)
        c->seal_256(&k->gcm, &k->scratch, body, inner, len, nonce, record, RECORD_HEAD, body + len, RECORD_TAG);
    else
        chacha(c, k, IMB_DIR_ENCRYPT, nonce, record, inner, len, body, body + len);
}

/* ---- the end ---- */

static MR_COLD int64_t ended(struct mr_tls *t, int status)
{
    int kept = status;
    mr_tls_record_wipe(t);
    t->reader.status = kept;
    t->reader.busy = true;
    return kept;
}

/* OpenSSL reads `len` bytes and finds no data in them. MR_OK, MR_E_FULL (its answer has no room), or how it ended. */
static MR_COLD int show_openssl(struct mr_tls *t, uint8_t *bytes, uint32_t len)
{
    struct mr_tls_cursor in = {bytes, len};
    uint8_t nothing[1];
    size_t n = 0;
    t->in = &in;
    int result = SSL_read_ex(t->ssl, nothing, sizeof nothing, &n);
    t->in = NULL;
    OPENSSL_cleanse(nothing, sizeof nothing);
    if (result == 1)
        return MR_E_CORRUPT; /* it took for data what we had no place for: inside a handshake message, say */
    int status = mr_tls_again(t, result);
    return status == MR_E_AGAIN ? MR_OK : status;
}

/* Ends the connection over something that OpenSSL is shown only for the alert it then sends. */
static MR_COLD int64_t refuse(struct mr_tls *t, uint8_t *shown, uint32_t len, const char *words)
{
    (void)show_openssl(t, shown, len);
    return ended(t, mr_tls_say(t, MR_E_CORRUPT, MR_TLS_RECORD, "%s %s", t->host, words));
}

static MR_COLD int64_t refuse_header(struct mr_tls *t, const uint8_t *head)
{
    uint8_t shown[RECORD_HEAD];
    memcpy(shown, head, RECORD_HEAD);
    MR_COUNT(METRICS(t), refused_header, 1);
    return refuse(t, shown, sizeof shown,
                  head[0] != TYPE_DATA ? "sent a record that is not encrypted"
                                       : "sent a record of another TLS version");
}

static MR_COLD int64_t refuse_length(struct mr_tls *t)
{
    uint8_t shown[RECORD_HEAD] = {TYPE_DATA, 3, 3, 0xff,
                                  0xff}; /* too long in any reading: the alert is record_overflow */
    MR_COUNT(METRICS(t), refused_length, 1);
    return refuse(t, shown, sizeof shown, "sent a record longer than TLS allows");
}

/* What is shown is another record of this length that does not decrypt: this one might, under OpenSSL's sequence number, if it is an
 * old one sent again. */
static MR_COLD int64_t refuse_tag(struct mr_tls *t, const uint8_t *record, uint32_t len)
{
    uint8_t *shown = t->reader.staging;
    MR_COUNT(METRICS(t), refused_tag, 1);
    memmove(shown, record, RECORD_HEAD);
    memset(shown + RECORD_HEAD, 0, len - RECORD_HEAD);
    return refuse(t, shown, len, "sent a record that does not decrypt: corrupted on the way");
}

static MR_COLD int64_t refuse_empty(struct mr_tls *t)
{
    uint8_t shown[RECORD_HEAD] = {0, 3, 3, 0, 1}; /* the alert is unexpected_message */
    MR_COUNT(METRICS(t), refused_empty, 1);
    return refuse(t, shown, sizeof shown, "sends one empty record after another");
}

static MR_COLD int64_t refuse_cancelled(struct mr_tls *t)
{
    uint8_t shown[RECORD_HEAD] = {0, 3, 3, 0, 1};
    MR_COUNT(METRICS(t), refused_message, 1);
    (void)show_openssl(t, shown, sizeof shown);
    return ended(
        t, mr_tls_say(t, MR_E_CORRUPT, MR_TLS_PROTOCOL, "%s broke the rules of TLS: too many warn alerts", t->host));
}

/* ---- what is not data ---- */

/* Follows handshake messages through records. `update`: a KeyUpdate ends with this record's last byte, and keys change after it. (One that
 * ends before it is against the rules, and OpenSSL refuses it.) `hollow`: a message without a body, which none that may come now is;
 * OpenSSL overlooks some of them. */
struct followed {
    bool update, hollow;
};
static MR_COLD struct followed follow_messages(struct mr_tls_reader *r, const uint8_t *data, uint32_t len)
{
    struct followed f = {false, false};
    while (len) {
        f.update = false;
        if (r->message_head_len < 4) {
            r->message_head[r->message_head_len++] = *data++;
            len--;
            if (r->message_head_len < 4)
                continue;
            r->message_left =
                (uint32_t)r->message_head[1] << 16 | (uint32_t)r->message_head[2] << 8 | r->message_head[3];
            f.hollow |= r->message_left == 0;
        }
        uint32_t take = len < r->message_left ? len : r->message_left;
        data += take;
        len -= take;
        r->message_left -= take;
        if (r->message_left == 0) {
            f.update = r->message_head[0] == MESSAGE_KEY_UPDATE;
            r->message_head_len = 0;
        }
    }
    return f;
}

/* A record that was authenticated and is not data with something in it. MR_OK: go on. */
static MR_COLD int64_t other_record(struct mr_tls *t, const uint8_t *inner, uint32_t inner_len, uint32_t len, int type)
{
    struct mr_tls_reader *r = &t->reader;
    if (type == TYPE_DATA && len == 0 && r->message_head_len == 0) {
        r->sequence++;
        MR_COUNT(METRICS(t), records_empty, 1);
        return ++r->empty > EMPTY_MAX ? refuse_empty(t) : MR_OK;
    }
    r->empty = 0;
    MR_COUNT(METRICS(t), alerts, type == TYPE_ALERT);
    if (type == TYPE_ALERT && len == 2 && inner[1] == ALERT_CANCELLED && r->message_head_len == 0) {
        /* close_notify should follow (RFC 8446 6.1) */
        r->sequence++;
        return ++r->cancelled > CANCELLED_MAX ? refuse_cancelled(t) : MR_OK;
    }
    r->cancelled = 0;
    struct followed followed = {false, false};
    if (type == TYPE_HANDSHAKE)
        followed = follow_messages(r, inner, len);
    uint32_t sealed = RECORD_HEAD + inner_len + RECORD_TAG;
    memmove(r->staging + RECORD_HEAD, inner, inner_len);
    mr_tls_record_seal(t->context->crypt, r->keys, r->sequence_openssl, r->staging + RECORD_HEAD, inner_len,
                       r->staging);
    int status = show_openssl(t, r->staging, sealed);
    OPENSSL_cleanse(r->staging, sealed);
    if ((status < 0 && status != MR_E_FULL) || followed.hollow) {
        MR_COUNT(METRICS(t), refused_message, type != TYPE_ALERT);
        if (!t->error[0])
            mr_tls_say(t, status, MR_TLS_PROTOCOL, "%s broke the rules of TLS: a handshake message %s", t->host,
                       followed.hollow ? "without a body" : "with data inside");
        return ended(t, followed.hollow ? MR_E_CORRUPT : status);
    }
    r->sequence++;
    r->sequence_openssl++;
    if (followed.update) {
        MR_COUNT(METRICS(t), key_updates, 1);
        r->sequence = r->sequence_openssl = 0;
        if (!mr_tls_record_update(t)) {
            return ended(t, mr_tls_say(t, MR_E_NOMEM, MR_TLS_PROTOCOL,
                                       "%s changed its keys, and ours could not be made: no memory?", t->host));
        }
    }
    r->answer_due = r->busy = status == MR_E_FULL;
    return status;
}

/* ---- records ---- */

/* Bytes of plaintext; 0: none in this one; or a status. The record is whole at `record`, and `out` takes all that is inside it. */
MR_INLINE int64_t open_record(struct mr_tls *t, const uint8_t *record, uint32_t inner, uint8_t *out)
{
    struct mr_tls_reader *r = &t->reader;
    if (mr_unlikely(r->sequence == UINT64_MAX || !mr_tls_record_unseal(t->context->crypt, r->keys, r->sequence, record,
                                                                       record + RECORD_HEAD, inner, out)))
        return refuse_tag(t, record, RECORD_HEAD + inner + RECORD_TAG);
    uint32_t end = inner;
    while (end && out[end - 1] == 0) /* padding */
        end--;
    int type = end ? out[end - 1] : 0;
    MR_COUNT(METRICS(t), records_own, 1);
    if (mr_unlikely(type != TYPE_DATA || end == 1 || r->message_head_len))
        return other_record(t, out, inner, end ? end - 1 : 0, type);
    r->sequence++;
    r->empty = r->cancelled = 0;
    return end - 1;
}

MR_INLINE uint32_t body_of(const uint8_t *head) { return (uint32_t)head[3] << 8 | head[4]; }

/* 0: a header that an application record may have. */
MR_INLINE int64_t check_header(struct mr_tls *t, const uint8_t *head)
{
    if (mr_unlikely(head[0] != TYPE_DATA || head[1] != 3 || head[2] != 3))
        return refuse_header(t, head);
    return mr_unlikely(body_of(head) > RECORD_BODY_MAX) ? refuse_length(t) : 0;
}

static uint32_t stage(struct mr_tls_reader *r, struct mr_tls_cursor *in, uint32_t want)
{
    uint32_t take = want > r->staged ? want - r->staged : 0;
    take = take < in->len ? take : in->len;
    memcpy(r->staging + r->staged, in->data, take);
    in->data += take;
    in->len -= take;
    r->staged += take;
    return r->staged;
}

static int64_t give_part(struct mr_tls_reader *r, uint8_t *out, uint32_t room)
{
    uint32_t n = r->part_end - r->part_start < room ? r->part_end - r->part_start : room;
    memcpy(out, r->staging + r->part_start, n);
    r->part_start += n;
    if (r->part_start == r->part_end) {
        OPENSSL_cleanse(r->staging, r->part_end);
        r->part_start = r->part_end = 0;
        r->busy = false;
    }
    return n;
}

/* A record by way of `staging`. As open_record; MR_E_AGAIN: it is not whole yet. */
static int64_t read_staged(struct mr_tls *t, struct mr_tls_cursor *in, uint8_t *out, uint32_t room)
{
    struct mr_tls_reader *r = &t->reader;
    if (r->staged < RECORD_HEAD && stage(r, in, RECORD_HEAD) < RECORD_HEAD)
        return MR_E_AGAIN;
    int64_t status = check_header(t, r->staging);
    if (status < 0)
        return status;
    uint32_t body = body_of(r->staging);
    if (stage(r, in, RECORD_HEAD + body) < RECORD_HEAD + body)
        return MR_E_AGAIN;
    r->staged = 0;
    if (body < RECORD_TAG)
        return refuse_tag(t, r->staging, RECORD_HEAD + body);
    uint32_t inner = body - RECORD_TAG;
    if (inner <= room)
        return open_record(t, r->staging, inner, out);
    int64_t n = open_record(t, r->staging, inner, r->staging + RECORD_HEAD);
    if (n <= 0)
        return n;
    MR_COUNT(METRICS(t), records_parted, n > room);
    r->busy = true;
    r->part_start = RECORD_HEAD;
    r->part_end = RECORD_HEAD + (uint32_t)n;
    return give_part(r, out, room);
}

/* What must be done before the cursor is looked at. Above 0: plaintext; 0: go on with the cursor. */
static MR_COLD int64_t unfinished(struct mr_tls *t, uint8_t *out, uint32_t room)
{
    struct mr_tls_reader *r = &t->reader;
    if (r->status < 0)
        return r->status;
    if (r->answer_due) {
        int status = show_openssl(t, NULL, 0);
        if (status == MR_E_FULL)
            return status;
        if (status < 0)
            return ended(t, status);
        r->answer_due = r->busy = false;
    }
    return r->part_end ? give_part(r, out, room) : 0;
}

int64_t mr_tls_record_read(struct mr_tls *t, struct mr_tls_cursor *in, uint8_t *out, uint32_t room)
{
    struct mr_tls_reader *r = &t->reader;
    int64_t n = mr_unlikely(r->busy) ? unfinished(t, out, room) : 0;
    while (n == 0) {
        uint32_t body, len = in->len;
        const uint8_t *record = in->data;
        if (mr_likely(r->staged == 0 && len >= RECORD_HEAD)) {
            n = check_header(t, record);
            if (mr_unlikely(n < 0))
                break;
            body = body_of(record);
            if (mr_likely(len - RECORD_HEAD >= body && body >= RECORD_TAG && body - RECORD_TAG <= room)) {
                in->data += RECORD_HEAD + body;
                in->len -= RECORD_HEAD + body;
                n = open_record(t, record, body - RECORD_TAG, out);
                continue;
            }
        } else if (r->staged == 0 && len == 0) {
            break;
        }
        MR_COUNT(METRICS(t), records_staged, r->staged == 0);
        n = read_staged(t, in, out, room);
        if (n == MR_E_AGAIN)
            return 0;
    }
    return n;
}
