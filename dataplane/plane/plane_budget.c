/* What venues allow our addresses: the budgets of sessions and of REST hosts, with what the run before this one took of them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/plane/plane_priv.h"

int64_t mr_plane_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* The workspace's name still leads to the file of the run before: ours takes it at its commit. */
void mr_plane_budgets_begin(struct mr_plane *p)
{
    struct mr_workspace before;
    struct mr_region r;
    p->ledger = mr_plane_region(p, "budgets", NULL);
    if (mr_workspace_attach(&before, p->config.workspace, false, NULL) != MR_OK)
        return;
    if (mr_workspace_find(&before, "budgets", &r) == MR_OK && r.kind == MR_REGION_BUDGETS &&
        r.layout == sizeof *p->left && r.bytes >= sizeof *p->left && (p->left = malloc(sizeof *p->left))) {
        memcpy(p->left, r.mem, sizeof *p->left);
        if (p->left->row_count > MR_COUNT_OF(p->left->row) || p->left->host_count > MR_COUNT_OF(p->left->host))
            mr_plane_budgets_end(p); /* not of our writing */
    }
    mr_workspace_close(&before);
}

void mr_plane_budgets_end(struct mr_plane *p)
{
    free(p->left);
    p->left = NULL;
}

static bool is_of(const struct mr_plane_budget *b, const struct mr_venue *venue, const struct mr_address *from)
{
    return b->venue == venue->id && memcmp(&b->from, from, sizeof *from) == 0;
}

/* Sessions to one venue from one address of ours share its limits. */
static struct mr_budgets *budgets_of(struct mr_plane *p, const struct mr_venue *venue, const struct mr_address *from)
{
    struct mr_plane_ledger *l = p->ledger;
    for (uint32_t i = 0; i < l->row_count; i++)
        if (is_of(&l->row[i], venue, from))
            return &l->row[i].budgets;
    struct mr_plane_budget *b = &l->row[l->row_count++];
    b->venue = venue->id;
    b->from = *from;
    mr_budgets_init(&b->budgets, &mr_dialect_of(venue)->limits, p->config.limit_share);
    for (uint32_t i = 0; p->left && i < p->left->row_count; i++)
        if (is_of(&p->left->row[i], venue, from)) {
            mr_budget_carry(&b->budgets.dials, &p->left->row[i].budgets.dials, mr_plane_wall_ns());
            mr_budget_carry(&b->budgets.sends, &p->left->row[i].budgets.sends, mr_plane_wall_ns());
        }
    return &b->budgets;
}

void mr_plane_budgets(struct mr_plane *p, uint32_t feed, const struct mr_venue *venue)
{
    const struct mr_plane_feed *f = &p->config.feeds[feed];
    for (uint32_t k = 0; k < f->from_count || k == 0; k++)
        p->budget_of[feed][k] = budgets_of(p, venue, &f->from[k]);
}

struct mr_budget *mr_plane_host_budget(struct mr_plane *p, const char *host, uint32_t window_s)
{
    struct mr_plane_ledger *l = p->ledger;
    MR_ASSERT(l->host_count < MR_COUNT_OF(l->host)); /* one a feed at most */
    struct mr_budget *b = &l->host[l->host_count].budget;
    snprintf(l->host[l->host_count].name, sizeof l->host[0].name, "%s", host);
    l->host_count++;
    b->window_s = window_s;
    for (uint32_t i = 0; p->left && i < p->left->host_count; i++)
        if (strncmp(p->left->host[i].name, host, sizeof l->host[0].name) == 0)
            mr_budget_carry(b, &p->left->host[i].budget, mr_plane_wall_ns());
    return b;
}
