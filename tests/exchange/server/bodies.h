/* Books as each venue writes them: the image a subscription begins with, and REST answers. Pure. */
#ifndef MR_EXCHANGE_BODIES_H
#define MR_EXCHANGE_BODIES_H

#include "dataplane/text/text.h"
#include "tests/exchange/server/tape.h"

/* The image in the stream of a book; `topic`: as the client wrote it (Bybit). false: this venue sends none. */
bool mr_body_image(struct mr_text *t, const struct mr_truth *book, const char *topic);
/* The REST answer of a book. */
void mr_body_depth(struct mr_text *t, const struct mr_truth *book);
/* The exchange's own view, for tests: sequence, time, levels as exact decimals. */
void mr_body_book(struct mr_text *t, const struct mr_truth *book, const char *product);

/* A REST request of a product: the HTTP status, and the body in `t`. */
struct mr_rest_request {
    struct mr_span path, query, body;
    bool post;
    bool stale;     /* books are as mr_truth_age makes them */
};
int mr_rest_answer(struct mr_tape *tape, uint8_t venue, uint8_t product, const struct mr_rest_request *r,
                   struct mr_truth *scratch, int64_t now_ns, struct mr_text *t);
struct mr_span mr_rest_param(struct mr_span query, const char *name); /* empty: not given */

#endif
