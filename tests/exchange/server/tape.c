#include "tests/exchange/server/tape.h"

#include <stdlib.h>

#include "dataplane/player/player.h"

#define INSTRUMENTS_MAX 128
#define LISTS_MAX 32
#define LIST_URL 160

struct instrument {
    uint8_t venue, product;
    int price_decimals, size_decimals;
    char symbol[MR_SYMBOL_BYTES];
};

struct list {
    uint8_t venue, product;
    char url[LIST_URL];
    char *body;
    size_t len;
}; /* a recorded REST list of instruments */

struct mr_tape {
    struct mr_tape_config config;
    struct mr_replay_input inputs[MR_REPLAY_INPUTS_MAX];
    struct mr_market *market;
    int64_t wall_ns, at_ns; /* tape time at_ns was at wall_ns */
    bool paused;
    struct mr_source source; /* recordings */
    void *source_mem;
    struct mr_player *player; /* keeps their books */
    struct instrument instruments[INSTRUMENTS_MAX];
    uint32_t instrument_count;
    struct list lists[LISTS_MAX];
    uint32_t list_count;
};

/* ---- recordings ---- */

static int open_source(struct mr_tape *t, double pace, struct mr_err *err)
{
    const struct mr_replay_config c = {.inputs = t->inputs, .count = t->config.count, .pace = pace, .align = true};
    t->source_mem = malloc(mr_source_replay.bytes(&c));
    MR_ASSERT(t->source_mem);
    int status = mr_source_replay.open(&t->source, t->source_mem, &c, err);
    if (status) {
        free(t->source_mem);
        t->source_mem = NULL;
    }
    return status;
}

static void close_source(struct mr_tape *t)
{
    if (t->player)
        mr_player_close(t->player);
    if (t->source_mem) {
        t->source.ops->close(&t->source);
        free(t->source_mem);
    }
    t->player = NULL;
    t->source_mem = NULL;
}

static int open_player(struct mr_tape *t, struct mr_err *err)
{
    const struct mr_player_config c = {.instruments_max = INSTRUMENTS_MAX};
    return mr_player_open(&t->player, &c, err);
}

static bool is_list(struct mr_span url)
{
    static const char *const names[] = {"exchangeInfo", "instruments", "info", "contract/detail"};
    struct mr_span text = url;
    for (size_t i = 0; i < MR_COUNT_OF(names); i++)
        if (text.len && memmem(text.data, text.len, names[i], strlen(names[i])))
            return true;
    return false;
}

static void keep_list(struct mr_tape *t, const struct mr_piece *p)
{
    struct list l = {.venue = p->venue, .product = p->product, .len = p->len};
    if (!is_list(p->name) || t->list_count == LISTS_MAX || p->name.len >= LIST_URL)
        return;
    memcpy(l.url, p->name.data, p->name.len);
    for (uint32_t i = 0; i < t->list_count; i++)
        if (t->lists[i].venue == l.venue && t->lists[i].product == l.product && strcmp(t->lists[i].url, l.url) == 0)
            return; /* asked for more than once */
    l.body = malloc(p->len);
    MR_ASSERT(l.body);
    memcpy(l.body, p->data, p->len);
    t->lists[t->list_count++] = l;
}

/* Reads all of it once: which instruments there are, and the lists. */
static int survey(struct mr_tape *t, struct mr_err *err)
{
    struct mr_piece p;
    int status = open_source(t, 0, err);
    if (status == MR_OK)
        status = open_player(t, err);
    if (status)
        return status;
    while (t->source.ops->poll(&t->source, 0, &p, 1) == 1) {
        if (p.kind == MR_PIECE_REST)
            keep_list(t, &p);
        mr_player_piece(t->player, &p);
        t->source.ops->release(&t->source, &p);
    }
    const struct mr_instruments *table = mr_player_instruments(t->player);
    for (uint32_t id = 0; id < mr_instruments_count(table) && t->instrument_count < INSTRUMENTS_MAX; id++) {
        const struct mr_instrument *it = mr_instruments_get(table, id);
        struct instrument *mine = &t->instruments[t->instrument_count];
        if (!mr_pipeline_book(mr_player_pipeline(t->player), id))
            continue; /* only the reference, or a name in passing */
        t->instrument_count++;
        *mine = (struct instrument){.venue = it->venue,
                                    .product = it->product,
                                    .price_decimals = it->tick_decimals,
                                    .size_decimals = it->lot_decimals};
        memcpy(mine->symbol, it->symbol, sizeof mine->symbol);
    }
    close_source(t);
    return MR_OK;
}

/* ---- the market ---- */

