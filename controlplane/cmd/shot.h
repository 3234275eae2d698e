/* All histograms of a workspace with the records of their maxima, copied at one moment; kept in text files; subtracted.
 *
 * Memory  each row owns its copy (malloc); mr_shot_free gives all back. Errors name the file and the line. */
#ifndef MR_CMD_SHOT_H
#define MR_CMD_SHOT_H

#include "controlplane/admin/worst.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/workspace.h"

#define MR_SHOT_ROWS 4096

struct mr_shot_row {
    char family[MR_METRICS_NAME_BYTES], name[MR_METRICS_NAME_BYTES], unit[MR_METRICS_NAME_BYTES];
    char labels[MR_METRICS_LABELS_BYTES];
    struct mr_hist *hist;
    struct mr_worst worst; /* trace.at_ns 0: no record */
};
struct mr_shot {
    struct mr_shot_row *rows;
    uint32_t count;
    int64_t taken_ns; /* 0: a file that does not say */
    char build[48];   /* of the program that made the workspace */
};

int mr_shot_take(struct mr_shot *shot, const struct mr_workspace *ws, struct mr_err *err);
int mr_shot_save(const struct mr_shot *shot, const char *path, struct mr_err *err);
int mr_shot_load(struct mr_shot *shot, const char *path, struct mr_err *err);
/* into (rows as in `now`) = now - before; rows that `before` has not are whole. A maximum has its record where it is one since the last
 * reset too. */
void mr_shot_between(struct mr_shot *into, const struct mr_shot *now, const struct mr_shot *before);
int mr_shot_pace(struct mr_shot *shot, int64_t interval_ns, struct mr_err *err);
const struct mr_shot_row *mr_shot_find(const struct mr_shot *shot, const struct mr_shot_row *like);
void mr_shot_free(struct mr_shot *shot);
/* The workspace of the instance "default" in the run directory (0-definitions: MILLRACE_RUN, /run/millrace,
 * XDG_RUNTIME_DIR). */
void mr_shot_workspace_path(char *out, size_t bytes);

#endif
