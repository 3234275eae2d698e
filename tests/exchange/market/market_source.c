#include "tests/exchange/market/market_source.h"

struct state {
    struct mr_market_source_config config;
    struct mr_market *market;
    struct mr_piece next;
    bool has_next, started;
    int64_t start_ns; /* wall time of the first piece after the skip */
};

static size_t bytes(const void *config)
{
    const struct mr_market_source_config *c = config;
    return sizeof(struct state) + mr_market_bytes(&c->market);
}

static int open_market(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    struct state *st = mem;
    *st = (struct state){.config = *(const struct mr_market_source_config *)config};
    if (st->config.market.duration_ns <= 0)
        return mr_err_set(err, MR_E_INVALID, "generator: how long? a duration above 0");
    st->market = mr_market_init(st + 1, &st->config.market);
    *s = (struct mr_source){.ops = &mr_source_market, .state = st, .lend_max = 1};
    return MR_OK;
}

static bool due(struct state *st, int64_t now_ns)
{
    int64_t at = st->next.recv_ns - st->config.market.start_ns - st->config.skip_ns;
    if (st->config.pace <= 0 || at < 0)
        return true;
    if (!st->started) {
        st->started = true;
        st->start_ns = now_ns;
    }
    return (double)at <= (double)(now_ns - st->start_ns) * st->config.pace;
}

static int poll_market(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max)
{
    struct state *st = s->state;
    MR_ASSERT(max > 0);
    if (!st->has_next) {
        int status = mr_market_next(st->market, &st->next);
        if (status)
            return status;
        st->has_next = true;
    }
    if (!due(st, now_ns))
        return 0;
    pieces[0] = st->next; /* its bytes are the market's: good until the next poll */
    st->has_next = false;
    return 1;
}

static void release_market(struct mr_source *s, const struct mr_piece *piece)
{
    (void)s;
    (void)piece;
}

static void close_market(struct mr_source *s) { (void)s; }

struct mr_market *mr_market_of(const struct mr_source *s)
{
    MR_ASSERT(s->ops == &mr_source_market);
    return ((struct state *)s->state)->market;
}

const struct mr_source_ops mr_source_market = {
    .name = "market",
    .bytes = bytes,
    .open = open_market,
    .poll = poll_market,
    .release = release_market,
    .close = close_market,
};
