#include "engines/pipeline/engine_tile_priv.h"

static size_t rounded(size_t bytes) { return (bytes + 127) / 128 * 128; }

/* Both engines that keep state, one behind the other: volatility's length is fixed, signals' is what remains. */
static size_t volatility_bytes(void) { return MR_STATE_BYTES(mr_volatility_state_bytes()); }

static size_t signals_max(const struct mr_pipeline_config *c)
{
    struct mr_signal_config signal = c->signal;
    signal.instruments_max = c->instruments_max;
    return mr_signal_bytes(&signal, c->underlyings_max) + 4096; /* its state is no larger than itself */
}

static struct mr_pipeline_config pipeline_config(const struct mr_engine_tile_config *config, struct mr_engine *e)
{
    struct mr_pipeline_config p = config->pipeline;
    p.on_signal = mr_engine_on_signal;
    p.on_broken = mr_engine_on_broken;
    p.arg = e;
    return p;
}

size_t mr_engine_bytes(const void *config)
{
    const struct mr_engine_tile_config *c = config;
    return rounded(sizeof(struct mr_engine)) + rounded(mr_pipeline_bytes(&c->pipeline)) +
           2 * rounded(mr_digest_bytes()) + rounded(c->book_images * sizeof(uint32_t)) + rounded(c->book_images) +
           2 * rounded(volatility_bytes() + signals_max(&c->pipeline)) + 1024;
}

static int open_rings(struct mr_engine *e, struct mr_err *err)
{
    const struct mr_engine_tile_config *c = &e->config;
    int status = MR_OK;
    for (uint32_t i = 0; i < c->ring_count && status == MR_OK; i++) {
        status = mr_ring_reader_open(&e->rings[i], c->rings[i].mem, c->rings[i].bytes);
        if (status == MR_OK && c->breaks[i].mem)
            status = mr_ring_writer_open(&e->breaks[i], c->breaks[i].mem, c->breaks[i].bytes);
    }
    const struct {
        const struct mr_engine_memory *memory;
        struct mr_ring_writer *writer;
        bool *has;
    } out[] = {{&c->signals, &e->signals, &e->has_signals},
               {&c->tap_events, &e->tap_events, &e->has_tap_events},
               {&c->tap_signals, &e->tap_signals, &e->has_tap_signals}};
    for (size_t i = 0; i < MR_COUNT_OF(out) && status == MR_OK; i++)
        if (out[i].memory->mem) {
            status = mr_ring_writer_open(out[i].writer, out[i].memory->mem, out[i].memory->bytes);
            *out[i].has = true;
        }
    return status == MR_OK
               ? status
               : mr_err_set(err, status, "engine tile: a ring of the workspace: %s", mr_status_text(status));
}

uint32_t mr_engine_restore(struct mr_pipeline *pipeline, struct mr_span saved, int64_t now_ns)
{
    const void *state;
    int64_t engine_ns;
    size_t first = volatility_bytes();
    if (saved.len < first)
        return 0;
    int status = mr_state_open(saved.data, first, "volatility", MR_VOLATILITY_STATE_VERSION,
                               mr_volatility_state_layout(), &state, mr_volatility_state_bytes(), &engine_ns);
    if (status == MR_OK)
        status = mr_volatility_restore(mr_pipeline_volatility(pipeline), state, mr_volatility_state_bytes(), now_ns);
    uint32_t restored = status == MR_OK;
    return restored + (mr_signal_restore(mr_pipeline_signals(pipeline), saved.data + first, saved.len - first,
                                         &engine_ns) == MR_OK);
}

