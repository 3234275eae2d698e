/* Configuration: YAML against keys.def, into plain structs. Every error names file, line, column and key, and the way
 * out.
 *
 * keys.def is the one list: name, type, unit, range, default, what it is for; docs, `config show`, completion and
 * checks come from it. `5000ms`, `010`, `5.9` for an integer, an unknown key (with the nearest known one), a key given
 * twice are refused; all errors of a file are told, not just the first. Units are in the key's name (`timeout_s`) or
 * the value has one (`64KiB`, `5s`) where the key's type says so.
 *
 *     config file (--config, else ./millrace.yaml, else /etc/millrace/millrace.yaml; none: defaults) -> mr_config */
#ifndef MR_CONFIG_CONFIG_H
#define MR_CONFIG_CONFIG_H

#include "dataplane/plane/plane.h"

struct mr_control_config {
    char socket[256];
    uint32_t operate_uids[16], operate_count, administer_uids[16], administer_count, clients_max, line_max;
};
struct mr_config {
    char file[256];               /* "" : defaults */
    char run[256], data[256];     /* folders: config, else environment, else as 0-definitions says */
    struct mr_plane_config plane;
    struct mr_control_config control;
};

void mr_config_default(struct mr_config *config);
/* All errors of the file go to `each` (file:line:column: key: sentence); MR_E_INVALID if there was one, MR_E_IO if it
 * cannot be read. */
typedef void mr_config_error_fn(void *arg, const char *sentence);
int mr_config_load(struct mr_config *config, const char *path, mr_config_error_fn *each, void *arg);
int mr_config_parse(struct mr_config *config, const char *name, const char *text, size_t len, mr_config_error_fn *each,
                    void *arg);
/* Which file: as 0-definitions; "" none. */
void mr_config_find(const char *given, char path[256]);
/* The whole config as YAML; with `origin`, a comment behind each value: default, file:line, or environment. */
struct mr_text;
void mr_config_show(const struct mr_config *config, bool origin, struct mr_text *out);
/* The instance's run folder is made (0750) if it is not there. */
int mr_config_run_folder(const struct mr_config *config, char path[256], struct mr_err *err);

#endif
