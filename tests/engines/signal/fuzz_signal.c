/* Saved state from anywhere. The bytes are a list of patches {offset u16, length u8, bytes} laid over a good state; it
 * is tried as it is (whatever its checksum now says) and with a checksum that holds. Properties: an untouched state is
 * taken; a refused one leaves an engine as initialised; a taken one saves to the very same bytes, and the engine
 * survives a stream, with finite records. */
#include <stdio.h>

#include "tests/engines/signal/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond)                                                                                                  \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                                                 \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static void open_small(struct rig *r)
{
    mr_signal_config_default(&r->config);
    r->config.instruments_max = 3;
    r->config.cascade_window_events = 6;
    rig_open(r, 2);
}

/* Half a minute of everything; the records' doubles added up, for comparing engines. */
static double stream(struct rig *r, double from)
{
    struct mr_instrument instruments[3] = {made_instrument(0, 1, "A"), made_instrument(1, 2, "B"),
                                           made_instrument(2, 3, "C")};
    struct mr_event oi = {.kind = MR_EVENT_OPEN_INTEREST, .price = 100, .aux = 5},
                    funding = {.kind = MR_EVENT_FUNDING, .price = 1, .exponent = -4};
    double sum = 0;
    for (int i = 0; i < 60; i++) {
        double t = from + i * 0.5;
        r->in.underlying = (uint16_t)(i & 1);
        r->in.name = i & 1 ? "ETH" : "BTC";
        r->in.velocity_per_s[MR_WINDOW_10S] = i % 20;
        r->in.regime = (uint8_t)(i / 30);
        oi.price += i;
        if (i % 5 == 0)
            rig_event(r, t, i % 2 ? oi : funding, &instruments[i % 3]);
        if (i % 3)
            rig_liquidation(r, t, 20000 * i, &instruments[i % 3]);
        else
            rig_tick(r, t);
        for (uint32_t k = 0; k < r->count; k++) {
            const struct mr_signal *s = &r->out[k];
            double all = s->probability + s->score100 + s->oi_change_1m + s->funding + s->cascade_peak_per_s + s->kind +
                         s->level;
            REQUIRE(__builtin_isfinite(all));
            sum += all + (double)s->cascade_count;
        }
    }
    return sum;
}

static void attempt(const uint8_t *state, size_t bytes, bool untouched)
{
    struct rig r, fresh;
    int64_t at;
    open_small(&r);
    int status = mr_signal_restore(r.engine, state, bytes, &at);
    REQUIRE(status == MR_OK || !untouched);
    if (status == MR_OK) {
        uint8_t *again = malloc(bytes);
        REQUIRE(mr_signal_save(r.engine, at, again, bytes) == (int64_t)bytes && memcmp(state, again, bytes) == 0);
        free(again);
        stream(&r, 40);
    } else {
        open_small(&fresh);
        REQUIRE(stream(&r, 40) == stream(&fresh, 40));
        rig_close(&fresh);
    }
    rig_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig from;
    open_small(&from);
    stream(&from, 0);
    size_t bytes = mr_signal_state_bytes(from.engine), head = sizeof(struct mr_state_head);
    uint8_t *state = malloc(bytes);
    REQUIRE(mr_signal_save(from.engine, 1, state, bytes) == (int64_t)bytes);
    rig_close(&from);
    struct mr_state_head good;
    memcpy(&good, state, sizeof good);
    bool untouched = true;
    while (size >= 3) {
        size_t at = (size_t)(data[0] | data[1] << 8) % bytes, len = data[2];
        data += 3;
        size -= 3;
        len = len < size ? len : size;
        len = len < bytes - at ? len : bytes - at;
        untouched &= memcmp(state + at, data, len) == 0;
        memcpy(state + at, data, len);
        data += len;
        size -= len;
    }
    attempt(state, bytes, untouched);
    mr_state_seal(state, bytes, "signal", good.version, good.layout, 1, state + head, bytes - head);
    attempt(state, bytes, untouched);
    for (size_t cut = 0; cut < 64; cut++) { /* never past the end */
        struct mr_guard guard = mr_guard_open(cut);
        const void *body;
        int64_t when;
        memcpy(guard.data, state, cut);
        REQUIRE(mr_state_open(guard.data, cut, "signal", good.version, good.layout, &body, bytes - head, &when) ==
                    MR_E_TRUNCATED ||
                cut >= head);
        mr_guard_close(&guard);
    }
    free(state);
    return 0;
}
