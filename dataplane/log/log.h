/* Asynchronous log: callers put a record into their own byte ring; one thread formats and writes.
 *
 * Never called from step functions, only from boot, housekeeping and the control plane; even so it never blocks: a full
 * ring counts the loss and the next record says how many were lost. Text or JSON lines. Each place may speak
 * `MR_LOG_BURST` times a second; what is held back is counted and said. Values of keys that name secrets
 * (key, secret, passphrase, token, signature) are written as "***". */
#ifndef MR_LOG_LOG_H
#define MR_LOG_LOG_H

#include "dataplane/base/base.h"

enum mr_log_level { MR_LOG_DEBUG, MR_LOG_INFO, MR_LOG_WARN, MR_LOG_ERROR };
#define MR_LOG_BURST 10

struct mr_log; /* the log of a process: writers' rings and the sink thread */
struct mr_log_site {
    const char *file;
    int line;
    int64_t window_ns;
    uint32_t in_window, held_back;
};

/* path NULL: stderr */
int mr_log_open(struct mr_log **log, const char *path, bool json, enum mr_log_level level, struct mr_err *err);
void mr_log_close(struct mr_log *log); /* drains */
void mr_log_level_set(struct mr_log *log, enum mr_log_level level);
uint64_t mr_log_lost(const struct mr_log *log);
void mr_log_write(struct mr_log *log, struct mr_log_site *site, enum mr_log_level level, const char *format, ...)
    MR_PRINTF(4, 5);
#define MR_LOG(log, level, ...)                                                                   \
    do {                                                                                          \
        static _Thread_local struct mr_log_site mr_site = {__FILE__, __LINE__, 0, 0, 0};          \
        mr_log_write((log), &mr_site, (level), __VA_ARGS__);                                      \
    } while (0)

#endif
