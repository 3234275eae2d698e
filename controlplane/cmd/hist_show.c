#include "controlplane/cmd/hist_show.h"

#include <stdio.h>

const double mr_points[MR_POINTS] = {0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999};
const char *const mr_point_names[MR_POINTS] = {"p50", "p90", "p99", "p99.9", "p99.99", "p99.999"};
const char *const mr_point_keys[MR_POINTS] = {"p50", "p90", "p99", "p99_9", "p99_99", "p99_999"};

struct drawing {
    uint64_t count[64], most;
};

static void add_to_drawing(void *arg, int64_t low, int64_t high, uint64_t count)
{
    struct drawing *d = arg;
    (void)high;
    int power = 63 - __builtin_clzll((uint64_t)low | 1);
    d->count[power] += count;
    d->most = d->count[power] > d->most ? d->count[power] : d->most;
}

void mr_hist_show_drawing(const struct mr_hist *h)
{
    struct drawing d = {0};
    mr_hist_each(h, add_to_drawing, &d);
    for (int power = 0; power < 64; power++) {
        if (d.count[power] == 0)
            continue;
        int width = (int)((double)d.count[power] / (double)d.most * 50 + 0.999);
        printf("  %14lld .. %-14lld %12llu %.*s\n", power ? 1ll << power : 0ll, (1ll << (power + 1)) - 1,
               (unsigned long long)d.count[power], width, "##################################################");
    }
}

struct hdr {
    uint64_t total, seen;
};

static void hdr_line(void *arg, int64_t low, int64_t high, uint64_t count)
{
    struct hdr *h = arg;
    (void)low;
    h->seen += count;
    double share = (double)h->seen / (double)h->total;
    if (h->seen < h->total)
        printf("%12.3f %14.12f %10llu %14.2f\n", (double)high, share, (unsigned long long)h->seen, 1 / (1 - share));
    else
        printf("%12.3f %14.12f %10llu\n", (double)high, 1.0, (unsigned long long)h->seen);
}

void mr_hist_show_hdr(const char *title, const struct mr_hist *hist)
{
    struct hdr h = {mr_hist_count(hist), 0};
    printf("# %s\n%12s %14s %10s %14s\n\n", title, "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    mr_hist_each(hist, hdr_line, &h);
    printf("#[Mean    = %12.3f, Total count = %12llu]\n#[Max     = %12.3f]\n\n", mr_hist_mean(hist),
           (unsigned long long)h.total, (double)mr_hist_max(hist));
}

void mr_hist_show_json(struct mr_json_out *j, const struct mr_hist *h)
{
    mr_json_out_u64(j, "count", mr_hist_count(h));
    mr_json_out_u64(j, "negative", mr_hist_negative(h));
    mr_json_out_u64(j, "beyond", mr_hist_beyond(h));
    mr_json_out_double(j, "mean", mr_hist_mean(h));
    mr_json_out_i64(j, "min", mr_hist_min(h));
    for (size_t i = 0; i < MR_POINTS; i++)
        mr_json_out_i64(j, mr_point_keys[i], mr_hist_percentile(h, mr_points[i]));
    mr_json_out_i64(j, "max", mr_hist_max(h));
}
