/* A book stream for benches, made from a seed, and what is done with it. Shared by ours and the C++ references. */
#ifndef MR_PERF_BOOK_STREAM_H
#define MR_PERF_BOOK_STREAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One message: levels in the venue's order, bids then asks; size 0 deletes. The first message of a stream is an image.
 */
struct mr_bench_change {
    int64_t price, size;
};
struct mr_bench_message {
    const struct mr_bench_change *levels;
    uint32_t bid_count, ask_count;
};
struct mr_bench_stream {
    struct mr_bench_message *messages;
    uint32_t message_count;
    uint32_t levels;  /* a side, at the start */
    uint64_t changes; /* levels in all messages */
    void *groups;     /* the same as event groups, one after the other */
};

/* Applies the stream to an empty book, looks at the best prices after each message; returns a checksum of those and of
 * the number of levels at the end. */
uint64_t mr_reference_book_map(void *stream);
uint64_t mr_reference_book_flat_map(void *stream);
uint64_t mr_reference_book_array(void *stream);

static inline uint64_t mr_bench_book_sum(uint64_t sum, int64_t bid, int64_t bid_size, int64_t ask, int64_t ask_size)
{
    return sum * 31 + (uint64_t)bid * 7 + (uint64_t)bid_size * 5 + (uint64_t)ask * 3 + (uint64_t)ask_size;
}

#ifdef __cplusplus
}
#endif
#endif
