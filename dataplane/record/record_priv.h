/* What stands in the rings to the record tile: shared between these files only. */
#ifndef MR_RECORD_RECORD_PRIV_H
#define MR_RECORD_RECORD_PRIV_H

#include <stdlib.h>

#include "dataplane/record/record.h"

#define NAME_MAX_BYTES 4096 /* as capture's own */
#define LOST_TEXT "lost "

/* Begins each ring record; then bytes [at, at + rest) of name and data, one after the other. The byte ring's own head has the kind,
 * the connection (tag) and the receive time. */
struct record_part {
    uint32_t total, at; /* bytes of name and data together */
    uint16_t name_len;
    uint8_t clock, venue, product, spare[3];
};
static_assert(sizeof(struct record_part) == 16, "parts begin with 16 bytes");
#define PART_MAX (MR_BYTES_RECORD_MAX - (uint32_t)sizeof(struct record_part))

/* How many records a NOTE says were lost; 0 for other notes. */
MR_INLINE uint64_t record_note_lost(const struct mr_capture_record *r)
{
    char text[32] = "";
    const uint32_t front = sizeof LOST_TEXT - 1;
    if (r->kind != MR_CAPTURE_NOTE || r->len < front || memcmp(r->data, LOST_TEXT, front) != 0)
        return 0;
    memcpy(text, r->data + front, r->len - front < sizeof text - 1 ? r->len - front : sizeof text - 1);
    return strtoull(text, NULL, 10);
}

#endif
