/* The totals of a run, as JSON for programs and as text for people. */
#include <stdio.h>

#include "controlplane/cmd/inputs.h"

static void kinds_json(const struct mr_player *p, struct mr_json_out *j)
{
    mr_json_out_object(j, "messages");
    for (uint32_t f = 0; f < mr_player_feeds(p); f++) {
        const struct mr_decoder *dec = mr_feed_decoder(mr_player_feed(p, f));
        for (uint32_t k = 1; k < MR_VENUE_KINDS_MAX && dec->venue->kinds[k].name; k++) {
            uint64_t total = 0;
            bool first = true; /* a venue's products share its kinds: one key each */
            for (uint32_t g = 0; g < mr_player_feeds(p); g++) {
                const struct mr_decoder *other = mr_feed_decoder(mr_player_feed(p, g));
                if (other->venue != dec->venue)
                    continue;
                first &= g >= f;
                total += other->messages[k];
            }
            if (first && total)
                mr_json_out_u64(j, dec->venue->kinds[k].name, total);
        }
    }
    mr_json_out_end(j);
}

static void feed_json(const struct mr_player *p, uint32_t f, struct mr_json_out *j)
{
    const struct mr_feed_metrics *m = mr_player_feed_metrics(p, f);
    const struct mr_decoder *dec = mr_feed_decoder(mr_player_feed(p, f));
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "venue", dec->venue->name);
    mr_json_out_string(j, "product", dec->venue->products[dec->product].name);
    mr_json_out_object(j, "messages");
    for (uint32_t k = 1; k < MR_VENUE_KINDS_MAX && dec->venue->kinds[k].name; k++)
        if (dec->messages[k])
            mr_json_out_u64(j, dec->venue->kinds[k].name, dec->messages[k]);
    mr_json_out_end(j);
    mr_json_out_u64(j, "total", m->messages);
    mr_json_out_u64(j, "bodies", m->bodies);
    mr_json_out_u64(j, "malformed", m->malformed);
    mr_json_out_u64(j, "truncated", m->truncated);
    mr_json_out_u64(j, "inexact", m->inexact);
    mr_json_out_u64(j, "overflow", m->overflow);
    mr_json_out_u64(j, "range", m->range);
    mr_json_out_u64(j, "unknown", m->unknown);
    mr_json_out_u64(j, "no_symbol", m->no_symbol);
    mr_json_out_u64(j, "gaps", m->gaps);
    mr_json_out_u64(j, "held", m->held);
    mr_json_out_u64(j, "old", m->old);
    mr_json_out_u64(j, "refetched", m->refetched);
    mr_json_out_u64(j, "negative_lag", m->negative_lag);
    if (dec->shapes) {
        struct mr_shapes_stats shapes;
        mr_shapes_stats(dec->shapes, &shapes);
        mr_json_out_object(j, "shapes");
        mr_json_out_u64(j, "hits", shapes.hits);
        mr_json_out_u64(j, "misses", shapes.misses);
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}

static const char *feed_name(const struct mr_instrument *i, char *out, size_t bytes)
{
    const struct mr_venue *venue = mr_venue_by_id(i->venue);
    snprintf(out, bytes, "%s:%s", venue->name, venue->products[i->product].name);
    return out;
}

static void book_json(const struct mr_player *p, const struct mr_instrument *i, const struct mr_book *book,
                      struct mr_json_out *j)
{
    char name[64];
    struct mr_level level;
    (void)p;
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "feed", feed_name(i, name, sizeof name));
    mr_json_out_span(j, "symbol", (struct mr_span){(const uint8_t *)i->symbol, i->symbol_len});
    mr_json_out_bool(j, "live", mr_book_live(book));
    mr_json_out_bool(j, "crossed", mr_book_crossed(book));
    mr_json_out_u64(j, "seq", mr_book_seq(book));
    mr_json_out_u64(j, "bids", mr_book_count(book, false));
    mr_json_out_u64(j, "asks", mr_book_count(book, true));
    if (mr_book_level(book, false, 0, &level))
        mr_json_out_decimal(j, "bid", level.price, i->price_scale);
    if (mr_book_level(book, true, 0, &level))
        mr_json_out_decimal(j, "ask", level.price, i->price_scale);
    mr_json_out_end(j);
}

