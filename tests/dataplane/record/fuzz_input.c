/* Any bytes: what the reader takes from an input record, a log that is told the same writes so that it reads the same. */
#include <stdlib.h>

#include "dataplane/record/input_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define AREA (1u << 20)
#define OPS 4096

static struct mr_ring_writer writer;
static struct mr_ring_reader reader;

static void open_ring(void)
{
    static uint8_t *mem;
    size_t bytes = mr_bytes_ring_bytes(AREA);
    if (!mem)
        mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    MR_ASSERT(mem && mr_bytes_ring_init(mem, AREA, MR_RING_GAP) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&writer, mem, bytes) == MR_OK && mr_ring_reader_open(&reader, mem, bytes) == MR_OK);
}

static uint32_t read_ops(const uint8_t *data, uint32_t len, struct mr_input *ops, uint32_t n)
{
    struct mr_input_reader r;
    struct mr_input in;
    if (mr_input_open(&r, data, len) != MR_OK)
        return n;
    while (n < OPS && mr_input_next(&r, &in) == MR_OK) {
        bool more = n && in.kind == MR_INPUT_TAKE && ops[n - 1].kind == MR_INPUT_TAKE && ops[n - 1].ring == in.ring;
        if (more && ops[n - 1].count > UINT64_MAX - in.count)
            break; /* no run is that long */
        if (more)
            ops[n - 1].count += in.count;
        else
            ops[n++] = in;
    }
    return n;
}

static void write_ops(struct mr_input_log *log, const struct mr_input *ops, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct mr_input *in = &ops[i];
        struct mr_instrument it = {.venue = in->venue, .product = in->product, .symbol_len = (uint8_t)in->symbol.len};
        if (in->symbol.len)
            memcpy(it.symbol, in->symbol.data, in->symbol.len);
        switch (in->kind) {
        case MR_INPUT_TAKE:
            mr_input_log_take(log, in->ring, in->count);
            break;
        case MR_INPUT_TICK:
            mr_input_log_tick(log, in->ns);
            break;
        case MR_INPUT_BREAK:
            mr_input_log_break(log, &it, in->cause, in->ns);
            break;
        default:
            mr_input_log_generation(log, in->count, in->ns);
            break;
        }
    }
    mr_input_log_flush(log, 0);
}

static void same(const struct mr_input *a, const struct mr_input *b)
{
    MR_ASSERT(a->kind == b->kind && a->cause == b->cause && a->venue == b->venue && a->product == b->product &&
              a->ring == b->ring);
    MR_ASSERT(a->count == b->count && a->ns == b->ns && a->symbol.len == b->symbol.len);
    MR_ASSERT(a->symbol.len == 0 || memcmp(a->symbol.data, b->symbol.data, a->symbol.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct mr_input ops[OPS], back[OPS];
    static uint8_t kept[AREA];
    static struct mr_input_log log;
    if (len > 4096)
        return 0;
    uint32_t n = read_ops(data, (uint32_t)len, ops, 0), m = 0, used = 0;
    open_ring();
    mr_input_log_init(&log, &writer, NULL);
    write_ops(&log, ops, n);
    if (log.lost)
        return 0; /* more breaks than the ring takes: each is a record */
    const uint8_t *record;
    for (const struct mr_bytes_head *head; (head = mr_bytes_peek(&reader, &record));) {
        memcpy(kept + used, record + 16, head->len - 16); /* behind the part's head: symbols point into it */
        m = read_ops(kept + used, head->len - 16, back, m);
        used += head->len - 16;
        mr_bytes_release(&reader);
    }
    MR_ASSERT(m == n);
    for (uint32_t i = 0; i < n; i++)
        same(&ops[i], &back[i]);
    return 0;
}
