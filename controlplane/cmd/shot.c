#include "controlplane/admin/show.h"
#include "controlplane/cmd/shot_priv.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_LINE "millrace-latency 3\n"
#define OLDER "millrace-latency 2\n" /* without records, and who took it */

static struct mr_hist *new_hist(unsigned bits)
{
    void *mem = aligned_alloc(64, mr_hist_bytes(bits));
    return mem ? mr_hist_init(mem, bits) : NULL;
}

static struct mr_shot_row *add_row(struct mr_shot *shot, unsigned bits)
{
    if (shot->count == MR_SHOT_ROWS)
        return NULL;
    struct mr_shot_row *rows = realloc(shot->rows, (shot->count + 1) * sizeof *rows);
    if (!rows)
        return NULL;
    shot->rows = rows;
    memset(&rows[shot->count], 0, sizeof *rows);
    rows[shot->count].hist = new_hist(bits);
    return rows[shot->count].hist ? &rows[shot->count++] : NULL;
}

struct taking {
    struct mr_shot *shot;
    struct mr_look look; /* for names */
    int status;
};

static void take_one(void *arg, const struct mr_metric_view *view)
{
    struct taking *t = arg;
    if (view->type != MR_METRIC_HIST || t->status != MR_OK)
        return;
    struct mr_shot_row *row = add_row(t->shot, view->hist_bits);
    if (!row) {
        t->status = MR_E_NOMEM;
        return;
    }
    snprintf(row->family, sizeof row->family, "%s", view->family);
    snprintf(row->labels, sizeof row->labels, "%s", view->labels);
    snprintf(row->name, sizeof row->name, "%s", view->name);
    snprintf(row->unit, sizeof row->unit, "%s", view->unit);
    t->status = mr_hist_copy(row->hist, view->hist);
    mr_worst_of(&t->look, row->hist, &row->worst);
}

int mr_shot_take(struct mr_shot *shot, const struct mr_workspace *ws, struct mr_err *err)
{
    struct taking t = {.shot = shot, .look = {.ws = *ws, .open = true}, .status = MR_OK};
    struct mr_region region;
    struct mr_workspace_info info;
    mr_workspace_info(ws, &info);
    shot->taken_ns = mr_look_wall();
    mr_show_clean(shot->build, sizeof shot->build, info.build);
    for (uint32_t i = 0; mr_workspace_region(ws, i, &region) == MR_OK; i++) {
        if (region.kind != MR_REGION_METRICS)
            continue;
        int status = mr_metrics_each(region.mem, region.bytes, take_one, &t);
        status = status == MR_OK ? t.status : status;
        if (status != MR_OK)
            return mr_err_set(err, status, "%s: metrics \"%s\": %s", ws->path, region.name, mr_status_text(status));
    }
    return MR_OK;
}

/* ---- files: a line of names, one of totals, two of the maximum's record where there is one, then one a bucket; at the end how many
 * histograms there are, so that none is cut unseen ---- */

static void save_bucket(void *arg, int64_t low, int64_t high, uint64_t count)
{
    (void)high;
    fprintf(arg, "%lld %llu\n", (long long)low, (unsigned long long)count);
}

int mr_shot_save(const struct mr_shot *shot, const char *path, struct mr_err *err)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    fprintf(f, FIRST_LINE "taken %lld by %s\n", (long long)shot->taken_ns, shot->build);
    for (uint32_t i = 0; i < shot->count; i++) {
        const struct mr_shot_row *r = &shot->rows[i];
        const struct mr_hist *h = r->hist;
        fprintf(f, "%s\t%s\t%s\t%s\n", r->family, r->labels, r->name, r->unit);
        fprintf(f, "= %u %llu %llu %llu %lld %lld\n", h->sub_bits, (unsigned long long)h->negative,
                (unsigned long long)h->beyond, (unsigned long long)h->sum, (long long)h->min, (long long)h->max);
        mr_shot_save_worst(f, &r->worst);
        mr_hist_each(h, save_bucket, f);
        fputs(".\n", f);
    }
    fprintf(f, "end %u\n", shot->count);
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    return MR_OK;
}

