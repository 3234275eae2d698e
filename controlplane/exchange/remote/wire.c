#include "controlplane/exchange/remote/wire.h"

#include "codecs/json/json.h"
#include "codecs/number/number.h"
#include "codecs/venue/venue.h"

#define SCALE_UNKNOWN 8

/* ---- members ---- */

#define WORDS(X)                                                                                                       \
    X(KIND, "kind")                                                                                                    \
    X(ID, "id")                                                                                                        \
    X(SYMBOL, "symbol")                                                                                                \
    X(SIDE, "side")                                                                                                    \
    X(TYPE, "type")                                                                                                    \
    X(TIF, "tif")                                                                                                      \
    X(PRICE, "price")                                                                                                  \
    X(STOP, "stop")                                                                                                    \
    X(SIZE, "size")                                                                                                    \
    X(FILLED, "filled")                                                                                                \
    X(STATE, "state")                                                                                                  \
    X(REASON, "reason")                                                                                                \
    X(TEXT, "text")                                                                                                    \
    X(VENUE_ID, "venue_id")                                                                                            \
    X(VENUE_NS, "venue_ns")                                                                                            \
    X(AMOUNT, "amount")                                                                                                \
    X(AVAILABLE, "available")                                                                                          \
    X(TRADE_ID, "trade_id")                                                                                            \
    X(FEE, "fee")                                                                                                      \
    X(LIQUIDITY, "liquidity")                                                                                          \
    X(POST_ONLY, "post_only")                                                                                          \
    X(REDUCE_ONLY, "reduce_only")                                                                                      \
    X(EXPIRES_NS, "expires_ns")                                                                                        \
    X(SINCE_NS, "since_ns")                                                                                            \
    X(WITHIN_MS, "within_ms")
enum word {
#define MR_X(name, text) W_##name,
    WORDS(MR_X)
#undef MR_X
        W_COUNT
};
static const char *const words[W_COUNT] = {
#define MR_X(name, text) text,
    WORDS(MR_X)
#undef MR_X
};

/* The members of each kind of answer; what is not here never goes over the wire. */
#define BIT(word) (1u << W_##word)
#define OF_ORDER (BIT(ID) | BIT(SYMBOL) | BIT(VENUE_NS))
#define UPDATE (OF_ORDER | BIT(SIDE) | BIT(STATE) | BIT(VENUE_ID))
#define REFUSAL (OF_ORDER | BIT(REASON) | BIT(TEXT))
static const uint32_t members[MR_ANSWER_KIND_COUNT] = {
    [MR_ANSWER_ACK] = UPDATE,
    [MR_ANSWER_TRIGGERED] = UPDATE,
    [MR_ANSWER_CANCELLED] = UPDATE | BIT(SIZE) | BIT(FILLED),
    [MR_ANSWER_EXPIRED] = UPDATE | BIT(SIZE) | BIT(FILLED),
    [MR_ANSWER_AMENDED] = UPDATE | BIT(SIZE) | BIT(FILLED) | BIT(PRICE),
    [MR_ANSWER_ORDER] = UPDATE | BIT(SIZE) | BIT(FILLED) | BIT(PRICE),
    [MR_ANSWER_NO_ORDER] = OF_ORDER,
    [MR_ANSWER_REJECTED] = REFUSAL,
    [MR_ANSWER_CANCEL_REFUSED] = REFUSAL,
    [MR_ANSWER_AMEND_REFUSED] = REFUSAL,
    [MR_ANSWER_FILL] =
        OF_ORDER | BIT(SIDE) | BIT(VENUE_ID) | BIT(PRICE) | BIT(SIZE) | BIT(FEE) | BIT(LIQUIDITY) | BIT(TRADE_ID),
    [MR_ANSWER_POSITION] = BIT(SYMBOL) | BIT(VENUE_NS) | BIT(PRICE) | BIT(SIZE) | BIT(AMOUNT),
    [MR_ANSWER_BALANCE] = BIT(VENUE_NS) | BIT(AMOUNT) | BIT(AVAILABLE),
    [MR_ANSWER_FUNDING] = BIT(SYMBOL) | BIT(VENUE_NS) | BIT(AMOUNT),
    [MR_ANSWER_LIQUIDATED] = BIT(SYMBOL) | BIT(VENUE_NS) | BIT(SIDE) | BIT(SIZE),
    [MR_ANSWER_END] = BIT(VENUE_NS),
};

