/* The cold half of rows.h: instruments from REST lists, parameters of URLs. */
#include "codecs/venue/rows.h"

struct mr_span mr_url_parameter(struct mr_span url, const char *name)
{
    size_t n = strlen(name);
    for (struct mr_span rest = mr_span_after(url, '?'); rest.len; rest = mr_span_after(rest, '&')) {
        struct mr_span pair = mr_span_before(rest, '&');
        if (pair.len > n && pair.data[n] == '=' && memcmp(pair.data, name, n) == 0)
            return (struct mr_span){pair.data + n + 1, pair.len - (uint32_t)n - 1};
    }
    return (struct mr_span){NULL, 0};
}

void mr_span_copy(char *out, size_t out_bytes, struct mr_span text)
{
    uint32_t n = text.len < out_bytes ? text.len : 0; /* too long for an asset's name: better none than half of it */
    if (n)
        memcpy(out, text.data, n);
    memset(out + n, 0, out_bytes - n);
}

/* Room for sizes that are finer than the lot, which is 10^-8: 92 million coins of 11 decimals fit, and whose lot is so
 * small is dear. */
static void spare(struct mr_instrument *it, int decimals)
{
    int64_t lot;
    if (it->lot_decimals != 8 || it->size_scale != 8 || __builtin_mul_overflow(it->lot, mr_pow10[decimals], &lot))
        return;
    it->lot = lot;
    it->size_scale = (int8_t)(it->size_scale + decimals);
}

bool mr_rows_instrument(struct mr_rows *rows, struct mr_instruments *table, struct mr_instrument *it,
                        struct mr_span symbol, struct mr_span tick, struct mr_span lot, bool known)
{
    return mr_rows_instrument_spare(rows, table, it, symbol, tick, lot, known, 0);
}

bool mr_rows_instrument_spare(struct mr_rows *rows, struct mr_instruments *table, struct mr_instrument *it,
                              struct mr_span symbol, struct mr_span tick, struct mr_span lot, bool known, int decimals)
{
    if (symbol.len == 0 || symbol.len > MR_SYMBOL_BYTES)
        return mr_rows_fail_at(rows, MR_E_TOO_BIG, "symbol", symbol);
    it->symbol_len = (uint8_t)symbol.len;
    memcpy(it->symbol, symbol.data, symbol.len);
    it->flags |= MR_INSTRUMENT_NO_METADATA;
    if (!known || mr_instrument_scales(it, tick, lot) != MR_OK || !(it->tick && it->lot)) {
        /* a row that does not say enough is no reason to lose the list: the instrument is there, and flagged */
        it->price_scale = it->size_scale = 8;
        it->tick_decimals = it->lot_decimals = -1;
        it->tick = it->lot = 0;
        if (!known) {
            it->multiplier = 1;
            it->multiplier_scale = 0;
        }
    }
    spare(it, decimals);
    if (!table)
        return true;
    int64_t id = mr_instruments_add(table, it);
    return id >= 0 ? true : mr_rows_fail_at(rows, (int)id, "symbol", symbol);
}
