/* Messages of the token-less socket: books with their snapshot in the stream, trades, tickers, marks and funding. */
#include "codecs/venue/kucoin/kucoin_priv.h"

/* The row's symbol; every row has one. */
static bool symbol(struct mr_kucoin_message *m, const struct mr_field *f)
{
    return mr_field_text(&m->rows, f, "s") && mr_rows_symbol(&m->rows, f->text);
}

static bool trade(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SEQUENCE, TIME, SIDE, PRICE, SIZE, SYMBOL, ID, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("E"), MR_FIELD("M"), MR_FIELD("S"), MR_FIELD("p"),
                                                       MR_FIELD("q"), MR_FIELD("s"), MR_FIELD("ti")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f) || !symbol(m, &f[SYMBOL]))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
    if (!ev || !mr_field_u64(r, &f[SEQUENCE], "E", &ev->seq) || !mr_kucoin_time(r, &f[TIME], "M", &ev->venue_ns) ||
        !mr_field_side(r, &f[SIDE], "S", "buy", "sell", &ev->flags) || !mr_field_price(r, &f[PRICE], "p", &ev->price) ||
        !mr_field_size(r, &f[SIZE], "q", &ev->size) || !mr_rows_notional(r, ev))
        return false;
    mr_rows_ignore(r, &f[ID]);
    return true;
}

static bool ticker(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { ASK_SIZE, BID_SIZE, SEQUENCE, TIME, ASK, BID, SYMBOL, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("A"), MR_FIELD("B"), MR_FIELD("E"), MR_FIELD("M"),
                                                       MR_FIELD("a"), MR_FIELD("b"), MR_FIELD("s")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_level *level;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !symbol(m, &f[SYMBOL]))
        return false;
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    return head && mr_field_u64(r, &f[SEQUENCE], "E", &head->seq) &&
           mr_field_u64(r, &f[SEQUENCE], "E", &head->first_seq) && mr_kucoin_time(r, &f[TIME], "M", &head->venue_ns) &&
           mr_kucoin_side(r, &f[BID], "b", &f[BID_SIZE], "B", &level[0]) &&
           mr_kucoin_side(r, &f[ASK], "a", &f[ASK_SIZE], "A", &level[1]);
}

/* Open interest in lots, of one side. */
static bool mark(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SYMBOL, MARK, INDEX, INTEREST, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("s"), MR_FIELD("mp"), MR_FIELD("ip"), MR_FIELD("oi"),
                                                       MR_FIELD("ts")};
    static const enum mr_event_kind kinds[FIELDS] = {
        [MARK] = MR_EVENT_MARK, [INDEX] = MR_EVENT_INDEX, [INTEREST] = MR_EVENT_OPEN_INTEREST};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_event *ev;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !symbol(m, &f[SYMBOL]))
        return false;
    for (int i = MARK; i <= INTEREST; i++) {
        if (i != MARK && !mr_field_has(&f[i]))
            continue;
        if (!mr_kucoin_value(r, kinds[i], &f[i], names[i].text, &ev) ||
            !mr_kucoin_time(r, &f[TIME], "ts", &ev->venue_ns))
            return false;
        if (i == INTEREST)
            ev->size = MR_OI_CONTRACTS;
    }
    return true;
}

/* `fr` is the rate that will be settled at `nt`. The row has no time of its own. */
static bool funding(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SYMBOL, RATE, NEXT, INTERVAL, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("s"), MR_FIELD("fr"), MR_FIELD("nt"), MR_FIELD("gl")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_event *ev;
    mr_shape_refuse(&r->dec->recorder); /* an interval may have as many digits as a shape is long */
    return mr_fields_read(r, j, names, FIELDS, f) && symbol(m, &f[SYMBOL]) &&
           mr_kucoin_value(r, MR_EVENT_FUNDING, &f[RATE], "fr", &ev) &&
           (!mr_field_has(&f[NEXT]) || mr_field_ms(r, &f[NEXT], "nt", &ev->aux)) &&
           (!mr_field_has(&f[INTERVAL]) || mr_field_ms(r, &f[INTERVAL], "gl", &ev->size));
}

/* ---- books ---- */

/* One level a side: a best bid and ask. */
static bool best(struct mr_rows *r, struct mr_book_head *head)
{
    union mr_slot *slot = (union mr_slot *)(void *)head;
    struct mr_level bid = {0, 0}, ask = {0, 0};
    if (head->bid_count > 1 || head->ask_count > 1)
        return mr_rows_fail(r, MR_E_RANGE, "d");
    if (r->max < 2)
        return mr_rows_fail(r, MR_E_FULL, "d");
    if (head->bid_count)
        bid = slot[1].level[0];
    if (head->ask_count)
        ask = mr_event_levels(slot)[head->bid_count];
    head->kind = MR_EVENT_BBO;
    head->bid_count = head->ask_count = 1;
    slot[1] = (union mr_slot){.level = {bid, ask}};
    r->used = 2;
    return true;
}

