/* The admin socket: see and steer running data planes (commands.def has the commands).
 *
 *     ask   a line of words            show book BTCUSDT 5
 *     reply lines, then a line "."     or, if the line has --json among its words, one line of JSON
 *     a refusal begins "error KIND: sentence", or is {"error":{"kind":KIND,"text":sentence}}; KIND: usage, refused, failed
 *
 * The kernel says who is at the other end (SO_PEERCRED): root and the instance's own user administer, the configured users do what
 * they were given, everyone else observes or is refused. Every acting command, refused ones too, is audited.
 *
 * Shows read workspaces and nothing else; commands of the control plane itself (do.h) are carried out here; acts write a struct mr_plane_command into the feed tiles' command rings, wait for nothing and
 * answer "sent": what came of it is seen in a show. Nothing a client does can hold up a data plane. What the trade tile is asked is answered when it has
 * answered: only that client waits for it, `kill on` of another never does.
 *
 * Bounds  clients, length of a line, replies not read (then nothing more is read from that client, then it is closed), time for half a
 *         line: struct mr_control_config. What is beyond gets a sentence.
 * Memory  line_max a client, one reply buffer of MR_ADMIN_REPLY_BYTES, replies under way.   Thread  the loop's. */
#ifndef MR_ADMIN_ADMIN_H
#define MR_ADMIN_ADMIN_H

#include <sys/types.h>
#include <uv.h>

#include "controlplane/config/config.h"
#include "dataplane/text/text.h"

enum mr_admin_level { MR_ADMIN_REFUSED, MR_ADMIN_OBSERVE, MR_ADMIN_OPERATE, MR_ADMIN_ADMINISTER };
const char *mr_admin_level_name(unsigned level);
enum mr_admin_level mr_admin_level_of(const struct mr_control_config *control, uint32_t own_uid, uint32_t uid);

#define MR_ADMIN_PLANES_MAX 16
#define MR_ADMIN_REPLY_BYTES (2u << 20) /* of one reply; more is refused with a sentence */

struct mr_log;
struct mr_admin_hands;
struct mr_admin_config {
    struct mr_control_config control;
    const char *version, *build;                /* of this program */
    struct mr_log *log;                         /* audit and refusals; may be NULL */
    void (*audit)(void *arg, const char *line); /* the same lines, beside the log; may be NULL */
    void (*shutdown)(void *arg); /* an administrator said shutdown, and the data planes were told; may be NULL */
    void *arg;
    const struct mr_admin_hands *hands; /* kill switch, life cycle, configuration (do.h); outlives it; may be NULL */
};

struct mr_admin_counts {
    uint32_t clients;
    uint64_t accepted, turned_away, commands, refused, lines_too_long, halves, unread;
};

struct mr_admin;
/* Listens at control.socket: made with mode 0660; one that a dead instance left is replaced; MR_E_IO with the sentence (another instance
 * answers there, no permission, no folder). SIGPIPE is ignored from here on. After an error the loop is to be run once more: it frees. */
int mr_admin_open(struct mr_admin **admin, uv_loop_t *loop, const struct mr_admin_config *config, struct mr_err *err);
/* The workspace need not be there yet, and may be replaced by a later epoch's: each command looks. MR_OK, MR_E_FULL, MR_E_INVALID (that name is
 * attached already). */
int mr_admin_attach(struct mr_admin *admin, const char *name, const char *path);
void mr_admin_detach(struct mr_admin *admin, const char *name);
/* From now on these limits and levels: clients that are there keep their level. Not the socket, not line_max. */
void mr_admin_limits(struct mr_admin *admin, const struct mr_control_config *control);
/* Commands that wait for the trade tile's answer are looked at again: when it answered, and each few ms. */
void mr_admin_answers(struct mr_admin *admin);
void mr_admin_counts(const struct mr_admin *admin, struct mr_admin_counts *out);
/* Closes all; memory goes when the loop has run the last close. The socket's file is removed. */
void mr_admin_close(struct mr_admin *admin);

#endif
