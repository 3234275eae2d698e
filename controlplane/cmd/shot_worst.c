/* Records of maxima in the files that `millrace latency --save` writes. */
#include <errno.h>
#include <stdlib.h>

#include "controlplane/cmd/shot_priv.h"

/* The numbers of a record, in the order in which they stand in the file. */
enum {
    VALUE,
    AT,
    RECV,
    VENUE,
    SEQ,
    DECODE,
    WAIT,
    APPLY,
    CONNECTION,
    BYTES,
    SLOTS,
    WAITING,
    CORE,
    THREAD,
    TILE,
    CLOCK,
    FROM,
    TO,
    INTERRUPTS,
    PREEMPTED,
    SLEPT,
    PUT_OFF,
    ROWS,
    ROW_COUNT,
    NUMBERS = ROW_COUNT + MR_TRACE_ROWS
};
enum { KIND, INSTRUMENT, OF, BEGINS, ROW_WHAT, TEXTS = ROW_WHAT + MR_TRACE_ROWS };

void mr_shot_save_worst(FILE *f, const struct mr_worst *w)
{
    const struct mr_trace *t = &w->trace;
    const struct mr_trace_around *a = &w->around;
    if (t->at_ns == 0)
        return;
    const int64_t numbers[NUMBERS] = {
        t->value,      t->at_ns,      t->recv_ns,      t->venue_ns,     (int64_t)t->seq, t->decode_ns, t->wait_ns,
        t->apply_ns,   t->connection, t->bytes,        t->slots,        t->waiting,      t->core,      t->thread,
        t->tile,       t->clock,      a->from_ns,      a->to_ns,        a->interrupts,   a->preempted, a->slept,
        a->put_off_ns, a->row_count,  a->row[0].count, a->row[1].count, a->row[2].count};
    fputc('!', f);
    for (uint32_t i = 0; i < NUMBERS; i++)
        fprintf(f, " %lld", (long long)numbers[i]);
    fprintf(f, "\n%s\t%s\t%s\t%s\t%s\t%s\t%s\n", w->kind, w->instrument, w->connection, w->begins, a->row[0].what,
            a->row[1].what, a->row[2].what);
}

/* " 1 -2 3\n" */
static bool load_signed(const char *line, int64_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char *end;
        if (line[0] != ' ' || (line[1] != '-' && (line[1] < '0' || line[1] > '9')))
            return false;
        errno = 0;
        numbers[i] = strtoll(line + 1, &end, 10);
        if (errno || end == line + 1)
            return false;
        line = end;
    }
    return strcmp(line, "\n") == 0;
}

/* The part up to the next tab, or the line's end where it is the last; NULL: it is longer than `out`, or not printable ASCII. */
static const char *load_text(const char *at, bool last, char *out, size_t bytes)
{
    size_t n = strcspn(at, last ? "\n" : "\t");
    if (at[n] == 0 || n >= bytes)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (at[i] < 0x20 || at[i] > 0x7e)
            return NULL;
    memcpy(out, at, n);
    out[n] = 0;
    return at + n + 1;
}

static bool load_texts(struct mr_worst *w, const char *line)
{
    struct mr_trace_around *a = &w->around;
    char *const into[TEXTS] = {w->kind,        w->instrument,  w->connection, w->begins,
                               a->row[0].what, a->row[1].what, a->row[2].what};
    const size_t bytes[TEXTS] = {sizeof w->kind,        sizeof w->instrument,  sizeof w->connection, sizeof w->begins,
                                 sizeof a->row[0].what, sizeof a->row[1].what, sizeof a->row[2].what};
    for (uint32_t i = 0; i < TEXTS && line; i++)
        line = load_text(line, i + 1 == TEXTS, into[i], bytes[i]);
    return line && *line == 0;
}

/* Counts and small numbers: what does not fit its field was not written by us. */
static bool fits(const int64_t *n)
{
    for (uint32_t i = CONNECTION; i <= WAITING; i++)
        if (n[i] < 0 || n[i] > UINT32_MAX)
            return false;
    return n[AT] > 0 && n[CORE] >= -1 && n[CORE] <= INT32_MAX && n[THREAD] >= 0 && n[THREAD] <= UINT8_MAX &&
           n[TILE] >= 0 && n[TILE] <= UINT8_MAX && n[CLOCK] >= 0 && n[CLOCK] <= UINT8_MAX && n[ROWS] >= 0 &&
           n[ROWS] <= MR_TRACE_ROWS && n[FROM] <= n[TO];
}

bool mr_shot_load_worst(struct mr_worst *w, const char *first, FILE *f, uint32_t *line_no)
{
    char line[MR_SHOT_LINE];
    int64_t n[NUMBERS];
    if (!load_signed(first + 1, n, NUMBERS) || !fits(n) || !fgets(line, sizeof line, f))
        return false;
    ++*line_no;
    struct mr_trace *t = &w->trace;
    *t = mr_trace_of(n[VALUE], n[AT]);
    t->recv_ns = n[RECV];
    t->venue_ns = n[VENUE];
    t->seq = (uint64_t)n[SEQ];
    t->decode_ns = n[DECODE];
    t->wait_ns = n[WAIT];
    t->apply_ns = n[APPLY];
    t->connection = (uint32_t)n[CONNECTION];
    t->bytes = (uint32_t)n[BYTES];
    t->slots = (uint32_t)n[SLOTS];
    t->waiting = (uint32_t)n[WAITING];
    t->core = (int32_t)n[CORE];
    t->thread = (uint8_t)n[THREAD];
    t->tile = (uint8_t)n[TILE];
    t->clock = (uint8_t)n[CLOCK];
    w->around = (struct mr_trace_around){.value = n[VALUE],
                                         .at_ns = n[AT],
                                         .from_ns = n[FROM],
                                         .to_ns = n[TO],
                                         .interrupts = n[INTERRUPTS],
                                         .preempted = n[PREEMPTED],
                                         .slept = n[SLEPT],
                                         .put_off_ns = n[PUT_OFF],
                                         .row_count = (uint32_t)n[ROWS]};
    for (uint32_t i = 0; i < MR_TRACE_ROWS; i++)
        w->around.row[i].count = n[ROW_COUNT + i];
    return load_texts(w, line);
}
