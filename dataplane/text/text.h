/* Bounded writers of text and JSON: into memory given by the caller, never past its end.
 *
 * What does not fit is cut, `cut` says so, and the text stays NUL-terminated. JSON output is always legal JSON:
 * strings escaped (invalid UTF-8 becomes U+FFFD), commas placed by the writer, NaN and infinity written as null. */
#ifndef MR_TEXT_TEXT_H
#define MR_TEXT_TEXT_H

#include "dataplane/base/base.h"

struct mr_text {
    char *out;
    size_t bytes, len;
    bool cut;
};

void mr_text_init(struct mr_text *t, char *out, size_t bytes);
void mr_text_add(struct mr_text *t, const char *text);
void mr_text_bytes(struct mr_text *t, const void *data, size_t len);
void mr_text_format(struct mr_text *t, const char *format, ...) MR_PRINTF(2, 3);
void mr_text_i64(struct mr_text *t, int64_t value);
void mr_text_decimal(struct mr_text *t, int64_t value, int scale);
void mr_text_time(struct mr_text *t, int64_t wall_ns); /* 2026-11-21T10:20:30.123456789Z */

/* JSON: struct mr_json_out keeps the nesting and places the commas. */
struct mr_json_out {
    struct mr_text *text;
    uint32_t depth;
    uint64_t more, arrays;
};
void mr_json_out_init(struct mr_json_out *j, struct mr_text *text);
void mr_json_out_object(struct mr_json_out *j, const char *key); /* key NULL inside arrays and at the top */
void mr_json_out_array(struct mr_json_out *j, const char *key);
void mr_json_out_end(struct mr_json_out *j);                     /* closes the innermost */
void mr_json_out_string(struct mr_json_out *j, const char *key, const char *value);
void mr_json_out_span(struct mr_json_out *j, const char *key, struct mr_span value);
void mr_json_out_i64(struct mr_json_out *j, const char *key, int64_t value);
void mr_json_out_u64(struct mr_json_out *j, const char *key, uint64_t value);
void mr_json_out_double(struct mr_json_out *j, const char *key, double value); /* shortest that reads back */
void mr_json_out_decimal(struct mr_json_out *j, const char *key, int64_t value, int scale); /* as a string */
void mr_json_out_bool(struct mr_json_out *j, const char *key, bool value);
void mr_json_out_null(struct mr_json_out *j, const char *key);

#endif
