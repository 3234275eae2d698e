/* The verbs of the millrace program: one file each, one row each in verbs.def.
 *
 * Exit codes (0-definitions): 0 good, 1 findings or failed checks, 2 usage or config, 3 environment, 4 could not reach
 * the instance, 70 internal. */
#ifndef MR_CMD_CMD_H
#define MR_CMD_CMD_H

#include "dataplane/base/base.h"

enum mr_exit {
    MR_EXIT_GOOD = 0,
    MR_EXIT_FINDINGS = 1,
    MR_EXIT_USAGE = 2,
    MR_EXIT_ENVIRONMENT = 3,
    MR_EXIT_UNREACHABLE = 4,
    MR_EXIT_INTERNAL = 70
};

/* argv[0] is the verb. */
typedef int mr_verb_fn(int argc, char **argv);

#define MR_VERB(name, function, help) mr_verb_fn function;
#include "controlplane/cmd/verbs.def"
#undef MR_VERB

/* "millrace VERB: sentence" on stderr; returns `code`. */
int mr_cmd_fail(int code, const char *verb, const struct mr_err *err);
/* The number that follows --`option`. One that is none, or not from `least` to `most`: `status` is MR_E_INVALID, with a sentence. */
double mr_cmd_number(const char *option, const char *text, double least, double most, int *status, struct mr_err *err);
/* The exit code that a status of the floor means to an operator. */
int mr_cmd_exit_of(int status);

#endif