static void unknowns_json(const struct mr_unknowns *u, struct mr_json_out *j)
{
    mr_json_out_object(j, "unknown_kinds");
    for (uint32_t i = 0; i < u->count; i++)
        mr_json_out_u64(j, u->list[i].name, u->list[i].count);
    if (u->others)
        mr_json_out_u64(j, "(others)", u->others);
    mr_json_out_end(j);
}

static void refused(const struct mr_player *p, uint64_t *malformed, uint64_t *inexact, uint64_t *overflow,
                    uint64_t *range)
{
    *malformed = *inexact = *overflow = *range = 0;
    for (uint32_t f = 0; f < mr_player_feeds(p); f++) {
        const struct mr_feed_metrics *m = mr_player_feed_metrics(p, f);
        *malformed += m->malformed + m->truncated;
        *inexact += m->inexact;
        *overflow += m->overflow;
        *range += m->range;
    }
}

void mr_report_json(const struct mr_report *r, struct mr_text *text)
{
    const struct mr_player *p = r->player;
    struct mr_player_totals t;
    uint64_t malformed, inexact, overflow, range;
    struct mr_json_out j;
    mr_player_totals(p, &t);
    refused(p, &malformed, &inexact, &overflow, &range);
    mr_json_out_init(&j, text);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "total", t.messages);
    kinds_json(p, &j);
    mr_json_out_object(&j, "events");
    for (unsigned k = 1; k < MR_EVENT_KIND_COUNT; k++)
        if (t.events[k])
            mr_json_out_u64(&j, mr_event_kind_name(k), t.events[k]);
    mr_json_out_end(&j);
    mr_json_out_u64(&j, "malformed", malformed);
    mr_json_out_u64(&j, "inexact", inexact);
    mr_json_out_u64(&j, "overflow", overflow);
    mr_json_out_u64(&j, "range", range);
    mr_json_out_u64(&j, "unknown", t.unknown);
    unknowns_json(r->unknowns, &j);
    mr_json_out_u64(&j, "gaps", t.gaps);
    mr_json_out_u64(&j, "dropped", t.dropped);
    mr_json_out_object(&j, "books");
    mr_json_out_u64(&j, "total", t.books);
    mr_json_out_u64(&j, "live", t.books_live);
    mr_json_out_u64(&j, "crossed_messages", t.crossed);
    mr_json_out_u64(&j, "locked_messages", t.locked);
    mr_json_out_array(&j, "list");
    for (uint32_t id = 0; id < mr_instruments_count(mr_player_instruments(p)); id++) {
        const struct mr_book *book = mr_pipeline_book(mr_player_pipeline(r->player), id);
        if (book)
            book_json(p, mr_instruments_get(mr_player_instruments(p), id), book, &j);
    }
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    mr_json_out_object(&j, "checksums");
    mr_json_out_u64(&j, "verified", t.checksums);
    mr_json_out_u64(&j, "mismatched", t.mismatches);
    mr_json_out_end(&j);
    mr_json_out_object(&j, "signals");
    for (unsigned l = 1; l < MR_LEVEL_COUNT; l++)
        mr_json_out_u64(&j, mr_level_name(l), t.signals[l]);
    mr_json_out_u64(&j, "cascades", t.cascades);
    mr_json_out_end(&j);
    if (r->ns_per_message >= 0)
        mr_json_out_double(&j, "ns_per_message", r->ns_per_message);
    char events[MR_PLAYER_DIGEST_TEXT], signals[MR_PLAYER_DIGEST_TEXT];
    mr_player_digests(p, events, signals);
    if (events[0]) {
        mr_json_out_object(&j, "digests");
        mr_json_out_string(&j, "events", events);
        mr_json_out_string(&j, "signals", signals);
        mr_json_out_end(&j);
    }
    mr_json_out_u64(&j, "untimed_files", r->untimed);
    mr_json_out_u64(&j, "torn_files", r->torn);
    mr_json_out_u64(&j, "memory_bytes", t.memory_bytes);
    mr_json_out_array(&j, "feeds");
    for (uint32_t f = 0; f < mr_player_feeds(p); f++)
        feed_json(p, f, &j);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
}

