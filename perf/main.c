/* millrace-bench: see README.md beside this file. */
#include "dataplane/base/kernel.h"
#include "perf/bench_priv.h"
#include "perf/versions.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *group, *name, *what;
    void (*run)(struct mr_bench *b);
} benches[] = {
#define MR_BENCH(group, name, what) {#group, #name, what, mr_bench_##name},
#include "perf/benches.def"
#undef MR_BENCH
};

static const char usage[] =
    "usage: millrace-bench [options] [GROUP, BENCH or BENCH/CASE]...\n"
    "  --json               a JSON list in place of the table\n"
    "  --kernel KERNEL      scalar, sse42, avx2 or avx512, in place of the best one\n"
    "  --passes N           passes of each side (odd, at least 9; 15)\n"
    "  --instructions FILE  instruction counts to show in the JSON (name, count), from ./dev bench gate\n"
    "  --list               cases whose instructions can be counted, and their items\n"
    "  --once BENCH/CASE    one case, once: what ./dev bench gate counts\n"
    "exit status: 0 all goals met, 1 not, 2 usage\n";

static int parse(struct mr_bench *b, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},         {"kernel", required_argument, NULL, 'k'},
        {"passes", required_argument, NULL, 'p'}, {"instructions", required_argument, NULL, 'i'},
        {"list", no_argument, NULL, 'l'},         {"once", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case 'j':
            b->json = true;
            break;
        case 'k':
            setenv("MILLRACE_KERNEL", optarg, 1);
            break;
        case 'p':
            b->passes = (uint32_t)strtoul(optarg, NULL, 10) | 1;
            break;
        case 'i':
            b->counts = optarg;
            break;
        case 'l':
            b->mode = MR_BENCH_LIST;
            break;
        case 'o':
            b->mode = MR_BENCH_ONCE;
            b->once = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            return 2;
        }
    }
    return b->passes >= 9 && b->passes <= 201 ? 0 : 2;
}

static bool wanted(const struct mr_bench *b, size_t i, char **names)
{
    if (b->mode == MR_BENCH_ONCE) {
        size_t len = strlen(benches[i].name);
        return strncmp(b->once, benches[i].name, len) == 0 && b->once[len] == '/';
    }
    if (!*names)
        return true;
    size_t len = strlen(benches[i].name);
    for (; *names; names++)
        if (strcmp(*names, benches[i].group) == 0 ||
            (strncmp(*names, benches[i].name, len) == 0 && ((*names)[len] == 0 || (*names)[len] == '/')))
            return true;
    return false;
}

static uint32_t run(struct mr_bench *b, char **names)
{
    uint32_t ran = 0;
    b->names = names;
    for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
        if (!wanted(b, i, names))
            continue;
        b->bench = benches[i].name;
        b->group = benches[i].group;
        if (b->mode == MR_BENCH_TIME && !b->json)
            printf("\n%s: %s\n", benches[i].name, benches[i].what);
        benches[i].run(b);
        ran++;
    }
    return ran;
}

int main(int argc, char **argv)
{
    struct mr_bench b = {.passes = 15};
    struct mr_err err;
    if (parse(&b, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (mr_kernel_init(&err) != MR_OK) {
        fprintf(stderr, "millrace-bench: %s\n", err.text);
        return 2;
    }
    sched_getaffinity(0, sizeof b.cores, &b.cores);
    bool pinned = mr_bench_pin(mr_bench_core(&b, 0));
    if (b.mode == MR_BENCH_TIME) {
        FILE *to = b.json ? stderr : stdout;
        fprintf(to, "kernel %s, core %u%s, %u passes\nreferences: %s\n", mr_kernel_name(mr_kernel_active()),
                mr_bench_core(&b, 0), pinned ? "" : " (NOT pinned)", b.passes, MR_BENCH_VERSIONS);
    }
    mr_bench_open_table(&b);
    uint32_t ran = run(&b, argv + optind);
    mr_bench_end(&b);
    if (!ran || (b.mode == MR_BENCH_ONCE && !b.found) || (b.mode == MR_BENCH_TIME && argv[optind] && !b.rows)) {
        fprintf(stderr, "millrace-bench: no such bench\n");
        return 2;
    }
    return b.failed ? 1 : 0;
}