static const char *liquidity_name(unsigned l)
{
    static const char *const names[] = {"unknown", "maker", "taker"};
    return l < MR_COUNT_OF(names) ? names[l] : "?";
}

bool mr_wire_name(const struct mr_instruments *table, uint32_t instrument, char out[MR_WIRE_NAME_BYTES])
{
    const struct mr_instrument *it = mr_instruments_get(table, instrument);
    const struct mr_venue *venue = it ? mr_venue_by_id(it->venue) : NULL;
    if (!venue)
        return false;
    struct mr_text t;
    mr_text_init(&t, out, MR_WIRE_NAME_BYTES);
    mr_text_add(&t, venue->name);
    mr_text_add(&t, ":");
    mr_text_add(&t, venue->products[it->product].name);
    mr_text_add(&t, ":");
    mr_text_bytes(&t, it->symbol, it->symbol_len);
    return !t.cut;
}

static const struct mr_instrument *named(const struct mr_instruments *table, struct mr_span name)
{
    char route[48];
    const struct mr_venue *venue;
    uint8_t product;
    uint32_t colon = 0;
    for (uint32_t i = 0, n = 0; i < name.len && n < 2; i++)
        if (name.data[i] == ':' && ++n == 2)
            colon = i;
    if (!colon || colon >= sizeof route || colon + 1 == name.len)
        return NULL;
    memcpy(route, name.data, colon);
    route[colon] = 0;
    if (strlen(route) != colon || mr_venue_parse(route, &venue, &product, NULL) != MR_OK)
        return NULL;
    return mr_instruments_find(table, venue->id, product,
                               (struct mr_span){name.data + colon + 1, name.len - colon - 1});
}

/* ---- writing ---- */

static void put_money(struct mr_json_out *j, enum word w, mr_money amount)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(amount, text);
    mr_json_out_string(j, words[w], text);
}

static void put_id(struct mr_json_out *j, uint64_t id)
{
    char text[MR_ORDER_ID_TEXT];
    mr_order_id_text(id, text);
    if (id)
        mr_json_out_string(j, words[W_ID], text);
}

static void put_order(struct mr_json_out *j, const struct mr_order *o, const struct mr_instrument *it)
{
    mr_json_out_string(j, words[W_SIDE], mr_side_name(o->side));
    mr_json_out_string(j, words[W_TYPE], mr_order_type_name(o->type));
    mr_json_out_string(j, words[W_TIF], mr_tif_name(o->tif));
    mr_json_out_decimal(j, words[W_SIZE], o->size, it->size_scale);
    if (o->price)
        mr_json_out_decimal(j, words[W_PRICE], o->price, it->price_scale);
    if (o->stop_price)
        mr_json_out_decimal(j, words[W_STOP], o->stop_price, it->price_scale);
    if (o->flags & MR_ORDER_POST_ONLY)
        mr_json_out_bool(j, words[W_POST_ONLY], true);
    if (o->flags & MR_ORDER_REDUCE_ONLY)
        mr_json_out_bool(j, words[W_REDUCE_ONLY], true);
    if (o->expires_ns)
        mr_json_out_i64(j, words[W_EXPIRES_NS], o->expires_ns);
}

static bool is_order(unsigned kind) { return kind == MR_REQUEST_PLACE || kind == MR_REQUEST_AMEND; }
static bool has_id(unsigned kind) { return is_order(kind) || kind == MR_REQUEST_CANCEL || kind == MR_REQUEST_QUERY; }

int mr_wire_request(const struct mr_instruments *table, const struct mr_request *r, struct mr_text *body)
{
    struct mr_json_out j;
    char name[MR_WIRE_NAME_BYTES];
    mr_json_out_init(&j, body);
    mr_json_out_object(&j, NULL);
    if (has_id(r->kind)) {
        if (!mr_wire_name(table, r->order.instrument, name))
            return MR_E_SYMBOL;
        put_id(&j, r->order.id);
        mr_json_out_string(&j, words[W_SYMBOL], name);
    }
    if (is_order(r->kind))
        put_order(&j, &r->order, mr_instruments_get(table, r->order.instrument));
    if (r->kind == MR_REQUEST_FILLS)
        mr_json_out_i64(&j, words[W_SINCE_NS], r->since_ns);
    if (r->kind == MR_REQUEST_DEAD_MAN)
        mr_json_out_u64(&j, words[W_WITHIN_MS], r->within_ms);
    mr_json_out_end(&j);
    return MR_OK;
}

