#include "controlplane/cmd/view.h"

#include <stdio.h>

#define BOOKS_SHOWN 10

void mr_view_signal(struct mr_view *view, const struct mr_signal *signal)
{
    if (signal->kind == MR_SIGNAL_CASCADE_UPDATE)
        return; /* the start and the end are news enough */
    memmove(view->signals + 1, view->signals, sizeof view->signals - sizeof view->signals[0]);
    view->signals[0] = *signal;
    if (view->signal_count < MR_VIEW_SIGNALS)
        view->signal_count++;
}

static void heading(const struct mr_view *view, struct mr_text *t, const char *text)
{
    mr_text_format(t, view->colour ? "\x1b[1m%s\x1b[0m\n" : "%s\n", text);
}

static void draw_feeds(struct mr_view *view, const struct mr_player *p, double seconds, struct mr_text *t)
{
    heading(view, t, "feed                messages   msg/s  lag p50 ms    gaps  refused  unknown");
    for (uint32_t i = 0; i < mr_player_feeds(p); i++) {
        const struct mr_feed_metrics *m = mr_player_feed_metrics(p, i);
        const struct mr_decoder *dec = mr_feed_decoder(mr_player_feed(p, i));
        char name[48], lag[24] = "-";
        snprintf(name, sizeof name, "%s:%s", dec->venue->name, dec->venue->products[dec->product].name);
        const struct mr_hist *h = (const struct mr_hist *)&m->lag_ns;
        if (mr_hist_count(h))
            snprintf(lag, sizeof lag, "%.1f", (double)mr_hist_percentile(h, 0.5) / 1e6);
        else if (m->negative_lag)
            snprintf(lag, sizeof lag, "negative");
        double rate = seconds > 0 ? (double)(m->messages - view->last_messages[i]) / seconds : 0;
        mr_text_format(t, "%-18s %9llu %7.0f  %10s %7llu %8llu %8llu\n", name, (unsigned long long)m->messages, rate,
                       lag, (unsigned long long)m->gaps,
                       (unsigned long long)(m->malformed + m->truncated + m->inexact + m->overflow + m->range),
                       (unsigned long long)m->unknown);
        view->last_messages[i] = m->messages;
    }
}

static void draw_book(struct mr_text *t, const struct mr_instrument *i, const struct mr_book *book)
{
    const struct mr_venue *venue = mr_venue_by_id(i->venue);
    struct mr_level bid = {0}, ask = {0};
    char name[64], b[MR_DECIMAL_TEXT] = "-", a[MR_DECIMAL_TEXT] = "-";
    if (mr_book_level(book, false, 0, &bid))
        mr_decimal_text(bid.price, i->price_scale, b);
    if (mr_book_level(book, true, 0, &ask))
        mr_decimal_text(ask.price, i->price_scale, a);
    double spread_bp = bid.price > 0 && ask.price > 0 ? 1e4 * (double)(ask.price - bid.price) / (double)bid.price : 0;
    snprintf(name, sizeof name, "%.11s:%.8s %.32s", venue->name, venue->products[i->product].name, i->symbol);
    mr_text_format(t, "%-26.26s %11.11s %11.11s %8.3f %5u/%-5u %s\n", name, b, a, spread_bp, mr_book_count(book, false),
                   mr_book_count(book, true),
                   !mr_book_live(book)     ? "STALE"
                   : mr_book_crossed(book) ? "CROSSED"
                                           : "live");
}

static void draw_books(const struct mr_view *view, struct mr_player *p, struct mr_text *t)
{
    const struct mr_instruments *table = mr_player_instruments(p);
    uint32_t shown = 0, more = 0;
    heading(view, t, "book                               bid         ask spread bp  bids/asks");
    for (uint32_t id = 0; id < mr_instruments_count(table); id++) {
        const struct mr_book *book = mr_pipeline_book(mr_player_pipeline(p), id);
        if (book && shown++ < BOOKS_SHOWN)
            draw_book(t, mr_instruments_get(table, id), book);
        else
            more += book != NULL;
    }
    if (more)
        mr_text_format(t, "... and %u more\n", more);
}

static void draw_rates(struct mr_text *t, const char *what, const char *name, struct mr_velocity *v, uint32_t u)
{
    struct mr_velocity_view r;
    if (!v || !mr_velocity_underlying(v, u, &r) || r.windows < 5)
        return;
    mr_text_format(t, "%-6s %-5.5s", what, name);
    for (int w = 0; w < 5; w++)
        mr_text_format(t, " %7.1f", r.window[w].per_s);
    mr_text_format(t, " %7.1f %8.3f %.11s\n", r.events.acceleration, r.window[3].usd_per_s / 1e6,
                   r.leading_venue ? mr_venue_by_id(r.leading_venue)->name : "-");
}

