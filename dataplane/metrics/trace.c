#include "dataplane/metrics/trace.h"

#include <sched.h>

#include "dataplane/metrics/hist_priv.h"
#include "dataplane/ring/image.h"

#define TRIES 8 /* between a new maximum and its record are some hundred instructions */

static struct mr_trace_pair *pair_of(const struct mr_hist *h, unsigned bits)
{
    return (struct mr_trace_pair *)(uintptr_t)((const uint64_t *)(h + 1) + MR_HIST_BUCKETS(bits));
}

static unsigned bits_of(const struct mr_hist *h)
{
    unsigned bits = __atomic_load_n(&h->sub_bits, __ATOMIC_RELAXED);
    return bits == MR_HIST_BITS || bits == MR_HIST_BITS_FINE ? bits : 0;
}

static struct mr_image *image_of(uint64_t *words) { return (struct mr_image *)(void *)words; }

struct mr_trace mr_trace_of(int64_t value, int64_t at_ns)
{
    return (struct mr_trace){.value = value,
                             .at_ns = at_ns,
                             .decode_ns = -1,
                             .wait_ns = -1,
                             .apply_ns = -1,
                             .instrument = MR_TRACE_NONE,
                             .connection = MR_TRACE_NONE,
                             .bytes = MR_TRACE_NONE,
                             .slots = MR_TRACE_NONE,
                             .core = -1,
                             .tile = MR_TRACE_TILE_NONE,
                             .clock = MR_TRACE_CLOCK_NONE};
}

void mr_hist_traces_init(struct mr_hist *h, unsigned sub_bits)
{
    struct mr_trace_pair *pair = pair_of(h, sub_bits);
    MR_ASSERT(mr_image_bytes(sizeof(struct mr_trace)) == sizeof pair->trace &&
              mr_image_bytes(sizeof(struct mr_trace_around)) == sizeof pair->around);
    mr_image_init(pair->trace, sizeof(struct mr_trace));
    mr_image_init(pair->around, sizeof(struct mr_trace_around));
}

MR_COLD void mr_hist_trace_put(struct mr_hist *h, unsigned sub_bits, struct mr_trace *trace)
{
    trace->core = sched_getcpu();
    mr_image_write(image_of(pair_of(h, sub_bits)->trace), trace, sizeof *trace);
}

void mr_hist_trace_clear(struct mr_hist *h)
{
    static const struct mr_trace none;
    mr_image_write(image_of(pair_of(h, h->sub_bits)->trace), &none, sizeof none);
}

/* `bits` is the caller's: what stands in shared memory may change after it was checked. */
static int read_trace(const struct mr_hist *h, unsigned bits, struct mr_trace *out)
{
    for (int tries = 0; bits && tries < TRIES; tries++) {
        int status = mr_image_read(image_of(pair_of(h, bits)->trace), out, sizeof *out, NULL);
        if (status == MR_OK && out->at_ns && out->value == mr_hist_max(h))
            return MR_OK;
        if (status != MR_OK && status != MR_E_AGAIN)
            break;
    }
    return MR_E_EMPTY;
}

int mr_hist_trace(const struct mr_hist *h, struct mr_trace *out) { return read_trace(h, bits_of(h), out); }

void mr_hist_around_put(struct mr_hist *h, const struct mr_trace_around *around)
{
    unsigned bits = bits_of(h);
    if (bits)
        mr_image_write(image_of(pair_of(h, bits)->around), around, sizeof *around);
}

static int read_around(const struct mr_hist *h, unsigned bits, const struct mr_trace *of, struct mr_trace_around *out)
{
    int status = bits ? mr_image_read(image_of(pair_of(h, bits)->around), out, sizeof *out, NULL) : MR_E_EMPTY;
    return status == MR_OK && out->at_ns == of->at_ns && out->value == of->value ? MR_OK : MR_E_EMPTY;
}

int mr_hist_around(const struct mr_hist *h, const struct mr_trace *of, struct mr_trace_around *out)
{
    return read_around(h, bits_of(h), of, out);
}

void mr_hist_traces_copy(struct mr_hist *into, const struct mr_hist *from)
{
    const unsigned bits = into->sub_bits;
    struct mr_trace trace;
    struct mr_trace_around around;
    mr_hist_trace_clear(into);
    if (read_trace(from, bits, &trace) != MR_OK)
        return;
    into->max = trace.value; /* it may have risen since the counts were copied */
    mr_image_write(image_of(pair_of(into, bits)->trace), &trace, sizeof trace);
    if (read_around(from, bits, &trace, &around) == MR_OK)
        mr_hist_around_put(into, &around);
}

void mr_hist_traces_since(struct mr_hist *h, const struct mr_hist *before)
{
    struct mr_trace now, was;
    if (mr_hist_trace(h, &now) == MR_OK && mr_hist_trace(before, &was) == MR_OK && now.at_ns == was.at_ns &&
        now.value == was.value)
        mr_hist_trace_clear(h);
}
