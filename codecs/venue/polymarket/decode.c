/* Polymarket's market channel: one event, or an array of them; what an event is stands at its end. All numbers are
 * texts. */
#include "codecs/venue/polymarket/polymarket_priv.h"

enum field {
    MARKET,
    ASSET_ID,
    TIMESTAMP,
    HASH,
    BIDS,
    ASKS,
    CHANGES,
    PRICE,
    SIZE,
    FEE,
    SIDE,
    BEST_BID,
    BEST_ASK,
    SPREAD,
    TICK_SIZE,
    LAST_PRICE,
    TRANSACTION,
    NEW_TICK,
    ASSETS_IDS,
    OLD_CHANGES,
    OLD_BIDS,
    OLD_ASKS,
    EVENT_TYPE,
    FIELDS
};

static const struct mr_field_name names[FIELDS] = {
    [MARKET] = MR_FIELD("market"),
    [ASSET_ID] = MR_FIELD("asset_id"),
    [TIMESTAMP] = MR_FIELD("timestamp"),
    [HASH] = MR_FIELD("hash"),
    [BIDS] = MR_FIELD("bids"),
    [ASKS] = MR_FIELD("asks"),
    [CHANGES] = MR_FIELD("price_changes"),
    [PRICE] = MR_FIELD("price"),
    [SIZE] = MR_FIELD("size"),
    [FEE] = MR_FIELD("fee_rate_bps"),
    [SIDE] = MR_FIELD("side"),
    [BEST_BID] = MR_FIELD("best_bid"),
    [BEST_ASK] = MR_FIELD("best_ask"),
    [SPREAD] = MR_FIELD("spread"),
    [TICK_SIZE] = MR_FIELD("tick_size"),
    [LAST_PRICE] = MR_FIELD("last_trade_price"),
    [TRANSACTION] = MR_FIELD("transaction_hash"),
    [NEW_TICK] = MR_FIELD("new_tick_size"),
    [ASSETS_IDS] = MR_FIELD("assets_ids"),
    [OLD_CHANGES] = MR_FIELD("changes"), /* until 2025 */
    [OLD_BIDS] = MR_FIELD("buys"),       /* until 2024 */
    [OLD_ASKS] = MR_FIELD("sells"),
    [EVENT_TYPE] = MR_FIELD("event_type"),
};

/* ---- which token ---- */

enum mr_polymarket_asset mr_polymarket_asset(struct mr_polymarket_message *m, const struct mr_field *id,
                                             const char *name)
{
    struct mr_rows *r = &m->rows;
    struct mr_decoder *dec = r->dec;
    if (!mr_field_text(r, id, name))
        return MR_ASSET_FAILED;
    const struct mr_instrument *it = dec->last;
    if (!it || !mr_span_is(id->text, it->symbol, it->symbol_len))
        it = mr_instruments_find(dec->instruments, dec->venue->id, dec->product, id->text);
    if (mr_likely(it != NULL)) {
        r->instrument = dec->last = it;
        m->known++;
        return MR_ASSET_KNOWN;
    }
    bool in_frame = id->text.data >= r->frame->data && id->text.data < r->frame->data + r->frame->len;
    if (!in_frame || id->text.len > MR_SYMBOL_BYTES) { /* nothing a caller could add */
        mr_rows_fail(r, MR_E_RANGE, name);
        return MR_ASSET_FAILED;
    }
    if (!m->unknown++)
        m->first_unknown = id->text;
    return MR_ASSET_UNKNOWN;
}

/* ---- books ---- */

uint32_t mr_polymarket_state(struct mr_span hash)
{
    uint32_t state = 0, from = hash.len > 2 && hash.data[1] == 'x' ? 2 : 0;
    for (uint32_t i = from; i < hash.len && i < from + 8; i++) {
        uint8_t c = hash.data[i];
        state = state << 4 | ((c <= '9' ? c : c + 9u) & 15u);
    }
    return state;
}

