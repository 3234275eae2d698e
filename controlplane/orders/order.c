#include "controlplane/orders/order.h"

static_assert(sizeof(struct mr_order) == 208, "no padding: its bytes stand in journals");
static_assert(sizeof(struct mr_fill) == 112, "no padding: its bytes stand in journals");

/* Thirteen digits of five bits hold 65: the first digit is below 16. */
#define ID_DIGITS 13
static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
static_assert(MR_ORDER_ID_TEXT == 2 + ID_DIGITS + 1, "mr, the digits, NUL");

void mr_order_id_text(uint64_t id, char out[MR_ORDER_ID_TEXT])
{
    out[0] = 'm';
    out[1] = 'r';
    for (unsigned i = 0; i < ID_DIGITS; i++)
        out[2 + i] = digits[id >> 5 * (ID_DIGITS - 1 - i) & 31];
    out[2 + ID_DIGITS] = 0;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

int mr_order_id_parse(struct mr_span text, uint64_t *id)
{
    uint64_t value = 0;
    if (text.len != MR_ORDER_ID_TEXT - 1 || text.data[0] != 'm' || text.data[1] != 'r')
        return MR_E_MALFORMED;
    for (unsigned i = 2; i < text.len; i++) {
        int d = digit(text.data[i]);
        if (d < 0 || (i == 2 && d >= 16))
            return MR_E_MALFORMED;
        value = value << 5 | (unsigned)d;
    }
    *id = value;
    return MR_OK;
}

static const char *name_of(const char *const *names, unsigned count, unsigned value)
{
    return value < count ? names[value] : "?";
}

const char *mr_order_state_name(unsigned state)
{
    static const char *const names[MR_STATE_COUNT] = {"created",   "approved", "sent",       "unknown",
                                                      "acked",     "partial",  "cancelling", "filled",
                                                      "cancelled", "rejected", "expired",    "denied"};
    return name_of(names, MR_STATE_COUNT, state);
}

const char *mr_order_type_name(unsigned type)
{
    static const char *const names[MR_ORDER_TYPE_COUNT] = {"limit", "market", "stop_market", "take_profit_market"};
    return name_of(names, MR_ORDER_TYPE_COUNT, type);
}

const char *mr_tif_name(unsigned tif)
{
    static const char *const names[MR_TIF_COUNT] = {"gtc", "ioc", "fok", "gtd"};
    return name_of(names, MR_TIF_COUNT, tif);
}

const char *mr_order_role_name(unsigned role)
{
    static const char *const names[MR_ROLE_COUNT] = {"entry", "stop", "target", "exit"};
    return name_of(names, MR_ROLE_COUNT, role);
}

const char *mr_side_name(unsigned side)
{
    static const char *const names[] = {"buy", "sell"};
    return name_of(names, 2, side);
}
