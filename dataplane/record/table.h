/* The instrument table as it stands in recordings: JSON, in the order of ids, by names.
 *
 * Ids are never persisted (0-definitions), but their order decides the order of underlyings and so of signals: who replays a recording adds
 * the instruments of its first table in that order, and then has what the live plane had. */
#ifndef MR_RECORD_TABLE_H
#define MR_RECORD_TABLE_H

#include "codecs/event/instrument.h"
#include "dataplane/text/text.h"

/* An array of objects; text->cut says that there was no room. Any thread: takes consistent copies. */
void mr_record_table_write(const struct mr_instruments *table, struct mr_text *text);
/* Adds what `text` holds to `table`, in its order. How many, or MR_E_MALFORMED and the like, MR_E_UNKNOWN: a venue or product that this
 * build does not have; MR_E_FULL. */
int64_t mr_record_table_read(struct mr_span text, struct mr_instruments *table);

#endif
