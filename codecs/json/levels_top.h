/* The top of a book, read whole: two short lists of bare levels with a text between them, as MEXC sends its best five,
 *
 *     [[81234.6,12,3],[81234.7,1,1]],"bids":[[81234.5,2,1]]
 *
 * Lists so short are over before the readers of levels.h have set out: here one pass finds the numbers of both, and they are converted four
 * levels at a time. Only AVX-512 has what it takes; elsewhere, and of what is not as usual, the answer is MR_E_AGAIN, and levels.h reads
 * one list after the other. What is taken it takes as well, with the same values (tests/codecs/json/fuzz_top.c).
 *
 * Bounds  never reads outside [data, data + len).   Memory  none.   Cost  perf/codecs/venue/bench_decode.c, decode/mexc_best */
#ifndef MR_JSON_LEVELS_TOP_H
#define MR_JSON_LEVELS_TOP_H

#include "codecs/json/levels.h"

#define MR_LEVELS_TOP_MAX 12 /* levels of both lists; `out` has room for so many whatever they are */

/* What stands between the lists, of at most 16 bytes, none of them a digit or a point. */
struct mr_levels_top {
    const char *
        seen; /* from the first list's last bracket on: what is left of both when numbers are taken out; 64 bytes or more */
    uint32_t between_len;
    int8_t price_scale, size_scale;
};
#define MR_LEVELS_TOP_SEEN "[[,,],[,,],[,,],[,,],[,,],[,,],[,,],[,,],[,,],[,,],[,,],[,,],[,,"
#define MR_LEVELS_TOP(between, price_scale, size_scale)                                                                \
    {                                                                                                                  \
        "]" between MR_LEVELS_TOP_SEEN, sizeof(between) - 1, price_scale, size_scale                                   \
    }

/* Reads both from data[pos], where the first one opens. The second one's levels stand first in `out`, zeros behind the last to the end of
 * its slot of four; count[] is as in the text. The position behind the second list, or MR_E_AGAIN: `out` may be scribbled on. */
int64_t mr_levels_top(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_top *form,
                      struct mr_level out[MR_LEVELS_TOP_MAX], uint32_t count[2]);

typedef int64_t mr_levels_top_fn(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_top *form,
                                 struct mr_level out[MR_LEVELS_TOP_MAX], uint32_t count[2]);
mr_levels_top_fn *mr_levels_top_kernel(enum mr_kernel kernel); /* NULL: it has none */

#endif
