/* Fake hosts: a tree below a folder of the test's own, written from a description (hosts/README.md). */
#ifndef MR_TESTS_PINNING_TREE_H
#define MR_TESTS_PINNING_TREE_H

#include "dataplane/base/base.h"

#define TREE_HOSTS 7
extern const char *const tree_hosts[TREE_HOSTS]; /* their names */

struct tree {
    char root[64];
    char journal[128]; /* beside the tree, not in it */
};
/* Runs in the project's root. The folder is in memory where there is /dev/shm, else under /tmp. */
void tree_make(struct tree *t, const char *host);
void tree_remove(struct tree *t);

/* All of it as one text: folders, files, contents. free() it. */
char *tree_text(const struct tree *t);
/* Paths of all files below the root, each ended by a zero, an empty one at the end. free() it. */
char *tree_files(const struct tree *t);

/* A file of the tree; the folder must be there for `put`. */
void tree_put(const struct tree *t, const char *path, const char *text);
void tree_append(const struct tree *t, const char *path, const char *text);
char *tree_get(const struct tree *t, const char *path); /* NULL: not there. free() it */

#endif
