/* Labels of a stream: which stretches were cascades, which were quiet. A JSON file:
 *
 *   {"stretches":[{"stretch":"cascade","underlying":"BTC","start_ns":1,"end_ns":2,
 *     "liquidations":3,"usd":"4.5","move_ppm":-6},...]}
 * stretch is quiet (of all underlyings), burst or cascade; only stretch, underlying, start_ns and end_ns are read. */
#ifndef MR_CMD_LABELS_H
#define MR_CMD_LABELS_H

#include "tests/exchange/market/market.h"

struct mr_stretch {
    int64_t start_ns, end_ns;
    uint8_t stretch;
    char underlying[24];
};
struct mr_stretches {
    struct mr_stretch *list;
    uint32_t count;
};

int mr_labels_write(const char *path, const struct mr_market *market);
int mr_labels_read(const char *path, struct mr_stretches *out, struct mr_err *err); /* free(out->list) */
void mr_labels_of(const struct mr_market *market, struct mr_stretches *out);        /* free(out->list) */

#endif