/* seq is the time: the venue has no numbers. */
static bool stamp(struct mr_rows *r, struct mr_book_head *head, const struct mr_field *time,
                  const struct mr_field *hash)
{
    if (!mr_field_ms(r, time, "timestamp", &head->venue_ns) || !mr_field_u64(r, time, "timestamp", &head->seq))
        return false;
    head->first_seq = head->seq;
    if (mr_field_has(hash)) {
        if (!mr_field_text(r, hash, "hash"))
            return false;
        head->book_flags |= MR_BOOK_STATE;
        head->checksum = mr_polymarket_state(hash->text);
    }
    return true;
}

static bool side_of(struct mr_rows *r, struct mr_sides *sides, const struct mr_field *levels, bool asks,
                    const char *name)
{
    struct mr_json j;
    if (levels->type == MR_JSON_NULL || levels->type == MR_JSON_NONE)
        return mr_rows_fail(r, MR_E_MISSING, name);
    if (levels->type != MR_JSON_ARRAY)
        return mr_rows_fail_at(r, MR_E_TYPE, name, levels->text);
    mr_json_open(&j, levels->text.data, levels->text.len);
    (void)mr_sides_take(r, &j, sides, asks, name);
    return mr_rows_late_end(r, &j);
}

bool mr_polymarket_image(struct mr_rows *r, const struct mr_field *time, const struct mr_field *hash,
                         const struct mr_field *bids, const struct mr_field *asks)
{
    struct mr_sides sides;
    struct mr_book_head *head = mr_sides_open(r, &sides, MR_LEVELS_NAMED);
    mr_shape_refuse(&r->dec->recorder);
    if (!head || !stamp(r, head, time, hash) || !side_of(r, &sides, bids, false, "bids") ||
        !side_of(r, &sides, asks, true, "asks"))
        return false;
    head->flags |= MR_FLAG_SNAPSHOT;
    return mr_sides_end(r, &sides, head);
}

bool mr_polymarket_tick(struct mr_rows *r, const struct mr_field *tick, int64_t venue_ns)
{
    int64_t now;
    if (!mr_field_price(r, tick, "tick_size", &now))
        return false;
    if (now == 0)
        return mr_rows_fail_at(r, MR_E_RANGE, "tick_size", tick->text);
    if (now == r->instrument->tick)
        return true;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_STATUS, venue_ns);
    if (!ev)
        return false;
    ev->price = MR_STATUS_TICK;
    ev->size = now;
    ev->aux = r->instrument->tick;
    return true;
}

static bool book(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    enum mr_polymarket_asset asset = mr_polymarket_asset(m, &f[ASSET_ID], "asset_id");
    if (asset != MR_ASSET_KNOWN)
        return asset == MR_ASSET_UNKNOWN;
    uint32_t at = r->used;
    bool old = f[BIDS].type == MR_JSON_NONE && f[OLD_BIDS].type != MR_JSON_NONE;
    if (!mr_polymarket_image(r, &f[TIMESTAMP], &f[HASH], &f[old ? OLD_BIDS : BIDS], &f[old ? OLD_ASKS : ASKS]))
        return false;
    return mr_field_has(&f[TICK_SIZE]) ? mr_polymarket_tick(r, &f[TICK_SIZE], r->out[at].event.venue_ns) : true;
}

/* The venue's best price after the change: "0" no bid, "1" no ask. */
static bool touch(struct mr_rows *r, const struct mr_field *f, const char *name, char none, uint64_t *to)
{
    int64_t price = 0;
    bool nobody = f->text.len == 1 && (f->text.data[0] == (uint8_t)none || f->text.data[0] == '0');
    if (!nobody && !mr_field_price(r, f, name, &price))
        return false;
    *to = (uint64_t)price;
    return true;
}

