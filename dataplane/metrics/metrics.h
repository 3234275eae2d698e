/* Counters, gauges and histograms: declared once as a list, kept in shared memory, shown by anyone.
 *
 *     #define MR_BOOK_METRICS(COUNTER, GAUGE, HIST)                                      \
 *         COUNTER(changes,  "changes", "level changes applied")                          \
 *         GAUGE  (stale,    "books",   "books that are not live now")                    \
 *         HIST   (apply_ns, "ns",      "event taken from the ring to book updated")
 *     MR_METRICS_DECLARE(mr_book, MR_BOOK_METRICS);     in the header: struct mr_book_metrics
 *     MR_METRICS_DEFINE(mr_book, MR_BOOK_METRICS);      in one .c: mr_book_metrics_desc
 *     MR_COUNT(m, changes, n);   MR_GAUGE_SET(m, stale, 3);   MR_RECORD(m, apply_ns, t);
 *     if (MR_RECORD_MAX(m, apply_ns, t)) ... MR_TRACE(m, apply_ns, &trace);      a maximum with its record (trace.h)
 *
 * MR_METRICS_DECLARE_FINE is for the few families of headline stages: their histograms have 1,024 sub-buckets.
 *
 * A block lies in a workspace region: a head with the family's name, labels, and the text of every metric, then the
 * values; a viewer needs nothing but the file. The values are the struct itself, histograms within it: no pointers,
 * so every place is known when compiled and nothing is followed. One writer a block, so MR_COUNT is a plain load, add,
 * store (relaxed atomics: defined behaviour for the readers, the same instructions).
 *
 * Labels  "venue=binance,product=usdm": constant for a block's life.
 * Names   the family is the prefix without its "mr_": mr_book shows as "book". */
#ifndef MR_METRICS_METRICS_H
#define MR_METRICS_METRICS_H

#include "dataplane/metrics/hist.h"

#define MR_METRICS_MAX 256       /* metrics of one family */
#define MR_METRICS_NAME_BYTES 64 /* family, name, unit: with the NUL */
#define MR_METRICS_LABELS_BYTES 192
#define MR_METRICS_HELP_BYTES 256

enum mr_metric_type { MR_METRIC_COUNTER, MR_METRIC_GAUGE, MR_METRIC_HIST };
struct mr_metric_desc {
    const char *name, *unit, *help;
    uint32_t type;
    uint32_t bytes; /* of the field */
};
struct mr_metrics_desc {
    const char *family;
    const struct mr_metric_desc *metrics;
    uint32_t count;
    uint32_t value_bytes;
};

#define MR_METRIC_FIELD_COUNTER(n, u, h) uint64_t n;
#define MR_METRIC_FIELD_GAUGE(n, u, h) int64_t n;
#define MR_METRIC_FIELD_HIST(n, u, h) struct mr_hist_normal n;
#define MR_METRIC_FIELD_FINE(n, u, h) struct mr_hist_fine n;
#define MR_METRICS_DECLARE(prefix, LIST)                                                                               \
    struct prefix##_metrics {                                                                                          \
        LIST(MR_METRIC_FIELD_COUNTER, MR_METRIC_FIELD_GAUGE, MR_METRIC_FIELD_HIST)                                     \
    };                                                                                                                 \
    extern const struct mr_metrics_desc prefix##_metrics_desc
#define MR_METRICS_DECLARE_FINE(prefix, LIST)                                                                          \
    struct prefix##_metrics {                                                                                          \
        LIST(MR_METRIC_FIELD_COUNTER, MR_METRIC_FIELD_GAUGE, MR_METRIC_FIELD_FINE)                                     \
    };                                                                                                                 \
    extern const struct mr_metrics_desc prefix##_metrics_desc

