#include "codecs/capture/capture.h"

#include <xxhash.h>
#include <zstd.h>

#include "codecs/capture/capture_priv.h"

/* ---- writing ---- */

struct mr_capture_writer {
    mr_capture_sink_fn *sink;
    void *arg;
    int zstd_level;
    int status; /* sticky: a failed sink means no further block */
    uint64_t first_ns, last_ns;
    uint32_t records, used;
    uint8_t plain[PLAIN_MAX];
    uint8_t packed[PACKED_MAX];
};

size_t mr_capture_writer_bytes(void) { return sizeof(struct mr_capture_writer); }

struct mr_capture_writer *mr_capture_writer_init(void *mem, int zstd_level, mr_capture_sink_fn *sink, void *arg)
{
    MR_ASSERT(zstd_level >= 0 && zstd_level <= 19);
    struct mr_capture_writer *w = mem;
    w->sink = sink;
    w->arg = arg;
    w->zstd_level = zstd_level;
    w->status = MR_OK;
    w->records = w->used = 0;
    return w;
}

uint64_t mr_capture_hash(const struct block_head *head, const uint8_t *body, size_t len)
{
    struct block_head plain = *head;
    plain.hash = 0;
    return XXH3_64bits_withSeed(body, len, XXH3_64bits(&plain, sizeof plain));
}

static int emit(struct mr_capture_writer *w, struct block_head *head, const uint8_t *body)
{
    head->magic = BLOCK_MAGIC;
    head->hash = mr_capture_hash(head, body, head->stored_bytes);
    int status = w->sink(w->arg, (const uint8_t *)head, sizeof *head);
    if (status == MR_OK)
        status = w->sink(w->arg, body, head->stored_bytes);
    w->status = status;
    return status;
}

int mr_capture_begin(struct mr_capture_writer *w, const char *feed, uint32_t segment, int64_t created_ns)
{
    struct file_head head = {.version = FORMAT_VERSION, .segment = segment, .created_ns = created_ns};
    memcpy(head.magic, FILE_MAGIC, sizeof head.magic);
    size_t len = strlen(feed);
    if (len >= sizeof head.feed)
        return MR_E_TOO_BIG;
    memcpy(head.feed, feed, len);
    head.hash = XXH3_64bits(&head, offsetof(struct file_head, hash));
    return w->status = w->sink(w->arg, (const uint8_t *)&head, sizeof head);
}

int mr_capture_flush(struct mr_capture_writer *w)
{
    if (w->status || !w->records)
        return w->status;
    struct block_head head = {.plain_bytes = w->used,
                              .records = w->records,
                              .first_ns = (int64_t)w->first_ns,
                              .last_ns = (int64_t)w->last_ns};
    const uint8_t *body = w->plain;
    head.stored_bytes = w->used;
    if (w->zstd_level) {
        size_t n = ZSTD_compress(w->packed, sizeof w->packed, w->plain, w->used, w->zstd_level);
        if (!ZSTD_isError(n) && n < w->used) { /* else it is kept plain: noise does not compress */
            body = w->packed;
            head.stored_bytes = (uint32_t)n;
            head.encoding = ENCODING_ZSTD;
        }
    }
    w->records = w->used = 0;
    return emit(w, &head, body);
}

uint32_t mr_capture_pending(const struct mr_capture_writer *w) { return w->records; }

int mr_capture_add(struct mr_capture_writer *w, const struct mr_capture_record *r)
{
    if (w->status)
        return w->status;
    if (r->len > MR_CAPTURE_RECORD_MAX || r->name.len > NAME_MAX_BYTES)
        return MR_E_TOO_BIG;
    size_t need = sizeof(struct record_head) + r->name.len + (size_t)r->len;
    if (w->records && w->used + need > MR_CAPTURE_BLOCK_BYTES && mr_capture_flush(w) != MR_OK)
        return w->status;
    struct record_head head = {.recv_ns = r->recv_ns,
                               .len = r->len,
                               .name_len = (uint16_t)r->name.len,
                               .connection = r->connection,
                               .kind = r->kind,
                               .clock = r->clock,
                               .venue = r->venue,
                               .product = r->product};
    uint8_t *at = w->plain + w->used;
    memcpy(at, &head, sizeof head);
    if (r->name.len)
        memcpy(at + sizeof head, r->name.data, r->name.len);
    if (r->len)
        memcpy(at + sizeof head + r->name.len, r->data, r->len);
    if (!w->records)
        w->first_ns = (uint64_t)r->recv_ns;
    w->last_ns = (uint64_t)r->recv_ns;
    w->used += (uint32_t)need;
    w->records++;
    return w->used >= MR_CAPTURE_BLOCK_BYTES ? mr_capture_flush(w) : MR_OK;
}

