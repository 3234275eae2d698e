/* Open interest and funding of an underlying, from those of its instruments.
 *
 * Change of open interest: each instrument's own, in the venue's own unit (so that a price move is no change), between
 * now and its last value at or before one minute ago. The underlying's is their mean weighted by open interest in USD:
 * the venue's figure where it sends one, else the amount at the instrument's last mark or liquidation price.
 * Instruments without a USD value count only where none of the underlying has one, and then equally. Funding: the mean
 * of the last rates by the same weights (the usual "OI-weighted funding"), each scaled to 8 hours where its interval is
 * known. Values older than the configured age are left out. Both are made anew once a second at a tick, and at each of
 * their events. */
#include "engines/signal/signal_priv.h"

#define REFRESH_NS 1000000000ll
#define HOURS_8_NS (8 * 3600 * 1000000000ll)

static double value_of(int64_t mantissa, int exponent)
{
    double value;
    if (exponent <= 0 && exponent >= -MR_SCALE_MAX)
        return mr_decimal_double(mantissa, -exponent);
    for (value = (double)mantissa; exponent > 0; exponent--)
        value *= 10;
    for (; exponent < 0; exponent++)
        value /= 10;
    return value;
}

static double multiplier_of(const struct mr_instrument *instrument)
{
    if (instrument->multiplier <= 0 || instrument->multiplier_scale < 0 || instrument->multiplier_scale > MR_SCALE_MAX)
        return 1;
    return mr_decimal_double(instrument->multiplier, instrument->multiplier_scale);
}

static double usd_of(const struct mr_event *ev, const struct mr_instrument *instrument, double value, double price)
{
    if (ev->aux > 0)
        return (double)ev->aux / 1e6;
    if (ev->size == MR_OI_CONTRACTS)
        return value * multiplier_of(instrument) * (instrument->flags & MR_INSTRUMENT_INVERSE ? 1 : price);
    return value * price * (ev->size == MR_OI_BASE_BOTH_SIDES ? 0.5 : 1);
}

/* One sample a second: a later one of the same second replaces it, so 64 cover more than a minute of any feed. */
static void oi_remember(struct mr_signal_instrument *i, int64_t now, double value)
{
    uint32_t last = (i->oi_head + MR_SIGNAL_OI_SAMPLES - 1) % MR_SIGNAL_OI_SAMPLES;
    if (i->oi_count && i->oi[last].at_ns / 1000000000 == now / 1000000000) {
        i->oi[last] = (struct mr_signal_oi_sample){now, value};
        return;
    }
    i->oi[i->oi_head] = (struct mr_signal_oi_sample){now, value};
    i->oi_head = (i->oi_head + 1) % MR_SIGNAL_OI_SAMPLES;
    i->oi_count += i->oi_count < MR_SIGNAL_OI_SAMPLES;
}

/* False: no fresh value, none old enough, or one too old, to compare. */
static bool oi_change_of(const struct mr_signal_config *config, const struct mr_signal_instrument *i, int64_t now,
                         double *change)
{
    if (!i->oi_count || now - i->oi_at_ns > config->oi_stale_ns)
        return false;
    uint32_t at = (i->oi_head + MR_SIGNAL_OI_SAMPLES - 1) % MR_SIGNAL_OI_SAMPLES;
    double latest = i->oi[at].value;
    for (uint32_t n = 0; n < i->oi_count; n++, at = (at + MR_SIGNAL_OI_SAMPLES - 1) % MR_SIGNAL_OI_SAMPLES) {
        int64_t age = now - i->oi[at].at_ns;
        if (age < config->oi_window_ns)
            continue;
        if (age > config->oi_window_ns + config->oi_stale_ns || !(i->oi[at].value > 0))
            return false;
        *change = (latest - i->oi[at].value) / i->oi[at].value;
        return true;
    }
    return false;
}

/* A mean with weights, and without where nobody has one. */
struct mean {
    double weighted, weights, plain;
    uint32_t count;
};

static void mean_add(struct mean *m, double value, double weight)
{
    m->weighted += value * weight;
    m->weights += weight;
    m->plain += value;
    m->count++;
}

static bool mean_get(const struct mean *m, double *out)
{
    if (!m->count)
        return false;
    *out = m->weights > 0 ? m->weighted / m->weights : m->plain / m->count;
    return true;
}

void mr_signal_market_refresh(struct mr_signals *s, uint32_t under_slot, int64_t now)
{
    struct mr_signal_under *u = &s->under[under_slot];
    struct mean oi = {0}, funding = {0};
    for (uint32_t n = 0; n < s->saved->instruments; n++) {
        if (s->under_of_instrument[n] != under_slot)
            continue;
        const struct mr_signal_instrument *i = &s->instrument[n];
        double change;
        if (oi_change_of(&s->config, i, now, &change))
            mean_add(&oi, change, i->oi_usd);
        if (i->funding_at_ns && now - i->funding_at_ns <= s->config.funding_stale_ns)
            mean_add(&funding, i->funding, i->oi_usd);
    }
    memset(&u->market, 0, sizeof u->market);
    u->market.has_oi = mean_get(&oi, &u->market.oi_change);
    u->market.has_funding = mean_get(&funding, &u->market.funding);
    u->market_due_ns = now + REFRESH_NS;
}

static struct mr_signal_instrument *slot_for(struct mr_signals *s, const struct mr_instrument *instrument)
{
    if (mr_unlikely(instrument->id >= s->config.instruments_max)) {
        MR_COUNT(s->metrics, unfollowed, 1);
        return NULL;
    }
    uint32_t slot = s->slot_of_instrument[instrument->id];
    if (mr_unlikely(slot == MR_SIGNAL_NO_SLOT))
        slot = mr_signal_claim_instrument(s, instrument);
    return &s->instrument[slot];
}

void mr_signal_market_apply(struct mr_signals *s, const struct mr_event *ev, const struct mr_instrument *instrument,
                            uint32_t under_slot, int64_t now)
{
    struct mr_signal_instrument *i = slot_for(s, instrument);
    if (!i)
        return;
    s->under_of_instrument[i - s->instrument] = (uint16_t)under_slot;
    double value = value_of(ev->price, ev->exponent);
    if (ev->kind == MR_EVENT_FUNDING) {
        bool scaled = s->config.funding_per_8h && ev->size > 0;
        i->funding = scaled ? value * ((double)HOURS_8_NS / (double)ev->size) : value;
        i->funding_at_ns = now;
    } else {
        if (i->oi_unit != (uint32_t)ev->size) /* another unit: the old values do not compare */
            i->oi_count = i->oi_head = 0;
        i->oi_unit = (uint32_t)ev->size;
        double usd = usd_of(ev, instrument, value, i->price);
        i->oi_usd = usd > 0 && __builtin_isfinite(usd) ? usd : 0;
        i->oi_at_ns = now;
        oi_remember(i, now, value);
    }
    mr_signal_market_refresh(s, under_slot, now);
}

/* Remembers the instrument's price, for instruments whose open interest or funding is followed at all. */
void mr_signal_market_price(struct mr_signals *s, const struct mr_event *ev, const struct mr_instrument *instrument)
{
    if (instrument->id >= s->config.instruments_max)
        return;
    uint32_t slot = s->slot_of_instrument[instrument->id];
    if (slot == MR_SIGNAL_NO_SLOT)
        return;
    double price =
        ev->kind == MR_EVENT_MARK ? value_of(ev->price, ev->exponent) : value_of(ev->price, -instrument->price_scale);
    if (price > 0)
        s->instrument[slot].price = price;
}