/* One level of one token: its size now. The time stands in the message around it. */
static bool change(struct mr_polymarket_message *m, struct mr_json *j, const struct mr_field *time)
{
    enum { ID, AT, OF, WHICH, STATE, BID, ASK, MEMBERS };
    static const struct mr_field_name members[MEMBERS] = {MR_FIELD("asset_id"), MR_FIELD("price"), MR_FIELD("size"),
                                                          MR_FIELD("side"),     MR_FIELD("hash"),  MR_FIELD("best_bid"),
                                                          MR_FIELD("best_ask")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[MEMBERS];
    uint8_t ask = 0;
    if (!mr_fields_read(r, j, members, MEMBERS, f))
        return false;
    enum mr_polymarket_asset asset = mr_polymarket_asset(m, &f[ID], "asset_id");
    if (asset != MR_ASSET_KNOWN)
        return asset == MR_ASSET_UNKNOWN;
    union mr_slot *slot = mr_rows_add(r, MR_EVENT_BOOK, 2);
    if (!slot)
        return false;
    memset(&slot[1], 0, sizeof slot[1]);
    struct mr_book_head *head = &slot->book;
    if (!stamp(r, head, time, &f[STATE]) || !mr_field_price(r, &f[AT], "price", &slot[1].level[0].price) ||
        !mr_field_size(r, &f[OF], "size", &slot[1].level[0].size) ||
        !mr_field_side(r, &f[WHICH], "side", "BUY", "SELL", &ask))
        return false;
    head->ask_count = ask ? 1 : 0;
    head->bid_count = ask ? 0 : 1;
    if (!mr_field_has(&f[BID]) || !mr_field_has(&f[ASK])) /* recordings of before they were sent */
        return true;
    head->book_flags |= MR_BOOK_TOUCH;
    return touch(r, &f[BID], "best_bid", '0', &head->first_seq) && touch(r, &f[ASK], "best_ask", '1', &head->prev_seq);
}

static bool price_change(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    struct mr_json j;
    mr_shape_refuse(&r->dec->recorder); /* how many there are, and of which side, is never the same for long */
    if (f[CHANGES].type != MR_JSON_ARRAY)
        return mr_rows_fail_at(r, f[CHANGES].type == MR_JSON_NONE ? MR_E_MISSING : MR_E_TYPE, "price_changes",
                               f[CHANGES].text);
    mr_json_open(&j, f[CHANGES].text.data, f[CHANGES].text.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j))
            if (!change(m, &j, &f[TIMESTAMP]))
                break;
    return mr_rows_late_end(r, &j);
}

/* Until September 2025 a message was of one token, and had no best prices: one group, bids before asks. */
static bool old_level(struct mr_rows *r, struct mr_json *j, bool asks, struct mr_sides *s)
{
    static const struct mr_field_name members[] = {MR_FIELD("price"), MR_FIELD("side"), MR_FIELD("size")};
    struct mr_field f[MR_COUNT_OF(members)];
    struct mr_level level;
    uint8_t sell = 0;
    if (!mr_fields_read(r, j, members, MR_COUNT_OF(members), f) || !mr_field_price(r, &f[0], "price", &level.price) ||
        !mr_field_side(r, &f[1], "side", "BUY", "SELL", &sell) || !mr_field_size(r, &f[2], "size", &level.size))
        return false;
    if (asks != (sell != 0))
        return true;
    if (s->bids + s->asks == s->max)
        return mr_rows_fail(r, MR_E_FULL, "changes");
    s->room[s->bids + s->asks] = level;
    *(asks ? &s->asks : &s->bids) += 1;
    return true;
}

static bool old_price_change(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    enum mr_polymarket_asset asset = mr_polymarket_asset(m, &f[ASSET_ID], "asset_id");
    if (asset != MR_ASSET_KNOWN)
        return asset == MR_ASSET_UNKNOWN;
    struct mr_sides sides;
    struct mr_book_head *head = mr_sides_open(r, &sides, MR_LEVELS_NAMED);
    mr_shape_refuse(&r->dec->recorder);
    if (!head || !stamp(r, head, &f[TIMESTAMP], &f[HASH]))
        return false;
    if (f[OLD_CHANGES].type != MR_JSON_ARRAY)
        return mr_rows_fail_at(r, MR_E_TYPE, "changes", f[OLD_CHANGES].text);
    for (int asks = 0; asks < 2; asks++) {
        struct mr_json j;
        mr_json_open(&j, f[OLD_CHANGES].text.data, f[OLD_CHANGES].text.len);
        if (mr_json_array(&j))
            while (mr_json_next(&j))
                if (!old_level(r, &j, asks, &sides))
                    break;
        if (!mr_rows_late_end(r, &j))
            return false;
    }
    sides.have_bids = sides.have_asks = true;
    return mr_sides_end(r, &sides, head);
}

