/* The account of the paper exchange that `millrace run --trade remote` makes for itself: a folder of its own for each, since an exchange that is started
 * anew knows nothing of the orders before, and a journal goes with the account that it tells of. */
#ifndef MR_CMD_ACCOUNT_H
#define MR_CMD_ACCOUNT_H

#include "dataplane/base/base.h"

struct mr_own_account {
    char folder[320];
    char credentials[360]; /* in it: mode 0600, a key and a secret that nobody else has */
};
/* RUN_FOLDER/account-SECONDS, the next number where that is taken. MR_E_IO, MR_E_FULL: the folder or the file cannot be made. */
int mr_own_account_make(struct mr_own_account *account, const char *run_folder, int64_t now_ns, struct mr_err *err);

#endif
