#include "controlplane/admin/top.h"

#include <stdio.h>

/* clang-format off */
static const struct { mr_show_fn *show; uint32_t share; /* of the lines, in tenths */ } panels[MR_TOP_PANELS] = {
    {mr_show_tiles, 1}, {mr_show_connections, 2}, {mr_show_books, 2}, {mr_show_latency, 2},
    {mr_show_velocity, 1}, {mr_show_volatility, 0}, {mr_show_signals, 1}, {mr_show_trading, 2},
};
/* clang-format on */

static void title(const struct mr_look *look, struct mr_text *out)
{
    char instance[32], day[40];
    struct mr_text one;
    mr_show_clean(instance, sizeof instance, look->info.instance);
    mr_text_init(&one, day, sizeof day);
    mr_text_time(&one, look->now_ns);
    mr_text_format(out, "millrace %s  pid %u  %s  epoch %llu  %.10s %.8s UTC\n", instance, look->info.pid,
                   mr_look_alive(look) ? "running" : "DEAD: this is what it left", (unsigned long long)look->info.epoch,
                   day, day + 11);
}

void mr_top_frame(const struct mr_look *look, uint32_t lines, unsigned only, bool mark, struct mr_text *out)
{
    struct mr_err err;
    /* a title, and for each panel a heading and perhaps a line that says there is more; two rows for regime and volatility */
    uint32_t fixed = 1 + 2 * MR_TOP_PANELS + 1, spare = lines > fixed ? lines - fixed : 0;
    title(look, out);
    for (unsigned i = 0; i < MR_TOP_PANELS; i++) {
        struct mr_show s = {.out = out, .mark = mark};
        if (only && only != i + 1)
            continue;
        if (lines)
            s.rows = only ? (lines > 4 ? lines - 4 : 1) : 1 + spare * panels[i].share / 10;
        panels[i].show(&s, look, &err);
    }
}
