#include "controlplane/orders/states.h"

static_assert(MR_STATE_COUNT == 12 && MR_STATE_FILLED + 5 == MR_STATE_COUNT, "the ended ones are the last five");
static_assert(MR_INPUT_COUNT == 15, "as many columns as states.def has");

enum { MR_STATE_NO = MR_NEXT_REFUSED, MR_STATE_LATE = MR_NEXT_LATE };

static const int8_t next[MR_STATE_COUNT][MR_INPUT_COUNT] = {
#define MR_STATE(name, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                                                    \
    [MR_STATE_##name] = {MR_STATE_##a, MR_STATE_##b, MR_STATE_##c, MR_STATE_##d, MR_STATE_##e,                         \
                         MR_STATE_##f, MR_STATE_##g, MR_STATE_##h, MR_STATE_##i, MR_STATE_##j,                         \
                         MR_STATE_##k, MR_STATE_##l, MR_STATE_##m, MR_STATE_##n, MR_STATE_##o},
#include "controlplane/orders/states.def"
#undef MR_STATE
};

int mr_order_next(unsigned state, unsigned input)
{
    MR_ASSERT(state < MR_STATE_COUNT && input < MR_INPUT_COUNT);
    return next[state][input];
}

static const char *const input_names[] = {
#define MR_X(name, text) text,
    MR_ORDER_INPUTS(MR_X)
#undef MR_X
};

const char *mr_order_input_name(unsigned input) { return input < MR_INPUT_COUNT ? input_names[input] : "?"; }
