/* What a host should be set to for millrace, what it is set to, and the difference as data.
 *
 * A setting (pinning/settings/, one row each in settings.def) looks at the host and gives one finding. What can be changed while the host runs are
 * writes: a path and a value. The printed command, what `tune apply` does and what its journal undoes come from the same writes; so apply and
 * revert are the same few lines for all settings (pinning/apply.h). What needs a restart are words of the kernel's command line; what belongs
 * to somebody else (services, limits) is a command for the operator.
 *
 * Memory  one block of a few MiB, cold: mr_tune_open allocates it, nothing is kept from one run to the next. */
#ifndef MR_PINNING_TUNE_H
#define MR_PINNING_TUNE_H

#include "pinning/host.h"
#include "pinning/plan.h"
#include "pinning/topology.h"

enum mr_verdict { MR_VERDICT_NONE, MR_VERDICT_PASS, MR_VERDICT_WARN, MR_VERDICT_FAIL };
const char *mr_verdict_text(enum mr_verdict verdict); /* "n/a", "pass", "warn", "FAIL" */

struct mr_tune;
struct mr_finding;

/* Rules of the rows of values.def. */
enum mr_rule { MR_RULE_IS, MR_RULE_LEAST, MR_RULE_MOST, MR_RULE_ONE_OF, MR_RULE_EACH, MR_RULE_MASK };

struct mr_setting {
    const char *id;
    void (*check)(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f);
    enum mr_verdict
        otherwise; /* when it is not as wanted: warn, or fail where it costs milliseconds or keeps millrace from working */
    const char *why, *effect;  /* one sentence each: what the host does otherwise; what to expect */
    const char *path, *wanted; /* rows of values.def */
    enum mr_rule rule;
    bool nodes; /* only where there is more than one NUMA node */
};

struct mr_tune_write {
    const char *path, *value, *old; /* `old`: byte for byte */
    bool differs;                   /* false: it is so already; kept for the persistent form */
};
struct mr_finding {
    const struct mr_setting *setting;
    enum mr_verdict verdict;
    char measured[128], wanted[128];
    char words
        [192]; /* of the kernel's command line; "": none. They take a restart; beside writes they are what makes these last */
    char command[192];     /* by the operator's hand; "": none */
    bool optional;         /* words and command are for the operator to weigh: the plan has them apart */
    char unit[96];         /* of millrace's systemd units; "": none */
    uint32_t first, count; /* of mr_tune.writes */
};

#define MR_TUNE_WRITES_MAX 32768
#define MR_TUNE_POOL_BYTES (8u << 20)
struct mr_tune {
    struct mr_host *host;
    struct mr_topology topology;
    struct mr_core_plan plan;
    struct mr_finding *findings; /* one a setting, in the order of settings.def */
    uint32_t finding_count;
    struct mr_tune_write *writes;
    uint32_t write_count;
    char *pool; /* texts of the writes */
    size_t pool_used;
};

extern const struct mr_setting *const mr_settings[];
extern const uint32_t mr_setting_count;

/* Reads the host and checks all settings against the plan of that wish. `host` and texts of the wish must outlive it. */
int mr_tune_open(struct mr_tune **tune, struct mr_host *host, const struct mr_plan_wish *wish, struct mr_err *err);
void mr_tune_close(struct mr_tune *tune);
uint32_t mr_tune_counted(const struct mr_tune *tune, enum mr_verdict verdict);
/* Writes that differ. */
uint32_t mr_finding_changes(const struct mr_tune *tune, const struct mr_finding *f);

/* ---- a write as an operator would do it, and so that it lasts ---- */
/* "sysctl -w vm.swappiness=1", "echo 0 > /sys/...", "ethtool -C eth0 rx-usecs 0" */
void mr_write_command(const struct mr_tune_write *w, struct mr_text *out);
/* Which file of the persistent form it belongs to; the line without its end. */
enum mr_persist { MR_PERSIST_SYSCTL, MR_PERSIST_TMPFILES, MR_PERSIST_LINK };
enum mr_persist mr_write_persist(const struct mr_tune_write *w, struct mr_text *line);

/* ---- for settings ---- */
void mr_find(struct mr_finding *f, enum mr_verdict verdict, const char *format, ...)
    MR_PRINTF(3, 4); /* and what was measured */
void mr_find_wanted(struct mr_finding *f, const char *format, ...) MR_PRINTF(2, 3);
/* The file is to hold `value`: MR_OK, or MR_E_EMPTY if there is no such file. `differs` may be NULL. */
int mr_find_write(struct mr_tune *t, struct mr_finding *f, const char *value, bool differs, const char *format, ...)
    MR_PRINTF(5, 6);

#endif
