/* What the dialects of all venues share. */
#ifndef MR_VENUE_DIAL_PRIV_H
#define MR_VENUE_DIAL_PRIV_H

#include "codecs/json/json.h"
#include "codecs/venue/dial.h"

#define MR_CONTROL_BYTES_MAX 65536 /* no venue's control message is longer */

/* One client message that holds a list of streams: head, entries with commas between, tail. */
struct mr_dial_list {
    const char *head, *tail; /* %llu in either is the request's id */
    uint32_t max;            /* entries in one message */
    /* Writes one entry. MR_OK, MR_E_UNSUPPORTED, MR_E_INVALID. */
    int (*entry)(uint8_t product, const struct mr_stream *stream, struct mr_text *out);
};
int mr_dial_write(const struct mr_dial_list *list, uint8_t product, const struct mr_stream *streams, uint32_t count,
                  uint32_t *at, uint64_t id, struct mr_text *out);

/* A symbol that can stand in JSON and in a URL as it is: not empty, not longer than instruments may be, no quote,
 * backslash or blank. */
bool mr_dial_symbol(const char *symbol);
/* The same, and without what means something in a URL. */
bool mr_dial_parameter(const char *symbol);

/* ---- reading control messages ---- */

/* Raw bytes between a JSON string's quotes into a field of fixed size: without escapes and control characters, cut at a
 * character's end. */
void mr_dial_text(struct mr_span raw, char *out, size_t bytes);
/* A request's id, from a number or a text of digits; 0 if it is neither. */
uint64_t mr_dial_id(struct mr_span text);
/* Texts and numbers wanted of an object. */
struct mr_dial_field {
    const char *name;
    struct mr_span *to;
};
/* The member behind `key`: into its field if it is a text or number and wanted, else passed over. Call before anything
 * else is read. */
void mr_dial_member(struct mr_json *j, struct mr_span key, const struct mr_dial_field *fields, uint32_t count);
/* All members of the object that comes next; anything else is passed over. */
void mr_dial_object(struct mr_json *j, const struct mr_dial_field *fields, uint32_t count);
/* A raw text, whose escapes may stand for it, is this word (of at most 63 bytes). */
bool mr_dial_is(struct mr_span raw, const char *word);

#endif
