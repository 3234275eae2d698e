#include "dataplane/net/arbiter_priv.h"

MR_METRICS_DEFINE(mr_arbiter, MR_ARBITER_METRICS);

#define DATAGRAM_MAX 65507 /* of UDP over IPv4 */

static size_t lines(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1); }

size_t mr_arbiter_bytes(const struct mr_arbiter_config *config)
{
    size_t rooms = config->window + MR_ARBITER_RUN - 1;
    return lines(sizeof(struct mr_arbiter)) + lines(2 * config->window * sizeof(struct mark)) +
           rooms * lines(config->datagram_max);
}

int mr_arbiter_check(const struct mr_arbiter_config *config, struct mr_err *err)
{
    uint32_t width = config->number_width, window = config->window, end = config->number_offset + width;
    if (width != 1 && width != 2 && width != 4 && width != 8)
        return mr_err_set(err, MR_E_INVALID, "number_width: %u is not 1, 2, 4 or 8", width);
    if (window < 64 || window > 65536 || (window & (window - 1)))
        return mr_err_set(err, MR_E_INVALID, "window: %u is not a power of two within 64..65536", window);
    if (width < 4 && window > (1u << (8 * width)) / 4)
        return mr_err_set(err, MR_E_INVALID, "window: %u is more than a quarter of the numbers that %u bytes hold",
                          window, width);
    if (config->datagram_max < end || config->datagram_max > DATAGRAM_MAX)
        return mr_err_set(err, MR_E_INVALID, "datagram_max: %u is not within %u (the number's end)..%d",
                          config->datagram_max, end, DATAGRAM_MAX);
    if (config->patience_ns < 1000000 || config->patience_ns > 1000000000)
        return mr_err_set(err, MR_E_INVALID, "patience: must be within 1 ms..1 s");
    if (config->lines < 1 || config->lines > MR_ARBITER_LINES_MAX)
        return mr_err_set(err, MR_E_INVALID, "lines: %u is not within 1..%d", config->lines, MR_ARBITER_LINES_MAX);
    return MR_OK;
}

struct mr_arbiter *mr_arbiter_init(void *mem, const struct mr_arbiter_config *config)
{
    MR_ASSERT(mr_arbiter_check(config, NULL) == MR_OK && config->deliver && config->gap);
    struct mr_arbiter *a = mem;
    uint32_t window = config->window, bits = 8u * config->number_width;
    memset(a, 0, sizeof *a);
    a->config = *config;
    a->metrics = config->metrics;
    if (!a->metrics) {
        mr_metrics_init_values(&a->own_metrics, &mr_arbiter_metrics_desc);
        a->metrics = &a->own_metrics;
    }
    a->shift = 64 - bits;
    a->mask = UINT64_MAX >> a->shift;
    a->next = 4 * (uint64_t)window; /* above 0, which is the position in marks that were never set */
    a->marks = (struct mark *)((uint8_t *)mem + lines(sizeof *a));
    memset(a->marks, 0, 2 * window * sizeof(struct mark));
    a->data = (uint8_t *)a->marks + lines(2 * window * sizeof(struct mark));
    a->datagram_bytes = (uint32_t)lines(config->datagram_max);
    for (uint32_t i = 0; i < MR_ARBITER_RUN - 1; i++)
        a->run[i].data = a->data + (size_t)(window + i) * a->datagram_bytes;
    return a;
}
