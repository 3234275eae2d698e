/* Stamps of the sender's segments at its device, shared by the program there (wire_stamp.bpf.c) and the bench. */
#ifndef MR_PERF_WIRE_STAMP_H
#define MR_PERF_WIRE_STAMP_H

#include <linux/types.h>

#define WIRE_STAMPS_MAX 8192u

struct wire_stamp {
    __u64 mono_ns;    /* CLOCK_MONOTONIC */
    __u32 seq, bytes; /* TCP's number of the first byte, and how many */
};
struct wire_stamps { /* in order of leaving */
    __u32 count, zero;
    struct wire_stamp stamps[WIRE_STAMPS_MAX];
};

#endif
