/* Reading what the record tile wrote: a folder of NAME-NNNNNN.seg, one row of segments a name, read as one sequence.
 *
 * A segment that ends in a tear (a kill, a disk that filled up) is read up to it and counted; reading goes on with the next one.
 *
 * Memory  one segment at a time, by malloc: cold.   Thread  one. */
#ifndef MR_RECORD_RECORDING_H
#define MR_RECORD_RECORDING_H

#include "codecs/capture/capture.h"

#define MR_RECORDING_NAME_BYTES 64
#define MR_RECORDING_NAMES_MAX 64

struct mr_recording_names {
    uint32_t count;
    char name[MR_RECORDING_NAMES_MAX][MR_RECORDING_NAME_BYTES];
};
/* The names in a folder, sorted. MR_OK, MR_E_IO, MR_E_FULL; MR_E_EMPTY: no segments there. */
int mr_recording_list(const char *folder, struct mr_recording_names *out, struct mr_err *err);

struct mr_recording;
int mr_recording_open(struct mr_recording **out, const char *folder, const char *name, struct mr_err *err);
/* MR_OK and a record, good until the next call; MR_E_END. */
int mr_recording_next(struct mr_recording *r, struct mr_capture_record *record);
uint32_t mr_recording_torn(
    const struct mr_recording *r); /* segments so far that ended in a tear, could not be read, or are missing */
uint64_t mr_recording_lost(const struct mr_recording *r);    /* records that its notes so far say were lost */
uint32_t mr_recording_segment(const struct mr_recording *r); /* number of the segment that is being read */
/* How many records a note says were lost; 0 for other records. */
uint64_t mr_recording_note_lost(const struct mr_capture_record *record);
void mr_recording_close(struct mr_recording *r);

#endif
