#ifndef MR_PINNING_REPORT_PRIV_H
#define MR_PINNING_REPORT_PRIV_H

#include "pinning/report.h"

/* A set as the kernel writes it: "0-3,8". */
void mr_report_cpus_json(struct mr_json_out *j, const char *key, const struct mr_cpus *set);

#endif
