/* Credentials of venues (C-37): one file, read into one locked page, and nowhere else.
 *
 *     # DATA/INSTANCE/credentials.yaml, mode 0600
 *     - venue: okx
 *       key: 0a1b...
 *       secret: "..."
 *       passphrase: ...       where the venue has one
 *
 * The file is refused unless it is a regular file of ours with mode 0600 (no link, no group, no others). The bytes are read straight into
 * a page between two guard pages: locked, out of core dumps, empty in a forked child, read-only once read, zeroed at close. The reader works in that
 * page: no library sees the text, no copy is made, and no sentence of ours quotes any of it. A struct mr_secret is a place in that page; there is no
 * function that prints one.
 *
 * Only what stands above is taken: one list (or the same under `credentials:`), plain or quoted scalars without escapes, comments.
 *
 * Thread  boot, then read-only for all.   Errors  MR_E_IO, MR_E_INVALID (not as it must be kept), MR_E_MALFORMED with line and column, MR_E_TOO_BIG. */
#ifndef MR_SECRETS_SECRETS_H
#define MR_SECRETS_SECRETS_H

#include "dataplane/base/base.h"

#define MR_CREDENTIALS_MAX 16
#define MR_CREDENTIALS_BYTES 4096 /* of the file, at most */

/* Bytes in the locked page; good until mr_secrets_close. For signing, not for showing. */
struct mr_secret {
    const uint8_t *bytes;
    uint32_t len;
};
struct mr_credential {
    char venue[24];
    struct mr_secret key, secret, passphrase; /* passphrase: len 0 where there is none */
};
struct mr_secrets {
    void *map; /* guard, page, guard */
    uint8_t *page;
    uint32_t count;
    struct mr_credential credentials[MR_CREDENTIALS_MAX];
};

/* No core of this process, nobody attaches to it, nobody reads its memory: before the file is opened. */
int mr_secrets_harden(struct mr_err *err);
/* On any error nothing is kept. A page that cannot be locked is an error (RLIMIT_MEMLOCK). */
int mr_secrets_open(struct mr_secrets *secrets, const char *path, struct mr_err *err);
/* NULL: none for this venue. */
const struct mr_credential *mr_secrets_of(const struct mr_secrets *secrets, const char *venue);
/* Zeroes, unlocks, unmaps. Again: nothing to do. */
void mr_secrets_close(struct mr_secrets *secrets);

/* The reader, for tests: over `len` bytes that stay where they are. `name` is for sentences. */
int mr_secrets_parse(struct mr_secrets *secrets, const char *name, uint8_t *text, uint32_t len, struct mr_err *err);

#endif
