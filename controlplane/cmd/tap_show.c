#include "controlplane/cmd/tap_show.h"

#include <inttypes.h>

#include "dataplane/text/text.h"

enum { LINE_BYTES = 1 << 20 }; /* a whole book of 10,240 levels, twice over */
static char line[LINE_BYTES];

static void name_of(const struct millrace_instrument *it, char *out, size_t bytes)
{
    snprintf(out, bytes, "%s:%s:%s", it->venue, it->product, it->symbol);
}

/* ---- JSON ---- */

static void json_number(struct mr_json_out *j, const char *key, int64_t value, int32_t scale)
{
    char text[MILLRACE_TEXT];
    mr_json_out_string(j, key, millrace_text(value, scale, text));
}

static void json_side(struct mr_json_out *j, const char *key, const struct millrace_record *r,
                      const struct millrace_level *levels, uint32_t count)
{
    mr_json_out_array(j, key);
    for (uint32_t i = 0; i < count; i++) {
        mr_json_out_array(j, NULL);
        json_number(j, NULL, levels[i].price, r->price_scale);
        json_number(j, NULL, levels[i].size, r->size_scale);
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}

static void json_book(struct mr_json_out *j, const struct millrace_record *r)
{
    mr_json_out_bool(j, "snapshot", r->flags & MILLRACE_SNAPSHOT);
    if (r->book->flags & MILLRACE_BOOK_PARTIAL)
        mr_json_out_bool(j, "partial", true);
    mr_json_out_u64(j, "first_seq", r->book->first_seq);
    mr_json_out_u64(j, "prev_seq", r->book->prev_seq);
    json_side(j, "bids", r, r->book->bids, r->book->bid_count);
    json_side(j, "asks", r, r->book->asks, r->book->ask_count);
}

static void json_signal(struct mr_json_out *j, const struct millrace_signal *s)
{
    static const char *const kinds[] = {"level", "cascade_start", "cascade_update", "cascade_end", "regime"};
    mr_json_out_string(j, "signal", s->kind < MR_COUNT_OF(kinds) ? kinds[s->kind] : "?");
    mr_json_out_string(j, "underlying", s->underlying);
    mr_json_out_string(j, "level", millrace_level_name(s->level));
    mr_json_out_string(j, "level_before", millrace_level_name(s->level_before));
    mr_json_out_double(j, "probability", s->probability);
    mr_json_out_double(j, "confidence", s->confidence);
    mr_json_out_double(j, "score", s->score);
    mr_json_out_u64(j, "regime", s->regime);
    mr_json_out_u64(j, "cascade_id", s->cascade_id);
    mr_json_out_u64(j, "cascade_count", s->cascade_count);
    mr_json_out_string(j, "words", s->words);
}

static void json_candle(struct mr_json_out *j, const struct millrace_record *r)
{
    const struct millrace_candle *c = r->candle;
    json_number(j, "open", c->open, r->price_scale);
    json_number(j, "high", c->high, r->price_scale);
    json_number(j, "low", c->low, r->price_scale);
    json_number(j, "close", c->close, r->price_scale);
    json_number(j, "volume", c->volume, r->size_scale);
    mr_json_out_i64(j, "open_ns", c->open_ns);
    mr_json_out_u64(j, "interval_s", c->interval_s);
    mr_json_out_bool(j, "closed", c->closed);
}

/* What is of this kind alone. */
static void json_of_kind(struct mr_json_out *j, const struct millrace_record *r)
{
    switch (r->kind) {
    case MILLRACE_TRADE:
    case MILLRACE_LIQUIDATION:
        mr_json_out_string(j, "side", r->flags & MILLRACE_SELL ? "sell" : "buy");
        json_number(j, "price", r->price, r->price_scale);
        json_number(j, "size", r->size, r->size_scale);
        json_number(j, "notional", r->micro_quote, 6);
        break;
    case MILLRACE_BBO:
    case MILLRACE_BOOK:
        json_book(j, r);
        break;
    case MILLRACE_MARK:
    case MILLRACE_INDEX:
    case MILLRACE_FUNDING:
    case MILLRACE_OPEN_INTEREST:
    case MILLRACE_REFERENCE:
        json_number(j, "value", r->price, r->price_scale);
        if (r->kind == MILLRACE_FUNDING)
            mr_json_out_i64(j, "next_ns", r->next_ns);
        break;
    case MILLRACE_CANDLE:
        json_candle(j, r);
        break;
    case MILLRACE_STATUS:
        mr_json_out_string(j, "status", millrace_status_name(r->detail[0]));
        mr_json_out_string(j, "channel", millrace_channel_name(r->detail[1]));
        break;
    case MILLRACE_GAP:
        mr_json_out_i64(j, "first_missing", r->detail[0]);
        mr_json_out_i64(j, "last_missing", r->detail[1]);
        mr_json_out_i64(j, "missing", r->detail[2]);
        mr_json_out_string(j, "cause", millrace_cause_name(r->detail[3]));
        break;
    case MILLRACE_TICK:
        mr_json_out_i64(j, "tick", r->detail[0]);
        break;
    case MILLRACE_SIGNAL:
        json_signal(j, r->signal);
        break;
    case MILLRACE_LAPPED:
        mr_json_out_u64(j, "lost_slots", r->lost_slots);
        break;
    case MILLRACE_RESTARTED:
        mr_json_out_u64(j, "epoch", r->epoch);
        break;
    default:
        break;
    }
}

static void json(struct mr_text *t, const struct millrace_record *r)
{
    struct mr_json_out j;
    char name[160];
    mr_json_out_init(&j, t);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "kind", millrace_kind_name(r->kind));
    mr_json_out_u64(&j, "engine", r->engine);
    mr_json_out_u64(&j, "place", r->place);
    mr_json_out_u64(&j, "slots", r->slots);
    if (r->instrument) {
        name_of(r->instrument, name, sizeof name);
        mr_json_out_string(&j, "instrument", name);
    }
    mr_json_out_u64(&j, "seq", r->seq);
    mr_json_out_i64(&j, "recv_ns", r->recv_ns);
    mr_json_out_i64(&j, "venue_ns", r->venue_ns);
    mr_json_out_u64(&j, "connection", r->connection);
    mr_json_out_bool(&j, "last", r->flags & MILLRACE_LAST);
    json_of_kind(&j, r);
    mr_json_out_end(&j);
}

