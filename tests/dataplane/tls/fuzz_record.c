/* A script of records for our own reader and for SSL_read (tests/dataplane/tls/pair.h says how it is read): right ones, wrong ones, damaged
 * ones, in any order. They deliver the same plaintext, which is what was sent, end alike and answer alike, however the bytes are cut. The
 * first byte says which suite and where. */
#include <stdlib.h>

#include "tests/dataplane/tls/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_pair *pair;
    if (!pair) {
        pair = malloc(sizeof *pair);
        MR_ASSERT(pair);
        mr_pair_open(pair);
    }
    if (size < 2 || size > 4096)
        return 0;
    pair->dialled = false; /* each input stands for itself */
    mr_pair_dial(pair, data[0] % MR_PAIR_SUITES);
    mr_pair_script(pair, data + 1, size - 1);
    mr_pair_hear(pair, MR_PAIR_OWN, data[0] / MR_PAIR_SUITES, 0);
    mr_pair_hear(pair, MR_PAIR_OPENSSL, 0, 20000);
    mr_pair_agree(pair, "input of bytes", (uint32_t)size);
    return 0;
}
