/* A changed configuration into a running process (C-70): all or nothing, with a report, and a history of who did it.
 *
 * The file is parsed anew and checked whole; one error and nothing changes. Then everybody who takes part is asked, before anything is applied;
 * one no and nothing changes. What keys.def marks LIVE is taken, all of it together; what it marks RESTART stays as it runs, and is named.
 *
 * History  DATA/INSTANCE/config-history.jsonl: a line for each reload, refused ones too: time, who, the file and its SHA-256, what changed.
 * Thread   the loop's.   Memory  the heap while it reloads. */
#ifndef MR_CONFIG_RELOAD_H
#define MR_CONFIG_RELOAD_H

#include "controlplane/config/config.h"

#define MR_CONFIG_CHANGES_MAX 128 /* told; then how many more */
struct mr_config_change {
    char key[160]; /* "control.half_s", "feeds[binance:usdm].symbols", "feeds[bybit:linear]" (came or went) */
    char before[192], after[192]; /* as YAML, cut; "" is not there */
    bool live;
};
/* Everything in which two configurations differ, in the order of keys.def; how many there are, of which `changes` gets `most`. */
uint32_t mr_config_diff(const struct mr_config *before, const struct mr_config *after, struct mr_config_change *changes,
                        uint32_t most);

/* Whoever has to do something when a live key changes. `check` may refuse; `apply` cannot. Either may be NULL. */
struct mr_config_part {
    const char *name;
    void *self;
    int (*check)(void *self, const struct mr_config *before, const struct mr_config *after, struct mr_err *err);
    void (*apply)(void *self, const struct mr_config *before, const struct mr_config *after);
};
struct mr_config_who {
    uint32_t uid;
    int32_t pid;
    char name[32];
};
struct mr_config_report {
    int status; /* MR_OK: taken (or nothing to take); MR_E_INVALID: errors in the file; else why not */
    uint32_t live, restart, errors;
    uint32_t count; /* of `changes`; live + restart may be more */
    char sha256[65], file[256];
    struct mr_err err; /* the first error, or who said no */
    struct mr_config_change changes[MR_CONFIG_CHANGES_MAX];
};
struct mr_config_live {
    struct mr_config *running; /* what is in force */
    const char *file;          /* "" : there is none, which a reload says */
    const char *instance;      /* --instance, or NULL */
    const char *history;       /* file, or NULL: none is kept */
    const struct mr_config_part *parts;
    uint32_t part_count;
    mr_config_error_fn *each; /* all errors; may be NULL */
    void *arg;
};
/* `running` is as before unless the status is MR_OK; its keys that want a restart are as before in any case. MR_E_IO with MR_OK in
 * report->status: taken, but the history could not be written. */
int mr_config_reload(const struct mr_config_live *live, const struct mr_config_who *who, int64_t now_ns,
                     struct mr_config_report *report);

struct mr_text;
struct mr_json_out;
void mr_config_report_text(const struct mr_config_report *report, struct mr_text *out);
void mr_config_report_json(const struct mr_config_report *report, struct mr_json_out *out);

/* The last `most` entries, oldest first, as lines or as a JSON array `key`; a line that a crash cut is left out. MR_E_IO with the sentence. */
int mr_config_history_show(const char *file, uint32_t most, struct mr_text *out, struct mr_json_out *json,
                           struct mr_err *err);
/* SHA-256 of bytes, as hexadecimal. */
void mr_config_hash(const void *bytes, size_t len, char out[65]);

#endif
