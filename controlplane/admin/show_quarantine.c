/* What was refused, by product and reason, and how much of it was kept with its bytes. */
#include "controlplane/admin/show_priv.h"

#define PRODUCTS_MAX 32

static const char *const reasons[] = {"malformed", "truncated",   "inexact",        "overflow",
                                      "range",     "quarantined", "not_quarantined"};
#define REASONS MR_COUNT_OF(reasons)

struct refused {
    char name[48];
    uint64_t count[REASONS];
};
struct all {
    struct refused list[PRODUCTS_MAX];
    uint32_t count;
};

static void add_metric(void *arg, const struct mr_metric_view *v)
{
    struct all *all = arg;
    char name[48];
    size_t r = 0;
    while (r < REASONS && strcmp(reasons[r], v->name) != 0)
        r++;
    if (strcmp(v->family, "feed") != 0 || r == REASONS)
        return;
    mr_show_product(v->labels, name);
    uint32_t i = 0;
    while (i < all->count && strcmp(all->list[i].name, name) != 0)
        i++;
    if (i == PRODUCTS_MAX)
        return;
    if (i == all->count)
        memcpy(all->list[all->count++].name, name, sizeof name);
    all->list[i].count[r] += (uint64_t)v->value;
}

static void row_json(struct mr_json_out *j, const struct refused *p)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "product", p->name);
    for (size_t r = 0; r < REASONS; r++)
        mr_json_out_u64(j, reasons[r], p->count[r]);
    mr_json_out_end(j);
}

static void row_text(const struct mr_show *s, const struct refused *p)
{
    struct mr_short n[REASONS];
    for (size_t r = 0; r < REASONS; r++)
        n[r] = mr_short_of((double)p->count[r]);
    mr_show_row(s, "%-18.18s %6s %6s %6s %6s %6s %6s %8s", p->name, n[0].text, n[1].text, n[2].text, n[3].text,
                n[4].text, n[5].text, n[6].text);
}

int mr_show_quarantine(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct all all;
    (void)err;
    all.count = 0;
    memset(all.list, 0, sizeof all.list);
    mr_show_each_metric(look, add_metric, &all);
    mr_show_head(s, look, "refused            malfor  trunc inexac overfl  range   kept not kept",
                 mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "refused");
    for (uint32_t i = 0; i < all.count && !mr_show_full(s, i); i++) {
        if (s->json)
            row_json(s->json, &all.list[i]);
        else
            row_text(s, &all.list[i]);
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, all.count);
    if (!s->json)
        mr_show_row(s, "their bytes: millrace capture quarantine FOLDER (quarantine.folder)");
    return MR_OK;
}
