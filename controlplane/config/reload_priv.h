/* Shared by reload.c and history.c. */
#ifndef MR_CONFIG_RELOAD_PRIV_H
#define MR_CONFIG_RELOAD_PRIV_H

#include "controlplane/config/reload.h"

/* On disk when it returns MR_OK; else MR_E_IO, the sentence in report->err. */
int mr_config_history_add(const char *file, const struct mr_config_who *who, int64_t now_ns,
                          struct mr_config_report *report);

#endif
