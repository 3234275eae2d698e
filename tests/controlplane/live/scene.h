/* A running system, seen from outside: what the tests in this folder share. One scene a process; all its files are in one folder. */
#ifndef MR_TEST_SCENE_H
#define MR_TEST_SCENE_H

#include <sys/types.h>

#include "tests/support/support.h"

/* Of the demo: what is live when all is. */
enum { SCENE_BOOKS = 18, SCENE_CONNECTIONS = 12 };

struct scene {
    const char *program;
    const char *source; /* how the system receives: "auto", "dpdk" */
    char folder[64];
    char out[1 << 20], again[1 << 20]; /* what programs said */
    pid_t started[32];                 /* ended with the scene, if they still run */
    uint32_t started_count;
    int64_t slowest_ns; /* of all waits for live */
};
extern struct scene scene;

int scene_open(void **state); /* set-up and teardown of a test: an empty folder, which is the run and data folder */
int scene_close(void **state);

/* Runs `millrace ARGS` to its end, output into scene.out (or `into`); its exit code. */
int scene_shell(const char *args, char *into, size_t bytes);
#define SCENE_SHELL(args) scene_shell(args, scene.out, sizeof scene.out)
/* `millrace run` by the scene's source, `args` behind it; it must end with 0. Output in scene.out. */
void scene_run(const char *args);
void scene_good(const char *args); /* any verb, which must end with 0 */
/* argv: the program, and perhaps a source. What this machine lacks for it is told, and 77 returned; 0: all is there. */
int scene_begin(int argc, char **argv);
void scene_show_log(void);

/* The value behind "key": in a JSON text, up to the next comma or brace; the key must be there. */
const char *scene_value(const char *json, const char *key);
long scene_number(const char *json, const char *key);

/* A process of the program, its output in the folder's log or, where `output` is given, in that file of the folder. */
pid_t scene_start(const char *const *args, const char *output);
long scene_pid_of(const char *child); /* of the demo's, by its pid file */
/* All connections and all books live, as an operator would see it; within `seconds`. */
bool scene_live(const char *instance, int seconds);
/* One request to the simulated exchange of the demo; the answer is in scene.again. */
void scene_exchange(const char *path, const char *body);
/* The exchange stands still for a moment; every book of the instance equals the exchange's own, twenty levels, price and size. */
bool scene_books_equal(const char *instance);

#endif