/* ---- the small ones ---- */

static bool last_trade(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    enum mr_polymarket_asset asset = mr_polymarket_asset(m, &f[ASSET_ID], "asset_id");
    if (asset != MR_ASSET_KNOWN)
        return asset == MR_ASSET_UNKNOWN;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
    mr_rows_ignore(r, &f[FEE]);
    mr_rows_ignore(r, &f[TRANSACTION]);
    return ev && mr_field_ms(r, &f[TIMESTAMP], "timestamp", &ev->venue_ns) &&
           mr_field_price(r, &f[PRICE], "price", &ev->price) && mr_field_size(r, &f[SIZE], "size", &ev->size) &&
           mr_field_side(r, &f[SIDE], "side", "BUY", "SELL", &ev->flags) && mr_rows_notional(r, ev);
}

static bool best(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    struct mr_level *level;
    enum mr_polymarket_asset asset = mr_polymarket_asset(m, &f[ASSET_ID], "asset_id");
    if (asset != MR_ASSET_KNOWN)
        return asset == MR_ASSET_UNKNOWN;
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    mr_rows_ignore(r, &f[SPREAD]);
    if (!head || !mr_field_ms(r, &f[TIMESTAMP], "timestamp", &head->venue_ns) ||
        !mr_field_u64(r, &f[TIMESTAMP], "timestamp", &head->seq) ||
        !mr_field_u64(r, &f[TIMESTAMP], "timestamp", &head->first_seq))
        return false;
    head->book_flags = MR_BOOK_NO_SIZES;
    mr_size lot = r->instrument->lot ? r->instrument->lot : mr_pow10[r->instrument->size_scale];
    for (int ask = 0; ask < 2; ask++) {
        const struct mr_field *price = &f[ask ? BEST_ASK : BEST_BID];
        bool nobody = price->text.len == 1 && (price->text.data[0] == '0' || (ask && price->text.data[0] == '1'));
        if (nobody)
            continue;
        level[ask].size = lot;
        if (!mr_field_price(r, price, ask ? "best_ask" : "best_bid", &level[ask].price))
            return false;
    }
    return true;
}

static bool tick_change(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    int64_t venue_ns;
    mr_shape_refuse(&r->dec->recorder);
    enum mr_polymarket_asset asset = mr_polymarket_asset(m, &f[ASSET_ID], "asset_id");
    if (asset != MR_ASSET_KNOWN)
        return asset == MR_ASSET_UNKNOWN;
    return mr_field_ms(r, &f[TIMESTAMP], "timestamp", &venue_ns) && mr_polymarket_tick(r, &f[NEW_TICK], venue_ns);
}

/* Both tokens of the market stop trading. Those that nobody follows are no reason to ask for them. */
static bool resolved(struct mr_polymarket_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    uint8_t plain[MR_SYMBOL_BYTES];
    struct mr_span id;
    struct mr_json j;
    int64_t venue_ns;
    mr_shape_refuse(&r->dec->recorder);
    if (f[ASSETS_IDS].type != MR_JSON_ARRAY)
        return mr_rows_fail(r, f[ASSETS_IDS].type == MR_JSON_NONE ? MR_E_MISSING : MR_E_TYPE, "assets_ids");
    if (!mr_field_ms(r, &f[TIMESTAMP], "timestamp", &venue_ns))
        return false;
    mr_json_open(&j, f[ASSETS_IDS].text.data, f[ASSETS_IDS].text.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j) && mr_json_string(&j, &id)) {
            int64_t n = j.escaped ? mr_json_unescape(id, plain, sizeof plain) : -1;
            if (mr_unlikely(n >= 0))
                id = (struct mr_span){plain, (uint32_t)n};
            r->instrument = mr_instruments_find(r->dec->instruments, r->dec->venue->id, r->dec->product, id);
            struct mr_event *ev = r->instrument ? mr_rows_event(r, MR_EVENT_STATUS, venue_ns) : NULL;
            if (ev)
                ev->price = MR_STATUS_HALTED;
        }
    return mr_rows_late_end(r, &j);
}

