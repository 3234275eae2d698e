/* The host whose settings are looked at: its /proc, /sys and /dev below a root folder, and its NICs.
 *
 * The root is "/" for the host itself; any other folder is another host's tree, of a customer's machine or of a test. All access goes through
 * here: bounded, without a shell, and no link leads out of the root. What cannot be read is named in `trouble` and never fatal.
 *
 * NICs    settings that are not files have paths all the same: /ethtool/IF/KEY (nic.c has the keys). On "/" these are ioctls, below another
 *         root plain files. So a setting is a path and a value whatever it is; what is printed, applied and undone is the same data.
 * Errors  MR_E_EMPTY: there is no such file, a host without that knob. MR_E_IO, MR_E_TOO_BIG, MR_E_MALFORMED: named in `trouble`. */
#ifndef MR_PINNING_HOST_H
#define MR_PINNING_HOST_H

#include "dataplane/tile/cpus.h"

#define MR_HOST_PATH 256
#define MR_HOST_TEXT 4096 /* longest setting: one page, as sysfs has it */
#define MR_HOST_TROUBLES_MAX 32

struct mr_host {
    int root; /* descriptor of the folder */
    bool live;
    bool resolves; /* the kernel keeps paths below the root (openat2) */
    char trouble[MR_HOST_TROUBLES_MAX][160];
    uint32_t trouble_count, trouble_more; /* those that did not fit */
};

/* `root` NULL: "/". MR_E_IO with the reason. */
int mr_host_open(struct mr_host *host, const char *root, struct mr_err *err);
void mr_host_close(struct mr_host *host);

/* The file's text without what white space ends it, NUL-terminated: its length, or a status. The formatted path begins with a slash. */
int mr_host_read(struct mr_host *host, char *out, size_t bytes, const char *format, ...) MR_PRINTF(4, 5);
/* Exactly what is in it; a longer file gives its first `bytes` - 1. Nothing is named in `trouble`. */
int mr_host_raw(const struct mr_host *host, const char *path, char *out, size_t bytes);
int mr_host_number(struct mr_host *host, int64_t *out, const char *format, ...) MR_PRINTF(3, 4);
int mr_host_cpus(struct mr_host *host, struct mr_cpus *out, const char *format, ...) MR_PRINTF(3, 4); /* a list */
int mr_host_mask(struct mr_host *host, struct mr_cpus *out, const char *format, ...) MR_PRINTF(3, 4);
bool mr_host_has(const struct mr_host *host, const char *path);

/* Names in a folder in order (numbers by value), without those that begin with a dot. How many there are; 0: no such folder. */
#define MR_HOST_NAME 32
uint32_t mr_host_list(const struct mr_host *host, const char *path, char (*names)[MR_HOST_NAME], uint32_t most);

/* Puts `text` in place of what the file holds; it must be there. MR_E_IO with the reason in `err`. */
int mr_host_write(const struct mr_host *host, const char *path, const char *text, struct mr_err *err);
/* Puts back what mr_host_raw gave, byte for byte. Of a list of choices ("always [madvise] never") a kernel wants the chosen word alone. */
int mr_host_restore(const struct mr_host *host, const char *path, const char *old, struct mr_err *err);

/* The chosen word of "always [madvise] never", else the whole text. */
void mr_host_choice(const char *text, char *out, size_t bytes);

/* One line: path and what is wrong with it. */
void mr_host_trouble(struct mr_host *host, const char *path, const char *what);

#endif
