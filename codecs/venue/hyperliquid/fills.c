/* Liquidations as a followed address sees them: fills of `user` (userEvents) and `userFills` that carry a "liquidation"
 * object. It stands on the fill of the liquidated user and on that of whoever traded with it, so a busy market maker
 * samples others'.
 *
 * The liquidated position is the opposite of the forced order. That order's side is `side` on the liquidated user's own
 * fill, and the opposite on a counterparty's. Whose fill it is: `user` says so in userFills; userEvents do not name
 * their user, but a forced order always takes, so there it is the side that crossed. */
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"

static bool liquidated_user(struct mr_rows *r, struct mr_span raw, struct mr_field *user)
{
    static const struct mr_field_name names[1] = {MR_FIELD("liquidatedUser")};
    struct mr_json j;
    mr_json_open(&j, raw.data, raw.len);
    (void)mr_fields_read(r, &j, names, 1, user);
    return mr_rows_late_end(r, &j) && mr_field_text(r, user, "liquidatedUser");
}

static bool fill(struct mr_rows *r, struct mr_json *j, const struct mr_field *followed)
{
    enum { COIN, PX, SZ, SIDE, TIME, CROSSED, TID, LIQUIDATION, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("coin"), MR_FIELD("px"),         MR_FIELD("sz"),
                                                       MR_FIELD("side"), MR_FIELD("time"),       MR_FIELD("crossed"),
                                                       MR_FIELD("tid"),  MR_FIELD("liquidation")};
    struct mr_field f[FIELDS], loser;
    bool own = false;
    uint8_t side = 0;
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    if (!mr_field_has(&f[LIQUIDATION]))
        return true;
    if (f[LIQUIDATION].type != MR_JSON_OBJECT)
        return mr_rows_fail_at(r, MR_E_TYPE, "liquidation", f[LIQUIDATION].text);
    if (!mr_field_text(r, &f[COIN], "coin") || !mr_rows_symbol(r, f[COIN].text) ||
        !liquidated_user(r, f[LIQUIDATION].text, &loser))
        return false;
    if (mr_field_has(followed))
        own = mr_span_is(loser.text, (const char *)followed->text.data, followed->text.len);
    else if (!mr_field_bool(r, &f[CROSSED], "crossed", &own))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_LIQUIDATION, 0);
    if (!ev || !mr_field_ms(r, &f[TIME], "time", &ev->venue_ns) || !mr_field_price(r, &f[PX], "px", &ev->price) ||
        !mr_field_size(r, &f[SZ], "sz", &ev->size) || !mr_field_side(r, &f[SIDE], "side", "B", "A", &side) ||
        !mr_rows_notional(r, ev))
        return false;
    if (mr_field_has(&f[TID]) && !mr_field_u64(r, &f[TID], "tid", &ev->seq))
        return false;
    bool forced_sell = own == (side == MR_FLAG_SELL);
    if (!forced_sell) /* a forced buy closes a short */
        ev->flags |= MR_FLAG_SELL;
    return true;
}

bool mr_hyperliquid_fills(struct mr_rows *r, struct mr_json *j)
{
    enum { OLD, USER, FILLS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("isSnapshot"), MR_FIELD("user"), MR_FIELD("fills")};
    struct mr_field f[FIELDS];
    struct mr_json fills;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    if (!mr_field_has(&f[FILLS]) || f[OLD].type == MR_JSON_TRUE) /* other user events; or fills of before we came */
        return true;
    if (f[FILLS].type != MR_JSON_ARRAY)
        return mr_rows_fail_at(r, MR_E_TYPE, "fills", f[FILLS].text);
    mr_json_open(&fills, f[FILLS].text.data, f[FILLS].text.len);
    if (mr_json_array(&fills))
        while (mr_json_next(&fills) && fill(r, &fills, &f[USER]))
            ;
    return mr_rows_late_end(r, &fills);
}
