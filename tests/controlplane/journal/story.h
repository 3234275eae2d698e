/* What the journal's tests write: records of every kind and many lengths, made from their sequence and a seed, and checked when read. */
#ifndef MR_TESTS_STORY_H
#define MR_TESTS_STORY_H

#include "controlplane/journal/journal_priv.h"
#include "tests/controlplane/journal/disk_sim.h"

#define STORY_FOLDER "data/journal"
#define STORY_MAX 4096

struct story {
    struct sim_disk *sim;
    struct mr_journal_limits limits;
    struct mr_journal *journal;
    struct mr_journal_port port;
    int64_t now_ns;
    uint64_t durable;          /* the highest that was ever told */
    uint64_t appended;         /* the last that was taken */
    uint32_t seeds[STORY_MAX]; /* of what was appended with this sequence last */
    uint32_t seed;
};
void story_open(struct story *s, uint64_t file_bytes);
void story_close(struct story *s);
/* MR_OK, or the status of mr_journal_open. */
int story_start(struct story *s, struct mr_err *err);
/* As a process that ends: what is left in the ring is tried. */
void story_stop(struct story *s);
/* Appends `count` records, with a step of the journal after each few; ends early when the journal fails. */
void story_write(struct story *s, uint32_t count);
void story_step(struct story *s);
/* After story_start: nothing that was told durable is lost, and every record is what was appended. */
void story_check(struct story *s);

uint32_t story_bytes(uint64_t seq, uint32_t seed);
enum mr_journal_kind story_kind(uint64_t seq);
void story_payload(uint64_t seq, uint32_t seed, uint8_t out[MR_JOURNAL_PAYLOAD_MAX]);

#endif
