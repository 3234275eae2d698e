/* Book messages: diffs, partial books, and the side arrays they share with REST snapshots. */
#include "codecs/json/levels.h"
#include "codecs/venue/binance/binance_priv.h"

/* ---- one side ---- */

/* ["px","sz"] with whatever stands behind (old messages have an empty array there). */
static int one_level(struct mr_decoder *dec, const struct mr_instrument *it, struct mr_json *j, struct mr_level *level)
{
    struct mr_span price = {NULL, 0}, size = {NULL, 0};
    if (!mr_json_array(j) || !mr_json_next(j) || !mr_json_text(j, &price) || !mr_json_next(j) ||
        !mr_json_text(j, &size) || !mr_json_leave(j))
        return j->status < 0 ? binance_failed(dec, j) : mr_take_fail(dec, MR_E_MISSING, "level", j->data + j->pos);
    int status = mr_take_fixed(dec, "price", price, it->price_scale, &level->price);
    if (status == MR_OK)
        status = mr_take_fixed(dec, "size", size, it->size_scale, &level->size);
    return status;
}

static MR_COLD int walk_levels(struct mr_decoder *dec, const struct mr_instrument *it, struct mr_span raw,
                               struct mr_level *out, uint32_t out_max)
{
    struct mr_json j;
    uint32_t n = 0;
    binance_reopen(&j, raw);
    if (mr_json_array(&j))
        while (mr_json_next(&j)) {
            if (n == out_max)
                return mr_take_fail(dec, MR_E_FULL, "levels", j.data + j.pos);
            int status = one_level(dec, it, &j, &out[n++]);
            if (status != MR_OK)
                return status;
        }
    return j.status < 0 ? binance_failed(dec, &j) : (int)n;
}

/* One side: the array `raw`, levels to `out`. Their count, or a status. */
static int levels_of(struct binance_message *m, const struct mr_instrument *it, struct mr_span raw,
                     struct mr_level *out, uint32_t out_max)
{
    const struct mr_levels_scan scan = {MR_LEVELS_PAIR, it->price_scale, it->size_scale};
    uint32_t n = 0, at = (uint32_t)(raw.data - m->frame->data);
    int64_t end = mr_levels_decode(m->frame->data, m->frame->len, at, &scan, out, out_max, &n);
    return end == at + raw.len ? (int)n : walk_levels(m->dec, it, raw, out, out_max);
}

int binance_sides(struct binance_message *m, const struct mr_instrument *it, union mr_slot *slot, struct mr_span bids,
                  struct mr_span asks)
{
    struct mr_level *levels = mr_take_levels(slot);
    uint32_t room = mr_take_levels_max(slot, m->end);
    if (!bids.data || !asks.data)
        return mr_take_fail(m->dec, MR_E_MISSING, bids.data ? "a" : "b", NULL);
    int n_bids = levels_of(m, it, bids, levels, room);
    if (n_bids < 0)
        return n_bids;
    int n_asks = levels_of(m, it, asks, levels + n_bids, room - (uint32_t)n_bids);
    if (n_asks < 0)
        return n_asks;
    for (int i = 0; i < n_bids + n_asks; i++)
        if (mr_unlikely((levels[i].price | levels[i].size) < 0))
            return mr_take_fail(m->dec, MR_E_RANGE, "level", i < n_bids ? bids.data : asks.data);
    m->out = slot + mr_take_book(slot, (uint32_t)n_bids, (uint32_t)n_asks);
    return MR_OK;
}

/* ---- which book: by the stream's name, where there is one ---- */

/* What stands behind the first '@' of "btcusdt@depth20@100ms". */
static struct mr_span channel_of(struct mr_span stream)
{
    uint32_t i = 0;
    while (i < stream.len && stream.data[i] != '@')
        i++;
    return i < stream.len ? (struct mr_span){stream.data + i + 1, stream.len - i - 1} : (struct mr_span){NULL, 0};
}

