/* An aux tile with one feed tile's rings, stepped on the test's own thread against two HTTPS servers; time can be moved ahead. */
#ifndef MR_TESTS_AUX_RIG_H
#define MR_TESTS_AUX_RIG_H

#include "dataplane/aux/aux_priv.h"
#include "tests/dataplane/aux/https_server.h"

#define RING_AREA (256u << 10)

extern char ca_file[64], other_ca_file[64];
extern struct https_server *server, *misnamed; /* of rest.test and 127.0.0.1; of somebody.test */

struct rig {
    struct mr_aux_config config;
    struct mr_aux_link link;
    struct mr_aux_metrics metrics;
    struct mr_ring_writer ask;
    struct mr_ring_reader answers;
    struct mr_aux_inbox inbox;
    struct mr_aux_override overrides[2];
    void *state;
    int64_t ahead_ns;
    uint64_t next_id;
};

int64_t wall_ns(void);
struct mr_address loopback(uint16_t port);
struct rig *rig_open(struct mr_aux_config config);
void rig_close(struct rig *r);
void step(struct rig *r);
void ask(struct rig *r, const char *url);
int ask_post(struct rig *r, const char *url, const char *post);
void ask_name(struct rig *r, const char *host, uint16_t port);
struct mr_aux_reply take(struct rig *r);
struct mr_aux_reply fetch(struct rig *r, const char *url);
bool is_pattern(struct mr_span body, uint32_t len);
int open_servers(void **state);
int close_servers(void **state);

#endif
