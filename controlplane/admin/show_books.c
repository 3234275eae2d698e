/* Books: one line each, or one with its levels. */
#include <stdlib.h>

#include "controlplane/admin/show_priv.h"

struct row {
    struct mr_plane_book book;
    struct mr_instrument instrument;
    char product[48];
};

/* The next book image that holds something; its levels fit. */
static bool next_book(const struct mr_look *look, uint32_t *at, struct row *out)
{
    struct mr_region region;
    while (mr_look_next(look, at, "book/", MR_REGION_IMAGE, &region)) {
        struct mr_plane_book *b = &out->book;
        if (!mr_look_image(&region, b, sizeof *b) || !mr_look_instrument(look, b->instrument, &out->instrument))
            continue;
        b->bid_count = b->bid_count < MR_PLANE_BOOK_LEVELS ? b->bid_count : MR_PLANE_BOOK_LEVELS;
        b->ask_count = b->ask_count < MR_PLANE_BOOK_LEVELS ? b->ask_count : MR_PLANE_BOOK_LEVELS;
        mr_look_product(&out->instrument, out->product);
        return true;
    }
    return false;
}

static const char *state_of(const struct mr_plane_book *b)
{
    return !b->live ? "STALE" : b->crossed ? "CROSSED" : "live";
}

static void price_text(const struct mr_instrument *i, const struct mr_level *levels, uint32_t count,
                       char out[MR_DECIMAL_TEXT])
{
    snprintf(out, MR_DECIMAL_TEXT, "-");
    if (count)
        out[mr_decimal_text(levels[0].price, i->price_scale, out)] = 0;
}

static void head_json(struct mr_json_out *j, const struct row *r, const struct mr_look *look)
{
    char symbol[MR_SYMBOL_BYTES];
    mr_show_clean(symbol, sizeof symbol, r->instrument.symbol);
    mr_json_out_string(j, "product", r->product);
    mr_json_out_string(j, "symbol", symbol);
    mr_json_out_u64(j, "instrument", r->book.instrument);
    mr_json_out_bool(j, "live", r->book.live != 0);
    mr_json_out_bool(j, "crossed", r->book.crossed != 0);
    mr_json_out_u64(j, "bids", r->book.depth_bids);
    mr_json_out_u64(j, "asks", r->book.depth_asks);
    mr_json_out_u64(j, "seq", r->book.seq);
    mr_json_out_u64(j, "gaps", r->book.gaps);
    mr_json_out_i64(j, "venue_ns", r->book.venue_ns);
    mr_json_out_i64(j, "recv_ns", r->book.recv_ns);
    mr_json_out_i64(j, "age_ns", r->book.recv_ns > 0 ? look->now_ns - r->book.recv_ns : -1);
}

