#include "perf/soak/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void say(struct mr_soak_verdict *v, const char *what, enum mr_soak_finding finding, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void say(struct mr_soak_verdict *v, const char *what, enum mr_soak_finding finding, const char *format, ...)
{
    va_list args;
    v->what = what;
    v->finding = finding;
    va_start(args, format);
    vsnprintf(v->text, sizeof v->text, format, args);
    va_end(args);
}

/* ---- trends ---- */

static double rss_of(const struct mr_soak_sample *s, int stage)
{
    (void)stage;
    return (double)s->rss_kb;
}

static double p999_of(const struct mr_soak_sample *s, int stage) { return (double)s->stages[stage].p999_ns; }

/* A minute. Samples in which a stage saw nothing are left out. */
static bool trend(const struct mr_soak_run *run, double (*of)(const struct mr_soak_sample *s, int stage), int stage,
                  struct mr_slope *out)
{
    double *time = malloc((run->count + 1) * sizeof *time), *value = malloc((run->count + 1) * sizeof *value);
    size_t n = 0;
    MR_ASSERT(time && value);
    for (uint32_t i = run->warm_up; i < run->count; i++) {
        double v = of(&run->samples[i], stage);
        if (v <= 0)
            continue;
        time[n] = run->samples[i].at_s / 60;
        value[n++] = v;
    }
    *out = (struct mr_slope){0};
    bool there = mr_slope_of(time, value, n, out);
    free(time);
    free(value);
    return there;
}

static void judge_memory(const struct mr_soak_run *run, bool there, const struct mr_slope *s, struct mr_soak_verdict *v)
{
    if (!there || run->asked_s < MR_SOAK_SLOPES_S) {
        say(v, "memory", MR_SOAK_NOT_JUDGED, "too short a run for a trend (%d s)", MR_SOAK_SLOPES_S);
        return;
    }
    double minutes = (run->samples[run->count - 1].at_s - run->samples[run->warm_up].at_s) / 60;
    double grown = 100 * s->value * minutes / s->level;
    bool grows = grown > MR_SOAK_GROWTH && s->low > 0;
    say(v, "memory", grows ? MR_SOAK_BAD : MR_SOAK_GOOD,
        "RSS %.0f kB, slope %+.1f kB a minute [%+.1f, %+.1f]: %+.2f %% over the run%s", s->level, s->value, s->low,
        s->high, grown, grows ? ": it grows" : "");
}

static void judge_p999(const struct mr_soak_run *run, bool there, const struct mr_slope *s, struct mr_soak_verdict *v)
{
    if (!there || run->asked_s < MR_SOAK_SLOPES_S) {
        say(v, "p99.9", MR_SOAK_NOT_JUDGED, "too short a run for a trend (%d s)", MR_SOAK_SLOPES_S);
        return;
    }
    double each = 100 / s->level, stood = (double)run->exchange.stood_ms / 1e3 / run->asked_s;
    if (stood > MR_SOAK_STOOD) {
        say(v, "p99.9", MR_SOAK_NOT_JUDGED,
            "whole path %.1f us, slope %+.2f %% a minute [%+.2f, %+.2f]; the rate was not held: the market stood still "
            "%.0f %% of the time",
            s->level / 1e3, s->value * each, s->low * each, s->high * each, 100 * stood);
        return;
    }
    bool excluded = s->high * each < MR_SOAK_DOUBLING;
    bool grows = s->low * each > MR_SOAK_DOUBLING;
    bool bad = grows || (!excluded && run->asked_s >= MR_SOAK_WHOLE_S);
    say(v, "p99.9",
        bad        ? MR_SOAK_BAD
        : excluded ? MR_SOAK_GOOD
                   : MR_SOAK_NOT_JUDGED,
        "whole path %.1f us, slope %+.2f %% a minute [%+.2f, %+.2f]: that it doubles in an hour (%+.2f) is %s",
        s->level / 1e3, s->value * each, s->low * each, s->high * each, MR_SOAK_DOUBLING,
        grows      ? "what it does"
        : excluded ? "excluded"
                   : "not excluded: a longer run, or a quieter machine, would say");
}

/* ---- counts ---- */

/* A leak, however slow, is one day above what was open at any moment of the first half. */
static void judge_descriptors(const struct mr_soak_run *run, struct mr_soak_verdict *v)
{
    uint32_t most = run->descriptors_begin;
    for (uint32_t i = 0; i < run->count / 2; i++)
        most = run->samples[i].descriptors > most ? run->samples[i].descriptors : most;
    bool leak = run->descriptors_end > most + run->products;
    say(v, "descriptors", leak ? MR_SOAK_BAD : MR_SOAK_GOOD,
        "%u at the start, at most %u in the first half, %u at the end%s", run->descriptors_begin, most,
        run->descriptors_end, leak ? ": they leak" : "");
}

static void judge_books(const struct mr_soak_run *run, struct mr_soak_verdict *v)
{
    bool good = run->books_equal == run->books && !run->not_live[0];
    say(v, "books", good ? MR_SOAK_GOOD : MR_SOAK_BAD, "%u of %u equal to the exchange's%s%s%s%s", run->books_equal,
        run->books, run->other_book[0] ? "; not " : "", run->other_book, run->not_live[0] ? "; not live: " : "",
        run->not_live);
}

/* Each text message that the exchange queued was received, or was under way on a connection that ended. */
static void judge_messages(const struct mr_soak_run *run, struct mr_soak_verdict *v)
{
    uint64_t sent = run->exchange.frames, received = run->plane.session_frames;
    uint64_t lost = sent > received ? sent - received : 0, cut = run->exchange.unsent + run->exchange.unacked;
    bool good = received <= sent && lost <= cut;
    say(v, "messages", good ? MR_SOAK_GOOD : MR_SOAK_BAD,
        "sent %llu, received %llu, %llu not: in connections that ended %llu were not sent yet, at most %llu not "
        "acknowledged%s",
        (unsigned long long)sent, (unsigned long long)received, (unsigned long long)lost,
        (unsigned long long)run->exchange.unsent, (unsigned long long)run->exchange.unacked,
        good ? "" : ": an uncounted loss");
}

/* What the feeds passed on, the engines took, or the ring was full and that was counted. */
static void judge_events(const struct mr_soak_run *run, struct mr_soak_verdict *v)
{
    bool good =
        run->plane.groups == run->plane.taken + run->plane.ring_full + run->plane.refused && !run->plane.corrupt;
    say(v, "events", good ? MR_SOAK_GOOD : MR_SOAK_BAD, "%llu groups passed on, %llu taken by the engines%s",
        (unsigned long long)run->plane.groups, (unsigned long long)run->plane.taken, good ? "" : ": an uncounted loss");
}

void mr_soak_judge(const struct mr_soak_run *run, struct mr_slope *rss_kb, struct mr_slope p999[MR_SOAK_STAGE_COUNT],
                   struct mr_soak_verdict out[MR_SOAK_VERDICTS])
{
    bool rss = trend(run, rss_of, 0, rss_kb), path = false;
    for (int i = 0; i < MR_SOAK_STAGE_COUNT; i++) {
        bool there = trend(run, p999_of, i, &p999[i]);
        path = i == MR_SOAK_PATH ? there : path;
    }
    judge_memory(run, rss, rss_kb, &out[0]);
    judge_descriptors(run, &out[1]);
    judge_books(run, &out[2]);
    judge_messages(run, &out[3]);
    judge_events(run, &out[4]);
    judge_p999(run, path, &p999[MR_SOAK_PATH], &out[5]);
}
