/* Price levels in JSON, at full speed: the array  [["30238.8","2"],["30249.5","50"], ...].
 *
 * This is where a feed handler spends its time: a 1 KB book delta is 100 numbers. The kernels find all
 * numbers of a stretch at once, check every byte between them, and convert four levels at a time.
 *
 * Only the usual spelling of a form is taken (levels_forms.h; no escapes, plain decimals, none below zero); anything else is
 * MR_E_AGAIN and costs nothing but time: the caller walks it with the cursor (json.h), which decides what
 * is legal. So this reader may refuse what the cursor takes, never the reverse, and where both answer
 * they agree (tests: A7).
 *
 * Bounds  never reads outside [data, data + len).   Memory  none.   Cost  perf/codecs/json/bench_levels.c */
#ifndef MR_JSON_LEVELS_H
#define MR_JSON_LEVELS_H

#include "codecs/event/event.h"
#include "codecs/json/json.h"

enum mr_levels_form {
    MR_LEVELS_PAIR,   /* ["px","sz"]                       Binance, Bybit  */
    MR_LEVELS_QUAD,   /* ["px","sz","0","6"]               OKX             */
    MR_LEVELS_OBJECT, /* {"px":"..","sz":"..","n":1}       Hyperliquid     */
    MR_LEVELS_NAMED,  /* {"price":"..","size":".."}        Polymarket      */
    MR_LEVELS_BARE,   /* [px,sz,6]                         MEXC            */
    MR_LEVELS_MIXED,  /* ["px",sz]                         KuCoin futures  */
    MR_LEVELS_DUO,    /* [px,sz]                           the same, REST  */
    MR_LEVELS_SPACED, /* {"price":"..", "size":".."}       Polymarket, with a blank behind each comma */
    MR_LEVELS_FORMS
};

struct mr_levels_scan {
    enum mr_levels_form form;
    int8_t price_scale, size_scale;
};

/* Reads one array that opens at data[pos] ('['). On success `*count` levels stand in `out` and the result
 * is the position behind the closing ']'. Negative: MR_E_AGAIN not the usual shape, or a number that needs
 * a closer look; MR_E_FULL more than out_max levels. `out` may be scribbled on, up to out_max, in any case. */
int64_t mr_levels_decode(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                         struct mr_level *out, uint32_t out_max, uint32_t *count);

/* Both sides of a change of a book, ["..",..] between ["..",..], in less time than one after the other. */
struct mr_levels_book {
    const char *between; /* the text between the arrays */
    uint8_t between_len;
    uint8_t second_in_front; /* 1: the levels of the second array stand in front of those of the first in `out` */
};
#define MR_LEVELS_BOOK_BYTES 4096 /* what is longer is read one side after the other: the two are not worth trying */

/* Reads both; count[k] is that of the array that stands k-th. The result is the position behind the second one, or MR_E_AGAIN: then it is to
 * be tried one array after the other (mr_levels_decode). `out` as there. */
int64_t mr_levels_book_decode(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                              const struct mr_levels_book *book, struct mr_level *out, uint32_t out_max,
                              uint32_t count[2]);

typedef int64_t mr_levels_book_fn(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                                  const struct mr_levels_book *book, struct mr_level *out, uint32_t out_max,
                                  uint32_t count[2]);
mr_levels_book_fn *mr_levels_book_kernel(enum mr_kernel kernel); /* NULL: this kernel has none */

typedef int64_t mr_levels_fn(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                             struct mr_level *out, uint32_t out_max, uint32_t *count);
mr_levels_fn *mr_levels_kernel(enum mr_kernel kernel);

#endif