void mr_wire_answer(const struct mr_instruments *table, const struct mr_answer *a, struct mr_json_out *j)
{
    const struct mr_instrument *it = mr_instruments_get(table, a->instrument);
    const uint32_t has = members[a->kind];
    const bool fill = a->kind == MR_ANSWER_FILL;
    const int price_scale = it ? it->price_scale : SCALE_UNKNOWN, size_scale = it ? it->size_scale : SCALE_UNKNOWN;
    char name[MR_WIRE_NAME_BYTES];
    MR_ASSERT(has);
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, words[W_KIND], mr_answer_name(a->kind));
    if (has & BIT(ID))
        put_id(j, a->order);
    if (has & BIT(SYMBOL) && mr_wire_name(table, a->instrument, name))
        mr_json_out_string(j, words[W_SYMBOL], name);
    if (has & BIT(SIDE))
        mr_json_out_string(j, words[W_SIDE], mr_side_name(a->side));
    if (has & BIT(STATE))
        mr_json_out_string(j, words[W_STATE], mr_order_state_name(a->state));
    if (has & BIT(PRICE))
        mr_json_out_decimal(j, words[W_PRICE], fill ? a->fill.price : a->price, price_scale);
    if (has & BIT(SIZE))
        mr_json_out_decimal(j, words[W_SIZE], fill ? a->fill.size : a->size, size_scale);
    if (has & BIT(FILLED))
        mr_json_out_decimal(j, words[W_FILLED], a->filled, size_scale);
    if (has & BIT(AMOUNT))
        put_money(j, W_AMOUNT, a->amount);
    if (has & BIT(AVAILABLE))
        put_money(j, W_AVAILABLE, a->available);
    if (has & BIT(FEE))
        put_money(j, W_FEE, a->fill.fee);
    if (has & BIT(LIQUIDITY))
        mr_json_out_string(j, words[W_LIQUIDITY], liquidity_name(a->fill.liquidity));
    if (has & BIT(TRADE_ID))
        mr_json_out_string(j, words[W_TRADE_ID], a->fill.trade_id);
    if (has & BIT(REASON))
        mr_json_out_string(j, words[W_REASON], mr_reject_name(a->reason));
    if (has & BIT(TEXT) && a->text[0])
        mr_json_out_string(j, words[W_TEXT], a->text);
    if (has & BIT(VENUE_ID) && a->venue_id[0])
        mr_json_out_string(j, words[W_VENUE_ID], a->venue_id);
    mr_json_out_i64(j, words[W_VENUE_NS], fill ? a->fill.venue_ns : a->venue_ns);
    mr_json_out_end(j);
}

/* ---- reading ---- */

struct reader {
    struct mr_span v[W_COUNT]; /* data NULL: not given */
    int status;
};

static void fail(struct reader *r, int status) { r->status = r->status ? r->status : status; }

/* One object's members as they stand. Only a text may hold escapes; they stay in it. */
static void take(struct mr_json *j, struct reader *r)
{
    struct mr_span key;
    *r = (struct reader){0};
    if (!mr_json_object(j))
        return;
    while (mr_json_key(j, &key)) {
        uint32_t w = 0;
        while (w < W_COUNT && !mr_json_key_is(j, key, words[w]))
            w++;
        if (w == W_COUNT) {
            mr_json_skip(j);
            continue;
        }
        enum mr_json_type type = mr_json_peek(j);
        bool flag = w == W_POST_ONLY || w == W_REDUCE_ONLY;
        if (r->v[w].data || flag != (type == MR_JSON_TRUE || type == MR_JSON_FALSE))
            mr_json_fail(j, MR_E_MALFORMED);
        else if (flag)
            mr_json_raw(j, &r->v[w]);
        else if (mr_json_text(j, &r->v[w]) && type == MR_JSON_STRING && j->escaped && w != W_TEXT)
            mr_json_fail(j, MR_E_MALFORMED);
    }
}

