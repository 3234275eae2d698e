/* Are these cores fit for these tiles? Asked before anything starts.
 *
 * Refused always: a core that the host does not have, or that this process may not use. Refused unless `anywhere`: two tiles on one core or on SMT siblings
 * of one, tiles of the data plane on different nodes, or on another node than the NIC. With `anywhere` these are said. */
#ifndef MR_PINNING_PLACE_H
#define MR_PINNING_PLACE_H

#include "pinning/topology.h"

#define MR_PLACE_MAX 16
struct mr_place {
    struct {
        const char *key, *role; /* "plane.cores", "feed 0" */
        int core;               /* below 0: not pinned, nothing to say */
        bool near;              /* on one node with the others of these, and the NIC */
        bool foreign;           /* of another process, which may use other cores: only that they are not shared */
    } tile[MR_PLACE_MAX];
    uint32_t count;
    const char *nic; /* an interface, or a PCI address; NULL or "": not known */
    bool anywhere;
};
void mr_place_add(struct mr_place *place, const char *key, const char *role, int core, bool near);
/* MR_OK, or the first thing that is refused. `said` gets the others, a line each. */
int mr_place_check(const struct mr_place *place, const struct mr_topology *t, struct mr_host *host,
                   struct mr_text *said, struct mr_err *err);
/* The node of the tiles that are near; -1: none is pinned, or they are on several. */
int mr_place_node(const struct mr_place *place, const struct mr_topology *t);

#endif
