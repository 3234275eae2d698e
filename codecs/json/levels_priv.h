/* The kernels of levels.h and levels_top.h, by name. */
#ifndef MR_JSON_LEVELS_PRIV_H
#define MR_JSON_LEVELS_PRIV_H

#include "codecs/json/levels_top.h"

mr_levels_book_fn mr_levels_book_avx2, mr_levels_book_avx512;
mr_levels_fn mr_levels_scalar, mr_levels_sse42, mr_levels_avx2, mr_levels_avx512;
mr_levels_top_fn mr_levels_top_avx512;

#endif
