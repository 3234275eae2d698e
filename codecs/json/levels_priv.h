/* The kernels of levels.h, by name. */
#ifndef MR_JSON_LEVELS_PRIV_H
#define MR_JSON_LEVELS_PRIV_H

#include "codecs/json/levels.h"

mr_levels_fn mr_levels_scalar, mr_levels_sse42, mr_levels_avx2, mr_levels_avx512;

#endif