static bool load_names(struct mr_shot_row *row, const char *line)
{
    static_assert(MR_METRICS_NAME_BYTES == 64 && MR_METRICS_LABELS_BYTES == 192, "the widths below");
    const char *tab = strchr(line, '\t');
    bool bare = tab && tab[1] == '\t'; /* no labels */
    int got = bare ? sscanf(line, "%63[^\t]\t\t%63[^\t]\t%63[^\t\n]", row->family, row->name, row->unit) + 1
                   : sscanf(line, "%63[^\t]\t%191[^\t]\t%63[^\t]\t%63[^\t\n]", row->family, row->labels, row->name,
                            row->unit);
    return got == 4;
}

/* A line of so many numbers, a blank between them. */
static bool load_numbers(const char *line, uint64_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char *end;
        errno = 0;
        if (*line < '0' || *line > '9')
            return false;
        numbers[i] = strtoull(line, &end, 10);
        if (errno || *end != (i + 1 < count ? ' ' : '\n'))
            return false;
        line = end + 1;
    }
    return true;
}

enum { BITS, NEGATIVE, BEYOND, SUM, MIN, MAX, TOTALS };

/* An older file has the maximum, then how far below INT64_MAX the least value lies: 0 where there is none. */
static void from_older(uint64_t totals[TOTALS])
{
    const uint64_t max = totals[MIN], below = totals[MAX];
    totals[MIN] = below ? INT64_MAX - below : 0; /* of what was never written: far above the maximum */
    totals[MAX] = max;
}

static bool load_row(struct mr_shot *shot, FILE *f, const char *names, bool older, uint32_t *line_no)
{
    char line[MR_SHOT_LINE];
    uint64_t totals[TOTALS], bucket[2]; /* its low end; its count */
    if (!fgets(line, sizeof line, f) || ++*line_no == 0 || strncmp(line, "= ", 2) != 0 ||
        !load_numbers(line + 2, totals, TOTALS))
        return false;
    if (older)
        from_older(totals);
    if (totals[BITS] > MR_HIST_RANGE_BITS || mr_hist_bytes((unsigned)totals[BITS]) == 0 || totals[MAX] > INT64_MAX ||
        totals[MIN] > totals[MAX])
        return false;
    const unsigned bits = (unsigned)totals[BITS];
    struct mr_shot_row *row = add_row(shot, bits);
    if (!row || !load_names(row, names))
        return false;
    row->hist->negative = totals[NEGATIVE];
    row->hist->beyond = totals[BEYOND];
    row->hist->sum = totals[SUM];
    row->hist->min = (int64_t)totals[MIN];
    row->hist->max = (int64_t)totals[MAX];
    bool first = true;
    for (; fgets(line, sizeof line, f); first = false) {
        ++*line_no;
        if (first && line[0] == '!') {
            if (older || !mr_shot_load_worst(&row->worst, line, f, line_no) || row->worst.trace.value != row->hist->max)
                return false;
            continue;
        }
        if (strcmp(line, ".\n") == 0)
            return true;
        if (!load_numbers(line, bucket, 2) || bucket[0] >> MR_HIST_RANGE_BITS || bucket[0] > totals[MAX] ||
            mr_hist_bucket(bucket[0], bits) < mr_hist_bucket(totals[MIN], bits))
            return false;
        mr_hist_counts(row->hist)[mr_hist_bucket(bucket[0], bits)] += bucket[1];
    }
    return false;
}

/* "taken 1795344085 by 5c1f...": when, and by which build the workspace was made. */
static bool load_taken(struct mr_shot *shot, FILE *f)
{
    char line[MR_SHOT_LINE];
    long long ns;
    int text = 0;
    static_assert(sizeof shot->build == 48, "the width below");
    if (!fgets(line, sizeof line, f) || sscanf(line, "taken %lld by %47[ -~]%n", &ns, shot->build, &text) != 2 ||
        strcmp(line + text, "\n") != 0 || ns <= 0)
        return false;
    shot->taken_ns = ns;
    return true;
}

