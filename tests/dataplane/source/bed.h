/* What tests of stream sources share: a source in its memory, a listener on 127.0.0.1, and bytes that can be checked anywhere. */
#ifndef MR_TESTS_SOURCE_BED_H
#define MR_TESTS_SOURCE_BED_H

#include <sys/types.h>

#include "dataplane/clock/clock.h"
#include "dataplane/source/source.h"
#include "tests/support/netns.h"
#include "tests/support/support.h"

#define SECONDS(n) ((n)*1000000000ll)

/* Where the peers live. */
extern struct place {
    uint8_t ip[4];                     /* 127.0.0.1 */
    const struct mr_netns *netns;      /* their sockets are made over there; NULL: here */
    const struct mr_dpdk_config *dpdk; /* for source dpdk */
} place;

struct bed { /* one source under test, and where its peers live */
    struct mr_source source;
    struct mr_clock clock;
    struct mr_stream_metrics metrics;
    void *mem;
    int listener, left_open;
    struct mr_dial dial;
};

extern const struct mr_stream_config small; /* 8 connections, 8 buffers of 4 KiB */

int listen_here(struct mr_dial *dial);
void open_bed(struct bed *b, const struct mr_source_ops *ops, struct mr_stream_config config);
void close_bed(struct bed *b);
bool next(struct bed *b, struct mr_piece *piece); /* waits up to ten seconds; false: none came */
void release(struct bed *b, const struct mr_piece *piece);
int accept_one(const struct bed *b);
int open_connection(struct bed *b, uint16_t number); /* the peer's socket */
/* What the peer gets, while the source is polled and brings nothing; 0: its end, -1: an error, or nothing in ten seconds. */
ssize_t hear(struct bed *b, int peer, void *bytes, size_t len);
void expect_closed(struct bed *b, uint16_t number, int status, const char *reason);

/* Byte `at` of every stream: a table whose length divides nothing that buffers are made of. */
#define PATTERN 1000003u
extern uint8_t pattern[PATTERN];
void fill_pattern(void);
bool is_pattern(const uint8_t *data, uint32_t len, uint64_t at);

#endif
