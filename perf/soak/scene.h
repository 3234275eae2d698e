/* The scene of a soak: the simulated exchange on a thread of this process, the data plane in a process of its own, and between them TLS over
 * the loopback. All instruments of the generated market, on every product that the data plane can follow.
 *
 * Threads  the data plane's process is made before any thread; the caller's thread has SIGINT, SIGTERM and SIGCHLD blocked. */
#ifndef MR_SOAK_SCENE_H
#define MR_SOAK_SCENE_H

#include <sys/types.h>

#include "dataplane/plane/plane.h"
#include "perf/soak/sample.h"
#include "tests/exchange/server/server.h"

#define MR_SOAK_DECK_MAX 512

struct mr_soak_scene {
    char folder[64];
    struct mr_exchange *exchange;
    struct mr_soak_look *look;
    pid_t plane;
    int to_plane;   /* a pipe: where the exchange is */
    uint32_t books; /* instruments with a book, ids from 0 on */
    struct mr_market_config market;
    struct mr_plane_config config;
    struct mr_exchange_fault
        deck[MR_SOAK_DECK_MAX]; /* every fault on every product, shuffled; dealt from the top, then again */
    uint32_t deck_count, dealt;
    uint64_t seed;
};

/* Until everything is live. MR_OK, or what cannot be; mr_soak_scene_close in any case. */
int mr_soak_scene_open(struct mr_soak_scene *scene, uint64_t seed, uint32_t rate, struct mr_err *err);
void mr_soak_scene_close(struct mr_soak_scene *scene);
/* Begins the next fault of the deck; which. */
const struct mr_exchange_fault *mr_soak_scene_fault(struct mr_soak_scene *scene);
/* False: the operator wants the end, or the data plane has ended. */
bool mr_soak_scene_wait(struct mr_soak_scene *scene, double seconds);
/* At most so long. */
bool mr_soak_scene_live(struct mr_soak_scene *scene, double seconds, char *why, size_t room);
/* The market stands still, what is under way arrives, then every book is compared with the exchange's. How many are equal; the market
 * stands still when this returns. */
uint32_t mr_soak_scene_equal(struct mr_soak_scene *scene, char *first_other, size_t room);

#endif
