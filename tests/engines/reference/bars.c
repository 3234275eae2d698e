#include "tests/engines/reference/bars.h"

#include "tests/support/support.h"

struct mr_bar bars_ref(const struct bars_ref_trade *trades, uint32_t count, uint32_t instrument, int64_t open_ns,
                       int64_t interval_ns)
{
    struct mr_bar bar = {.open_ns = open_ns, .interval_ns = interval_ns, .flags = MR_BAR_EMPTY};
    for (uint32_t i = 0; i < count; i++) {
        const struct bars_ref_trade *t = &trades[i];
        if (t->instrument != instrument || t->time_ns >= open_ns + interval_ns)
            continue;
        if (t->time_ns < open_ns) {
            bar.open = bar.high = bar.low = bar.close = t->price; /* the last price before it */
            continue;
        }
        if (bar.flags & MR_BAR_EMPTY)
            bar.open = bar.high = bar.low = t->price;
        bar.flags = 0;
        bar.high = t->price > bar.high ? t->price : bar.high;
        bar.low = t->price < bar.low ? t->price : bar.low;
        bar.close = t->price;
        bar.volume += t->size;
        bar.buy_volume += t->sell ? 0 : t->size;
        bar.notional_micro += t->micro;
        bar.trades++;
    }
    return bar;
}

void bars_ref_same(const struct mr_bar *got, const struct mr_bar *want)
{
    assert_int_equal(got->open_ns, want->open_ns);
    assert_int_equal(got->interval_ns, want->interval_ns);
    assert_int_equal(got->open, want->open);
    assert_int_equal(got->high, want->high);
    assert_int_equal(got->low, want->low);
    assert_int_equal(got->close, want->close);
    assert_int_equal(got->volume, want->volume);
    assert_int_equal(got->buy_volume, want->buy_volume);
    assert_int_equal(got->notional_micro, want->notional_micro);
    assert_int_equal(got->trades, want->trades);
    assert_int_equal(got->flags & MR_BAR_EMPTY, want->flags & MR_BAR_EMPTY);
}
