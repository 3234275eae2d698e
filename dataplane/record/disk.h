/* Room for recordings: what is free, what segments take, which of them are the oldest, and how long it all lasts.
 *
 * Cold: folders are read, files are looked at. Thread  any; removing is the record tile's.
 * Errors  what cannot be found out is unknown (below zero, or 0 where 0 cannot be), and the sentences say so. */
#ifndef MR_RECORD_DISK_H
#define MR_RECORD_DISK_H

#include "dataplane/base/base.h"

/* Bytes that this process may still write where `folder` is, or will be made. Below 0: unknown. */
int64_t mr_disk_free(const char *folder);

/* The segments of rows that a record tile writes (feed-N, engine-N; or quarantine) in a folder. */
struct mr_disk_segments {
    uint64_t bytes, per_s; /* per_s: stored a second by the latest of them, all rows together; 0: unknown */
    uint32_t files;
    int64_t oldest_ns, newest_ns; /* last written, wall; 0: there are none */
};
int mr_disk_segments(const char *folder, struct mr_disk_segments *out);

struct mr_disk_keep {
    uint64_t bytes;          /* keep so many at most; 0: however many */
    int64_t age_ns;          /* and nothing last written longer ago; 0: however old */
    int64_t now_ns;          /* wall */
    int64_t want_free;       /* remove until so much is free; 0: no matter */
    const char *const *open; /* these files are being written */
    uint32_t open_count;
    const char *row;                           /* only this row's; NULL: feed-N, engine-N */
    int64_t (*free_bytes)(const char *folder); /* NULL: mr_disk_free */
};
/* Removes the oldest until the rest is within all bounds. How many, or MR_E_IO. */
int mr_disk_keep(const char *folder, const struct mr_disk_keep *keep);

struct mr_disk_budget {
    int64_t free_bytes;              /* below 0: unknown */
    uint64_t least_free, keep_bytes; /* what is left alone; what is kept, 0 for all */
    uint64_t used_bytes;             /* by segments that are there */
    double per_s;                    /* stored bytes a second; 0: unknown */
    const char *source;              /* of per_s: "measured", "record.rate" */
    int64_t want_ns;                 /* how long it should last; 0: no matter */
    bool oldest;                     /* the oldest is removed when room ends: it never ends */
};
/* How long there is room: ns, INT64_MAX for ever, below 0 unknown. */
int64_t mr_disk_lasts(const struct mr_disk_budget *b);
/* One sentence. Whether it lasts as long as it should (or nobody knows). */
bool mr_disk_budget(const struct mr_disk_budget *b, char *out, size_t bytes);

#endif
