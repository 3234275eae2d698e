/* Between json.c and the kernels. Every kernel is json_kernel.c compiled once more, with the vector
 * routines of json_scan.h for its width; the grammar is the same source in all of them. */
#ifndef MR_JSON_JSON_PRIV_H
#define MR_JSON_JSON_PRIV_H

#include "codecs/json/json.h"

/* What may come next. The cursor's whole state is this, the position and the stack of brackets. */
enum mr_json_expect {
    MR_JSON_EXPECT_VALUE,         /* the start, behind a colon, behind a comma in an array          */
    MR_JSON_EXPECT_KEY_FIRST,     /* behind '{': a key or '}'                                       */
    MR_JSON_EXPECT_KEY_NEXT,      /* behind a member: ',' and a key, or '}'                         */
    MR_JSON_EXPECT_ELEMENT_FIRST, /* behind '[': a value or ']'                                     */
    MR_JSON_EXPECT_ELEMENT_NEXT,  /* behind an element: ',' and a value, or ']'                     */
    MR_JSON_EXPECT_END,           /* the one value has ended: blanks only                           */
    MR_JSON_EXPECT_FAILED,        /* status says why; nothing moves any more                        */
};

/* The calls whose speed depends on the vector width. All as their public namesakes in json.h. */
struct mr_json_kernel {
    bool (*object)(struct mr_json *j);
    bool (*key)(struct mr_json *j, struct mr_span *key);
    bool (*array)(struct mr_json *j);
    bool (*next)(struct mr_json *j);
    bool (*string)(struct mr_json *j, struct mr_span *text);
    bool (*number)(struct mr_json *j, struct mr_span *text);
    bool (*text)(struct mr_json *j, struct mr_span *text);
    bool (*boolean)(struct mr_json *j, bool *value);
    bool (*null)(struct mr_json *j);
    bool (*skip)(struct mr_json *j);
    bool (*leave)(struct mr_json *j);
    enum mr_json_type (*peek)(struct mr_json *j);
    int (*close)(struct mr_json *j);
};

extern const struct mr_json_kernel mr_json_kernel_scalar;
#if defined(__x86_64__)
extern const struct mr_json_kernel mr_json_kernel_sse42, mr_json_kernel_avx2, mr_json_kernel_avx512;
#endif

/* The first error stays. */
MR_COLD void mr_json_set_error(struct mr_json *j, int status, uint32_t at);

/* The same, and false, so that a caller can return it (inline: the compiler should know that it is). */
MR_INLINE bool mr_json_error(struct mr_json *j, int status, uint32_t at)
{
    mr_json_set_error(j, status, at);
    return false;
}

/* One character beyond ASCII at data[pos]: its length (2..4) if it is well-formed UTF-8 (RFC 3629: no
 * surrogates, nothing overlong, nothing above U+10FFFF). Else MR_E_MALFORMED or, where the text ends inside
 * it, MR_E_TRUNCATED, with `*at` the byte that breaks it. */
int mr_json_utf8(const uint8_t *data, uint32_t pos, uint32_t len, uint32_t *at);

/* One escape at data[pos] == '\\': its length (2 or 6), or an error as above. */
int mr_json_escape(const uint8_t *data, uint32_t pos, uint32_t len, uint32_t *at);

#endif
