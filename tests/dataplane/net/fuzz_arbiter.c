/* Bytes drive an arbiter and the plain model (model.h) with the same datagrams: what they say, and every counter, must agree after each step.
 *
 * The first three bytes: width, byte order and lines; datagram_max; the first number. Then steps of four bytes: line and kind of step, time that
 * passes, and a signed move of the number from where that line was. */
#include "codecs/event/event.h"
#include "tests/dataplane/net/model.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OFFSET = 3, SAID_MAX = 512 };
struct heard {
    struct said said[SAID_MAX];
    uint32_t count;
};
static struct heard ours, theirs;

static void hear(struct heard *h, const struct said *said)
{
    MR_ASSERT(h->count < SAID_MAX);
    h->said[h->count++] = *said;
}

static void on_deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                       uint8_t clock)
{
    MR_ASSERT(clock == MR_CLOCK_TSC && len > OFFSET && data[0] == (uint8_t)len && data[1] == (uint8_t)line);
    hear(arg, &(struct said){.first = number, .last = number, .len = len, .line = line, .recv_ns = recv_ns});
}

static void on_gap(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    hear(arg, &(struct said){.gap = true, .first = first, .last = last, .recv_ns = now_ns});
}

static void on_model(void *arg, const struct said *said) { hear(arg, said); }

static void compare(const struct mr_arbiter_metrics *m, const struct model *model)
{
    MR_ASSERT(ours.count == theirs.count);
    for (uint32_t i = 0; i < ours.count; i++) {
        const struct said *a = &ours.said[i], *b = &theirs.said[i];
        MR_ASSERT(a->gap == b->gap && a->first == b->first && a->last == b->last && a->len == b->len &&
                  a->line == b->line && a->recv_ns == b->recv_ns);
    }
    ours.count = theirs.count = 0;
    MR_ASSERT(m->datagrams == model->datagrams && m->delivered == model->delivered && m->copies == model->copies &&
              m->late == model->late && m->strays == model->strays && m->short_ones == model->short_ones &&
              m->gaps == model->gaps && m->lost == model->lost && m->restarts == model->restarts);
    MR_ASSERT((uint64_t)m->waiting == model->waiting_count + model->run_count);
    MR_ASSERT(m->datagrams == m->delivered + m->copies + m->late + m->strays + m->short_ones + (uint64_t)m->waiting);
    MR_ASSERT(m->won_a + m->won_b + m->won_other >= m->delivered);
}

static void write_number(uint8_t *out, const struct mr_arbiter_config *c, uint64_t number)
{
    for (uint32_t i = 0; i < c->number_width; i++)
        out[c->number_little ? i : c->number_width - 1u - i] = (uint8_t)(number >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_arbiter_metrics metrics;
    static struct model model;
    if (size < 3 || size > 4096)
        return 0;
    mr_metrics_init_values(&metrics, &mr_arbiter_metrics_desc);
    struct mr_arbiter_config config = {.number_offset = OFFSET,
                                       .number_width = (uint8_t)(1u << (data[0] & 3)),
                                       .number_little = data[0] & 4,
                                       .window = 64,
                                       .datagram_max = 12u + data[1] % 32,
                                       .patience_ns = 5000000,
                                       .lines = 1u + (data[0] >> 3) % 4,
                                       .deliver = on_deliver,
                                       .gap = on_gap,
                                       .arg = &ours,
                                       .metrics = &metrics};
    struct mr_err err;
    MR_ASSERT(mr_arbiter_check(&config, &err) == MR_OK);
    void *mem = aligned_alloc(MR_LINE_BYTES, mr_arbiter_bytes(&config));
    MR_ASSERT(mem);
    struct mr_arbiter *arbiter = mr_arbiter_init(mem, &config);
    model_init(&model, &config, on_model, &theirs);
    uint64_t mask = UINT64_MAX >> (64 - 8 * config.number_width), number[MR_ARBITER_LINES_MAX];
    for (uint32_t i = 0; i < MR_ARBITER_LINES_MAX; i++)
        number[i] = data[2] - UINT64_C(128);
    int64_t now_ns = 1000000000;
    for (size_t at = 3; at + 4 <= size; at += 4) {
        const uint8_t *step = data + at;
        uint16_t line = (uint16_t)((step[0] & 3) % config.lines);
        now_ns += (int64_t)step[1] * (step[0] & 4 ? 10000000 : 100000);
        int16_t move = (int16_t)(step[2] | step[3] << 8);
        number[line] += (step[0] & 8) ? (uint64_t)(int64_t)move << 24 : (uint64_t)(int64_t)move;
        uint32_t len = OFFSET + config.number_width + (step[0] >> 5) * 5u;
        if ((step[0] & 16) && step[2] < 64) { /* time passes, and nothing comes, or one too short */
            if (step[2] < 32) {
                mr_arbiter_housekeep(arbiter, now_ns);
                model_housekeep(&model, now_ns);
            } else {
                uint8_t cut[OFFSET + 8] = {0};
                mr_arbiter_take(arbiter, line, cut, OFFSET + config.number_width - 1u, now_ns, MR_CLOCK_TSC);
                model_short(&model);
            }
        } else {
            uint8_t *datagram = malloc(len); /* of exactly its length, for the address sanitizer */
            MR_ASSERT(datagram);
            memset(datagram, 0, len);
            datagram[0] = (uint8_t)len;
            datagram[1] = (uint8_t)line;
            write_number(datagram + OFFSET, &config, number[line]);
            mr_arbiter_take(arbiter, line, datagram, len, now_ns, MR_CLOCK_TSC);
            model_take(&model, line, number[line] & mask, len, now_ns);
            free(datagram);
        }
        compare(&metrics, &model);
    }
    free(mem);
    return 0;
}
