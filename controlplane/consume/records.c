/* What lies in the taps, as public records. */
#include "controlplane/consume/consume_priv.h"

static_assert(sizeof(struct millrace_level) == sizeof(struct mr_level) &&
                  offsetof(struct millrace_level, size) == offsetof(struct mr_level, size),
              "levels are given where they lie");
static_assert((int)MILLRACE_TRADE == (int)MR_EVENT_TRADE && (int)MILLRACE_REFERENCE == (int)MR_EVENT_REFERENCE &&
                  (int)MR_EVENT_KIND_COUNT <= (int)MILLRACE_SIGNAL,
              "kinds have one numbering");
static_assert((int)MILLRACE_SELL == (int)MR_FLAG_SELL && (int)MILLRACE_LAST == (int)MR_FLAG_LAST &&
                  (int)MILLRACE_SNAPSHOT == (int)MR_FLAG_SNAPSHOT && (int)MILLRACE_CAUTION == (int)MR_FLAG_CAUTION,
              "flags have one numbering");

const char *millrace_kind_name(uint32_t kind)
{
    switch (kind) {
    case MILLRACE_SIGNAL:
        return "signal";
    case MILLRACE_LAPPED:
        return "lapped";
    case MILLRACE_RESTARTED:
        return "restarted";
    default:
        return kind > 0 && kind < MR_EVENT_KIND_COUNT ? mr_event_kind_name(kind) : "?";
    }
}

const char *millrace_level_name(uint32_t level)
{
    static const char *const names[] = {"NONE", "WATCH", "ALERT", "CRITICAL", "EXTREME"};
    return level < MR_COUNT_OF(names) ? names[level] : "?";
}

const char *millrace_status_name(int64_t status)
{
    static const char *const names[] = {"live", "stale", "dead", "halted", "notice", "tick"};
    static_assert(MR_COUNT_OF(names) == MR_STATUS_TICK + 1, "a name a status");
    return status >= 0 && status < (int64_t)MR_COUNT_OF(names) ? names[status] : "?";
}

const char *millrace_channel_name(int64_t channel)
{
    static const char *const names[] = {"trades",   "best",      "depth",   "liquidations", "marks",
                                        "fundings", "interests", "candles", "control"};
    static_assert(1 << (MR_COUNT_OF(names) - 1) == MR_CONTROL, "a name a channel");
    for (size_t i = 0; i < MR_COUNT_OF(names); i++)
        if (channel == 1ll << i)
            return names[i];
    return channel ? "?" : "all";
}

const char *millrace_cause_name(int64_t cause)
{
    static const char *const names[] = {"sequence", "checksum",    "disconnect", "ring_full",
                                        "crossed",  "buffer_full", "operator"};
    static_assert(MR_COUNT_OF(names) == MR_GAP_CAUSE_COUNT, "a name a cause");
    return cause >= 0 && cause < (int64_t)MR_COUNT_OF(names) ? names[cause] : "?";
}

/* Levels with size 0 stand in a BBO for "none". */
static void take_book(struct millrace *m, const struct mr_book_head *head)
{
    struct millrace_record *r = &m->record;
    const struct millrace_level *levels = (const struct millrace_level *)(const void *)&m->slots[1];
    bool numbered =
        !(head->book_flags & MR_BOOK_TOUCH); /* else these two hold prices, for the book to check itself by */
    m->book = (struct millrace_book){
        .first_seq = numbered ? head->first_seq : head->seq,
        .prev_seq = numbered ? head->prev_seq : 0,
        .bid_count = head->bid_count,
        .ask_count = head->ask_count,
        .bids = levels,
        .asks = levels + head->bid_count,
        .flags = head->book_flags &
                 (MILLRACE_BOOK_KEEPALIVE | MILLRACE_BOOK_RESET | MILLRACE_BOOK_PARTIAL | MILLRACE_BOOK_NO_SIZES),
    };
    if (r->kind == MILLRACE_BBO) {
        m->book.bid_count = head->bid_count > 0 && m->book.bids[0].size != 0;
        m->book.ask_count = head->ask_count > 0 && m->book.asks[0].size != 0;
    }
    r->book = &m->book;
}

static void take_candle(struct millrace *m, const struct mr_candle *c)
{
    m->candle = (struct millrace_candle){
        .open = c->open,
        .high = c->high,
        .low = c->low,
        .close = c->close,
        .volume = c->volume,
        .open_ns = c->open_ns,
        .interval_s = c->interval_s,
        .trades = c->trades,
        .closed = c->closed,
    };
    m->record.price = c->close;
    m->record.size = c->volume;
    m->record.candle = &m->candle;
}

/* Kinds that carry their own exponent. */
static void take_value(struct millrace_record *r, const struct mr_event *ev)
{
    r->price = ev->price;
    r->price_scale = -ev->exponent;
    if (ev->kind == MR_EVENT_FUNDING) {
        r->interval_ns = ev->size;
        r->next_ns = ev->aux;
    } else if (ev->kind == MR_EVENT_OPEN_INTEREST) {
        r->unit = (uint32_t)ev->size;
        r->micro_quote = ev->aux;
    }
}

