/* Book messages of the classic sockets, whatever the order of their members.
 *
 * A level of price 0 and size 0 says that the numbers moved and the book did not: it is left out, the message stays. */
#include "codecs/venue/kucoin/kucoin_priv.h"

#define SORTED_MAX 512 /* levels of a side that may come out of order */

/* A shape must not be learnt where another message of its digits may have a price of zero, which is branched on. */
static void learn_only_if_never_zero(struct mr_rows *r, struct mr_span price)
{
    bool two_digits = price.len >= 2 && (uint8_t)(price.data[0] - '1') < 9 && (uint8_t)(price.data[1] - '0') < 10;
    if (!two_digits)
        mr_shape_refuse(&r->dec->recorder);
}

/* ---- futures: {"sequence":7,"change":"110224.7,sell,0","timestamp":..}, one level a message ---- */

static bool split(struct mr_rows *r, const struct mr_field *change, struct mr_field part[3])
{
    struct mr_span rest = change->text;
    if (!mr_field_text(r, change, "change"))
        return false;
    for (int i = 0; i < 3; i++) {
        part[i] = (struct mr_field){i < 2 ? mr_span_before(rest, ',') : rest, MR_JSON_STRING};
        rest = mr_span_after(rest, ',');
    }
    return true;
}

bool mr_kucoin_change(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SEQUENCE, CHANGE, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("sequence"), MR_FIELD("change"), MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS], part[3];
    uint8_t sell = 0;
    union mr_slot *slot;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !split(r, &f[CHANGE], part) ||
        !(slot = mr_rows_add(r, MR_EVENT_BOOK, 2)))
        return false;
    memset(&slot[1], 0, sizeof slot[1]);
    struct mr_level *level = slot[1].level;
    if (!mr_field_u64(r, &f[SEQUENCE], "sequence", &slot->book.seq) ||
        !mr_field_u64(r, &f[SEQUENCE], "sequence", &slot->book.first_seq) ||
        !mr_field_price(r, &part[0], "change", &level->price) ||
        !mr_field_side(r, &part[1], "change", "buy", "sell", &sell) ||
        !mr_field_size(r, &part[2], "change", &level->size) ||
        !mr_kucoin_time(r, &f[TIME], "timestamp", &slot->book.venue_ns))
        return false;
    learn_only_if_never_zero(r, part[0].text);
    if (level->price == 0 && level->size == 0) {
        r->used -= 1;
        return true;
    }
    slot->book.bid_count = !(sell & MR_FLAG_SELL);
    slot->book.ask_count = !!(sell & MR_FLAG_SELL);
    return true;
}

/* ---- spot: {"changes":{"asks":[["243.7","5","1613277183877"]],"bids":[]},"sequenceStart":..,"sequenceEnd":..} ---- */

struct side {
    uint32_t count;
    uint64_t seq[SORTED_MAX], last;
    bool unordered;
};

/* Sizes are absolute, so of two entries of one price the later one must be applied last. */
static void in_order(struct mr_level *level, struct side *s)
{
    for (uint32_t i = 1; i < s->count; i++)
        for (uint32_t k = i; k && s->seq[k] < s->seq[k - 1]; k--) {
            struct mr_level l = level[k];
            uint64_t seq = s->seq[k];
            level[k] = level[k - 1];
            s->seq[k] = s->seq[k - 1];
            level[k - 1] = l;
            s->seq[k - 1] = seq;
        }
}

static bool one_change(struct mr_rows *r, struct mr_json *j, struct mr_level *level, struct side *s, const char *name)
{
    struct mr_field f[3] = {0};
    uint64_t seq = 0;
    uint32_t n = 0;
    if (!mr_json_array(j))
        return false;
    for (; mr_json_next(j); n++)
        if (!(n < 3 ? mr_field_take(r, j, &f[n], name) : mr_json_skip(j)))
            return false;
    if (j->status != MR_OK || !mr_field_price(r, &f[0], name, &level->price) ||
        !mr_field_size(r, &f[1], name, &level->size) || !mr_field_u64(r, &f[2], name, &seq))
        return false;
    learn_only_if_never_zero(r, f[0].text);
    mr_rows_ignore(r, &f[2]);
    if (level->price == 0 && level->size == 0)
        return true;
    if (s->count)
        mr_shape_refuse(&r->dec->recorder); /* the order of several depends on their numbers */
    if (s->count < SORTED_MAX)
        s->seq[s->count] = seq;
    s->unordered |= seq < s->last;
    s->last = seq;
    s->count++;
    return true;
}

