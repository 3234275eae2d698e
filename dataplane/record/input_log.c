#include "dataplane/record/input_log.h"

#define VERSION 1
#define VARINT_MAX 10
#define HEAD_MAX (1 + 2 * VARINT_MAX)
#define OP_MAX (1 + 3 + MR_INPUT_SYMBOL_MAX + VARINT_MAX)
#define NO_RING UINT32_MAX
#define KIND_BITS 2

/* ---- numbers: 7 bits a byte, lowest first; signed ones zigzag ---- */

static uint32_t put_varint(uint8_t *out, uint64_t value)
{
    uint32_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static uint64_t zigzag(int64_t value) { return (uint64_t)value << 1 ^ (uint64_t)(value >> 63); }

static int64_t unzigzag(uint64_t value) { return (int64_t)(value >> 1 ^ -(value & 1)); }

/* Differences wrap as unsigned numbers do: any two times have one. */
static uint64_t difference(int64_t now, int64_t last) { return zigzag((int64_t)((uint64_t)now - (uint64_t)last)); }

/* ---- writing ---- */

void mr_input_log_init(struct mr_input_log *log, struct mr_ring_writer *ring, const struct mr_record_control *control)
{
    memset(log, 0, sizeof *log);
    log->ring = ring;
    log->control = control;
    log->run_ring = NO_RING;
}

static void drop(struct mr_input_log *log)
{
    mr_ring_drop(log->ring, log->number);
    log->lost++;
    log->number++;
    log->used = 0;
}

static bool offer(struct mr_input_log *log, int64_t now_ns)
{
    if (log->used == 0)
        return true;
    const struct mr_capture_record record = {
        .recv_ns = now_ns, .data = log->buf, .len = log->used, .kind = MR_CAPTURE_INPUT};
    log->offer_ns = now_ns;
    if (!mr_record_offer(log->ring, &record))
        return false;
    log->number++;
    log->used = 0;
    return true;
}

/* Room for one more op, at the cost of what is there if it must be. */
static uint8_t *begin(struct mr_input_log *log)
{
    if (log->used + OP_MAX > sizeof log->buf && !offer(log, log->last_ns))
        drop(log);
    if (log->used == 0) {
        log->buf[log->used++] = VERSION;
        log->used += put_varint(log->buf + log->used, log->number);
        log->used += put_varint(log->buf + log->used, zigzag(log->last_ns));
        static_assert(HEAD_MAX + OP_MAX < MR_INPUT_FLUSH_BYTES && MR_INPUT_FLUSH_BYTES < MR_INPUT_LOG_BYTES,
                      "a record holds many ops");
    }
    return log->buf + log->used;
}

static uint8_t first_byte(enum mr_input_kind kind, uint32_t value) { return (uint8_t)(value << KIND_BITS | kind); }

static void put_time(struct mr_input_log *log, int64_t ns)
{
    log->used += put_varint(log->buf + log->used, difference(ns, log->last_ns));
    log->last_ns = ns;
}

static bool recording(const struct mr_input_log *log) { return !log->control || mr_record_on(log->control); }

/* The run that has ended goes into the buffer. */
static void end_run(struct mr_input_log *log)
{
    if (log->run_groups && recording(log)) {
        uint8_t *at = begin(log);
        *at = first_byte(MR_INPUT_TAKE, log->run_ring);
        log->used += 1 + put_varint(at + 1, log->run_groups);
    }
    log->run_groups = 0;
}

void mr_input_log_other(struct mr_input_log *log, uint32_t ring, uint64_t groups)
{
    MR_ASSERT(ring < MR_INPUT_RINGS_MAX);
    end_run(log);
    log->run_ring = ring;
    log->run_groups = groups;
}

void mr_input_log_tick(struct mr_input_log *log, int64_t now_ns)
{
    end_run(log);
    if (!recording(log))
        return;
    *begin(log) = first_byte(MR_INPUT_TICK, 0);
    log->used++;
    put_time(log, now_ns);
}

bool mr_input_log_break(struct mr_input_log *log, const struct mr_instrument *instrument, uint8_t cause,
                        int64_t recv_ns)
{
    MR_ASSERT(cause < 64 && instrument->symbol_len <= MR_INPUT_SYMBOL_MAX);
    end_run(log);
    if (!recording(log))
        return false;
    uint8_t *at = begin(log);
    at[0] = first_byte(MR_INPUT_BREAK, cause);
    at[1] = instrument->venue;
    at[2] = instrument->product;
    at[3] = instrument->symbol_len;
    memcpy(at + 4, instrument->symbol, instrument->symbol_len);
    log->used += 4u + instrument->symbol_len;
    put_time(log, recv_ns);
    if (offer(log, recv_ns))
        return true;
    drop(log); /* later it would stand between other frames */
    return false;
}

bool mr_input_log_generation(struct mr_input_log *log, uint64_t number, int64_t recv_ns)
{
    end_run(log);
    if (!recording(log))
        return false;
    uint8_t *at = begin(log);
    at[0] = first_byte(MR_INPUT_GENERATION, 0);
    log->used += 1 + put_varint(at + 1, number);
    put_time(log, recv_ns);
    if (offer(log, recv_ns))
        return true;
    drop(log);
    return false;
}

void mr_input_log_flush(struct mr_input_log *log, int64_t now_ns)
{
    end_run(log);
    offer(log, now_ns);
}

void mr_input_log_housekeep(struct mr_input_log *log, int64_t now_ns)
{
    if (log->used >= MR_INPUT_FLUSH_BYTES || now_ns - log->offer_ns >= MR_INPUT_FLUSH_NS)
        mr_input_log_flush(log, now_ns);
}

/* ---- reading ---- */

static bool fail(struct mr_input_reader *r, int status)
{
    if (r->status == MR_OK)
        r->status = status;
    return false;
}

static bool get_byte(struct mr_input_reader *r, uint8_t *out)
{
    if (r->at == r->len)
        return fail(r, MR_E_TRUNCATED);
    *out = r->data[r->at++];
    return true;
}

/* One way to write a number: no needless bytes, no bits beyond 64. */
static bool get_varint(struct mr_input_reader *r, uint64_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < VARINT_MAX; i++) {
        uint8_t byte = 0; /* for clang's analyzer, which forgets that get_byte sets it */
        if (!get_byte(r, &byte))
            return false;
        *out |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        return (i == 0 || byte != 0) && (i < VARINT_MAX - 1 || byte == 1) ? true : fail(r, MR_E_MALFORMED);
    }
    return fail(r, MR_E_MALFORMED);
}