static bool names_partial(struct mr_span stream)
{
    struct mr_span channel = channel_of(stream);
    return channel.len > 5 && memcmp(channel.data, "depth", 5) == 0 && channel.data[5] >= '0' && channel.data[5] <= '9';
}

static bool names_rpi(struct mr_span stream)
{
    struct mr_span channel = channel_of(stream);
    return channel.len >= 8 && memcmp(channel.data, "rpiDepth", 8) == 0;
}

/* ---- messages ---- */

int binance_depth(struct binance_message *m, const struct binance_fields *f)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    mr_shape_refuse(&dec->recorder); /* the number of levels is never the same twice */
    if (names_rpi(m->stream)) {      /* another book: it holds orders the public book does not */
        dec->kind = KIND_RPI_DEPTH;
        return MR_OK;
    }
    bool partial = names_partial(m->stream);
    dec->kind = partial ? KIND_PARTIAL : KIND_DEPTH;
    int status = binance_instrument(dec, binance_letter(f, 's'), &it);
    if (status == MR_OK && m->out == m->end)
        status = MR_E_FULL;
    if (status != MR_OK)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_BOOK, it);
    if (partial) {
        slot->book.flags |= MR_FLAG_SNAPSHOT;
        slot->book.book_flags = MR_BOOK_PARTIAL;
    }
    status = mr_take_u64(dec, "u", binance_letter(f, 'u'), &slot->book.seq);
    if (status == MR_OK)
        status = mr_take_u64(dec, "U", binance_letter(f, 'U'), &slot->book.first_seq);
    if (status == MR_OK && binance_word(f, WORD_PU).data) /* spot has none */
        status = mr_take_u64(dec, "pu", binance_word(f, WORD_PU), &slot->book.prev_seq);
    struct mr_span time = binance_letter(f, 'T').data ? binance_letter(f, 'T') : binance_letter(f, 'E');
    if (status == MR_OK)
        status = mr_take_ms(dec, "T", time, &slot->book.venue_ns);
    if (status == MR_OK && (binance_is_string(f, 'b') || binance_is_string(f, 'a')))
        status = mr_take_fail(dec, MR_E_TYPE, "b or a", binance_letter(f, 'b').data);
    return status < 0 ? status : binance_sides(m, it, slot, binance_letter(f, 'b'), binance_letter(f, 'a'));
}

/* Spot's partial books name their symbol in the stream only, in lower case. */
static int stream_instrument(struct binance_message *m, const struct mr_instrument **it)
{
    uint8_t upper[MR_SYMBOL_BYTES];
    uint32_t n = 0;
    while (n < m->stream.len && n < sizeof upper && m->stream.data[n] != '@') {
        uint8_t c = m->stream.data[n];
        upper[n++] = (uint8_t)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    }
    if (n == 0) {
        mr_take_fail(m->dec, MR_E_MISSING, "s", NULL);
        return MR_E_MISSING;
    }
    *it = mr_take_symbol(m->dec, (struct mr_span){upper, n});
    return *it ? MR_OK : binance_instrument(m->dec, (struct mr_span){m->stream.data, n}, it);
}

int binance_partial(struct binance_message *m, const struct binance_fields *f)
{
    struct mr_decoder *dec = m->dec;
    const struct mr_instrument *it;
    mr_shape_refuse(&dec->recorder);
    int status = stream_instrument(m, &it);
    if (status == MR_OK && m->out == m->end)
        status = MR_E_FULL;
    if (status != MR_OK)
        return status;
    union mr_slot *slot = mr_take_slot(dec, m->out, MR_EVENT_BOOK, it);
    slot->book.flags |= MR_FLAG_SNAPSHOT;
    slot->book.book_flags = MR_BOOK_PARTIAL;
    status = mr_take_u64(dec, "lastUpdateId", binance_word(f, WORD_LAST_UPDATE_ID), &slot->book.seq);
    slot->book.first_seq = slot->book.seq;
    if (status == MR_OK)
        status = binance_sides(m, it, slot, binance_word(f, WORD_BIDS), binance_word(f, WORD_ASKS));
    return status;
}
