/* Certificates of the simulated exchange: an authority of its own, and a leaf for the loopback names and the venues' host names.
 *
 *     DIR/ca.pem          what a client trusts
 *     DIR/exchange.pem    the leaf, then the authority; DIR/exchange.key its key (0600)
 *
 * Kept as long as they are whole, valid for a day more and made for the same names; else all are made anew (P-256, SHA-256, 90 days). */
#ifndef MR_EXCHANGE_CERTS_H
#define MR_EXCHANGE_CERTS_H

#include "dataplane/base/base.h"

#define MR_CERTS_PATH 320

struct mr_certs {
    char ca[MR_CERTS_PATH], chain[MR_CERTS_PATH], key[MR_CERTS_PATH];
};

/* `names`: DNS names and addresses, comma-separated; NULL: localhost, 127.0.0.1, ::1 and every venue's hosts. MR_E_IO, MR_E_INVALID. */
int mr_certs_make(const char *folder, const char *names, struct mr_certs *out, struct mr_err *err);

#endif
