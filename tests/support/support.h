/* What tests share: cmocka with its headers in order, where recorded data lies, guard pages, a seeded generator. */
#ifndef MR_TESTS_SUPPORT_H
#define MR_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/base/base.h"

/* Folder of the recordings: MILLRACE_CAPTURES, else ../shared/captures beside the project. NULL where there is none,
 * unless MILLRACE_REQUIRE_CAPTURES=1, which makes their absence a failure. The same for the conformance data. */
const char *mr_test_captures(void);
const char *mr_test_testdata(void);
/* Says why on one line; the test then calls skip(). */
void mr_test_skip_line(const char *why);

/* A whole file, or a .zst one unpacked; NULL if it cannot be read. free() it. One NUL follows the bytes. */
uint8_t *mr_test_read(const char *folder, const char *name, size_t *len);

/* The text is what that file of the folder holds; MILLRACE_UPDATE=1 rewrites it first. Fails the test, and shows the text, where it is not. */
void mr_test_golden(const char *folder, const char *name, const char *text);

/* `len` bytes that end exactly at an unmapped page (and begin after one where len is a page multiple). */
struct mr_guard {
    uint8_t *data;
    void *map;
    size_t map_bytes;
};
struct mr_guard mr_guard_open(size_t len);
void mr_guard_close(struct mr_guard *g);

/* A shell's command: exit code, -1 a signal ended it; what it wrote to stdout, cut to `bytes`. */
int mr_test_shell(char *out, size_t bytes, const char *format, ...) MR_PRINTF(3, 4);
void mr_test_rest(int ms); /* also when a signal comes in between */

/* A folder of this test's own, with all that is in it; no link is followed. 0, or -1. */
int mr_test_remove(const char *folder);
/* The files of a folder, not what lies in folders within it, into one that is made for them. 0, or -1. */
int mr_test_copy(const char *from, const char *to);
/* AddressSanitizer or ThreadSanitizer watches: they keep what was freed, map shadows, report signals their own way. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MR_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MR_TEST_SANITIZED 1
#endif
#endif
#ifndef MR_TEST_SANITIZED
#define MR_TEST_SANITIZED 0
#endif

/* splitmix64: the same numbers everywhere for one seed. */
struct mr_random {
    uint64_t state;
};
uint64_t mr_random_next(struct mr_random *r);
uint64_t mr_random_below(struct mr_random *r, uint64_t bound);

/* exit status of a group: 0 or 1 */
#define MR_TEST_MAIN(tests) (cmocka_run_group_tests((tests), NULL, NULL) ? 1 : 0)

#endif