static void feed_text(const struct mr_player *p, uint32_t f, struct mr_text *t)
{
    const struct mr_feed_metrics *m = mr_player_feed_metrics(p, f);
    const struct mr_decoder *dec = mr_feed_decoder(mr_player_feed(p, f));
    mr_text_format(t, "%s:%s  %llu messages", dec->venue->name, dec->venue->products[dec->product].name,
                   (unsigned long long)m->messages);
    if (m->bodies)
        mr_text_format(t, ", %llu REST bodies", (unsigned long long)m->bodies);
    mr_text_add(t, "\n ");
    for (uint32_t k = 1; k < MR_VENUE_KINDS_MAX && dec->venue->kinds[k].name; k++)
        if (dec->messages[k])
            mr_text_format(t, " %s %llu", dec->venue->kinds[k].name, (unsigned long long)dec->messages[k]);
    mr_text_format(t,
                   "\n  malformed %llu  truncated %llu  inexact %llu  overflow %llu  range %llu  unknown %llu  no "
                   "symbol %llu  gaps %llu\n",
                   (unsigned long long)m->malformed, (unsigned long long)m->truncated, (unsigned long long)m->inexact,
                   (unsigned long long)m->overflow, (unsigned long long)m->range, (unsigned long long)m->unknown,
                   (unsigned long long)m->no_symbol, (unsigned long long)m->gaps);
    if (m->negative_lag)
        mr_text_format(t, "  %llu messages were received before their venue's time: the clocks disagree\n",
                       (unsigned long long)m->negative_lag);
}

void mr_report_text(const struct mr_report *r, struct mr_text *t)
{
    struct mr_player_totals totals;
    mr_player_totals(r->player, &totals);
    for (uint32_t f = 0; f < mr_player_feeds(r->player); f++)
        feed_text(r->player, f, t);
    for (uint32_t i = 0; i < r->unknowns->count; i++)
        mr_text_format(t, "unknown kind \"%s\": %llu\n", r->unknowns->list[i].name,
                       (unsigned long long)r->unknowns->list[i].count);
    mr_text_add(t, "events ");
    for (unsigned k = 1; k < MR_EVENT_KIND_COUNT; k++)
        if (totals.events[k])
            mr_text_format(t, " %s %llu", mr_event_kind_name(k), (unsigned long long)totals.events[k]);
    mr_text_format(
        t, "\nbooks  %u, live %u; crossed after %llu messages, locked after %llu; checksums %llu, mismatched %llu\n",
        totals.books, totals.books_live, (unsigned long long)totals.crossed, (unsigned long long)totals.locked,
        (unsigned long long)totals.checksums, (unsigned long long)totals.mismatches);
    mr_text_add(t, "signals");
    for (unsigned l = 1; l < MR_LEVEL_COUNT; l++)
        mr_text_format(t, " %s %llu", mr_level_name(l), (unsigned long long)totals.signals[l]);
    mr_text_format(t, "; structural cascades %llu\n", (unsigned long long)totals.cascades);
    if (totals.dropped)
        mr_text_format(t, "DROPPED %llu groups between feed and engines\n", (unsigned long long)totals.dropped);
    if (r->untimed)
        mr_text_format(t, "%u file%s without receive times: the venue's times serve\n", r->untimed,
                       r->untimed == 1 ? "" : "s");
    if (r->torn)
        mr_text_format(t, "%u segment%s ended in a tear: all before it was played\n", r->torn, r->torn == 1 ? "" : "s");
    if (r->ns_per_message >= 0)
        mr_text_format(t, "%.0f ns a message\n", r->ns_per_message);
    char events[MR_PLAYER_DIGEST_TEXT], signals[MR_PLAYER_DIGEST_TEXT];
    mr_player_digests(r->player, events, signals);
    if (events[0])
        mr_text_format(t, "events  %s\nsignals %s\n", events, signals);
}
