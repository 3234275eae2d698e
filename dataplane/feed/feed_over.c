/* Several sessions of a route: what is recorded of their merge, and how one takes over from another before a planned end (make before break).
 *
 *     planned end near   the spare is dialled, merging begins
 *     spare live         and a while more, so that all that was on its way by the old one alone has come
 *     taken over         the old one closes and is the spare; merging ends
 *
 * The spare gives up where the old one, having ended meanwhile, is live again before it. */
#include <stdio.h>

#include "dataplane/feed/feed_tile_priv.h"
#include "dataplane/feed/since.h"

#define OVERLAP_NS 1000000000ll

bool mr_feed_tile_has_peer(const struct mr_feed_route *route)
{
    const struct mr_feed_product *p = route->product;
    for (uint32_t r = 0; r < p->route_count; r++)
        if (&p->routes[r] != route && p->routes[r].row == route->row && p->routes[r].open)
            return true;
    return false;
}

/* ---- merging, and its notes in the recording ---- */

static void put_note(struct mr_feed_tile_state *t, struct mr_feed_product *p, const char *text, int64_t now_ns)
{
    mr_feed_tile_record(t, p,
                        &(struct mr_capture_record){.recv_ns = now_ns,
                                                    .kind = MR_CAPTURE_NOTE,
                                                    .clock = MR_CLOCK_TSC,
                                                    .data = (const uint8_t *)text,
                                                    .len = (uint32_t)strlen(text)});
}

static MR_COLD void put_merge(struct mr_feed_tile_state *t, struct mr_feed_product *p, bool on, int64_t now_ns)
{
    char text[48];
    snprintf(text, sizeof text, "merge %d %lld", on, on ? (long long)p->config->merge_wait_ns : 0);
    put_note(t, p, text, now_ns);
}

/* Before a product's first record: which of its connections are open already, where recording begins in mid-run; and that it merges, from here
 * on with nothing of what was before. */
MR_COLD void mr_feed_tile_note_since(struct mr_feed_tile_state *t, struct mr_feed_product *p)
{
    struct mr_since since = {.merging = p->merging, .wait_ns = p->merging ? p->config->merge_wait_ns : 0};
    char text[MR_SINCE_TEXT];
    const int64_t now_ns = mr_clock_now(&t->clock);
    p->noted = true;
    since.count = mr_feed_connections(p->feed, since.lane);
    if (since.count) {
        mr_since_text(&since, text);
        put_note(t, p, text, now_ns);
    }
    if (p->merging)
        put_merge(t, p, true, now_ns);
}

void mr_feed_tile_merge(struct mr_feed_product *p, bool on, int64_t now_ns)
{
    if (p->merging == on)
        return;
    put_merge(p->tile, p, on, now_ns);
    p->merging = on;
    mr_feed_merge(p->feed, on, p->config->merge_wait_ns);
}

void mr_feed_tile_merge_due(struct mr_feed_tile_state *t, int64_t now_ns)
{
    bool recording = t->config.record.mem && mr_record_on(t->config.recording);
    for (uint32_t i = 0; i < t->config.product_count; i++) {
        struct mr_feed_product *p = &t->products[i];
        p->noted &= recording; /* the next recording has to be told too */
        if (!p->merging || mr_feed_due_ns(p->feed) > now_ns)
            continue;
        put_note(t, p, "due", now_ns);
        mr_feed_due(p->feed, now_ns);
    }
}

/* ---- make before break ---- */

static struct mr_feed_route *spare_of(const struct mr_feed_route *route)
{
    const struct mr_feed_product *p = route->product;
    for (uint32_t r = 0; r < p->route_count; r++)
        if (p->routes[r].row == route->row && p->routes[r].parked)
            return &p->routes[r];
    return NULL;
}

static bool has_live_peer(const struct mr_feed_route *route)
{
    const struct mr_feed_product *p = route->product;
    for (uint32_t r = 0; r < p->route_count; r++)
        if (&p->routes[r] != route && p->routes[r].row == route->row &&
            mr_session_state(p->routes[r].session) == MR_SESSION_LIVE)
            return true;
    return false;
}

/* Where there are several connections one may end while another lives, and waits for that; else the spare is to take over. */
bool mr_feed_tile_planned(void *arg, struct mr_session *session, const char *why)
{
    struct mr_feed_route *route = arg;
    struct mr_feed_route *spare = spare_of(route);
    int64_t now_ns = mr_clock_now(&route->tile->clock);
    (void)session;
    (void)why;
    if (route->product->config->connections > 1)
        return !has_live_peer(route);
    if (!spare || route->relief)
        return false;
    mr_feed_tile_merge(route->product, true, now_ns);
    route->relief = spare;
    route->relief_ns = 0;
    spare->parked = false;
    mr_session_pause(spare->session, false, now_ns);
    return true;
}

static void park(struct mr_feed_route *route, int64_t now_ns)
{
    route->parked = true;
    mr_session_pause(route->session, true, now_ns);
}

static bool relieving(const struct mr_feed_product *p)
{
    for (uint32_t r = 0; r < p->route_count; r++)
        if (p->routes[r].relief)
            return true;
    return false;
}

static void ended(struct mr_feed_route *route, int64_t now_ns)
{
    route->relief = NULL;
    if (route->product->config->connections <= 1 && !relieving(route->product))
        mr_feed_tile_merge(route->product, false, now_ns);
}

static void over(struct mr_feed_tile_state *t, struct mr_feed_route *route, int64_t now_ns)
{
    struct mr_feed_route *spare = route->relief;
    if (mr_session_state(spare->session) == MR_SESSION_LIVE) {
        if (route->relief_ns == 0)
            route->relief_ns = now_ns;
        if (now_ns - route->relief_ns < OVERLAP_NS)
            return;
        park(route, now_ns);
        MR_COUNT(t->metrics, relieved, 1);
        ended(route, now_ns);
        return;
    }
    route->relief_ns = 0;
    struct mr_session_view view;
    mr_session_view(route->session, &view);
    if (mr_session_state(route->session) != MR_SESSION_LIVE || view.closing)
        return;
    park(spare, now_ns); /* the old one has ended, and is back before it */
    MR_COUNT(t->metrics, unrelieved, 1);
    ended(route, now_ns);
}

void mr_feed_tile_over(struct mr_feed_tile_state *t, int64_t now_ns)
{
    for (uint32_t i = 0; i < t->connections; i++)
        if (mr_unlikely(t->by_connection[i]->relief != NULL))
            over(t, t->by_connection[i], now_ns);
}
