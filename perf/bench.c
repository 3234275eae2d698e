#include "perf/bench.h"

#include "dataplane/base/kernel.h"
#include "perf/bench_priv.h"

#include <stdlib.h>
#include <time.h>

#define PASS_NS 4000000u /* a pass is repeated until it lasts so long */
#define SIDES_MAX (MR_BENCH_REFERENCES + 2)
#define PASSES_MAX 201

/* One of those that take turns. */
struct side {
    const char *name;
    mr_bench_fn *fn;
    void *arg;
    void (*prepare)(void *arg); /* not timed; NULL: none */
    enum mr_kernel kernel;
    bool threads;
    uint32_t repeats;
    uint64_t sum;
    double ns[PASSES_MAX]; /* an item, by pass */
};

uint64_t mr_bench_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double mr_bench_median(double *values, uint32_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

uint32_t mr_bench_passes(const struct mr_bench *b) { return b->passes; }

uint32_t mr_bench_core(const struct mr_bench *b, uint32_t n)
{
    uint32_t count = (uint32_t)CPU_COUNT(&b->cores),
             before = count - 1 - n % count; /* from the last: core 0 is the busiest */
    for (uint32_t core = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, &b->cores) && before-- == 0)
            return core;
    return 0;
}

bool mr_bench_pin(uint32_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

static void use_kernel(enum mr_kernel kernel)
{
    struct mr_err err;
    setenv("MILLRACE_KERNEL", mr_kernel_name(kernel), 1);
    MR_ASSERT(mr_kernel_init(&err) == MR_OK);
}

/* This thread's own time, so that what else runs on the machine takes its turn unseen; the wall's where threads of the
 * pass do the work. */
static uint64_t clock_ns(bool threads)
{
    struct timespec ts;
    clock_gettime(threads ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t time_of_prepared(struct side *s, uint32_t repeats)
{
    uint64_t took = 0;
    for (uint32_t i = 0; i < repeats; i++) {
        s->prepare(s->arg);
        uint64_t start = clock_ns(s->threads);
        s->sum = s->fn(s->arg);
        took += clock_ns(s->threads) - start;
    }
    return took;
}

static uint64_t time_of(struct side *s, uint32_t repeats)
{
    if (s->prepare)
        return time_of_prepared(s, repeats);
    uint64_t start = clock_ns(s->threads), sum = 0;
    for (uint32_t i = 0; i < repeats; i++)
        sum = s->fn(s->arg);
    uint64_t took = clock_ns(s->threads) - start;
    s->sum = sum;
    return took;
}

static void warm(struct side *s)
{
    use_kernel(s->kernel);
    time_of(s, 1);
    uint64_t one = time_of(s, 1);
    s->repeats = one >= PASS_NS ? 1 : (uint32_t)(PASS_NS / (one ? one : 1)) + 1;
}

static void take_turns(struct side *sides, uint32_t count, uint32_t passes, uint64_t items)
{
    for (uint32_t i = 0; i < count; i++)
        warm(&sides[i]);
    for (uint32_t pass = 0; pass < passes; pass++)
        for (uint32_t i = 0; i < count; i++) {
            use_kernel(sides[i].kernel);
            sides[i].ns[pass] =
                (double)time_of(&sides[i], sides[i].repeats) / ((double)items * (double)sides[i].repeats);
        }
}

/* Noinline and in the dynamic sense unique: valgrind counts between its entry and its return. */
__attribute__((noinline)) uint64_t mr_bench_once(mr_bench_fn *fn, void *arg)
{
    uint64_t sum = fn(arg);
    __asm__ volatile("" ::"r"(sum) : "memory");
    return sum;
}

static double counted(const struct mr_bench *b, const char *full)
{
    char line[256], name[128];
    double value, found = -1;
    FILE *f = b->counts ? fopen(b->counts, "r") : NULL;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%127s %lf", name, &value) == 2 && strcmp(name, full) == 0)
            found = value;
    if (f)
        fclose(f);
    return found;
}

static void print_number(const char *key, double value, bool known)
{
    if (known)
        printf(", \"%s\": %.3f", key, value);
    else
        printf(", \"%s\": null", key);
}

static bool has_goal(const struct mr_bench_row *row) { return row->goal > 0 || row->limit_ns > 0; }

static bool passed(const struct mr_bench_row *row)
{
    bool there = row->bound ? row->ratio <= row->goal : row->ratio >= row->goal;
    return (row->goal <= 0 || there) && (row->limit_ns <= 0 || row->ns <= row->limit_ns);
}

static void print_json(struct mr_bench *b, const char *full, const struct mr_bench_row *row, double avx2_ns)
{
    double instructions = counted(b, full);
    printf("%s\n  {\"name\": \"%s\", \"work\": \"%s\"", b->rows ? "," : "", full, row->work);
    print_number("ns", row->ns, row->ns > 0);
    print_number("avx2_ns", avx2_ns, avx2_ns > 0);
    print_number("instructions", instructions, instructions >= 0);
    if (row->reference)
        printf(", \"reference\": \"%s\"", row->reference);
    else
        printf(", \"reference\": null");
    print_number("reference_ns", row->reference_ns, row->reference_ns > 0);
    print_number("ratio", row->ratio, row->reference != NULL);
    print_number("goal", row->goal, row->goal > 0);
    print_number("stretch", row->stretch, row->stretch > 0);
    printf(", \"bound\": %s", row->bound ? "true" : "false");
    print_number("limit_ns", row->limit_ns, row->limit_ns > 0);
    printf(", \"pass\": %s}", !has_goal(row) ? "null" : passed(row) ? "true" : "false");
}

static void print_row(const char *full, const struct mr_bench_row *row, double avx2_ns)
{
    char ns[16] = "", avx2[16] = "", reference[16] = "", ratio[16] = "", goal[32] = "";
    const char *verdict = "";
    if (avx2_ns > 0)
        snprintf(avx2, sizeof avx2, "%.2f", avx2_ns);
    if (row->ns > 0)
        snprintf(ns, sizeof ns, "%.2f", row->ns);
    if (row->reference_ns > 0)
        snprintf(reference, sizeof reference, "%.2f", row->reference_ns);
    if (row->reference)
        snprintf(ratio, sizeof ratio, "%.2fx", row->ratio);
    if (row->limit_ns > 0)
        snprintf(goal, sizeof goal, row->goal > 0 ? "<=%.5gns %.4g" : "<=%.5gns", row->limit_ns, row->goal);
    else if (row->goal > 0)
        snprintf(goal, sizeof goal, row->stretch > 0 ? "%s%.4g (%.4g)" : "%s%.4g", row->bound ? "<=" : "", row->goal,
                 row->stretch);
    if (has_goal(row))
        verdict = passed(row) ? "pass" : "MISSED";
    printf("%-28s %10s %9s %12s %8s %12s  %-6s  %s%s%s\n", full, ns, avx2, reference, ratio, goal, verdict, row->work,
           row->reference ? " | " : "", row->reference ? row->reference : "");
}

static void report(struct mr_bench *b, const struct mr_bench_row *row, double avx2_ns)
{
    char full[128];
    snprintf(full, sizeof full, "%s/%s", b->bench, row->name);
    if (b->json)
        print_json(b, full, row, avx2_ns);
    else
        print_row(full, row, avx2_ns);
    fflush(stdout);
    b->rows++;
    b->failed += !passed(row);
}

static void check_sums(struct mr_bench *b, const struct mr_bench_pair *pair, const struct side *sides, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        bool same_code = sides[i].fn == pair->ours.fn;
        bool other = !same_code && (pair->other_work >> (i - 1 - (sides[1].fn == pair->ours.fn)) & 1);
        if (other || sides[i].sum == sides[0].sum)
            continue;
        fprintf(stderr, "%s/%s: ours and %s give different results\n", b->bench, pair->name, sides[i].name);
        b->failed++;
    }
}

/* sides: ours, then ours with AVX2 if that is measured apart, then the references */
static uint32_t line_up(const struct mr_bench_pair *pair, struct side *sides, enum mr_kernel active, bool beside)
{
    uint32_t count = 0;
    const struct side ours = {.name = "ours", .fn = pair->ours.fn, .arg = pair->ours.arg, .prepare = pair->prepare};
    sides[count] = ours;
    sides[count++].kernel = active;
    if (beside) {
        sides[count] = ours;
        sides[count++].kernel = MR_KERNEL_AVX2;
    }
    for (uint32_t i = 0; i < MR_BENCH_REFERENCES && pair->references[i].fn; i++)
        sides[count++] = (struct side){.name = pair->references[i].name,
                                       .fn = pair->references[i].fn,
                                       .arg = pair->references[i].arg,
                                       .kernel = active};
    return count;
}

static double median_of(const struct side *s, uint32_t passes)
{
    double copy[PASSES_MAX];
    memcpy(copy, s->ns, passes * sizeof *copy);
    return mr_bench_median(copy, passes);
}

static double paired_ratio(const struct side *above, const struct side *below, uint32_t passes)
{
    double ratio[PASSES_MAX];
    for (uint32_t i = 0; i < passes; i++)
        ratio[i] = above->ns[i] / below->ns[i];
    return mr_bench_median(ratio, passes);
}

static void measure(struct mr_bench *b, const struct mr_bench_pair *pair)
{
    static struct side sides[SIDES_MAX];
    enum mr_kernel active = mr_kernel_active();
    bool beside = pair->kernels && active == MR_KERNEL_AVX512;
    uint32_t count = line_up(pair, sides, active, beside), first = 1 + beside;
    for (uint32_t i = 0; i < count; i++)
        sides[i].threads = pair->threads;
    take_turns(sides, count, b->passes, pair->items);
    use_kernel(active);
    check_sums(b, pair, sides, count);
    struct mr_bench_row row = {.name = pair->name, .work = pair->work, .ns = median_of(&sides[0], b->passes)};
    char limit[32];
    uint32_t best = 0;
    for (uint32_t i = first; i < count; i++) {
        double ns = median_of(&sides[i], b->passes);
        if (!best || ns < row.reference_ns) {
            best = i;
            row.reference_ns = ns;
        }
    }
    if (best) {
        row.reference = sides[best].name;
        row.ratio = pair->bound ? paired_ratio(&sides[0], &sides[best], b->passes)
                                : paired_ratio(&sides[best], &sides[0], b->passes);
        row.bound = pair->bound;
        row.goal = pair->goal;
        row.stretch = pair->stretch;
    } else if (pair->limit_ns > 0) {
        snprintf(limit, sizeof limit, "a limit of %.4g ns", pair->limit_ns);
        row.reference = limit;
        row.reference_ns = pair->limit_ns;
        row.ratio = pair->limit_ns / row.ns;
        row.goal = 1;
    }
    row.limit_ns = pair->limit_ns;
    report(b, &row, beside ? median_of(&sides[1], b->passes) : 0);
    for (uint32_t i = first; i < count && !b->json; i++)
        if (i != best)
            printf("%-28s %10s %9s %12.2f %7.2fx %12s  %-6s  %s\n", "", "", "", median_of(&sides[i], b->passes),
                   paired_ratio(&sides[i], &sides[0], b->passes), "", "", sides[i].name);
}

/* Is `full` this case of the bench that runs: bench/case? */
static bool is_case(const struct mr_bench *b, const char *full, const char *name)
{
    size_t prefix = strlen(b->bench);
    return strncmp(full, b->bench, prefix) == 0 && full[prefix] == '/' && strcmp(full + prefix + 1, name) == 0;
}

static bool is_named(const struct mr_bench *b, const char *name)
{
    bool named = !*b->names;
    for (char **one = b->names; *one && !named; one++)
        named = strcmp(*one, b->group) == 0 || strcmp(*one, b->bench) == 0 || is_case(b, *one, name);
    return named;
}

void mr_bench_pair(struct mr_bench *b, const struct mr_bench_pair *pair)
{
    MR_ASSERT(pair->name && pair->work && pair->items && pair->ours.fn);
    switch (b->mode) {
    case MR_BENCH_TIME:
        if (is_named(b, pair->name))
            measure(b, pair);
        break;
    case MR_BENCH_LIST:
        if (!pair->threads)
            printf("%s/%s %llu\n", b->bench, pair->name, (unsigned long long)pair->items);
        break;
    case MR_BENCH_ONCE:
        if (!is_case(b, b->once, pair->name))
            break;
        if (pair->prepare)
            pair->prepare(pair->ours.arg);
        pair->ours.fn(pair->ours.arg); /* first use of tables and pages is not what we count */
        if (pair->prepare)
            pair->prepare(pair->ours.arg);
        mr_bench_once(pair->ours.fn, pair->ours.arg);
        b->found = true;
        break;
    }
}

bool mr_bench_timing(const struct mr_bench *b, const char *name)
{
    (void)name;
    return b->mode == MR_BENCH_TIME;
}

bool mr_bench_wants(const struct mr_bench *b, const char *name)
{
    switch (b->mode) {
    case MR_BENCH_TIME:
        return is_named(b, name);
    case MR_BENCH_ONCE:
        return is_case(b, b->once, name);
    case MR_BENCH_LIST:
        break;
    }
    return true;
}

void mr_bench_row(struct mr_bench *b, const struct mr_bench_row *row)
{
    if (b->mode == MR_BENCH_TIME && is_named(b, row->name))
        report(b, row, 0);
}

void mr_bench_open_table(struct mr_bench *b)
{
    if (b->mode != MR_BENCH_TIME)
        return;
    if (b->json)
        printf("[");
    else
        printf("%-28s %10s %9s %12s %8s %12s  %-6s  %s\n", "case", "ns", "avx2", "reference", "ratio", "goal (more)",
               "", "work | reference");
}

void mr_bench_end(struct mr_bench *b)
{
    if (b->mode == MR_BENCH_TIME && b->json)
        printf("\n]\n");
    else if (b->mode == MR_BENCH_TIME)
        printf("%u rows, %u goals missed\n", b->rows, b->failed);
}
