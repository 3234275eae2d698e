/* What a venue's clients expect beside the streams that engines live on: candles, a second channel of trades, the best of the book as
 * a topic of its own, and the words a subscription begins with. Only in full: the plain market's bytes stay as they are. */
#include "codecs/venue/venue.h"
#include "tests/exchange/market/market_priv.h"

#define MINUTE 60000000000ll

void mr_market_traded(struct stream *s, const struct trade *trade)
{
    int64_t open_ns = trade->time_ns / MINUTE * MINUTE;
    struct candle *c = &s->candle;
    s->recent[s->recent_count++ % RECENT] = *trade;
    if (c->trades && c->open_ns != open_ns) {
        s->closed = *c;
        s->candle_closed = true;
    }
    if (!c->trades || c->open_ns != open_ns)
        *c = (struct candle){
            .open_ns = open_ns, .open = trade->price, .high = trade->price, .low = trade->price, .first_id = trade->id};
    c->high = trade->price > c->high ? trade->price : c->high;
    c->low = trade->price < c->low ? trade->price : c->low;
    c->close = trade->price;
    c->volume += trade->size;
    c->turnover += trade->price * trade->size;
    c->last_id = trade->id;
    c->trades++;
    if (s->writer->copy)
        s->next_ns[CHANNEL_COPY] = trade->time_ns;
    if (s->told)
        s->told->next_ns[CHANNEL_COPY] = trade->time_ns;
}

bool mr_market_candle(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    if (!s->candle.trades)
        return false;
    s->writer->candle(t, s, s->candle_closed ? &s->closed : &s->candle, s->candle_closed, now_ns);
    s->candle_closed = false;
    return true;
}

bool mr_market_greeting(struct mr_text *t, struct stream *s, uint32_t channel, int64_t now_ns)
{
    const struct writer *w = s->writer;
    if (channel == MR_TRADES && w->backfill && s->recent_count)
        w->backfill(t, s);
    else if (channel == MR_MARKS && w->backfill && !w->trade && s->recent_count)
        w->backfill(t, s);
    else if (channel == MR_BEST && w->top && s->has_book)
        w->top(t, s, now_ns);
    else if (channel == MR_FUNDINGS && w->funding)
        w->funding(t, s, now_ns);
    else if (channel == MR_INTERESTS && w->interest && !w->ticker)
        w->interest(t, s, now_ns, NULL);
    else if (channel == MR_MARKS && w->ticker && s->has_book)
        w->ticker(t, s, now_ns);
    else if (channel == MR_MARKS && !w->ticker)
        w->marks(t, s, now_ns);
    else
        return false;
    return true;
}