static bool get_time(struct mr_input_reader *r, int64_t *out)
{
    uint64_t value;
    if (!get_varint(r, &value))
        return false;
    r->last_ns = (int64_t)((uint64_t)r->last_ns + (uint64_t)unzigzag(value));
    *out = r->last_ns;
    return true;
}

int mr_input_open(struct mr_input_reader *r, const uint8_t *data, uint32_t len)
{
    *r = (struct mr_input_reader){.data = data, .len = len};
    uint8_t version;
    uint64_t base;
    if (!get_byte(r, &version))
        return r->status;
    if (version != VERSION)
        return r->status = MR_E_VERSION;
    if (get_varint(r, &r->number) && get_varint(r, &base))
        r->last_ns = unzigzag(base);
    return r->status;
}

static bool get_break(struct mr_input_reader *r, struct mr_input *out)
{
    uint8_t len;
    if (!get_byte(r, &out->venue) || !get_byte(r, &out->product) || !get_byte(r, &len))
        return false;
    if (len == 0 || len > MR_INPUT_SYMBOL_MAX)
        return fail(r, MR_E_MALFORMED);
    if (len > r->len - r->at)
        return fail(r, MR_E_TRUNCATED);
    out->symbol = (struct mr_span){r->data + r->at, len};
    r->at += len;
    return get_time(r, &out->ns);
}

int mr_input_next(struct mr_input_reader *r, struct mr_input *out)
{
    uint8_t first;
    if (r->status)
        return r->status;
    if (r->at == r->len)
        return r->status = MR_E_END;
    get_byte(r, &first);
    uint8_t value = first >> KIND_BITS;
    *out = (struct mr_input){.kind = first & ((1 << KIND_BITS) - 1)};
    switch (out->kind) {
    case MR_INPUT_TAKE:
        out->ring = value;
        if (get_varint(r, &out->count) && (out->count == 0 || out->ring >= MR_INPUT_RINGS_MAX))
            fail(r, MR_E_MALFORMED);
        break;
    case MR_INPUT_TICK:
        (void)(value ? fail(r, MR_E_MALFORMED) : get_time(r, &out->ns));
        break;
    case MR_INPUT_BREAK:
        out->cause = value;
        get_break(r, out);
        break;
    default:
        (void)(value ? fail(r, MR_E_MALFORMED) : get_varint(r, &out->count) && get_time(r, &out->ns));
        break;
    }
    return r->status;
}
