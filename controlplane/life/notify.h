/* Tells somebody outside by HTTP (C-4): a JSON object by POST to one address, from the io thread, without ever waiting.
 *
 * Any 2xx is told. Else, and after no answer in time, again after 1, 2 and 4 s, then given up: counted, with the reason. The body has "text", so
 * that a chat's own hooks take it as it is; the address may hold a token, so no sentence shows more of it than its scheme and host.
 *
 * Bounds  messages that wait (one under way), bytes of a body, of an answer (not looked at).   Thread  one.   Times  the caller's. */
#ifndef MR_LIFE_NOTIFY_H
#define MR_LIFE_NOTIFY_H

#include "dataplane/base/base.h"

#define MR_NOTIFY_WAITING 16
#define MR_NOTIFY_BODY 4096
#define MR_NOTIFY_ATTEMPTS 4 /* the first, then after 1, 2 and 4 s */

struct mr_notify_config {
    const char *url;     /* https://...; http:// too; copied */
    const char *ca_file; /* NULL: the system's */
    uint32_t timeout_ms; /* of each attempt */
};
struct mr_notify_counts {
    uint64_t posted, told, failures, given_up, full;
};
struct mr_notify;
int mr_notify_open(struct mr_notify **notify, const struct mr_notify_config *config, struct mr_err *err);
/* A legal JSON object. Its number from 1; MR_E_FULL, MR_E_TOO_BIG: not taken, counted. */
int64_t mr_notify_post(struct mr_notify *notify, const char *json);
/* Each 10 ms or so while something waits; how many still do. */
uint32_t mr_notify_poll(struct mr_notify *notify, int64_t now_ns);
/* What became of it: MR_OK told, MR_E_AGAIN, else given up, with the reason of the last attempt; MR_E_INVALID: no such number, or long ago. */
int mr_notify_outcome(const struct mr_notify *notify, int64_t number, struct mr_err *err);
void mr_notify_counts(const struct mr_notify *notify, struct mr_notify_counts *out);
void mr_notify_close(struct mr_notify *notify); /* what waits is dropped */

#endif