static void draw_velocity(const struct mr_view *view, struct mr_player *p, struct mr_text *t)
{
    const struct mr_instruments *table = mr_player_instruments(p);
    heading(view, t, "rates/s        0.1 s   0.5 s     2 s    10 s    60 s   accel  M USD/s leads");
    uint32_t n = mr_instruments_underlyings(table);
    for (uint32_t u = 0; u < n && u < 4; u++) {
        const char *name = mr_instruments_underlying_name(table, (uint16_t)u);
        draw_rates(t, "liq.", name, mr_pipeline_velocity(mr_player_pipeline(p)), u);
        draw_rates(t, "trades", name, mr_pipeline_flow(mr_player_pipeline(p)), u);
    }
}

static void draw_volatility(struct mr_player *p, struct mr_text *t)
{
    struct mr_volatility_view v;
    mr_volatility_query(mr_pipeline_volatility(mr_player_pipeline(p)), &v);
    mr_text_format(t, "volatility %%  1m %.3f  5m %.3f  15m %.3f  1h %.3f  %s x%.2f%s\n", v.vol[0], v.vol[1], v.vol[2],
                   v.vol[3], mr_regime_name(v.regime), v.multiplier,
                   v.flags & MR_VOLATILITY_WARMING ? "  (warming)" : "");
}

static void draw_signals(const struct mr_view *view, const struct mr_player *p, struct mr_text *t)
{
    struct mr_player_totals totals;
    char title[128];
    mr_player_totals(p, &totals);
    snprintf(title, sizeof title, "signals  watch %llu  alert %llu  critical %llu  extreme %llu   cascades %llu",
             (unsigned long long)totals.signals[MR_LEVEL_WATCH], (unsigned long long)totals.signals[MR_LEVEL_ALERT],
             (unsigned long long)totals.signals[MR_LEVEL_CRITICAL],
             (unsigned long long)totals.signals[MR_LEVEL_EXTREME], (unsigned long long)totals.cascades);
    heading(view, t, title);
    for (uint32_t i = 0; i < view->signal_count; i++) {
        char line[512];
        struct mr_text one;
        mr_text_init(&one, line, sizeof line);
        mr_signal_text(&one, &view->signals[i]);
        mr_text_format(t, "%.8s%.70s\n", line + 11, line + 30); /* the time of day will do: day, fraction and zone go */
    }
    if (!view->signal_count)
        mr_text_add(t, "none so far\n");
}

static void draw_clock(struct mr_text *t, int64_t ns)
{
    char full[40];
    struct mr_text one;
    mr_text_init(&one, full, sizeof full);
    mr_text_time(&one, ns);
    mr_text_format(t, "%.10s %.12s", full, full + 11);
}

void mr_view_draw(struct mr_view *view, struct mr_player *p, int64_t wall_ns, struct mr_text *t)
{
    double seconds = (double)(wall_ns - view->last_ns) / 1e9;
    int64_t engine_ns = mr_pipeline_time(mr_player_pipeline(p));
    mr_text_format(t, "%s  %.0f s  engine time ", view->title, (double)(wall_ns - view->begun_ns) / 1e9);
    if (engine_ns == INT64_MIN)
        mr_text_add(t, "-");
    else
        draw_clock(t, engine_ns);
    mr_text_add(t, "\n\n");
    draw_feeds(view, p, seconds, t);
    mr_text_add(t, "\n");
    draw_books(view, p, t);
    mr_text_add(t, "\n");
    draw_velocity(view, p, t);
    draw_volatility(p, t);
    mr_text_add(t, "\n");
    draw_signals(view, p, t);
    view->last_ns = wall_ns;
}

void mr_view_line(struct mr_view *view, struct mr_player *p, int64_t wall_ns, struct mr_text *t)
{
    struct mr_player_totals totals;
    struct mr_volatility_view v;
    mr_player_totals(p, &totals);
    mr_volatility_query(mr_pipeline_volatility(mr_player_pipeline(p)), &v);
    uint64_t events = 0;
    for (unsigned k = 1; k < MR_EVENT_KIND_COUNT; k++)
        events += totals.events[k];
    mr_text_format(
        t, "%4.0f s  %llu messages  %llu events  books %u/%u live  gaps %llu  refused %llu  regime %s  alerts %llu\n",
        (double)(wall_ns - view->begun_ns) / 1e9, (unsigned long long)totals.messages, (unsigned long long)events,
        totals.books_live, totals.books, (unsigned long long)totals.gaps, (unsigned long long)totals.refused,
        mr_regime_name(v.regime),
        (unsigned long long)(totals.signals[MR_LEVEL_ALERT] + totals.signals[MR_LEVEL_CRITICAL] +
                             totals.signals[MR_LEVEL_EXTREME]));
    view->last_ns = wall_ns;
}
