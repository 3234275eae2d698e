/* Counters, gauges and histograms: declared once as a list, kept in shared memory, shown by anyone.
 *
 *     #define MR_BOOK_METRICS(COUNTER, GAUGE, HIST)                                      \
 *         COUNTER(changes,  "changes", "level changes applied")                          \
 *         GAUGE  (stale,    "books",   "books that are not live now")                    \
 *         HIST   (apply_ns, "ns",      "event taken from the ring to book updated")
 *     MR_METRICS_DECLARE(mr_book, MR_BOOK_METRICS);     in the header: struct mr_book_metrics
 *     MR_METRICS_DEFINE(mr_book, MR_BOOK_METRICS);      in one .c: mr_book_metrics_desc
 *     MR_COUNT(m, changes, n);   MR_GAUGE_SET(m, stale, 3);   MR_RECORD(m, apply_ns, t);
 *
 * A block lies in a workspace region: a head with the family's name, labels, and the text of every metric, then the
 * values; a viewer needs nothing but the file. One writer a block, so MR_COUNT is a plain load, add, store (relaxed
 * atomics: defined behaviour for the readers, the same instructions).
 * Labels  "venue=binance,product=usdm": constant for a block's life. */
#ifndef MR_METRICS_METRICS_H
#define MR_METRICS_METRICS_H

#include "dataplane/metrics/hist.h"

enum mr_metric_type { MR_METRIC_COUNTER, MR_METRIC_GAUGE, MR_METRIC_HIST };
struct mr_metric_desc { const char *name, *unit, *help; uint32_t type; uint32_t offset; };
struct mr_metrics_desc { const char *family; const struct mr_metric_desc *metrics; uint32_t count; uint32_t value_bytes; };

/* values: u64 counters and i64 gauges in place; histograms follow as offsets resolved at init */
#define MR_METRIC_FIELD_COUNTER(n, u, h) uint64_t n;
#define MR_METRIC_FIELD_GAUGE(n, u, h)   int64_t n;
#define MR_METRIC_FIELD_HIST(n, u, h)    struct mr_hist *n; /* private pointer of this process; NULL in readers */
#define MR_METRICS_DECLARE(prefix, LIST)                                                                      \
    struct prefix##_metrics { LIST(MR_METRIC_FIELD_COUNTER, MR_METRIC_FIELD_GAUGE, MR_METRIC_FIELD_HIST) };   \
    extern const struct mr_metrics_desc prefix##_metrics_desc

#define MR_COUNT(m, field, n)                                                                                 \
    __atomic_store_n(&(m)->field, __atomic_load_n(&(m)->field, __ATOMIC_RELAXED) + (uint64_t)(n), __ATOMIC_RELAXED)
#define MR_GAUGE_SET(m, field, v) __atomic_store_n(&(m)->field, (int64_t)(v), __ATOMIC_RELAXED)
#define MR_RECORD(m, field, v)    mr_hist_record((m)->field, (int64_t)(v))

/* Shared block for a family: bytes needed, set-up by the writer (returns the struct prefix##_metrics to count in). */
size_t mr_metrics_bytes(const struct mr_metrics_desc *desc);
void *mr_metrics_init(void *mem, const struct mr_metrics_desc *desc, const char *labels);
/* Readers: walk any block. MR_OK or MR_E_MAGIC / MR_E_CORRUPT (every offset and text is checked). */
struct mr_metric_view { const char *family, *labels, *name, *unit, *help; uint32_t type; int64_t value; const struct mr_hist *hist; };
int mr_metrics_each(const void *mem, size_t bytes, void (*each)(void *arg, const struct mr_metric_view *view), void *arg);

#endif
