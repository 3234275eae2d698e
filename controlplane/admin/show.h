/* The screens: what an operator sees of a data plane, as text of at most 80 columns or as JSON. One function a screen, one file a
 * screen; used by the admin socket, `millrace ctl --workspace` and `millrace top` alike.
 *
 * Every table says how old its data is, at the right of its heading. */
#ifndef MR_ADMIN_SHOW_H
#define MR_ADMIN_SHOW_H

#include "controlplane/admin/look.h"
#include "dataplane/text/text.h"

#define MR_SHOW_MARK '\x01' /* begins a heading where `mark` is set */
#define MR_SHOW_COLUMNS 80
#define MR_SHOW_OLD_NS 5000000000ll /* data that has stood still for longer has "OLD" for "age" in its heading */
#define MR_SHOW_SIGNALS 20          /* the latest that are shown */

struct mr_show {
    struct mr_text *out;
    struct mr_json_out *json; /* NULL: text */
    uint32_t rows;            /* at most so many in a table; 0: all */
    bool mark;
    const char *const *args;
    uint32_t arg_count;
    const char *version, *build; /* of this program */
};

/* MR_OK, or MR_E_INVALID: the arguments (the sentence says what is wanted), MR_E_EMPTY: there is none of it. */
typedef int mr_show_fn(const struct mr_show *s, const struct mr_look *look, struct mr_err *err);
mr_show_fn mr_show_trading; /* of `top`; MR_E_EMPTY: nothing is traded */
#define MR_SHOW(words, usage, function, help) mr_show_fn function;
#define MR_ACT(words, usage, level, function, kind, help)
#define MR_DO(words, usage, level, function, help)
#include "controlplane/admin/commands.def"
#undef MR_SHOW
#undef MR_ACT
#undef MR_DO

/* ---- what the screens share (show.c) ---- */

/* A heading, and at its right the age of the data: data_ns 0 says that there is none. */
void mr_show_head(const struct mr_show *s, const struct mr_look *look, const char *columns, int64_t data_ns);
void mr_show_row(const struct mr_show *s, const char *format, ...) MR_PRINTF(2, 3);
/* "... and 12 more", if there are more than `rows`. */
void mr_show_more(const struct mr_show *s, uint32_t count);
bool mr_show_full(const struct mr_show *s, uint32_t shown);
/* "0.3 s", "12 s", "5 min", "3 h", "2 d"; "-" for nothing. */
struct mr_age {
    char text[16];
};
struct mr_age mr_age_of(int64_t ns);
struct mr_age mr_age_since(int64_t now_ns, int64_t then_ns);
/* 12.3k, 4.56M: at most 6 characters. */
struct mr_short {
    char text[16];
};
struct mr_short mr_short_of(double value);
struct mr_short mr_ns_of(int64_t ns); /* 999ns, 12.3us, 4.56ms, 7.8s: at most 6 characters */
/* Only printable ASCII, at most `bytes` with the NUL. */
void mr_show_clean(char *out, size_t bytes, const char *text);

#endif