/* The name that `names` has for one of the values below `count`; not given: `otherwise`. */
static uint8_t get_name(struct reader *r, enum word w, const char *(*names)(unsigned), unsigned count,
                        uint8_t otherwise)
{
    if (!r->v[w].data)
        return otherwise;
    for (unsigned i = 0; i < count; i++)
        if (mr_span_is(r->v[w], names(i), strlen(names(i))))
            return (uint8_t)i;
    fail(r, MR_E_MALFORMED);
    return otherwise;
}

static int64_t get_decimal(struct reader *r, enum word w, int scale)
{
    int64_t value = 0;
    if (r->v[w].data)
        fail(r, mr_number_fixed(r->v[w].data, r->v[w].len, scale, &value));
    return value;
}

static int64_t get_whole(struct reader *r, enum word w)
{
    int64_t value = 0;
    if (r->v[w].data)
        fail(r, mr_number_i64(r->v[w].data, r->v[w].len, &value));
    return value;
}

static mr_money get_money(struct reader *r, enum word w)
{
    mr_money value = 0;
    if (r->v[w].data)
        fail(r, mr_money_parse(r->v[w], &value));
    return value;
}

static uint64_t get_id(struct reader *r)
{
    uint64_t id = 0;
    if (r->v[W_ID].data)
        fail(r, mr_order_id_parse(r->v[W_ID], &id));
    return id;
}

/* No byte below a blank: what is printed, logged and stored later is one line. */
static void get_text(struct reader *r, enum word w, char *out, uint32_t room)
{
    int64_t n = 0;
    if (r->v[w].len >= room)
        fail(r, MR_E_TOO_BIG);
    else if (r->v[w].data && w == W_TEXT)
        n = mr_json_unescape(r->v[w], (uint8_t *)out, room - 1);
    else if (r->v[w].data)
        memcpy(out, r->v[w].data, (size_t)(n = r->v[w].len));
    for (int64_t i = 0; i < n; i++)
        if ((uint8_t)out[i] < ' ')
            fail(r, MR_E_MALFORMED);
    if (n < 0)
        fail(r, (int)n);
}

static void need(struct reader *r, uint32_t which)
{
    for (uint32_t w = 0; w < W_COUNT; w++)
        if (which >> w & 1 && !r->v[w].data)
            fail(r, MR_E_MALFORMED);
}

static bool flag(const struct reader *r, enum word w) { return mr_span_eq(r->v[w], "true"); }

static void read_order(struct reader *r, const struct mr_instrument *it, struct mr_order *o)
{
    need(r, BIT(ID) | BIT(SYMBOL) | BIT(SIDE) | BIT(TYPE) | BIT(TIF) | BIT(SIZE));
    if (r->status)
        return;
    o->side = get_name(r, W_SIDE, mr_side_name, 2, 0);
    o->type = get_name(r, W_TYPE, mr_order_type_name, MR_ORDER_TYPE_COUNT, 0);
    o->tif = get_name(r, W_TIF, mr_tif_name, MR_TIF_COUNT, 0);
    o->size = get_decimal(r, W_SIZE, it->size_scale);
    o->price = get_decimal(r, W_PRICE, it->price_scale);
    o->stop_price = get_decimal(r, W_STOP, it->price_scale);
    o->expires_ns = get_whole(r, W_EXPIRES_NS);
    o->flags = (uint8_t)((flag(r, W_POST_ONLY) ? MR_ORDER_POST_ONLY : 0) |
                         (flag(r, W_REDUCE_ONLY) ? MR_ORDER_REDUCE_ONLY : 0));
}

int mr_wire_request_read(const struct mr_instruments *table, struct mr_span name, struct mr_span body,
                         struct mr_request *out)
{
    struct mr_json j;
    struct reader r;
    memset(out, 0, sizeof *out);
    while (out->kind < MR_REQUEST_KIND_COUNT &&
           !mr_span_is(name, mr_request_name(out->kind), strlen(mr_request_name(out->kind))))
        out->kind++;
    if (out->kind == MR_REQUEST_KIND_COUNT)
        return MR_E_UNKNOWN;
    mr_json_open(&j, body.data, body.len);
    take(&j, &r);
    int status = mr_json_close(&j);
    if (status)
        return status;
    const struct mr_instrument *it = r.v[W_SYMBOL].data ? named(table, r.v[W_SYMBOL]) : NULL;
    if (r.v[W_SYMBOL].data && !it)
        return MR_E_SYMBOL;
    if (has_id(out->kind)) {
        need(&r, BIT(ID));
        out->order.id = get_id(&r);
        out->order.instrument = it ? it->id : 0;
        out->order.venue = it ? it->venue : 0;
    }
    if (is_order(out->kind))
        read_order(&r, it, &out->order);
    if (out->kind == MR_REQUEST_FILLS)
        out->since_ns = get_whole(&r, W_SINCE_NS);
    if (out->kind == MR_REQUEST_DEAD_MAN) {
        int64_t within = get_whole(&r, W_WITHIN_MS);
        if (within < 0 || within > INT32_MAX)
            fail(&r, MR_E_RANGE);
        out->within_ms = (uint32_t)within;
    }
    return r.status;
}

