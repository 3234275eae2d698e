/* What replay, run and capture share: recordings named on the command line, and totals shown as text and JSON. */
#ifndef MR_CMD_INPUTS_H
#define MR_CMD_INPUTS_H

#include "dataplane/player/player.h"
#include "dataplane/source/replay/replay.h"
#include "dataplane/text/text.h"

/* --venue holds for the files after it; --recv and --rest for the next file. */
struct mr_inputs {
    struct mr_replay_input list[MR_REPLAY_INPUTS_MAX];
    uint32_t count;
    uint8_t venue, product;
    const char *recv, *rest;
};

int mr_inputs_venue(struct mr_inputs *in, const char *text, struct mr_err *err);
int mr_inputs_file(struct mr_inputs *in, const char *path, struct mr_err *err);

/* "max", or a factor above 0. */
int mr_pace_parse(const char *text, double *pace, struct mr_err *err);

/* Kinds of messages nobody knows, by name; the first 64 names, the rest together. */
#define MR_UNKNOWN_NAMES 64
struct mr_unknowns {
    struct {
        char name[64];
        uint64_t count;
    } list[MR_UNKNOWN_NAMES];
    uint32_t count;
    uint64_t others;
};
void mr_unknowns_add(struct mr_unknowns *u, struct mr_span name);

struct mr_report {
    struct mr_player *player;
    const struct mr_unknowns *unknowns;
    double ns_per_message; /* below 0: not measured (paced) */
    uint32_t untimed, torn;
};
void mr_report_json(const struct mr_report *report, struct mr_text *text);
void mr_report_text(const struct mr_report *report, struct mr_text *text);

#endif
