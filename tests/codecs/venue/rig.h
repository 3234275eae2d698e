/* What tests of every venue share: a decoder with its table and output, and recordings line by line. */
#ifndef MR_TESTS_VENUE_RIG_H
#define MR_TESTS_VENUE_RIG_H

#include "codecs/venue/venue.h"
#include "tests/support/support.h"

#define RIG_INSTRUMENTS 4096

struct rig {
    struct mr_decoder dec;
    struct mr_instruments *table;
    struct mr_shapes *shapes; /* NULL: general path only */
    union mr_slot *out;       /* MR_DECODE_SLOTS */
    void *state;
};

/* "binance:usdm"; `shapes`: 0 for none, else a power of two. */
void rig_open(struct rig *rig, const char *product, uint32_t shapes, enum mr_kernel kernel);
void rig_close(struct rig *rig);

/* Decodes a text, adding symbols that are not known. Slots or a status; they stand in rig->out. */
int rig_decode(struct rig *rig, const char *text);
int rig_decode_frame(struct rig *rig, const struct mr_frame *frame);
int rig_rest(struct rig *rig, const char *url, const uint8_t *body, size_t len);

/* A frame of these bytes with receive time 7, connection 3, kernel clock. */
struct mr_frame rig_frame(const void *data, size_t len);

/* Calls fn(arg, line, len) for each line of a recording (unpacked if .zst). Lines read; -1 where the file is not there.
 */
typedef void rig_line_fn(void *arg, const uint8_t *line, size_t len);
long rig_lines(const char *file, rig_line_fn *fn, void *arg);

/* Calls fn for each {"url","recv_ns","body"} of a .rest.json. Bodies read; -1 where the file is not there. */
typedef void rig_rest_fn(void *arg, struct mr_span url, struct mr_span body);
long rig_bodies(const char *file, rig_rest_fn *fn, void *arg);

/* dec.messages[] of the kind with this name. */
uint64_t rig_count(const struct rig *rig, const char *kind);

#endif