static bool book_kind(struct mr_kucoin_message *m, const struct mr_kucoin_uta *u, bool *image)
{
    struct mr_rows *r = &m->rows;
    struct mr_span depth = u->depth.text;
    *image = mr_field_is(&u->type, "snapshot");
    if (!mr_field_text(r, &u->depth, "dp"))
        return false;
    if (depth.len >= 9 && memcmp(depth.data, "increment", 9) == 0) {
        if (!mr_field_text(r, &u->type, "t"))
            return false;
        if (!*image && !mr_field_is(&u->type, "delta"))
            return mr_rows_fail_at(r, MR_E_RANGE, "t", u->type.text);
        m->kind = *image ? MR_KUCOIN_OBU_SNAPSHOT : MR_KUCOIN_OBU_DELTA;
        return true;
    }
    m->kind = mr_field_is(&u->depth, "1") ? MR_KUCOIN_OBU_BEST : MR_KUCOIN_OBU_TOP;
    return true;
}

/* `s` and the numbers stand behind the levels: the symbol is found first, the levels are read then. */
static bool find_symbol(struct mr_kucoin_message *m, const struct mr_json *at)
{
    static const struct mr_field_name names[1] = {MR_FIELD("s")};
    struct mr_field f;
    struct mr_json j;
    mr_json_open(&j, at->data, at->len);
    (void)mr_fields_read(&m->rows, &j, names, 1, &f);
    return mr_rows_late_end(&m->rows, &j) && symbol(m, &f);
}

static bool book(struct mr_kucoin_message *m, const struct mr_kucoin_uta *u, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_field first = {0}, last = {0}, time = {0};
    struct mr_sides sides;
    struct mr_span key;
    bool image;
    mr_shape_refuse(&r->dec->recorder);
    if (!book_kind(m, u, &image) || !find_symbol(m, j))
        return false;
    struct mr_book_head *head = mr_sides_open(r, &sides, MR_LEVELS_PAIR);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "a")   ? mr_sides_take(r, j, &sides, true, "a")
                  : mr_json_key_is(j, key, "b") ? mr_sides_take(r, j, &sides, false, "b")
                  : mr_json_key_is(j, key, "C") ? mr_field_take(r, j, &last, "C")
                  : mr_json_key_is(j, key, "O") ? mr_field_take(r, j, &first, "O")
                  : mr_json_key_is(j, key, "M") ? mr_field_take(r, j, &time, "M")
                                                : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (j->status != MR_OK || !mr_sides_end(r, &sides, head) || !mr_field_u64(r, &last, "C", &head->seq) ||
        !mr_kucoin_time(r, &time, "M", &head->venue_ns))
        return false;
    head->first_seq = head->seq;
    if (m->kind == MR_KUCOIN_OBU_DELTA)
        return mr_field_u64(r, &first, "O", &head->first_seq);
    if (m->kind == MR_KUCOIN_OBU_BEST)
        return best(r, head);
    head->flags |= MR_FLAG_SNAPSHOT;
    head->book_flags |= m->kind == MR_KUCOIN_OBU_TOP ? MR_BOOK_PARTIAL : 0;
    return true;
}

bool mr_kucoin_uta(struct mr_kucoin_message *m, const struct mr_kucoin_uta *u, struct mr_json *d)
{
    /* clang-format off */
    static const struct { const char *name; uint8_t kind; mr_kucoin_row_fn *row; } topics[] = {
        {"trade",       MR_KUCOIN_UTA_TRADE,   trade},
        {"ticker",      MR_KUCOIN_UTA_TICKER,  ticker},
        {"mark-price",  MR_KUCOIN_UTA_MARK,    mark},
        {"funding-fee", MR_KUCOIN_UTA_FUNDING, funding},
    };
    /* clang-format on */
    struct mr_rows *r = &m->rows;
    if (!mr_field_text(r, &u->topic, "T"))
        return false;
    struct mr_span name = mr_span_before(u->topic.text, '.'), market = mr_span_after(u->topic.text, '.');
    const char *ours = r->dec->product == MR_KUCOIN_SPOT ? "SPOT" : "FUTURES";
    if (!market.len || mr_span_is(market, ours, strlen(ours))) { /* marks and funding name no market */
        if (mr_span_is(name, "obu", 3))
            return book(m, u, d);
        for (size_t i = 0; i < MR_COUNT_OF(topics); i++)
            if (mr_span_is(name, topics[i].name, strlen(topics[i].name))) {
                m->kind = topics[i].kind;
                return topics[i].row(m, d);
            }
    }
    r->dec->name = u->topic.text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "T", u->topic.text);
}
