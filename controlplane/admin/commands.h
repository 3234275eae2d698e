/* Commands, apart from sockets: one line in, one reply out. The admin socket, `millrace ctl --workspace` and the fuzzer call it. */
#ifndef MR_ADMIN_COMMANDS_H
#define MR_ADMIN_COMMANDS_H

#include "controlplane/admin/admin.h"
#include "controlplane/admin/look.h"
#include "controlplane/trade/desk.h"

enum mr_reply { MR_REPLY_GOOD, MR_REPLY_USAGE, MR_REPLY_REFUSED, MR_REPLY_FAILED, MR_REPLY_QUIT, MR_REPLY_LATER };

/* The writing side of one workspace's command rings: opened at the first act. */
struct mr_sender {
    struct mr_workspace ws;
    struct mr_ring_writer writer[MR_PLANE_TILES_MAX];
    uint32_t count;
    bool open;
    uint64_t inode;
};
struct mr_seat {
    struct mr_sender sender;
    struct mr_look look;
    bool used;
};

struct mr_peer {
    uint32_t uid;
    int32_t pid;
    enum mr_admin_level level;
    struct mr_ask *ask; /* of the command under way, the caller's; NULL: it can ask no trade tile */
};

struct mr_commands {
    struct mr_seat seats[MR_ADMIN_PLANES_MAX];
    const char *version, *build;
    const struct mr_admin_hands *hands; /* what the control plane's own commands act on (do.h); NULL: nothing */
    bool read_only;                     /* acts are refused: this is a look at a file */
    uint64_t last_id;                   /* of commands sent */
    void (*audit)(void *arg, const char *line);
    void (*shutdown)(void *arg);
    void *arg;
};

struct mr_commands *mr_commands_open(void); /* all on the heap: rings' handles want their alignment */
void mr_commands_close(struct mr_commands *c);
int mr_commands_attach(struct mr_commands *c, const char *name, const char *path);
void mr_commands_detach(struct mr_commands *c, const char *name);

/* Does what `line` says (no newline in it) and writes the whole reply, its end among it. A reply that does not fit becomes one that says so.
 * MR_REPLY_LATER: nothing is written, the answer is not there yet; the same line is to be given again. */
enum mr_reply mr_command(struct mr_commands *c, const char *line, size_t len, const struct mr_peer *peer,
                         struct mr_text *out);
/* A reply that is one error. */
void mr_reply_error(struct mr_text *out, bool json, enum mr_reply kind, const char *sentence);

#endif
