/* What the settings share: each is one `const struct mr_setting mr_setting_ID`, in a file of its name or a row of values.def. */
#ifndef MR_PINNING_SETTINGS_SETTINGS_H
#define MR_PINNING_SETTINGS_SETTINGS_H

#include "pinning/tune.h"

#define MR_SETTING(id) extern const struct mr_setting mr_setting_##id;
#include "pinning/settings/settings.def"
#undef MR_SETTING

/* CPUs as text, "none" for an empty set; cut at `bytes`. */
const char *mr_settings_cpus(const struct mr_cpus *set, char *out, size_t bytes);
/* The plan's isolated CPUs are to be in `has`, by "WORD=PREFIXlist" on the kernel's command line. */
void mr_settings_isolated(const struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f,
                          const struct mr_cpus *has, const char *word, const char *prefix);
/* The mask in a file is to leave the plan's isolated CPUs out; a write is asked for. MR_OK, or why it cannot be read. */
int mr_settings_mask_write(struct mr_tune *t, struct mr_finding *f, const char *path, bool *differs);
void mr_settings_mask(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f, const char *path);
/* One process of that name runs. */
bool mr_settings_runs(const struct mr_tune *t, const char *name);
/* Soft limit of /proc/self/limits; INT64_MAX: unlimited. MR_E_EMPTY: no such row. */
int mr_settings_limit(struct mr_tune *t, const char *name, int64_t *out);

#endif
