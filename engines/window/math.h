/* The few functions engines need whose bits must be the same on every machine.
 *
 * libm's log differs between CPUs (it picks an FMA variant when it runs) and between libraries; a digest of signals
 * would differ with it. These use only + - * / and integer operations, each correctly rounded by IEEE 754, in a fixed
 * order, and the whole project is built without contraction. So they give one answer everywhere.
 *
 * Thread  pure functions.   Cost  perf/engines/window/bench_window.c, beside libm. */
#ifndef MR_WINDOW_MATH_H
#define MR_WINDOW_MATH_H

#include "dataplane/base/base.h"

/* Natural logarithm, at most 1 ulp from the true value. log(0) = -inf, log(x < 0) = NaN, log(inf) = inf, log(NaN) =
 * NaN. */
double mr_log(double x);

/* log(now / before) of two positive integers of one scale, with full relative accuracy also where they are almost equal
 * (log of a rounded quotient has lost most of its digits there). 0 where either is not positive. */
double mr_log_ratio(int64_t now, int64_t before);

/* Correctly rounded by IEEE 754 everywhere: one instruction. */
MR_INLINE double mr_sqrt(double x) { return __builtin_sqrt(x); }

#endif
