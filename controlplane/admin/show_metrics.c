/* Every counter and gauge; every latency histogram. */
#include "controlplane/admin/show_priv.h"
#include "controlplane/admin/worst.h"

void mr_show_each_metric(const struct mr_look *look, mr_show_metric_fn *each, void *arg)
{
    struct mr_region region;
    for (uint32_t at = 0; mr_look_next(look, &at, "", MR_REGION_METRICS, &region);)
        mr_metrics_each(region.mem, region.bytes, each, arg); /* a block that is not whole: the rows before are shown */
}

const struct mr_hist *mr_show_hist(const struct mr_metric_view *view)
{
    static _Thread_local struct mr_hist_normal normal;
    static _Thread_local struct mr_hist_fine fine;
    struct mr_hist *copy = view->hist_bits == MR_HIST_BITS_FINE ? &fine.head : &normal.head;
    if (copy->sub_bits != view->hist_bits)
        mr_hist_init(copy, view->hist_bits);
    return mr_hist_copy(copy, view->hist) == MR_OK ? copy : NULL;
}

static bool has_label(const char *labels, const char *key, const char *value, size_t value_len)
{
    size_t key_len = strlen(key);
    for (const char *at = labels; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        at += strspn(at, " ");
        if (strncmp(at, key, key_len) == 0 && at[key_len] == '=' && strncmp(at + key_len + 1, value, value_len) == 0 &&
            (at[key_len + 1 + value_len] == ',' || at[key_len + 1 + value_len] == 0))
            return true;
    }
    return false;
}

bool mr_show_labels_are(const char *labels, const char *product)
{
    const char *colon = strchr(product, ':');
    if (!colon)
        return false;
    return (has_label(labels, "venue", product, (size_t)(colon - product)) &&
            has_label(labels, "product", colon + 1, strlen(colon + 1))) ||
           has_label(labels, "product", product, strlen(product));
}

void mr_show_product(const char *labels, char out[48])
{
    char venue[24], product[24];
    if (sscanf(labels, "venue=%23[^,],product=%23[^,]", venue, product) == 2)
        snprintf(out, 48, "%s:%s", venue, product);
    else
        mr_show_clean(out, 48, labels);
}

struct walk {
    const struct mr_show *s;
    const struct mr_look *look;
    const char *family;
    uint32_t count;
};

static void counter_row(void *arg, const struct mr_metric_view *v)
{
    struct walk *w = arg;
    char label[256], value[32];
    if (v->type == MR_METRIC_HIST || (w->family && strcmp(w->family, v->family) != 0))
        return;
    w->count++;
    if (w->s->json) {
        struct mr_json_out *j = w->s->json;
        mr_json_out_object(j, NULL);
        mr_json_out_string(j, "family", v->family);
        mr_json_out_string(j, "labels", v->labels);
        mr_json_out_string(j, "name", v->name);
        mr_json_out_string(j, "unit", v->unit);
        mr_json_out_string(j, "type", v->type == MR_METRIC_COUNTER ? "counter" : "gauge");
        if (v->type == MR_METRIC_COUNTER)
            mr_json_out_u64(j, "value", (uint64_t)v->value);
        else
            mr_json_out_i64(j, "value", v->value);
        mr_json_out_string(j, "help", v->help);
        mr_json_out_end(j);
        return;
    }
    snprintf(label, sizeof label, "%s.%s{%s}", v->family, v->name, v->labels);
    if (v->type == MR_METRIC_COUNTER)
        snprintf(value, sizeof value, "%llu", (unsigned long long)v->value);
    else
        snprintf(value, sizeof value, "%lld", (long long)v->value);
    mr_show_row(w->s, "%-52.52s %16s %s", label, value, v->unit);
}

int mr_show_metrics(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct walk w = {s, look, s->arg_count ? s->args[0] : NULL, 0};
    mr_show_head(s, look, "metric                                                          value",
                 mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "metrics");
    mr_show_each_metric(look, counter_row, &w);
    if (s->json)
        mr_json_out_end(s->json);
    return w.count || !w.family ? MR_OK : mr_err_set(err, MR_E_EMPTY, "no metrics of family \"%.40s\"", w.family);
}

/* ---- latency ---- */

static const double points[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
static const char *const keys[] = {"p50", "p90", "p99", "p99_9", "p99_99"};

/* feed.lag_ns binance usdm: the values of the labels say enough. */
static void short_label(const struct mr_metric_view *v, char *out, size_t bytes)
{
    struct mr_text t;
    mr_text_init(&t, out, bytes);
    mr_text_format(&t, "%s.%s", v->family, v->name);
    for (const char *at = v->labels; *at;) {
        size_t n = strcspn(at, ","), key = strcspn(at, "=,");
        size_t skip = key < n ? key + 1 : 0;
        mr_text_format(&t, " %.*s", (int)(n - skip), at + skip);
        at += n + (at[n] == ',');
    }
}

static void hist_json(struct mr_json_out *j, const struct mr_metric_view *v, const struct mr_hist *h, uint64_t count,
                      const int64_t *at, const struct mr_worst *worst)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "family", v->family);
    mr_json_out_string(j, "labels", v->labels);
    mr_json_out_string(j, "name", v->name);
    mr_json_out_u64(j, "count", count);
    mr_json_out_u64(j, "negative", mr_hist_negative(h));
    for (size_t i = 0; i < MR_COUNT_OF(points); i++)
        mr_json_out_i64(j, keys[i], at[i]);
    mr_json_out_i64(j, "max", mr_hist_max(h));
    if (worst)
        mr_worst_json(j, worst);
    mr_json_out_end(j);
}

static void hist_row(void *arg, const struct mr_metric_view *v)
{
    struct walk *w = arg;
    struct mr_worst worst;
    struct mr_short text[MR_COUNT_OF(points)];
    char label[256];
    int64_t at[MR_COUNT_OF(points)];
    const struct mr_hist *h = v->hist && strcmp(v->unit, "ns") == 0 ? mr_show_hist(v) : NULL;
    uint64_t count = h ? mr_hist_percentiles(h, points, MR_COUNT_OF(points), at) : 0;
    if (count == 0)
        return;
    if (w->s->json) {
        hist_json(w->s->json, v, h, count, at, mr_worst_of(w->look, h, &worst) ? &worst : NULL);
    } else if (!mr_show_full(w->s, w->count)) {
        short_label(v, label, sizeof label);
        for (size_t i = 0; i < MR_COUNT_OF(points); i++)
            text[i] = mr_ns_of(at[i]);
        mr_show_row(w->s, "%-26.26s %7s %6s %6s %6s %6s %6s %10s", label, mr_short_of((double)count).text, text[0].text,
                    text[1].text, text[2].text, text[3].text, text[4].text, mr_ns_of(mr_hist_max(h)).text);
    }
    w->count++;
}

int mr_show_latency(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct walk w = {s, look, NULL, 0};
    (void)err;
    mr_show_head(s, look, "latency                      count    p50    p90    p99  p99.9 p99.99",
                 mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "latency");
    mr_show_each_metric(look, hist_row, &w);
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, w.count);
    return MR_OK;
}