int mr_engine_boot(void *state, const void *config, struct mr_arena *process, struct mr_err *err)
{
    struct mr_engine *e = state;
    struct mr_arena own, *arena = &own; /* what follows the state is the tile's too */
    (void)process;
    memset(e, 0, sizeof *e);
    mr_arena_in(arena, (uint8_t *)state + rounded(sizeof *e), mr_engine_bytes(config) - rounded(sizeof *e));
    e->config = *(const struct mr_engine_tile_config *)config;
    e->metrics = e->config.metrics;
    if (e->config.ring_count > MR_ENGINE_RINGS)
        return mr_err_set(err, MR_E_INVALID, "engine tile: %u feed tiles, at most %d", e->config.ring_count,
                          MR_ENGINE_RINGS);
    const struct mr_pipeline_config pipeline = pipeline_config(&e->config, e);
    e->pipeline =
        mr_pipeline_init(mr_arena_cut(arena, mr_pipeline_bytes(&pipeline), 128), &pipeline, &e->config.blocks);
    if (e->config.digest) {
        e->events_digest = mr_digest_init(mr_arena_cut(arena, mr_digest_bytes(), 128));
        e->signals_digest = mr_digest_init(mr_arena_cut(arena, mr_digest_bytes(), 128));
    }
    if (e->config.book_images) {
        e->dirty = mr_arena_cut(arena, e->config.book_images * sizeof(uint32_t), 64);
        e->dirty_flag = mr_arena_cut(arena, e->config.book_images, 64);
    }
    e->saved_bytes = mr_engine_sealed_bytes(&pipeline);
    e->saved[0] = mr_arena_cut(arena, e->saved_bytes, 128);
    e->saved[1] = mr_arena_cut(arena, e->saved_bytes, 128);
    mr_clock_open(&e->clock);
    e->save_due_ns = mr_clock_now(&e->clock) + 60000000000ll;
    if (e->config.saved.len) { /* what cannot be used is counted, and that engine begins anew */
        uint32_t restored = mr_engine_restore(e->pipeline, e->config.saved, e->config.restore_ns);
        MR_COUNT(e->metrics, restored, restored);
        MR_COUNT(e->metrics, not_restored, 2 - restored);
    }
    return open_rings(e, err);
}

size_t mr_engine_sealed_bytes(const struct mr_pipeline_config *config)
{
    return volatility_bytes() + signals_max(config);
}

int64_t mr_engine_seal(struct mr_pipeline *pipeline, uint8_t *out, size_t bytes)
{
    int64_t engine_ns = mr_pipeline_time(pipeline);
    if (engine_ns == INT64_MIN)
        return MR_E_EMPTY;
    if (bytes < volatility_bytes())
        return MR_E_FULL;
    uint8_t *body = out + sizeof(struct mr_state_head);
    mr_volatility_save(mr_pipeline_volatility(pipeline), body);
    int64_t first = mr_state_seal(out, volatility_bytes(), "volatility", MR_VOLATILITY_STATE_VERSION,
                                  mr_volatility_state_layout(), engine_ns, body, mr_volatility_state_bytes());
    MR_ASSERT(first == (int64_t)volatility_bytes());
    int64_t second = mr_signal_save(mr_pipeline_signals(pipeline), engine_ns, out + first, bytes - (size_t)first);
    return second < 0 ? second : first + second;
}

void mr_engine_save(struct mr_engine *e)
{
    int64_t len = mr_engine_seal(e->pipeline, e->saved[e->saves % 2], e->saved_bytes);
    if (len == MR_E_EMPTY)
        return;
    MR_ASSERT(len > 0);
    e->saved_len[e->saves % 2] = (size_t)len;
    __atomic_store_n(&e->saves, e->saves + 1, __ATOMIC_RELEASE);
    MR_COUNT(e->metrics, saves, 1);
}

uint64_t mr_engine_saved(const struct mr_engine *e, const uint8_t **data, size_t *len)
{
    uint64_t saves = __atomic_load_n(&e->saves, __ATOMIC_ACQUIRE);
    if (saves) {
        *data = e->saved[(saves - 1) % 2];
        *len = e->saved_len[(saves - 1) % 2];
    }
    return saves;
}
