/* RFC 6455 once more, octet by octet and as plainly as it can be written: what a reader must say of a stream. It shares nothing with
 * codecs/ws. */
#ifndef MR_TESTS_WS_REFERENCE_H
#define MR_TESTS_WS_REFERENCE_H

#include "dataplane/base/base.h"

struct ref_event {
    uint64_t hash; /* FNV-1a 64 of the payload; of a close frame: of the reason */
    uint32_t len;
    uint16_t code; /* of a close frame; 1005 none */
    uint8_t opcode;
};
enum { REF_EVENTS = 4096, REF_LIMIT_MAX = 1 << 16 };
struct ref {
    struct ref_event event[REF_EVENTS];
    uint32_t count;
    uint16_t fails; /* 0; 1002, 1007, 1009: what it must be closed with */
    bool ended;     /* something came behind a close frame */

    /* on the way */
    bool masked, closed;
    uint8_t kind; /* of the message being joined; 0 none */
    uint32_t limit, joined, letter_left;
    uint8_t low, high; /* between which the next octet of a letter must be */
    uint8_t message[REF_LIMIT_MAX], control[125];
};
/* `len` octets as a client reads them (a server: `masked`); messages of at most `limit`. */
void ref_read(struct ref *r, bool masked, uint32_t limit, const uint8_t *data, uint32_t len);
uint64_t ref_hash(const uint8_t *data, uint32_t len);

#endif
