#include "controlplane/trade/notes.h"

#define AREA (1u << 20)

enum part { INTENT, ORDER, FILL, POSITION, SIGNAL, INSTRUMENT, VERDICT, TEXT, PARTS };

/* A note: this head, then each part that its bit says, in the order of `enum part`, each on 16 bytes. */
struct note {
    uint8_t kind, severity, say, parts;
    uint32_t text_bytes;
    int64_t now_ns;
    uint64_t number;
    const char *who, *why;
    uint64_t spare;
};
static_assert(sizeof(struct note) % 16 == 0, "parts are aligned behind it");
#define VERDICT_HEAD offsetof(struct mr_risk_verdict, measured)
static_assert(VERDICT_HEAD % 16 == 0, "measures are aligned behind it");

static const uint16_t part_bytes[INSTRUMENT + 1] = {sizeof(struct mr_intent), sizeof(struct mr_order),
                                                    sizeof(struct mr_fill),   sizeof(struct mr_position),
                                                    sizeof(struct mr_signal), sizeof(struct mr_instrument)};
static size_t up(size_t bytes) { return (bytes + 15) / 16 * 16; }
#define NOTE_MAX                                                                                                       \
    (sizeof(struct note) + sizeof(struct mr_intent) + sizeof(struct mr_order) + sizeof(struct mr_fill) +               \
     sizeof(struct mr_position) + sizeof(struct mr_signal) + sizeof(struct mr_instrument) +                            \
     sizeof(struct mr_risk_verdict) + MR_TOLD_TEXT + 16 * PARTS)
static_assert(NOTE_MAX <= MR_BYTES_RECORD_MAX, "a record of the ring");

size_t mr_notes_bytes(void) { return mr_bytes_ring_bytes(AREA); }

void mr_notes_init(struct mr_notes *n, void *mem)
{
    memset(mem, 0, mr_notes_bytes());
    MR_ASSERT(mr_bytes_ring_init(mem, AREA, MR_RING_BACKPRESSURE) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&n->writer, mem, mr_notes_bytes()) == MR_OK);
    MR_ASSERT(mr_ring_reader_open(&n->reader, mem, mr_notes_bytes()) == MR_OK);
}

/* ---- in ---- */

static uint8_t *add(uint8_t *at, const void *part, size_t bytes)
{
    memcpy(at, part, bytes);
    return at + up(bytes);
}

/* Only what the rules that are violated have measured: the rest was never written. */
static uint8_t *add_verdict(uint8_t *at, const struct mr_risk_verdict *v)
{
    at = add(at, v, VERDICT_HEAD);
    for (unsigned word = 0; word < 2; word++)
        for (uint64_t left = v->violated[word]; left; left &= left - 1)
            at = add(at, &v->measured[word * 64 + (unsigned)__builtin_ctzll(left)], sizeof v->measured[0]);
    for (uint32_t left = v->policies; left; left &= left - 1)
        at = add(at, &v->policy[__builtin_ctz(left)], sizeof v->policy[0]);
    return at;
}

bool mr_notes_put(struct mr_notes *n, const struct mr_trade_told *w)
{
    const void *const part[] = {w->intent, w->order, w->fill, w->position, w->signal, w->instrument};
    uint8_t *record = mr_bytes_reserve(&n->writer, NOTE_MAX);
    if (mr_unlikely(!record))
        return false;
    uint8_t *at = record + sizeof(struct note);
    struct note *head = (void *)record;
    *head = (struct note){.kind = w->kind,
                          .severity = w->severity,
                          .say = w->say,
                          .now_ns = w->now_ns,
                          .number = w->number,
                          .who = w->who,
                          .why = w->why};
    for (unsigned i = INTENT; i <= INSTRUMENT; i++)
        if (part[i]) {
            head->parts |= (uint8_t)(1u << i);
            at = add(at, part[i], part_bytes[i]);
        }
    if (w->verdict) {
        head->parts |= 1u << VERDICT;
        at = add_verdict(at, w->verdict);
    }
    if (w->text) {
        head->parts |= 1u << TEXT;
        head->text_bytes = (uint32_t)strnlen(w->text, MR_TOLD_TEXT - 1);
        memcpy(at, w->text, head->text_bytes);
        at[head->text_bytes] = 0;
        at += up(head->text_bytes + 1);
    }
    mr_bytes_publish(&n->writer, w->kind, 0, w->now_ns, (uint32_t)(at - record));
    return true;
}

/* ---- out ---- */

static const uint8_t *read_verdict(const uint8_t *at, struct mr_risk_verdict *v)
{
    memcpy(v, at, VERDICT_HEAD);
    at += VERDICT_HEAD;
    for (unsigned word = 0; word < 2; word++)
        for (uint64_t left = v->violated[word]; left; left &= left - 1, at += up(sizeof v->measured[0]))
            memcpy(&v->measured[word * 64 + (unsigned)__builtin_ctzll(left)], at, sizeof v->measured[0]);
    for (uint32_t left = v->policies; left; left &= left - 1, at += up(sizeof v->policy[0]))
        memcpy(&v->policy[__builtin_ctz(left)], at, sizeof v->policy[0]);
    return at;
}

bool mr_notes_next(struct mr_notes *n, struct mr_trade_told *out)
{
    const uint8_t *at;
    if (!mr_bytes_peek(&n->reader, &at))
        return false;
    const struct note *head = (const void *)at;
    const void *part[INSTRUMENT + 1] = {NULL};
    at += sizeof *head;
    for (unsigned i = INTENT; i <= INSTRUMENT; i++)
        if (head->parts >> i & 1) {
            part[i] = at;
            at += up(part_bytes[i]);
        }
    *out = (struct mr_trade_told){.kind = head->kind,
                                  .severity = head->severity,
                                  .say = head->say,
                                  .now_ns = head->now_ns,
                                  .number = head->number,
                                  .who = head->who,
                                  .why = head->why,
                                  .intent = part[INTENT],
                                  .order = part[ORDER],
                                  .fill = part[FILL],
                                  .position = part[POSITION],
                                  .signal = part[SIGNAL],
                                  .instrument = part[INSTRUMENT]};
    if (head->parts >> VERDICT & 1) {
        at = read_verdict(at, &n->verdict);
        out->verdict = &n->verdict;
    }
    if (head->parts >> TEXT & 1)
        out->text = (const char *)at;
    return true;
}

void mr_notes_done(struct mr_notes *n) { mr_bytes_release(&n->reader); }
