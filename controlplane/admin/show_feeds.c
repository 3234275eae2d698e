/* Products: connections and streams summed up, what the feed itself counted, and how fresh each channel is. */
#include "controlplane/admin/show_priv.h"

#define PRODUCTS_MAX 32
#define CHANNELS_MAX 1024

struct product {
    char name[40];
    uint32_t connections, live, streams, streams_live, mute, held;
    char held_symbol[40];
    uint32_t waits[MR_BUDGET_KINDS]; /* connections that wait for what the venue allows, by what */
    uint64_t frames, bytes, messages, gaps, refused;
    int64_t wanting, lag_p50_ns, last_byte_ns, channels_live, channels_stale, channels_dead;
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
        p->held += c->held;
        p->waits[c->waits < MR_BUDGET_KINDS ? c->waits : MR_BUDGET_NONE]++;
        if (c->held)
            mr_show_clean(p->held_symbol, sizeof p->held_symbol, c->held_symbol);
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
        else if (strcmp(view->name, "channels_live") == 0)
            p->channels_live += view->value;
        else if (strcmp(view->name, "channels_stale") == 0)
            p->channels_stale += view->value;
        else if (strcmp(view->name, "channels_dead") == 0)
            p->channels_dead += view->value;
        else if (is_refusal(view->name))
            p->refused += (uint64_t)view->value;
        else if (strcmp(view->name, "lag_ns") == 0 && view->hist) {
            const struct mr_hist *lag = mr_show_hist(view);
            p->lag_p50_ns = lag ? mr_hist_percentile(lag, 0.5) : p->lag_p50_ns;
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
    mr_json_out_u64(j, "held", p->held);
    mr_json_out_u64(j, "waits_dials", p->waits[MR_BUDGET_DIALS]);
    mr_json_out_u64(j, "waits_connections", p->waits[MR_BUDGET_CONNECTIONS]);
    mr_json_out_u64(j, "waits_sends", p->waits[MR_BUDGET_SENDS]);
    mr_json_out_u64(j, "waits_subscriptions", p->waits[MR_BUDGET_SUBSCRIPTIONS]);
    if (p->held)
        mr_json_out_string(j, "held_symbol", p->held_symbol);
    mr_json_out_i64(j, "channels_live", p->channels_live);
    mr_json_out_i64(j, "channels_stale", p->channels_stale);
    mr_json_out_i64(j, "channels_dead", p->channels_dead);
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

/* ---- freshness ---- */

static const char *const states[] = {"live", "STALE", "DEAD"};
static_assert(MR_STATUS_LIVE == 0 && MR_STATUS_STALE == 1 && MR_STATUS_DEAD == 2, "names above");

static void channel_json(struct mr_json_out *j, const struct mr_look *look, const struct mr_look_channel *c,
                         const char *symbol)
{
    static const char *const names[] = {"live", "stale", "dead"};
    const struct mr_plane_channel *row = &c->channel;
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "product", c->product);
    mr_json_out_string(j, "symbol", symbol);
    mr_json_out_string(j, "channel", mr_fresh_kind_name(row->kind));
    mr_json_out_string(j, "state", names[row->state]);
    mr_json_out_i64(j, "age_ns", row->last_ns ? look->now_ns - row->last_ns : -1);
    mr_json_out_i64(j, "p999_ns", row->p999_ns);
    mr_json_out_i64(j, "limit_ns", row->limit_ns == INT64_MAX ? 0 : row->limit_ns);
    mr_json_out_u64(j, "stales", row->stales);
    mr_json_out_i64(j, "since_ns", row->since_ns);
    mr_json_out_end(j);
}

/* "-" where nothing is learnt yet, and where siblings judge. */
static void channel_text(const struct mr_show *s, const struct mr_look *look, const struct mr_look_channel *c,
                         const char *symbol)
{
    const struct mr_plane_channel *row = &c->channel;
    char whose[40 + MR_SYMBOL_BYTES + 2];
    snprintf(whose, sizeof whose, "%s %s", c->product, *symbol ? symbol : "(all)");
    mr_show_row(s, "%-27.27s %-8.8s %-5s %5u %6s %6s %6s", whose, mr_fresh_kind_name(row->kind), states[row->state],
                row->stales, row->last_ns ? mr_age_since(look->now_ns, row->last_ns).text : "-",
                row->p999_ns ? mr_age_of(row->p999_ns).text : "-",
                row->limit_ns == INT64_MAX ? "-" : mr_age_of(row->limit_ns).text);
}

/* All of them in JSON, and as text where a product was asked for; else only those that are not live. */
static void show_channels(const struct mr_show *s, const struct mr_look *look, const char *product)
{
    static _Thread_local struct mr_look_channel rows[CHANNELS_MAX];
    uint32_t all, shown = 0, wanted = 0;
    int64_t data_ns;
    uint32_t count = mr_look_channels(look, rows, CHANNELS_MAX, &all, &data_ns);
    if (s->json)
        mr_json_out_array(s->json, "channels");
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_look_channel *c = &rows[i];
        char symbol[MR_SYMBOL_BYTES];
        mr_show_clean(symbol, sizeof symbol, c->channel.symbol);
        if (product ? strcmp(product, c->product) != 0 : !s->json && c->channel.state == MR_STATUS_LIVE)
            continue;
        if (wanted++ == 0 && !s->json)
            mr_show_head(s, look, "channel                              state stale   last learnt  limit", data_ns);
        if (mr_show_full(s, shown))
            continue;
        shown++;
        if (s->json)
            channel_json(s->json, look, c, symbol);
        else
            channel_text(s, look, c, symbol);
    }
    if (s->json) {
        mr_json_out_end(s->json);
        mr_json_out_u64(s->json, "channels_all", all);
    } else if (wanted) {
        mr_show_more(s, wanted);
    }
}

int mr_show_feeds(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct products all = {0};
    int64_t newest = 0;
    const char *product = s->arg_count ? s->args[0] : NULL;
    add_connections(&all, look);
    mr_show_each_metric(look, add_metric, &all);
    uint32_t found = 0;
    for (uint32_t i = 0; i < all.count && product && !found; i++)
        if (strcmp(all.list[i].name, product) == 0) {
            all.list[0] = all.list[i];
            all.count = found = 1;
        }
    if (product && !found)
        return mr_err_set(err, MR_E_INVALID, "show feeds: no feed \"%s\"; show feeds names them", product);
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
    for (uint32_t i = 0; i < all.count && !s->json; i++)
        if (all.list[i].held)
            mr_show_row(s, "%s: %u streams are not asked for: quarantined, or not in the venue's list: %s%s",
                        all.list[i].name, all.list[i].held, all.list[i].held_symbol,
                        all.list[i].held > 1 ? ", ..." : "");
    for (uint32_t i = 0; i < all.count && !s->json; i++)
        for (uint8_t k = MR_BUDGET_NONE + 1; k < MR_BUDGET_KINDS; k++)
            if (all.list[i].waits[k])
                mr_show_row(s, "%s: %u connections wait: the venue allows no more %s from our address now",
                            all.list[i].name, all.list[i].waits[k], mr_budget_kind_name(k));
    show_channels(s, look, product);
    return MR_OK;
}
