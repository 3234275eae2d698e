/* What the tests of the TLS client cases stand on: certificates, a listener on loopback, and one case run from end to end. */
#ifndef MR_TESTS_TLS_BED_H
#define MR_TESTS_TLS_BED_H

#include <sys/types.h>

#include "tests/dataplane/tls/server.h"
#include "tests/support/netns.h"

struct tls_bed {
    struct pki pki;
    struct report *report; /* shared with the server's process */
    const struct mr_netns
        *net; /* set before it is opened: servers are at the other end of its veth; NULL: on the loopback */
    int listener;
    uint8_t ip[4];
    uint16_t port;
};
extern struct tls_bed tls_bed;
int tls_bed_open(void **state);
int tls_bed_close(void **state);

struct tls_way { /* by which the client receives */
    const char *name, *source;
    enum mr_tls_read_layer read_layer;
};

struct mr_tls_context *tls_bed_context(const struct tls_case *c, enum mr_tls_read_layer read_layer);
/* The server of the case, in its own process; end waits for it: its exit status. */
pid_t tls_bed_serve(const struct tls_case *c);
int tls_bed_end(pid_t server);
void tls_bed_dial(const struct tls_case *c, struct mr_probe *probe, struct mr_tls_context *context, uint32_t turn,
                  struct mr_probe_result *out);
/* All of it; false: what differs was printed. */
bool tls_bed_case(const struct tls_case *c, struct mr_probe *probe, const struct tls_way *way);

#endif