#define MR_METRIC_ROW_COUNTER(n, u, h) {#n, u, h, MR_METRIC_COUNTER, sizeof(uint64_t)},
#define MR_METRIC_ROW_GAUGE(n, u, h) {#n, u, h, MR_METRIC_GAUGE, sizeof(int64_t)},
#define MR_METRIC_ROW_HIST(n, u, h) {#n, u, h, MR_METRIC_HIST, sizeof(struct mr_hist_normal)},
#define MR_METRIC_ROW_FINE(n, u, h) {#n, u, h, MR_METRIC_HIST, sizeof(struct mr_hist_fine)},
#define MR_METRICS_DEFINE(prefix, LIST)                                                                                \
    MR_METRICS_DEFINE_ROWS(prefix, LIST(MR_METRIC_ROW_COUNTER, MR_METRIC_ROW_GAUGE, MR_METRIC_ROW_HIST))
#define MR_METRICS_DEFINE_FINE(prefix, LIST)                                                                           \
    MR_METRICS_DEFINE_ROWS(prefix, LIST(MR_METRIC_ROW_COUNTER, MR_METRIC_ROW_GAUGE, MR_METRIC_ROW_FINE))
#define MR_METRICS_DEFINE_ROWS(prefix, ...)                                                                            \
    static const struct mr_metric_desc prefix##_metrics_rows[] = {__VA_ARGS__};                                        \
    const struct mr_metrics_desc prefix##_metrics_desc = {#prefix, prefix##_metrics_rows,                              \
                                                          (uint32_t)MR_COUNT_OF(prefix##_metrics_rows),                \
                                                          (uint32_t)sizeof(struct prefix##_metrics)}

#define MR_COUNT(m, field, n)                                                                                          \
    __atomic_store_n(&(m)->field, __atomic_load_n(&(m)->field, __ATOMIC_RELAXED) + (uint64_t)(n), __ATOMIC_RELAXED)
#define MR_GAUGE_SET(m, field, v) __atomic_store_n(&(m)->field, (int64_t)(v), __ATOMIC_RELAXED)
#define MR_METRIC_BITS(m, field) (sizeof((m)->field) == sizeof(struct mr_hist_fine) ? MR_HIST_BITS_FINE : MR_HIST_BITS)
/* MR_RECORD_MAX is true if the value is the maximum now; then MR_TRACE keeps which message it was (a struct mr_trace of the caller's). */
#define MR_RECORD_MAX(m, field, v)                                                                                     \
    mr_unlikely(mr_hist_record_bits((struct mr_hist *)&(m)->field, MR_METRIC_BITS(m, field), (int64_t)(v)))
#define MR_RECORD(m, field, v) ((void)MR_RECORD_MAX(m, field, v))
#define MR_TRACE(m, field, trace) mr_hist_trace_put((struct mr_hist *)&(m)->field, MR_METRIC_BITS(m, field), trace)

/* Shared block for a family: bytes needed, and set-up by the writer in memory aligned to 64 bytes; returns the
 * struct prefix##_metrics to count in. Texts beyond the limits above are our mistake (asserted). */
size_t mr_metrics_bytes(const struct mr_metrics_desc *desc);
void *mr_metrics_init(void *mem, const struct mr_metrics_desc *desc, const char *labels);
/* Only the values, in the struct itself: for tests, and for parts that run without a workspace. */
void mr_metrics_init_values(void *values, const struct mr_metrics_desc *desc);
/* Its histograms begin anew, counters and gauges stay: by the block's writer. */
void mr_metrics_reset(void *values, const struct mr_metrics_desc *desc);

/* Readers: walk any block, also while it is written, also one that somebody scribbled over. The texts in a view are
 * copies that hold until the callback returns, control characters replaced; `hist` lies in the block and is whole for
 * mr_hist_bytes(hist_bits): copy it into one of that size (mr_hist_copy), then compute.
 * MR_OK or MR_E_MAGIC, MR_E_VERSION, MR_E_TRUNCATED, MR_E_CORRUPT; the rows before the bad one were shown. */
struct mr_metric_view {
    const char *family, *labels, *name, *unit, *help;
    uint32_t type, hist_bits;
    int64_t value;              /* counter (as u64) or gauge */
    const struct mr_hist *hist; /* NULL unless a histogram */
};
int mr_metrics_each(const void *mem, size_t bytes, void (*each)(void *arg, const struct mr_metric_view *view),
                    void *arg);

#endif
