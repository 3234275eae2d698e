/* The writers' side: hot. One copy into the ring, in parts where it must be. */
#include "dataplane/record/record_priv.h"
#include "dataplane/text/text.h"

static uint32_t slots_for(uint32_t bytes)
{
    return ((uint32_t)sizeof(struct mr_bytes_head) + (uint32_t)sizeof(struct record_part) + bytes + MR_RING_SLOT_BYTES -
            1) /
           MR_RING_SLOT_BYTES;
}

static bool room(struct mr_ring_writer *w, uint64_t slots)
{
    if (mr_likely(w->head + slots - w->tail_seen <= w->slots))
        return true;
    mr_ring_reserve_look(w, 1); /* looks where the reader is */
    return w->status == MR_OK && w->head + slots - w->tail_seen <= w->slots;
}

/* Copies bytes [at, at + n) of name and data, one after the other. */
static void copy_piece(uint8_t *out, const struct mr_capture_record *r, uint32_t at, uint32_t n)
{
    if (at < r->name.len) {
        uint32_t front = r->name.len - at < n ? r->name.len - at : n;
        memcpy(out, r->name.data + at, front);
        out += front;
        at += front;
        n -= front;
    }
    if (n)
        memcpy(out, r->data + (at - r->name.len), n);
}

static void put_parts(struct mr_ring_writer *w, const struct mr_capture_record *r)
{
    struct record_part part = {.total = r->name.len + r->len,
                               .name_len = (uint16_t)r->name.len,
                               .clock = r->clock,
                               .venue = r->venue,
                               .product = r->product};
    do {
        uint32_t n = part.total - part.at < PART_MAX ? part.total - part.at : PART_MAX;
        uint8_t *at = mr_bytes_reserve(w, (uint32_t)sizeof part + n);
        MR_ASSERT(at); /* there was room for all of them */
        memcpy(at, &part, sizeof part);
        copy_piece(at + sizeof part, r, part.at, n);
        part.at += n;
        mr_bytes_publish(w, (uint16_t)(r->kind | (part.at < part.total ? MR_RECORD_MORE : 0)), r->connection,
                         r->recv_ns, (uint32_t)sizeof part + n);
    } while (part.at < part.total);
}

static uint64_t slots_of(const struct mr_capture_record *r)
{
    uint64_t total = (uint64_t)r->name.len + r->len, whole = total / PART_MAX;
    uint32_t rest = (uint32_t)(total % PART_MAX);
    return whole * slots_for(PART_MAX) + (rest || whole == 0 ? slots_for(rest) : 0);
}

/* What was lost before this record stands in front of it. */
static MR_COLD bool put_lost(struct mr_ring_writer *w, int64_t recv_ns)
{
    char text[96];
    uint64_t first, count;
    if (!room(w, slots_for(sizeof text)) || !mr_ring_gap(w, &first, &count))
        return false;
    struct mr_text t;
    mr_text_init(&t, text, sizeof text);
    mr_text_format(&t, LOST_TEXT "%llu records: the ring to the record tile was full", (unsigned long long)count);
    const struct mr_capture_record note = {
        .recv_ns = recv_ns, .kind = MR_CAPTURE_NOTE, .data = (const uint8_t *)text, .len = (uint32_t)t.len};
    put_parts(w, &note);
    return true;
}

bool mr_record_offer(struct mr_ring_writer *w, const struct mr_capture_record *r)
{
    if (mr_unlikely(r->len > MR_CAPTURE_RECORD_MAX || r->name.len > NAME_MAX_BYTES))
        return false;
    uint64_t slots = slots_of(r);
    if (mr_unlikely(w->dropped) && (!room(w, slots + slots_for(96)) || !put_lost(w, r->recv_ns)))
        return false;
    if (mr_unlikely(!room(w, slots)))
        return false;
    put_parts(w, r);
    return true;
}

bool mr_record_put(struct mr_ring_writer *w, const struct mr_capture_record *r)
{
    if (mr_likely(mr_record_offer(w, r)))
        return true;
    mr_ring_drop(w, 0);
    return false;
}
