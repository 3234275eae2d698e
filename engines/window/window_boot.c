#include "engines/window/window.h"
#include "engines/window/window_priv.h"

static uint32_t longest_ms(const struct mr_window_config *config)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < MR_WINDOWS_MAX && config->windows_ms[i]; i++)
        longest = config->windows_ms[i] > longest ? config->windows_ms[i] : longest;
    return longest;
}

/* Cells a window of W can see: W / 100 ms whole ones and one at each end. So a new cell never takes the place of one
 * that still reaches into the longest window. */
static uint32_t cells(const struct mr_window_config *config)
{
    return longest_ms(config) / (uint32_t)(MR_WINDOW_CELL_NS / 1000000) + 2;
}

static uint32_t peaks(const struct mr_window_config *config) { return config->peaks ? config->peaks : PEAKS_DEFAULT; }

static void check(const struct mr_window_config *config)
{
    MR_ASSERT(config->events >= 16 && config->events <= 1u << 20 && (config->events & (config->events - 1)) == 0);
    MR_ASSERT(config->windows_ms[0] != 0 && peaks(config) >= 2);
    for (uint32_t i = 0; i < MR_WINDOWS_MAX && config->windows_ms[i]; i++)
        MR_ASSERT(config->windows_ms[i] <= MR_WINDOW_MS_MAX && config->windows_ms[i] % 100 == 0);
}

size_t mr_window_bytes(const struct mr_window_config *config)
{
    check(config);
    return sizeof(struct mr_window) + config->events * sizeof(struct window_event) +
           cells(config) * sizeof(struct window_cell) + peaks(config) * sizeof(struct mr_peak_entry);
}

struct mr_window *mr_window_init(void *mem, const struct mr_window_config *config)
{
    check(config);
    struct mr_window *window = mem;
    memset(window, 0, sizeof(*window));
    window->now_ns = window->advanced_ns = INT64_MIN;
    window->event_mask = config->events - 1;
    window->cell_count = cells(config);
    window->events = (struct window_event *)(window + 1);
    window->cells = (struct window_cell *)(window->events + config->events);
    mr_peak_init(&window->peak, (struct mr_peak_entry *)(window->cells + window->cell_count), peaks(config));
    for (uint32_t i = 0; i < MR_WINDOWS_MAX && config->windows_ms[i]; i++) {
        window->cursor[i].width_ns = (int64_t)config->windows_ms[i] * 1000000;
        window->cursor[i].cutoff_ns = INT64_MIN;
        if (config->windows_ms[i] > config->windows_ms[window->longest])
            window->longest = i;
        window->cursors++;
    }
    return window;
}
