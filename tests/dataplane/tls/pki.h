/* The certificates of the TLS client cases: one table (pki.c), made anew for each run, so that no key lies in the tree. */
#ifndef MR_TESTS_TLS_PKI_H
#define MR_TESTS_TLS_PKI_H

#include <openssl/ssl.h>

#include "dataplane/base/base.h"

#define PKI_HOST "api.example"

/* Who there is. An issuer stands before those it signs. */
enum pki_who {
    PKI_NOBODY,
    /* authorities */
    ROOT,
    INTER,
    STRANGER_ROOT,
    STRANGER_INTER,
    INTER_EXPIRED,
    INTER_BELOW,
    INTER_REVOKED,
    INTER_SHA1,
    INTER_RSA_1024,
    INTER_NOT_CA,
    INTER_NO_SIGN,
    INTER_PATH_0,
    INTER_UNDER_PATH_0,
    INTER_V1,
    INTER_UNKNOWN,
    INTER_OTHER_NAMES,
    INTER_OUR_NAMES,
    INTER_NOT_OUR_NAMES,
    INTER_DEEP_1,
    INTER_DEEP_12 = INTER_DEEP_1 + 11,
    /* servers */
    GOOD,
    GOOD_RSA,
    GOOD_ED25519,
    GOOD_TOO,
    EXPIRED,
    EARLY,
    SELF_SIGNED,
    SELF_EXPIRED_INTER,
    BELOW,
    STRANGER,
    REVOKED,
    OF_REVOKED_INTER,
    MUST_STAPLE,
    SHA1_SIGNED,
    OF_SHA1_INTER,
    RSA_1024,
    OF_RSA_1024_INTER,
    OTHER_NAME,
    WILDCARD,
    WILDCARD_TWO,
    WILDCARD_PART,
    ONLY_COMMON_NAME,
    NO_SUBJECT,
    NO_SUBJECT_NOT_CRITICAL,
    IP_V4,
    IP_V6,
    IP_OTHER,
    IP_AS_DNS,
    NUL_IN_NAME,
    DOT_IN_NAME,
    UPPER_CASE,
    NAMES_1000,
    NAMES_1000_OTHERS,
    NAMES_10000,
    CONSTRAINED_OTHER,
    CONSTRAINED_OURS,
    CONSTRAINED_NOT_OURS,
    CLIENT_ONLY,
    NO_EXTENDED,
    NO_SIGN_BIT,
    NO_USAGE,
    LEAF_CA,
    OF_NOT_CA,
    OF_NO_SIGN,
    OF_PATH_0,
    UNKNOWN_CRITICAL,
    UNKNOWN_HARMLESS,
    OF_UNKNOWN_INTER,
    OF_V1,
    DEEP_12,
    DEEP_6,
    BOTH_NAMES,
    /* of the authority's: one may answer OCSP for it, the other may not */
    RESPONDER,
    NO_RESPONDER,
    PKI_COUNT
};

struct pki_one {
    X509 *x;
    EVP_PKEY *key;
};
struct pki {
    char folder[64];
    char ca[96];          /* ROOT alone */
    char crl_fresh[96];   /* REVOKED and INTER_REVOKED are on it */
    char crl_stale[96];   /* the same lists, a day too old */
    char crl_partial[96]; /* ROOT's only */
    struct pki_one of[PKI_COUNT];
};
void pki_open(struct pki *pki);
void pki_close(struct pki *pki);
/* The row's issuer. */
enum pki_who pki_issuer(enum pki_who who);

/* Stapled answers about a certificate. */
enum pki_staple {
    STAPLE_NONE,
    STAPLE_GOOD,
    STAPLE_REVOKED,
    STAPLE_UNKNOWN,
    STAPLE_STALE,
    STAPLE_OF_ANOTHER,
    STAPLE_OF_A_STRANGER,
    STAPLE_DELEGATED,
    STAPLE_NOT_DELEGATED,
    STAPLE_TRY_LATER,
    STAPLE_GARBAGE
};
/* DER in `out` (4 KiB); its length. */
int pki_staple(const struct pki *pki, enum pki_who about, enum pki_staple kind, uint8_t *out);

#endif