static bool nothing(struct mr_polymarket_message *m, const struct mr_field *f)
{
    (void)f;
    mr_shape_refuse(&m->rows.dec->recorder);
    return true;
}

/* ---- the whole ---- */

static const struct {
    uint8_t kind;
    bool (*build)(struct mr_polymarket_message *m, const struct mr_field *f);
} kinds[] = {
    {MR_POLYMARKET_PRICE_CHANGE, price_change}, {MR_POLYMARKET_BOOK, book},
    {MR_POLYMARKET_LAST_TRADE, last_trade},     {MR_POLYMARKET_BEST, best},
    {MR_POLYMARKET_TICK, tick_change},          {MR_POLYMARKET_RESOLVED, resolved},
    {MR_POLYMARKET_NEW_MARKET, nothing},
};

static bool event(struct mr_polymarket_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[EVENT_TYPE], "event_type"))
        return false;
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++) {
        if (!mr_field_is(&f[EVENT_TYPE], r->dec->venue->kinds[kinds[i].kind].name))
            continue;
        r->dec->kind = kinds[i].kind;
        if (kinds[i].build == price_change && f[CHANGES].type == MR_JSON_NONE && f[OLD_CHANGES].type != MR_JSON_NONE)
            return old_price_change(m, f);
        return kinds[i].build(m, f);
    }
    r->dec->name = f[EVENT_TYPE].text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "event_type", f[EVENT_TYPE].text);
}

/* Each event is a message of its kind; mr_decode counts the last one. */
static bool events(struct mr_polymarket_message *m, struct mr_json *j)
{
    struct mr_decoder *dec = m->rows.dec;
    uint64_t earlier[MR_POLYMARKET_KIND_COUNT] = {0};
    uint32_t n = 0;
    mr_shape_refuse(&dec->recorder);
    dec->kind = MR_POLYMARKET_NOTHING;
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        earlier[dec->kind] += n++ > 0;
        if (!event(m, j))
            return false;
    }
    for (uint32_t i = 0; j->status == MR_OK && i < MR_POLYMARKET_KIND_COUNT; i++)
        dec->messages[i] += earlier[i];
    return j->status == MR_OK;
}

/* Not JSON at all, and still the venue's. */
static bool bare(struct mr_decoder *dec, struct mr_span text)
{
    if (text.len == 0)
        dec->kind = MR_POLYMARKET_NOTHING; /* the data socket's greeting */
    else if (mr_span_eq(text, "PONG"))
        dec->kind = MR_POLYMARKET_PONG;
    else if (mr_span_eq(text, "INVALID OPERATION") || mr_span_eq(text, "INVALID MESSAGE"))
        dec->kind = MR_POLYMARKET_NOTICE;
    else
        return false;
    mr_shape_refuse(&dec->recorder);
    return true;
}

/* Tokens come in pairs, and often only one of the two is followed. */
static int strangers(struct mr_polymarket_message *m, int slots)
{
    struct mr_decoder *dec = m->rows.dec;
    if (slots < 0 || !m->unknown)
        return slots;
    mr_shape_refuse(&dec->recorder);
    if (m->known && dec->skip_unknown) {
        dec->passed_over += m->unknown;
        return slots;
    }
    dec->name = m->first_unknown;
    mr_rows_fail_at(&m->rows, MR_E_SYMBOL, "asset_id", m->first_unknown);
    return MR_E_SYMBOL;
}

int mr_polymarket_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct mr_polymarket_message m = {.known = 0};
    struct mr_json j;
    if (mr_unlikely(bare(dec, (struct mr_span){frame->data, frame->len})))
        return 0;
    mr_rows_open(&m.rows, dec, frame, out, out_max);
    m.rows.kinds_differ = true;
    mr_json_open(&j, frame->data, frame->len);
    bool array = mr_json_peek(&j) == MR_JSON_ARRAY;
    if (dec->product == MR_POLYMARKET_RTDS)
        (void)mr_polymarket_rtds(&m, &j);
    else if (array)
        (void)events(&m, &j);
    else
        (void)event(&m, &j);
    return strangers(&m, mr_rows_end(&m.rows, &j));
}