static void levels_json(struct mr_json_out *j, const char *key, const struct mr_level *levels, uint32_t count,
                        const struct mr_instrument *i)
{
    mr_json_out_array(j, key);
    for (uint32_t n = 0; n < count; n++) {
        mr_json_out_array(j, NULL);
        mr_json_out_decimal(j, NULL, levels[n].price, i->price_scale);
        mr_json_out_decimal(j, NULL, levels[n].size, i->size_scale);
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
}

static double spread_bp(const struct mr_plane_book *b)
{
    if (!b->bid_count || !b->ask_count || b->bids[0].price <= 0)
        return 0;
    return 1e4 * ((double)b->asks[0].price - (double)b->bids[0].price) / (double)b->bids[0].price;
}

static void row_text(const struct mr_show *s, const struct mr_look *look, const struct row *r)
{
    char bid[MR_DECIMAL_TEXT], ask[MR_DECIMAL_TEXT], raw[160], name[25];
    snprintf(raw, sizeof raw, "%s %s", r->product, r->instrument.symbol);
    mr_show_clean(name, sizeof name, raw);
    price_text(&r->instrument, r->book.bids, r->book.bid_count, bid);
    price_text(&r->instrument, r->book.asks, r->book.ask_count, ask);
    mr_show_row(s, "%-25s%11.11s %11.11s %7.2f %-7s %4s %10s", name, bid, ask, spread_bp(&r->book), state_of(&r->book),
                mr_short_of((double)r->book.gaps).text, mr_age_since(look->now_ns, r->book.recv_ns).text);
}

int mr_show_books(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct row r;
    int64_t newest = 0;
    uint32_t count = 0;
    (void)err;
    for (uint32_t at = 0; next_book(look, &at, &r);)
        newest = r.book.recv_ns > newest ? r.book.recv_ns : newest;
    mr_show_head(s, look, "book                             bid         ask  spr bp state   gaps", newest);
    if (s->json)
        mr_json_out_array(s->json, "books");
    for (uint32_t at = 0; next_book(look, &at, &r); count++) {
        if (s->json) {
            mr_json_out_object(s->json, NULL);
            head_json(s->json, &r, look);
            levels_json(s->json, "bid", r.book.bids, r.book.bid_count ? 1 : 0, &r.instrument);
            levels_json(s->json, "ask", r.book.asks, r.book.ask_count ? 1 : 0, &r.instrument);
            mr_json_out_end(s->json);
        } else if (!mr_show_full(s, count)) {
            row_text(s, look, &r);
        }
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, count);
    return MR_OK;
}

/* ---- one ---- */

/* BTCUSDT, or binance:usdm:BTCUSDT */
static bool is_wanted(const struct row *r, const char *wanted)
{
    size_t product = strlen(r->product);
    if (strcmp(r->instrument.symbol, wanted) == 0)
        return true;
    return strncmp(wanted, r->product, product) == 0 && wanted[product] == ':' &&
           strcmp(wanted + product + 1, r->instrument.symbol) == 0;
}

static void level_cell(char *out, size_t bytes, const struct mr_level *levels, uint32_t count, uint32_t n,
                       const struct mr_instrument *i, bool ask)
{
    char price[MR_DECIMAL_TEXT], size[MR_DECIMAL_TEXT];
    out[0] = 0;
    if (n >= count)
        return;
    price[mr_decimal_text(levels[n].price, i->price_scale, price)] = 0;
    size[mr_decimal_text(levels[n].size, i->size_scale, size)] = 0;
    if (ask)
        snprintf(out, bytes, "%-18.18s %18.18s", price, size);
    else
        snprintf(out, bytes, "%18.18s %18.18s", size, price);
}

static void ladder_text(const struct mr_show *s, const struct mr_look *look, const struct row *r, uint32_t levels)
{
    char symbol[MR_SYMBOL_BYTES], title[160], bid[40], ask[40];
    mr_show_clean(symbol, sizeof symbol, r->instrument.symbol);
    snprintf(title, sizeof title, "%s %.30s  %s  seq %llu  gaps %llu", r->product, symbol, state_of(&r->book),
             (unsigned long long)r->book.seq, (unsigned long long)r->book.gaps);
    mr_show_head(s, look, title, r->book.recv_ns);
    mr_show_row(s, "%18s %18s   %-18s %18s", "size", "bid", "ask", "size");
    for (uint32_t n = 0; n < levels && (n < r->book.bid_count || n < r->book.ask_count); n++) {
        level_cell(bid, sizeof bid, r->book.bids, r->book.bid_count, n, &r->instrument, false);
        level_cell(ask, sizeof ask, r->book.asks, r->book.ask_count, n, &r->instrument, true);
        mr_show_row(s, "%37s   %s", bid, ask);
    }
    mr_show_row(s, "%u bids, %u asks in the book", r->book.depth_bids, r->book.depth_asks);
}

int mr_show_book(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct row r;
    uint32_t found = 0;
    char *end = NULL;
    unsigned long levels = s->arg_count > 1 ? strtoul(s->args[1], &end, 10) : 10;
    if ((end && *end) || levels < 1 || levels > MR_PLANE_BOOK_LEVELS)
        return mr_err_set(err, MR_E_INVALID, "%.40s: want a number of levels from 1 to %d", s->args[1],
                          MR_PLANE_BOOK_LEVELS);
    if (s->json)
        mr_json_out_array(s->json, "books");
    for (uint32_t at = 0; next_book(look, &at, &r);) {
        if (!is_wanted(&r, s->args[0]))
            continue;
        found++;
        if (s->json) {
            mr_json_out_object(s->json, NULL);
            head_json(s->json, &r, look);
            levels_json(s->json, "bid", r.book.bids, r.book.bid_count < levels ? r.book.bid_count : (uint32_t)levels,
                        &r.instrument);
            levels_json(s->json, "ask", r.book.asks, r.book.ask_count < levels ? r.book.ask_count : (uint32_t)levels,
                        &r.instrument);
            mr_json_out_end(s->json);
        } else {
            ladder_text(s, look, &r, (uint32_t)levels);
        }
    }
    if (s->json)
        mr_json_out_end(s->json);
    return found ? MR_OK : mr_err_set(err, MR_E_EMPTY, "no book of \"%.64s\"; `show books` lists them", s->args[0]);
}