/* ---- reading ---- */

struct mr_capture_reader {
    const uint8_t *data;
    size_t len, at;        /* at: next block */
    const uint8_t *body;   /* of the current block, plain */
    uint32_t body_len, body_at, records_left;
    int status;            /* sticky */
    char feed[FEED_BYTES];
    uint8_t plain[PLAIN_MAX];
};

size_t mr_capture_reader_bytes(void) { return sizeof(struct mr_capture_reader); }

struct mr_capture_reader *mr_capture_reader_init(void *mem)
{
    struct mr_capture_reader *r = mem;
    r->status = MR_E_EMPTY;
    return r;
}

int mr_capture_open(struct mr_capture_reader *r, const uint8_t *data, size_t len)
{
    struct file_head head;
    r->status = MR_E_MAGIC;
    r->records_left = 0;
    r->at = 0;
    if (len < sizeof head.magic || memcmp(data, FILE_MAGIC, sizeof head.magic) != 0)
        return r->status;
    if (len < sizeof head)
        return r->status = MR_E_TRUNCATED;
    memcpy(&head, data, sizeof head);
    if (head.version != FORMAT_VERSION)
        return r->status = MR_E_VERSION;
    if (head.hash != XXH3_64bits(&head, offsetof(struct file_head, hash)) || head.feed[sizeof head.feed - 1])
        return r->status = MR_E_CORRUPT;
    memcpy(r->feed, head.feed, sizeof r->feed);
    r->data = data;
    r->len = len;
    r->at = sizeof head;
    return r->status = MR_OK;
}

/* Opens the block at r->at: checks everything it says before believing any of it. */
static int open_block(struct mr_capture_reader *r)
{
    struct block_head head;
    size_t left = r->len - r->at;
    if (left == 0)
        return MR_E_END;
    if (left < sizeof head)
        return MR_E_TRUNCATED;
    memcpy(&head, r->data + r->at, sizeof head);
    if (head.magic != BLOCK_MAGIC)
        return MR_E_CORRUPT;
    if (head.stored_bytes > PACKED_MAX || head.plain_bytes > PLAIN_MAX)
        return MR_E_CORRUPT;
    if (head.stored_bytes > left - sizeof head)
        return MR_E_TRUNCATED;
    const uint8_t *body = r->data + r->at + sizeof head;
    if (head.hash != mr_capture_hash(&head, body, head.stored_bytes))
        return MR_E_CORRUPT;
    if (head.encoding == ENCODING_ZSTD) {
        size_t n = ZSTD_decompress(r->plain, sizeof r->plain, body, head.stored_bytes);
        if (ZSTD_isError(n) || n != head.plain_bytes)
            return MR_E_CORRUPT;
        body = r->plain;
    } else if (head.encoding != ENCODING_PLAIN || head.stored_bytes != head.plain_bytes) {
        return MR_E_CORRUPT;
    }
    r->body = body;
    r->body_len = head.plain_bytes;
    r->body_at = 0;
    r->records_left = head.records;
    r->at += sizeof head + head.stored_bytes;
    return head.records ? MR_OK : MR_E_CORRUPT;
}

int mr_capture_next(struct mr_capture_reader *r, struct mr_capture_record *out)
{
    if (r->status)
        return r->status;
    if (!r->records_left) {
        int status = open_block(r);
        if (status)
            return r->status = status;
    }
    struct record_head head;
    uint32_t left = r->body_len - r->body_at;
    if (left < sizeof head)
        return r->status = MR_E_CORRUPT;
    memcpy(&head, r->body + r->body_at, sizeof head);
    left -= (uint32_t)sizeof head;
    if (head.name_len > left || head.len > left - head.name_len)
        return r->status = MR_E_CORRUPT;
    const uint8_t *name = r->body + r->body_at + sizeof head;
    *out = (struct mr_capture_record){.recv_ns = head.recv_ns,
                                      .data = name + head.name_len,
                                      .len = head.len,
                                      .connection = head.connection,
                                      .kind = head.kind,
                                      .clock = head.clock,
                                      .venue = head.venue,
                                      .product = head.product,
                                      .name = {name, head.name_len}};
    r->body_at += (uint32_t)sizeof head + head.name_len + head.len;
    r->records_left--;
    return MR_OK;
}

size_t mr_capture_offset(const struct mr_capture_reader *r) { return r->at; }

const char *mr_capture_feed(const struct mr_capture_reader *r) { return r->feed; }