static bool is_end(const char *line, uint32_t count)
{
    char want[32];
    snprintf(want, sizeof want, "end %u\n", count);
    return strcmp(line, want) == 0;
}

int mr_shot_load(struct mr_shot *shot, const char *path, struct mr_err *err)
{
    char line[MR_SHOT_LINE] = "";
    uint32_t line_no = 1;
    FILE *f = fopen(path, "r");
    if (!f)
        return mr_err_set(err, MR_E_IO, "%s: cannot read: %s", path, strerror(errno));
    int status = MR_OK;
    if (!fgets(line, sizeof line, f))
        line[0] = 0;
    const bool older = strcmp(line, OLDER) == 0;
    if (!older && strcmp(line, FIRST_LINE) != 0)
        status = mr_err_set(err, MR_E_MAGIC,
                            strncmp(line, "millrace-latency ", 17) == 0
                                ? "%s: of a version that this build does not read; save it anew"
                                : "%s: not a file that --save made",
                            path);
    else if (!older && !load_taken(shot, f))
        status = mr_err_set(err, MR_E_MALFORMED, "%s:2: not a histogram as --save writes it", path);
    line_no += !older;
    bool ended = false;
    while (status == MR_OK && fgets(line, sizeof line, f)) {
        line_no++;
        if (is_end(line, shot->count) && !ended)
            ended = true;
        else if (ended || !load_row(shot, f, line, older, &line_no))
            status = mr_err_set(err, MR_E_MALFORMED, "%s:%u: not a histogram as --save writes it", path, line_no);
    }
    if (status == MR_OK && !ended)
        status = mr_err_set(err, MR_E_TRUNCATED, "%s: is cut, its last line is missing", path);
    fclose(f);
    return status;
}

/* ---- between shots ---- */

const struct mr_shot_row *mr_shot_find(const struct mr_shot *shot, const struct mr_shot_row *like)
{
    for (uint32_t i = 0; i < shot->count; i++) {
        const struct mr_shot_row *r = &shot->rows[i];
        if (strcmp(r->name, like->name) == 0 && strcmp(r->labels, like->labels) == 0 &&
            strcmp(r->family, like->family) == 0)
            return r;
    }
    return NULL;
}

void mr_shot_between(struct mr_shot *into, const struct mr_shot *now, const struct mr_shot *before)
{
    for (uint32_t i = 0; i < into->count; i++) {
        const struct mr_shot_row *n = mr_shot_find(now, &into->rows[i]), *b = mr_shot_find(before, &into->rows[i]);
        struct mr_trace trace;
        if (n) {
            mr_hist_copy(into->rows[i].hist, n->hist);
            into->rows[i].worst = n->worst;
        }
        if (b)
            mr_hist_subtract(into->rows[i].hist, b->hist);
        if (mr_hist_trace(into->rows[i].hist, &trace) != MR_OK)
            into->rows[i].worst.trace.at_ns = 0;
    }
}

int mr_shot_pace(struct mr_shot *shot, int64_t interval_ns, struct mr_err *err)
{
    for (uint32_t i = 0; i < shot->count; i++) {
        struct mr_hist *paced = new_hist(shot->rows[i].hist->sub_bits);
        int status = paced ? mr_hist_add_paced(paced, shot->rows[i].hist, interval_ns) : MR_E_NOMEM;
        if (status != MR_OK) {
            free(paced);
            return mr_err_set(err, status, "--pace %lld: %s: values are too many intervals long",
                              (long long)interval_ns, shot->rows[i].name);
        }
        free(shot->rows[i].hist);
        shot->rows[i].hist = paced;
    }
    return MR_OK;
}

void mr_shot_free(struct mr_shot *shot)
{
    for (uint32_t i = 0; i < shot->count; i++)
        free(shot->rows[i].hist);
    free(shot->rows);
    *shot = (struct mr_shot){0};
}
