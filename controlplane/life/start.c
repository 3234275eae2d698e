#include "controlplane/life/start.h"

#include <stdio.h>

#include "dataplane/text/text.h"

enum when { ALWAYS, LIVE };
static const struct {
    const char *name, *what;
    int64_t within_ns;
    enum when when;
} steps[] = {
#define MR_START(NAME, WITHIN_S, WHEN, WHAT) {#NAME, WHAT, (WITHIN_S)*1000000000ll, WHEN},
#include "controlplane/life/startup.def"
#undef MR_START
};

const char *mr_start_step_name(unsigned step) { return step < MR_START_STEP_COUNT ? steps[step].name : "?"; }

void mr_start_init(struct mr_start *start, struct mr_start_port port, bool live)
{
    *start = (struct mr_start){.port = port, .live = live, .status = MR_E_AGAIN};
    for (unsigned i = 0; i < MR_START_STEP_COUNT; i++) {
        MR_ASSERT(port.step[i]);
        start->step[i].status = MR_E_EMPTY;
    }
}

static void ended(struct mr_start *start, int status, const char *sentence, int64_t now_ns)
{
    struct mr_start_record *r = &start->step[start->at];
    r->status = status;
    r->ended_ns = now_ns;
    snprintf(r->sentence, sizeof r->sentence, "%s", sentence);
    if (start->port.told)
        start->port.told(start->port.self, start->at, status, r->sentence, now_ns - r->begun_ns);
}

/* One look at the step that runs. */
static int ask(struct mr_start *start, int64_t now_ns)
{
    struct mr_start_record *r = &start->step[start->at];
    struct mr_err err = {""};
    bool first = !r->begun_ns;
    if (first)
        r->begun_ns = now_ns;
    if (steps[start->at].when == LIVE && !start->live) {
        ended(start, MR_E_UNSUPPORTED, "nothing real is traded", now_ns);
        return MR_OK;
    }
    int status = start->port.step[start->at](start->port.self, first, now_ns, &err);
    MR_ASSERT(status <= 0);
    if (status != MR_E_AGAIN) {
        ended(start, status, err.text, now_ns);
        return status;
    }
    r->status = MR_E_AGAIN;
    snprintf(r->sentence, sizeof r->sentence, "%s", err.text);
    if (now_ns - r->begun_ns < steps[start->at].within_ns)
        return MR_E_AGAIN;
    char late[160];
    snprintf(late, sizeof late, "not within %lld s: %.110s", (long long)(steps[start->at].within_ns / 1000000000),
             r->sentence);
    ended(start, MR_E_END, late, now_ns);
    return MR_E_END;
}

int mr_start_poll(struct mr_start *start, int64_t now_ns, struct mr_err *err)
{
    MR_ASSERT(now_ns > 0);
    while (start->status == MR_E_AGAIN) {
        int status = ask(start, now_ns);
        if (status == MR_E_AGAIN)
            return status;
        if (status != MR_OK)
            start->status = status;
        else if (++start->at == MR_START_STEP_COUNT)
            start->status = MR_OK;
    }
    if (start->status != MR_OK)
        mr_err_set(err, start->status, "start-up step %u, %s (%s): %s", start->at + 1, steps[start->at].name,
                   steps[start->at].what, start->step[start->at].sentence);
    return start->status;
}

void mr_start_text(const struct mr_start *start, struct mr_text *out)
{
    for (unsigned i = 0; i < MR_START_STEP_COUNT; i++) {
        const struct mr_start_record *r = &start->step[i];
        const char *state = r->status == MR_OK              ? "done"
                            : r->status == MR_E_AGAIN       ? "under way"
                            : r->status == MR_E_EMPTY       ? "not begun"
                            : r->status == MR_E_UNSUPPORTED ? "left out"
                                                            : "failed";
        mr_text_format(out, "%u %-12s %-9s", i + 1, steps[i].name, state);
        if (r->ended_ns && r->status != MR_E_UNSUPPORTED)
            mr_text_format(out, " took %lld ms", (long long)((r->ended_ns - r->begun_ns) / 1000000));
        mr_text_format(out, "%s%s\n", *r->sentence ? ": " : "", r->sentence);
    }
}
