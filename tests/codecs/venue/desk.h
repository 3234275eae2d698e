/* A decoder on a table of its own, and events as text: a test then says what it expects in a line. */
#ifndef MR_TESTS_VENUE_DESK_H
#define MR_TESTS_VENUE_DESK_H

#include "codecs/venue/venue.h"
#include "tests/support/support.h"

struct mr_desk {
    struct mr_decoder dec;
    struct mr_venue shapes_only; /* the decoder's venue without its usual forms, where a test is about shapes */
    struct mr_instruments *table;
    void *state, *shapes_mem;
    union mr_slot *out;
    uint32_t slots;  /* of the last message, if it decoded */
    bool one_kind;   /* of all events of a frame */
    char text[8192]; /* its events, one a line */
};

/* `shapes`: with the fast path. */
struct mr_desk *mr_desk_open(const char *venue_product, bool shapes);
void mr_desk_close(struct mr_desk *desk);

/* An instrument with metadata. `multiplier` of a contract, 0 for none. */
void mr_desk_add(struct mr_desk *desk, const char *symbol, const char *base, const char *quote, const char *tick,
                 const char *lot, int64_t multiplier, int multiplier_scale, uint8_t flags);

/* Decodes one frame, which ends at an unmapped page; fills desk->text. Adds bare instruments where they are unknown. */
int mr_desk_decode(struct mr_desk *desk, const void *data, size_t len);
int mr_desk_rest(struct mr_desk *desk, const char *url, const void *data, size_t len);

/* Tables of tests. */
/* Each message gives these events; and mutations of it decode alike with and without the fast path. */
struct mr_desk_case {
    const char *says, *message, *events;
};
void mr_desk_expect(const char *venue_product, void (*stock)(struct mr_desk *desk), const struct mr_desk_case *cases,
                    size_t count);
struct mr_desk_refusal {
    const char *says, *message;
    int status;
    const char *about; /* field, or for UNKNOWN the name */
};
void mr_desk_refuse(const char *venue_product, void (*stock)(struct mr_desk *desk), const struct mr_desk_refusal *cases,
                    size_t count);

/* Messages in pairs of one pattern: as many come by the fast path as said, and equal those of the general one. */
void mr_desk_learns(const char *venue_product, void (*stock)(struct mr_desk *desk), const char *const *messages,
                    size_t count, uint64_t hits);

/* REST bodies, one after another on one desk: events, or a refusal. */
struct mr_desk_body {
    const char *says, *url, *body;
    int status;         /* 0: what it decodes to stands in `events` */
    const char *events; /* NULL: none */
};
void mr_desk_bodies(struct mr_desk *desk, const struct mr_desk_body *cases, size_t count);

/* What a venue's list makes of its instruments. */
struct mr_desk_instrument {
    const char *symbol, *base, *quote; /* NULL: whatever it is */
    int type, flags;
    int64_t tick, lot; /* 0: whatever it is */
    int64_t multiplier;
    int multiplier_scale;
};
void mr_desk_instruments(struct mr_desk *desk, const struct mr_desk_instrument *want, size_t count);

/* `head`, then rows with commas between them, then `tail`: `most` rows are so many trades, one more is refused. */
void mr_desk_most(const char *venue_product, void (*stock)(struct mr_desk *desk), const char *head, const char *row,
                  const char *tail, uint32_t most);

/* A message wants so many slots: less room is refused with MR_E_FULL, and so much is enough. */
void mr_desk_room(const char *venue_product, void (*stock)(struct mr_desk *desk), const char *message, uint32_t slots);

/* A recording: every message of it decodes, as often by kind as said, and to the same slots with and without the fast
 * path. `counts` ends with a NULL name. REST bodies of X.rest.json come first if they are there. Skips when there are
 * no recordings. */
struct mr_desk_count {
    const char *kind;
    uint64_t count;
};
void mr_desk_recording(const char *venue_product, const char *folder, const char *name,
                       const struct mr_desk_count *counts);

#endif