static int open_market(struct mr_tape *t, int64_t now_ns)
{
    struct mr_market_config c = t->config.market;
    c.start_ns = t->config.began_ns ? t->config.began_ns : now_ns;
    c.full = true;
    c.venues = c.venues ? c.venues : MR_MARKET_ALL;
    c.duration_ns = INT64_MAX / 4;
    if (!t->market)
        t->market = malloc(mr_market_bytes(&c));
    MR_ASSERT(t->market);
    mr_market_init(t->market, &c);
    t->instrument_count = mr_market_instruments(t->market);
    for (uint32_t i = 0; i < t->instrument_count; i++) {
        struct instrument *mine = &t->instruments[i];
        struct mr_market_state state;
        const char *symbol;
        mr_market_look(t->market, i, &state);
        mr_market_instrument(t->market, i, &mine->venue, &mine->product, &symbol);
        mine->price_decimals = state.price_decimals;
        mine->size_decimals = state.size_decimals;
        memcpy(mine->symbol, symbol, strlen(symbol) + 1);
    }
    struct mr_piece over;
    while (c.start_ns < now_ns && mr_market_until(t->market, now_ns, &over) == MR_OK) {
    }
    return MR_OK;
}

static int64_t tape_time(const struct mr_tape *t, int64_t now_ns)
{
    if (t->paused)
        return t->at_ns;
    return t->config.pace > 0 ? t->at_ns + (int64_t)((double)(now_ns - t->wall_ns) * t->config.pace) : INT64_MAX;
}

/* ---- both ---- */

int mr_tape_begin(struct mr_tape *t, int64_t now_ns, struct mr_err *err)
{
    t->wall_ns = t->at_ns = now_ns;
    if (!t->config.count)
        return open_market(t, now_ns);
    close_source(t);
    int status = open_source(t, t->config.pace, err);
    return status ? status : open_player(t, err);
}

int mr_tape_open(struct mr_tape **out, const struct mr_tape_config *config, int64_t now_ns, struct mr_err *err)
{
    MR_ASSERT(config->count <= MR_REPLAY_INPUTS_MAX);
    struct mr_tape *t = calloc(1, sizeof *t);
    if (!t)
        return mr_err_set(err, MR_E_NOMEM, "exchange: no memory");
    t->config = *config;
    for (uint32_t i = 0; i < config->count; i++)
        t->inputs[i] = config->inputs[i];
    int status = config->count ? survey(t, err) : MR_OK;
    if (status == MR_OK)
        status = mr_tape_begin(t, now_ns, err);
    if (status) {
        mr_tape_close(t);
        return status;
    }
    *out = t;
    return MR_OK;
}

void mr_tape_close(struct mr_tape *t)
{
    close_source(t);
    for (uint32_t i = 0; i < t->list_count; i++)
        free(t->lists[i].body);
    free(t->market);
    free(t);
}

static int next_recorded(struct mr_tape *t, int64_t now_ns, struct mr_piece *piece)
{
    if (t->paused)
        return MR_E_AGAIN;
    int n = t->source.ops->poll(&t->source, now_ns - (t->wall_ns - t->at_ns), piece, 1);
    if (n <= 0)
        return n == 0 ? MR_E_AGAIN : n;
    mr_player_piece(t->player, piece);
    return MR_OK;
}

int mr_tape_next(struct mr_tape *t, int64_t now_ns, struct mr_piece *piece)
{
    if (t->config.count)
        return next_recorded(t, now_ns, piece);
    return t->paused ? MR_E_AGAIN : mr_market_until(t->market, tape_time(t, now_ns), piece);
}

bool mr_tape_unfinished(const struct mr_tape *t)
{
    return !t->config.count && !t->paused && mr_market_unfinished(t->market);
}

void mr_tape_pause(struct mr_tape *t, bool paused, int64_t now_ns)
{
    if (paused == t->paused)
        return;
    if (paused) {
        t->at_ns = t->config.pace > 0 && !t->config.count ? tape_time(t, now_ns) : t->at_ns + (now_ns - t->wall_ns);
        t->wall_ns = now_ns;
    } else {
        t->wall_ns = now_ns;
    }
    t->paused = paused;
}

void mr_tape_renumber(struct mr_tape *t)
{
    if (!t->config.count)
        mr_market_renumber(t->market);
}

static int find(const struct mr_tape *t, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    for (uint32_t i = 0; i < t->instrument_count; i++)
        if (t->instruments[i].venue == venue && t->instruments[i].product == product &&
            mr_span_is(symbol, t->instruments[i].symbol, strlen(t->instruments[i].symbol)))
            return (int)i;
    return -1;
}

bool mr_tape_knows(const struct mr_tape *t, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    return find(t, venue, product, symbol) >= 0;
}

static int recorded_truth(struct mr_tape *t, const struct instrument *mine, uint32_t depth, struct mr_truth *out)
{
    const struct mr_instrument *it =
        mr_instruments_find(mr_player_instruments(t->player), mine->venue, mine->product, mr_span_of(mine->symbol));
    const struct mr_book *book = it ? mr_pipeline_book(mr_player_pipeline(t->player), it->id) : NULL;
    if (!book || !mr_book_live(book))
        return MR_E_EMPTY;
    out->seq = mr_book_seq(book);
    out->prev_seq = 0;
    out->time_ns = mr_book_venue_ns(book);
    out->price_scale = it->price_scale;
    out->size_scale = it->size_scale;
    for (int ask = 0; ask < 2; ask++)
        out->count[ask] = mr_book_top(book, ask, out->level[ask], depth);
    return MR_OK;
}

