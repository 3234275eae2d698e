/* One row of tickers: mark, index, funding, open interest, best bid and ask, each only if the row has it.
 *
 * On linear products a delta leaves out what did not change, so what belongs together (rate and time of funding, price
 * and size of a side) is completed from the last values; a value never comes from them alone. "" means "does not
 * apply". */
#include "codecs/venue/bybit/bybit_priv.h"

enum {
    MARK,
    INDEX,
    INTEREST,
    INTEREST_USD,
    INTERVAL,
    NEXT,
    RATE,
    BID,
    BID_SIZE,
    ASK,
    ASK_SIZE,
    SINGLE,
    SINGLE_USD,
    FIELDS
};
static const struct mr_field_name names[FIELDS] = {
    [MARK] = MR_FIELD("markPrice"),
    [INDEX] = MR_FIELD("indexPrice"),
    [INTEREST] = MR_FIELD("openInterest"),
    [INTEREST_USD] = MR_FIELD("openInterestValue"),
    [INTERVAL] = MR_FIELD("fundingIntervalHour"),
    [NEXT] = MR_FIELD("nextFundingTime"),
    [RATE] = MR_FIELD("fundingRate"),
    [BID] = MR_FIELD("bid1Price"),
    [BID_SIZE] = MR_FIELD("bid1Size"),
    [ASK] = MR_FIELD("ask1Price"),
    [ASK_SIZE] = MR_FIELD("ask1Size"),
    [SINGLE] = MR_FIELD("singleOpenInterest"),
    [SINGLE_USD] = MR_FIELD("singleOpenInterestValue"),
};

static bool value_event(struct mr_rows *rows, enum mr_event_kind kind, const struct mr_field *f, const char *name,
                        int64_t venue_ns, struct mr_event **out)
{
    struct mr_event *ev = *out = mr_rows_event(rows, kind, venue_ns);
    return ev && mr_field_value(rows, f, name, &ev->price, &ev->exponent);
}

static bool funding(struct mr_rows *rows, const struct mr_field *f, struct mr_bybit_ticker *last, int64_t venue_ns)
{
    uint64_t hours;
    if (mr_field_has(&f[INTERVAL])) {
        if (!mr_field_u64(rows, &f[INTERVAL], names[INTERVAL].text, &hours))
            return false;
        if (hours > 24 * 31)
            return mr_rows_fail_at(rows, MR_E_RANGE, names[INTERVAL].text, f[INTERVAL].text);
        last->interval_ns = (int64_t)hours * 3600 * 1000000000;
    }
    if (mr_field_has(&f[NEXT]) && !mr_field_ms(rows, &f[NEXT], names[NEXT].text, &last->next_funding_ns))
        return false;
    if (mr_field_has(&f[RATE])) {
        if (!mr_field_value(rows, &f[RATE], names[RATE].text, &last->funding, &last->funding_exponent))
            return false;
        last->known |= MR_BYBIT_KNOWN_FUNDING;
    } else if (f[RATE].type != MR_JSON_NONE) {
        last->known &= (uint8_t)~MR_BYBIT_KNOWN_FUNDING;
    }
    bool said = mr_field_has(&f[RATE]) || mr_field_has(&f[NEXT]) || mr_field_has(&f[INTERVAL]);
    if (!said || !(last->known & MR_BYBIT_KNOWN_FUNDING))
        return true;
    struct mr_event *ev = mr_rows_event(rows, MR_EVENT_FUNDING, venue_ns);
    if (!ev)
        return false;
    ev->price = last->funding;
    ev->exponent = last->funding_exponent;
    ev->size = last->interval_ns;
    ev->aux = last->next_funding_ns;
    return true;
}

/* One unit a feed: once the venue has sent the one-sided number, its double is not reported any more. */
static bool interest(struct mr_rows *rows, const struct mr_field *f, struct mr_bybit_ticker *last, int64_t venue_ns)
{
    bool single = mr_field_has(&f[SINGLE]);
    if (single && !(last->known & MR_BYBIT_KNOWN_SINGLE)) {
        last->known |= MR_BYBIT_KNOWN_SINGLE;
        last->interest_usd = 0;
    }
    bool one_sided = last->known & MR_BYBIT_KNOWN_SINGLE;
    int quantity = one_sided ? SINGLE : INTEREST, value = one_sided ? SINGLE_USD : INTEREST_USD;
    if (mr_field_has(&f[value]) && !mr_field_micro(rows, &f[value], names[value].text, &last->interest_usd))
        return false;
    if (!mr_field_has(&f[quantity]))
        return true;
    struct mr_event *ev;
    if (!value_event(rows, MR_EVENT_OPEN_INTEREST, &f[quantity], names[quantity].text, venue_ns, &ev))
        return false;
    ev->size = one_sided ? MR_OI_BASE : MR_OI_BASE_BOTH_SIDES;
    ev->aux = last->interest_usd;
    return true;
}

/* A side is known when price and size are; one of them alone changes the other's partner, never makes one. */
static bool side(struct mr_rows *rows, const struct mr_field *f, int price, int size, struct mr_level *level,
                 uint8_t *known, uint8_t bit)
{
    bool has_price = mr_field_has(&f[price]), has_size = mr_field_has(&f[size]);
    if ((f[price].type != MR_JSON_NONE && !has_price) || (f[size].type != MR_JSON_NONE && !has_size)) {
        *known &= (uint8_t)~bit;
        return true;
    }
    if (has_price && !mr_field_price(rows, &f[price], names[price].text, &level->price))
        return false;
    if (has_size && !mr_field_size(rows, &f[size], names[size].text, &level->size))
        return false;
    if (has_price && has_size)
        *known |= bit;
    return true;
}

static bool best(struct mr_rows *rows, const struct mr_field *f, struct mr_bybit_ticker *last, int64_t venue_ns)
{
    const uint8_t both = MR_BYBIT_KNOWN_BID | MR_BYBIT_KNOWN_ASK;
    if (!side(rows, f, BID, BID_SIZE, &last->bid, &last->known, MR_BYBIT_KNOWN_BID) ||
        !side(rows, f, ASK, ASK_SIZE, &last->ask, &last->known, MR_BYBIT_KNOWN_ASK))
        return false;
    bool said =
        mr_field_has(&f[BID]) || mr_field_has(&f[BID_SIZE]) || mr_field_has(&f[ASK]) || mr_field_has(&f[ASK_SIZE]);
    if (!said || (last->known & both) != both)
        return true;
    struct mr_level *level;
    struct mr_book_head *head = mr_rows_bbo(rows, venue_ns, 0, &level);
    if (!head)
        return false;
    if (last->known & MR_BYBIT_KNOWN_TOP)
        head->flags |= MR_FLAG_SECONDARY;
    level[0] = last->bid;
    level[1] = last->ask;
    return true;
}

bool mr_bybit_ticker_row(struct mr_rows *rows, struct mr_json *j, struct mr_bybit_ticker *last, int64_t venue_ns,
                         bool with_best)
{
    struct mr_field f[FIELDS];
    struct mr_event *ev;
    if (!mr_fields_read(rows, j, names, FIELDS, f))
        return false;
    if (mr_field_has(&f[MARK]) && !value_event(rows, MR_EVENT_MARK, &f[MARK], names[MARK].text, venue_ns, &ev))
        return false;
    if (mr_field_has(&f[INDEX]) && !value_event(rows, MR_EVENT_INDEX, &f[INDEX], names[INDEX].text, venue_ns, &ev))
        return false;
    return funding(rows, f, last, venue_ns) && interest(rows, f, last, venue_ns) &&
           (!with_best || best(rows, f, last, venue_ns));
}
