/* The control plane's side of data planes: attaches to each workspace, takes its signals in order, knows what was lost.
 *
 * The data plane may come later, go, or come back in a new epoch: each poll looks. A reader's mark lies in the ring, so a control plane that
 * comes back goes on where it stopped; what was overwritten or never given out is a counted gap, told before what follows it.
 *
 * Thread  one owner.   Errors  none stop it: a workspace that cannot be used is looked at again, and why stands in the view. */
#ifndef MR_LINK_LINK_H
#define MR_LINK_LINK_H

#include "dataplane/ring/workspace.h"
#include "engines/signal/signal.h"

#define MR_LINKS_MAX 16

struct mr_link_counts {
    uint64_t signals, gaps, lost, attaches, by_level[MR_LEVEL_COUNT], cascades;
};
struct mr_link_view {
    const char *name, *path;
    bool attached;
    uint64_t epoch,
        config; /* config, build, instance: of whom it is attached to, or was last (struct mr_workspace_info) */
    struct mr_link_counts counts;
    char why[256], build[48], instance[32];
};

struct mr_links;
/* A signal (kind GAP: `lost` signals from seq on are missing), and whose. */
typedef void mr_link_signal_fn(void *arg, const char *plane, const struct mr_signal *signal, uint64_t lost);

int mr_links_open(struct mr_links **links, mr_link_signal_fn *signal, void *arg, struct mr_err *err);
int mr_links_add(struct mr_links *links, const char *name,
                 const char *workspace);                        /* MR_E_FULL, MR_E_INVALID: the name is taken */
uint32_t mr_links_poll(struct mr_links *links, int64_t now_ns); /* signals taken */
uint64_t mr_links_attaches(const struct mr_links *links);       /* of all of them, ever */
uint32_t mr_links_count(const struct mr_links *links);
void mr_links_view(const struct mr_links *links, uint32_t i, struct mr_link_view *out);
/* The data plane that this one is attached to, or was last, runs. A system call. */
bool mr_links_alive(const struct mr_links *links, uint32_t i);
void mr_links_close(struct mr_links *links);

#endif