int mr_tape_truth(struct mr_tape *t, uint8_t venue, uint8_t product, struct mr_span symbol, uint32_t depth,
                  struct mr_truth *out)
{
    int i = find(t, venue, product, symbol);
    if (i < 0)
        return MR_E_SYMBOL;
    const struct instrument *mine = &t->instruments[i];
    depth = depth && depth < MR_TAPE_LEVELS_MAX ? depth : MR_TAPE_LEVELS_MAX;
    out->venue = venue;
    out->product = product;
    out->price_decimals = mine->price_decimals;
    out->size_decimals = mine->size_decimals;
    memcpy(out->symbol, mine->symbol, sizeof out->symbol);
    if (t->config.count)
        return recorded_truth(t, mine, depth, out);
    struct mr_market_state state;
    mr_market_look(t->market, (uint32_t)i, &state);
    if (!state.has_book)
        return MR_E_EMPTY;
    out->seq = state.seq;
    out->prev_seq = state.prev_seq;
    out->time_ns = state.now_ns;
    out->price_scale = out->size_scale = 8;
    for (int ask = 0; ask < 2; ask++)
        out->count[ask] = mr_market_book(t->market, (uint32_t)i, ask, out->level[ask], depth);
    return MR_OK;
}

void mr_truth_age(struct mr_truth *b)
{
    b->seq = b->seq > 1000 ? b->seq - 1000 : 1;
    b->prev_seq = b->seq - 1;
    b->time_ns -= 10000000000;
    for (int ask = 0; ask < 2; ask++)
        if (b->count[ask] > 1)
            memmove(b->level[ask], b->level[ask] + 1, --b->count[ask] * sizeof *b->level[ask]);
}

static mr_i128 at_scale(int64_t value, int scale)
{
    mr_i128 v = value;
    for (; scale < 18; scale++)
        v *= 10;
    return v;
}

bool mr_truth_same(const struct mr_truth *b, bool ask, const struct mr_level *levels, uint32_t count, uint32_t most,
                   const struct mr_instrument *it)
{
    bool same = count == (b->count[ask] < most ? b->count[ask] : most);
    for (uint32_t i = 0; i < count && same; i++)
        same = at_scale(levels[i].price, it->price_scale) == at_scale(b->level[ask][i].price, b->price_scale) &&
               at_scale(levels[i].size, it->size_scale) == at_scale(b->level[ask][i].size, b->size_scale);
    return same;
}

/* The list whose URL holds the hint ("SWAP"), else the product's first one. */
static int recorded_list(const struct mr_tape *t, uint8_t venue, uint8_t product, struct mr_span hint,
                         struct mr_text *out)
{
    const struct list *best = NULL;
    for (uint32_t i = 0; i < t->list_count; i++) {
        const struct list *l = &t->lists[i];
        if (l->venue != venue || l->product != product)
            continue;
        bool named = hint.len && memmem(l->url, strlen(l->url), hint.data, hint.len);
        if (!best || named)
            best = l;
        if (named)
            break;
    }
    if (!best)
        return MR_E_UNSUPPORTED;
    mr_text_bytes(out, best->body, best->len);
    return out->cut ? MR_E_TOO_BIG : MR_OK;
}

int mr_tape_ask(struct mr_tape *t, uint8_t venue, uint8_t product, struct mr_span symbol, enum mr_market_answer what,
                struct mr_text *out)
{
    if (t->config.count)
        return what == MR_MARKET_INSTRUMENTS ? recorded_list(t, venue, product, symbol, out) : MR_E_UNSUPPORTED;
    for (uint32_t i = 0; i < t->instrument_count; i++)
        if (t->instruments[i].venue == venue && t->instruments[i].product == product &&
            (what == MR_MARKET_INSTRUMENTS ||
             mr_span_is(symbol, t->instruments[i].symbol, strlen(t->instruments[i].symbol))))
            return mr_market_ask(t->market, i, what, out);
    return MR_E_SYMBOL;
}

int mr_tape_first(struct mr_tape *t, uint8_t venue, uint8_t product, struct mr_span symbol, uint32_t channel,
                  struct mr_text *out)
{
    int i = find(t, venue, product, symbol);
    return i < 0             ? MR_E_SYMBOL
           : t->config.count ? MR_E_UNSUPPORTED
                             : mr_market_first(t->market, (uint32_t)i, channel, out);
}

void mr_tape_each(struct mr_tape *t, void (*each)(void *arg, uint8_t venue, uint8_t product, const char *symbol),
                  void *arg)
{
    for (uint32_t i = 0; i < t->instrument_count; i++)
        each(arg, t->instruments[i].venue, t->instruments[i].product, t->instruments[i].symbol);
}

struct mr_market *mr_tape_market(struct mr_tape *t) { return t->config.count ? NULL : t->market; }