static void take_event(struct millrace *m, const struct mr_event *ev)
{
    struct millrace_record *r = &m->record;
    switch (ev->kind) {
    case MR_EVENT_TRADE:
    case MR_EVENT_LIQUIDATION:
        r->price = ev->price;
        r->size = ev->size;
        r->micro_quote = ev->aux;
        break;
    case MR_EVENT_MARK:
    case MR_EVENT_INDEX:
    case MR_EVENT_FUNDING:
    case MR_EVENT_OPEN_INTEREST:
        take_value(r, ev);
        break;
    case MR_EVENT_STATUS:
    case MR_EVENT_GAP:
        r->seq = 0;
        r->detail[0] = ev->price;
        r->detail[1] = ev->size;
        r->detail[2] = ev->aux;
        r->detail[3] = (int64_t)ev->seq;
        break;
    case MR_EVENT_TICK:
        r->detail[0] = (int64_t)ev->seq;
        break;
    case MR_EVENT_REFERENCE:
        r->price = ev->price;
        r->price_scale = 8;
        memcpy(&r->volatility, &ev->aux, sizeof r->volatility);
        break;
    default:
        break;
    }
}

static bool event(struct millrace *m, const struct consume_tap *tap, uint32_t n)
{
    const struct mr_event *ev = &m->slots[0].event;
    bool book = ev->kind == MR_EVENT_BOOK || ev->kind == MR_EVENT_BBO;
    if (!(m->take & (book ? MILLRACE_BOOKS : MILLRACE_EVENTS)))
        return false;
    const struct millrace_instrument *instrument = consume_instrument(m, ev->instrument);
    bool of_none = ev->kind == MR_EVENT_TICK || ev->kind == MR_EVENT_REFERENCE;
    m->record = (struct millrace_record){
        .kind = ev->kind,
        .flags = ev->flags & ~(unsigned)MR_FLAG_CLOCK,
        .engine = tap->engine,
        .slots = n,
        .place = tap->ring.next - n,
        .seq = ev->seq,
        .recv_ns = ev->recv_ns,
        .venue_ns = ev->venue_ns,
        .decode_ns = ev->decode_delta_ns,
        .connection = ev->connection,
        .instrument = of_none ? NULL : instrument,
        .price_scale = instrument ? instrument->price_scale : 8,
        .size_scale = instrument ? instrument->size_scale : 8,
    };
    if (book)
        take_book(m, &m->slots[0].book);
    else if (ev->kind == MR_EVENT_CANDLE)
        take_candle(m, &m->slots[1].candle);
    else
        take_event(m, ev);
    return true;
}

static_assert(MR_SIGNAL_WINDOWS == 5, "five windows are given");

static void take_signal(struct millrace_signal *out, const struct mr_signal *in)
{
    *out = (struct millrace_signal){
        .engine_ns = in->engine_ns,
        .kind = in->kind,
        .level = in->level,
        .level_before = in->level_before,
        .regime = in->regime,
        .flags = in->flags,
        .venues = in->cascade_venues,
        .probability = in->probability,
        .confidence = in->confidence,
        .score = in->score100,
        .acceleration = in->acceleration,
        .jerk = in->jerk,
        .cascade_id = in->cascade_id,
        .cascade_start_ns = in->cascade_start_ns,
        .cascade_end_ns = in->cascade_end_ns,
        .cascade_count = in->cascade_count,
        .cascade_micro_usd = in->cascade_micro_usd,
    };
    memcpy(out->velocity_per_s, in->velocity_per_s, sizeof out->velocity_per_s);
    memcpy(out->notional_usd_per_s, in->notional_usd_per_s, sizeof out->notional_usd_per_s);
    consume_text(out->underlying, sizeof out->underlying, in->underlying_name, sizeof in->underlying_name);
    consume_text(out->words, sizeof out->words, in->words, sizeof in->words);
}

static bool signal(struct millrace *m, const struct consume_tap *tap, uint32_t n)
{
    const struct mr_signal *in = (const struct mr_signal *)(const void *)m->slots;
    take_signal(&m->signal, in);
    m->record = (struct millrace_record){
        .kind = MILLRACE_SIGNAL,
        .engine = tap->engine,
        .slots = n,
        .place = tap->ring.next - n,
        .seq = in->seq,
        .recv_ns = in->recv_ns,
        .venue_ns = in->venue_ns,
        .instrument = consume_instrument(m, in->instrument),
        .signal = &m->signal,
    };
    return true;
}

bool consume_record(struct millrace *m, const struct consume_tap *tap, uint32_t n)
{
    return tap->signals ? signal(m, tap, n) : event(m, tap, n);
}