static void read_fill(struct reader *r, const struct mr_instrument *it, struct mr_answer *a)
{
    a->fill = (struct mr_fill){.order = a->order,
                               .instrument = a->instrument,
                               .venue = it ? it->venue : 0,
                               .side = a->side,
                               .liquidity = get_name(r, W_LIQUIDITY, liquidity_name, 3, MR_LIQUIDITY_UNKNOWN),
                               .price = a->price,
                               .size = a->size,
                               .fee = get_money(r, W_FEE),
                               .venue_ns = a->venue_ns};
    get_text(r, W_TRADE_ID, a->fill.trade_id, sizeof a->fill.trade_id);
    a->price = 0;
    a->size = 0;
}

static int read_answer(const struct mr_instruments *table, struct mr_json *j, struct mr_answer *a)
{
    struct reader r;
    memset(a, 0, sizeof *a);
    take(j, &r);
    if (j->status)
        return j->status;
    a->kind = get_name(&r, W_KIND, mr_answer_name, MR_ANSWER_KIND_COUNT, MR_ANSWER_SENT);
    const uint32_t has = members[a->kind];
    if (r.status || !has)
        return MR_E_MALFORMED;
    for (uint32_t w = W_ID; w < W_COUNT; w++)
        if (!(has >> w & 1))
            r.v[w] = (struct mr_span){NULL, 0}; /* another kind's */
    const struct mr_instrument *it = r.v[W_SYMBOL].data ? named(table, r.v[W_SYMBOL]) : NULL;
    a->instrument = it ? it->id : has & BIT(SYMBOL) ? UINT32_MAX : 0;
    a->order = get_id(&r);
    a->side = get_name(&r, W_SIDE, mr_side_name, 2, MR_SIDE_BUY);
    a->state = get_name(&r, W_STATE, mr_order_state_name, MR_STATE_COUNT, MR_STATE_CREATED);
    a->reason = get_name(&r, W_REASON, mr_reject_name, MR_REJECT_COUNT, MR_REJECT_NONE);
    a->price = get_decimal(&r, W_PRICE, it ? it->price_scale : SCALE_UNKNOWN);
    a->size = get_decimal(&r, W_SIZE, it ? it->size_scale : SCALE_UNKNOWN);
    a->filled = get_decimal(&r, W_FILLED, it ? it->size_scale : SCALE_UNKNOWN);
    a->amount = get_money(&r, W_AMOUNT);
    a->available = get_money(&r, W_AVAILABLE);
    a->venue_ns = get_whole(&r, W_VENUE_NS);
    get_text(&r, W_VENUE_ID, a->venue_id, sizeof a->venue_id);
    get_text(&r, W_TEXT, a->text, sizeof a->text);
    if (a->kind == MR_ANSWER_FILL)
        read_fill(&r, it, a);
    return r.status;
}

int mr_wire_answers_read(const struct mr_instruments *table, struct mr_span body, mr_wire_answer_fn *each, void *arg)
{
    struct mr_json j;
    struct mr_span key;
    bool there = false;
    mr_json_open(&j, body.data, body.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (there || !mr_json_key_is(&j, key, "answers") || !mr_json_array(&j)) {
                mr_json_fail(&j, MR_E_MALFORMED);
                continue;
            }
            there = true;
            while (mr_json_next(&j)) {
                struct mr_answer a;
                int status = read_answer(table, &j, &a);
                if (status)
                    mr_json_fail(&j, status);
                else
                    each(arg, &a);
            }
        }
    int status = mr_json_close(&j);
    return status == MR_OK && !there ? MR_E_MALFORMED : status;
}