/* ---- text ---- */

static void number(struct mr_text *t, const char *before, int64_t value, int32_t scale)
{
    char text[MILLRACE_TEXT];
    mr_text_add(t, before);
    mr_text_add(t, millrace_text(value, scale, text));
}

static void text_book(struct mr_text *t, const struct millrace_record *r)
{
    const struct millrace_book *b = r->book;
    mr_text_format(t, " %s%u bids %u asks", r->flags & MILLRACE_SNAPSHOT ? "whole, " : "", b->bid_count, b->ask_count);
    if (b->bid_count)
        number(t, ", ", b->bids[0].size, r->size_scale), number(t, " @ ", b->bids[0].price, r->price_scale);
    if (b->ask_count)
        number(t, " | ", b->asks[0].size, r->size_scale), number(t, " @ ", b->asks[0].price, r->price_scale);
    mr_text_format(t, " seq %" PRIu64, r->seq);
}

static void text_of_kind(struct mr_text *t, const struct millrace_record *r)
{
    switch (r->kind) {
    case MILLRACE_TRADE:
    case MILLRACE_LIQUIDATION:
        number(t, r->flags & MILLRACE_SELL ? " sell " : " buy ", r->size, r->size_scale);
        number(t, " @ ", r->price, r->price_scale);
        mr_text_format(t, " seq %" PRIu64, r->seq);
        break;
    case MILLRACE_BBO:
    case MILLRACE_BOOK:
        text_book(t, r);
        break;
    case MILLRACE_CANDLE:
        mr_text_format(t, " %u s", r->candle->interval_s);
        number(t, " close ", r->candle->close, r->price_scale);
        break;
    case MILLRACE_GAP:
        mr_text_format(t, " %" PRId64 " .. %" PRId64 ", %" PRId64 " missing: %s", r->detail[0], r->detail[1],
                       r->detail[2], millrace_cause_name(r->detail[3]));
        break;
    case MILLRACE_STATUS:
        mr_text_format(t, " %s: %s", millrace_channel_name(r->detail[1]), millrace_status_name(r->detail[0]));
        break;
    case MILLRACE_TICK:
        mr_text_format(t, " %" PRId64, r->detail[0]);
        break;
    case MILLRACE_SIGNAL:
        mr_text_format(t, " %s %s, was %s: %s", r->signal->underlying, millrace_level_name(r->signal->level),
                       millrace_level_name(r->signal->level_before), r->signal->words);
        break;
    case MILLRACE_LAPPED:
        mr_text_format(t, " by the writer: %" PRIu64 " slots lost", r->lost_slots);
        break;
    case MILLRACE_RESTARTED:
        mr_text_format(t, " run %" PRIu64, r->epoch);
        break;
    default:
        number(t, " ", r->price, r->price_scale);
        break;
    }
}

static void text(struct mr_text *t, const struct millrace_record *r)
{
    char name[160] = "-";
    if (r->instrument)
        name_of(r->instrument, name, sizeof name);
    if (r->recv_ns)
        mr_text_time(t, r->recv_ns);
    else
        mr_text_add(t, "-");
    mr_text_format(t, " %s %s", millrace_kind_name(r->kind), name);
    text_of_kind(t, r);
}

void mr_tap_show(FILE *out, const struct millrace_record *r, bool as_json)
{
    struct mr_text t;
    mr_text_init(&t, line, sizeof line);
    if (as_json)
        json(&t, r);
    else
        text(&t, r);
    MR_ASSERT(!t.cut);
    fwrite(line, 1, t.len, out);
    putc('\n', out);
}
