/* build/tests/sim: worlds from seeds, and what went wrong in them. See tests/sim/README.md. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/judge.h"

static int usage(void)
{
    fprintf(stderr, "usage: sim --seed N [--seeds COUNT] [--actions 1000] [--fair] [--planted 1..24] [--die-at STEP]\n"
                    "           [--fail write|sync|send|open|memory --fail-at N] [--trace] [--faults]\n");
    return 2;
}

static void list_faults(const uint64_t hits[FAULT_COUNT], const uint64_t seeds[FAULT_COUNT])
{
    for (int f = 0; f < FAULT_COUNT; f++)
        printf("%-18s %-8s %8llu times in %6llu seeds  %s\n", sim_faults[f].name, sim_faults[f].class,
               (unsigned long long)hits[f], (unsigned long long)seeds[f], sim_faults[f].what);
#define FAULT(name, class, rate, what)
#define NO_FAULT(name, class, why) printf("%-18s %-8s cannot exist yet: %s\n", #name, #class, why);
#include "tests/sim/faults.def"
#undef FAULT
#undef NO_FAULT
}

int main(int argc, char **argv)
{
    struct world_config c = {.actions = 1000, .faults = true};
    uint64_t seeds = 1, hits[FAULT_COUNT] = {0}, reached[FAULT_COUNT] = {0}, steps = 0, orders = 0, trades = 0,
             lives = 0;
    bool table = false, seed = false;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        bool takes = true;
        if (!strcmp(a, "--fair"))
            c.faults = takes = false;
        else if (!strcmp(a, "--trace"))
            takes = !(c.trace = true);
        else if (!strcmp(a, "--faults"))
            takes = !(table = true);
        else if (!v)
            return usage();
        else if (!strcmp(a, "--seed"))
            seed = (c.seed = strtoull(v, NULL, 10), true);
        else if (!strcmp(a, "--seeds"))
            seeds = strtoull(v, NULL, 10);
        else if (!strcmp(a, "--actions"))
            c.actions = (uint32_t)strtoul(v, NULL, 10);
        else if (!strcmp(a, "--planted"))
            c.planted = (unsigned)strtoul(v, NULL, 10);
        else if (!strcmp(a, "--die-at"))
            c.die_at_step = strtoull(v, NULL, 10);
        else if (!strcmp(a, "--fail-at"))
            c.fail_at_step = strtoull(v, NULL, 10);
        else if (!strcmp(a, "--fail"))
            for (c.fail_kind = SIM_FAIL_COUNT; c.fail_kind > 0 && strcmp(v, sim_fail_names[c.fail_kind - 1]) != 0;)
                c.fail_kind--;
        else
            return usage();
        i += takes;
    }
    c.fail_kind -= c.fail_at_step != 0;
    if (!seed || !seeds || c.fail_kind < 0)
        return usage();
    uint64_t failed = 0;
    for (uint64_t n = 0; n < seeds; n++, c.seed++) {
        struct world *w = world_new(&c);
        failed += !world_run(w);
        world_report(w);
        for (int f = 0; f < FAULT_COUNT; f++) {
            hits[f] += w->hits[f];
            reached[f] += w->hits[f] > 0;
        }
        steps += w->step;
        orders += w->judge->used;
        trades += sim_trades(w);
        lives += w->lives;
        if (seeds == 1)
            printf("seed %llu: %s, hash %016llx\n", (unsigned long long)c.seed, w->judge->broken ? "violated" : "sound",
                   (unsigned long long)w->hash);
        fflush(stdout);
        world_free(w);
    }
    if (table)
        list_faults(hits, reached);
    printf("%llu worlds, %llu rounds, %llu orders, %llu trades, %llu processes: %llu violated\n",
           (unsigned long long)seeds, (unsigned long long)steps, (unsigned long long)orders, (unsigned long long)trades,
           (unsigned long long)lives, (unsigned long long)failed);
    return failed != 0;
}