static bool side_changes(struct mr_rows *r, struct mr_span raw, struct mr_level *out, uint32_t max, uint32_t *count,
                         const char *name)
{
    struct side s;
    struct mr_json j;
    s.count = 0;
    s.last = 0;
    s.unordered = false;
    mr_json_open(&j, raw.data, raw.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j)) {
            if (s.count == max)
                return mr_rows_fail(r, MR_E_FULL, name);
            if (!one_change(r, &j, out + s.count, &s, name))
                break;
        }
    if (!mr_rows_late_end(r, &j))
        return false;
    *count = s.count;
    if (mr_likely(!s.unordered))
        return true;
    if (s.count > SORTED_MAX)
        return mr_rows_fail(r, MR_E_TOO_BIG, name);
    in_order(out, &s);
    return true;
}

static bool both_sides(struct mr_rows *r, struct mr_span changes, union mr_slot *slot)
{
    enum { ASKS, BIDS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("asks"), MR_FIELD("bids")};
    struct mr_field f[FIELDS];
    struct mr_json j;
    struct mr_level *level = slot[1].level;
    uint32_t room = (r->max - r->used) * 4, bids = 0, asks = 0;
    if (room > MR_LEVELS_MAX)
        room = MR_LEVELS_MAX;
    mr_json_open(&j, changes.data, changes.len);
    (void)mr_fields_read(r, &j, names, FIELDS, f);
    if (!mr_rows_late_end(r, &j))
        return false;
    if (f[ASKS].type != MR_JSON_ARRAY || f[BIDS].type != MR_JSON_ARRAY)
        return mr_rows_fail(r, MR_E_MISSING, f[BIDS].type == MR_JSON_ARRAY ? "asks" : "bids");
    if (!side_changes(r, f[BIDS].text, level, room, &bids, "bids") ||
        !side_changes(r, f[ASKS].text, level + bids, room - bids, &asks, "asks"))
        return false;
    uint32_t slots = (bids + asks + 3) / 4;
    slot->book.bid_count = (uint16_t)bids;
    slot->book.ask_count = (uint16_t)asks;
    memset(level + bids + asks, 0, (slots * 4 - bids - asks) * sizeof *level);
    r->used += slots;
    return true;
}

bool mr_kucoin_changes(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { START, SYMBOL, CHANGES, END, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("sequenceStart"), MR_FIELD("symbol"),
                                                       MR_FIELD("changes"), MR_FIELD("sequenceEnd"), MR_FIELD("time")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    union mr_slot *slot;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_kucoin_same_symbol(m, &f[SYMBOL], "symbol") ||
        !(slot = mr_rows_add(r, MR_EVENT_BOOK, 1)))
        return false;
    if (f[CHANGES].type != MR_JSON_OBJECT)
        return mr_rows_fail_at(r, f[CHANGES].type == MR_JSON_NONE ? MR_E_MISSING : MR_E_TYPE, "changes",
                               f[CHANGES].text);
    if (!mr_field_u64(r, &f[START], "sequenceStart", &slot->book.first_seq) ||
        !mr_field_u64(r, &f[END], "sequenceEnd", &slot->book.seq) || !both_sides(r, f[CHANGES].text, slot))
        return false;
    if (mr_field_has(&f[TIME]) && !mr_kucoin_time(r, &f[TIME], "time", &slot->book.venue_ns)) /* not in 2021 */
        return false;
    return true;
}

/* ---- level2Depth5, level2Depth50: the best levels, whole each time ---- */

bool mr_kucoin_depth(struct mr_kucoin_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_field sequence = {0}, time = {0};
    struct mr_sides sides;
    struct mr_span key;
    mr_shape_refuse(&r->dec->recorder); /* the number of levels and digits is rarely the same twice */
    enum mr_levels_form form = r->dec->product == MR_KUCOIN_SPOT ? MR_LEVELS_PAIR : MR_LEVELS_MIXED;
    struct mr_book_head *head = mr_sides_open(r, &sides, form);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "bids")        ? mr_sides_take(r, j, &sides, false, "bids")
                  : mr_json_key_is(j, key, "asks")      ? mr_sides_take(r, j, &sides, true, "asks")
                  : mr_json_key_is(j, key, "sequence")  ? mr_field_take(r, j, &sequence, "sequence")
                  : mr_json_key_is(j, key, "timestamp") ? mr_field_take(r, j, &time, "timestamp")
                                                        : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (j->status != MR_OK || !mr_sides_end(r, &sides, head) || !mr_kucoin_time(r, &time, "timestamp", &head->venue_ns))
        return false;
    if (mr_field_has(&sequence) && !mr_field_u64(r, &sequence, "sequence", &head->seq)) /* spot has none */
        return false;
    head->first_seq = head->seq;
    head->flags |= MR_FLAG_SNAPSHOT;
    head->book_flags |= MR_BOOK_PARTIAL;
    return true;
}
