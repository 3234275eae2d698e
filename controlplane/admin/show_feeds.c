/* Products: connections and streams summed up, and what the feed itself counted. */
#include "controlplane/admin/show_priv.h"

#define PRODUCTS_MAX 32

struct product {
    char name[40];
    uint32_t connections, live, streams, streams_live, mute;
    uint64_t frames, bytes, messages, gaps, refused;
    int64_t wanting, lag_p50_ns, last_byte_ns;
    double per_s;
};
struct products {
    struct product list[PRODUCTS_MAX];
    uint32_t count;
};

static struct product *product_of(struct products *all, const char *name)
{
    uint32_t i = 0;
    while (i < all->count && strcmp(all->list[i].name, name) != 0)
        i++;
    if (i == PRODUCTS_MAX)
        return NULL;
    if (i == all->count)
        snprintf(all->list[all->count++].name, sizeof all->list[0].name, "%s", name);
    return &all->list[i];
}

static void add_connections(struct products *all, const struct mr_look *look)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    for (uint32_t i = 0, n = mr_look_connections(look, rows, MR_LOOK_CONNECTIONS); i < n; i++) {
        const struct mr_plane_connection *c = &rows[i];
        char name[40];
        mr_show_clean(name, sizeof name, c->product);
        struct product *p = product_of(all, name);
        if (!p)
            continue;
        p->connections++;
        p->live += c->state == MR_SESSION_LIVE;
        p->streams += c->streams;
        p->streams_live += c->streams_live;
        p->mute += c->mute;
        p->frames += c->frames;
        p->bytes += c->bytes;
        p->per_s += mr_show_frames_per_s(look, i);
        p->last_byte_ns = c->last_byte_ns > p->last_byte_ns ? c->last_byte_ns : p->last_byte_ns;
    }
}

static bool is_refusal(const char *name)
{
    static const char *const names[] = {"malformed", "truncated", "inexact", "overflow", "range"};
    for (size_t i = 0; i < MR_COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void add_metric(void *arg, const struct mr_metric_view *view)
{
    struct products *all = arg;
    if (strcmp(view->family, "feed") != 0)
        return;
    for (uint32_t i = 0; i < all->count; i++) {
        struct product *p = &all->list[i];
        if (!mr_show_labels_are(view->labels, p->name))
            continue;
        if (strcmp(view->name, "messages") == 0)
            p->messages += (uint64_t)view->value;
        else if (strcmp(view->name, "gaps") == 0)
            p->gaps += (uint64_t)view->value;
        else if (strcmp(view->name, "wanting") == 0)
            p->wanting += view->value;
        else if (is_refusal(view->name))
            p->refused += (uint64_t)view->value;
        else if (strcmp(view->name, "lag_ns") == 0 && view->hist) {
            static _Thread_local struct mr_hist_fine copy;
            mr_hist_init(&copy, view->hist_bits);
            if (mr_hist_copy((struct mr_hist *)&copy, view->hist) == MR_OK)
                p->lag_p50_ns = mr_hist_percentile((struct mr_hist *)&copy, 0.5);
        }
    }
}

static void product_json(struct mr_json_out *j, const struct product *p)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "product", p->name);
    mr_json_out_u64(j, "connections", p->connections);
    mr_json_out_u64(j, "connections_live", p->live);
    mr_json_out_u64(j, "streams", p->streams);
    mr_json_out_u64(j, "streams_live", p->streams_live);
    mr_json_out_u64(j, "mute", p->mute);
    mr_json_out_u64(j, "frames", p->frames);
    mr_json_out_u64(j, "bytes", p->bytes);
    mr_json_out_double(j, "frames_per_s", p->per_s);
    mr_json_out_u64(j, "messages", p->messages);
    mr_json_out_u64(j, "gaps", p->gaps);
    mr_json_out_u64(j, "refused", p->refused);
    mr_json_out_i64(j, "books_wanting", p->wanting);
    mr_json_out_i64(j, "lag_p50_ns", p->lag_p50_ns);
    mr_json_out_i64(j, "last_byte_ns", p->last_byte_ns);
    mr_json_out_end(j);
}

static void product_text(const struct mr_show *s, const struct mr_look *look, const struct product *p)
{
    char lag[16] = "-";
    if (p->lag_p50_ns)
        snprintf(lag, sizeof lag, "%.1f", (double)p->lag_p50_ns / 1e6);
    mr_show_row(s, "%-16.16s %2u/%-2u %3u/%-3u %4u %6s %6s %5s %6s %6s %10s", p->name, p->live, p->connections,
                p->streams_live, p->streams, p->mute, mr_short_of((double)p->messages).text, mr_short_of(p->per_s).text,
                mr_short_of((double)p->gaps).text, mr_short_of((double)p->refused).text, lag,
                mr_age_since(look->now_ns, p->last_byte_ns).text);
}

int mr_show_feeds(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct products all = {0};
    int64_t newest = 0;
    (void)err;
    add_connections(&all, look);
    mr_show_each_metric(look, add_metric, &all);
    for (uint32_t i = 0; i < all.count; i++)
        newest = all.list[i].last_byte_ns > newest ? all.list[i].last_byte_ns : newest;
    mr_show_head(s, look, "feed             conn  streams mute messag  msg/s  gaps refuse lag ms", newest);
    if (s->json)
        mr_json_out_array(s->json, "feeds");
    for (uint32_t i = 0; i < all.count && !mr_show_full(s, i); i++) {
        if (s->json)
            product_json(s->json, &all.list[i]);
        else
            product_text(s, look, &all.list[i]);
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, all.count);
    for (uint32_t i = 0; i < all.count && !s->json; i++)
        if (all.list[i].mute)
            mr_show_row(s, "%s: %u streams are subscribed and connected, and say nothing", all.list[i].name,
                        all.list[i].mute);
    return MR_OK;
}
