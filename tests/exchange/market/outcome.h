/* Outcome tokens of the simulated Polymarket: two markets ("Bitcoin up or down", "Ether up or down") of two tokens each. The
 * second token's book is the first one's mirror: who bids p for Up asks 1 - p for Down.
 *
 * A state of a book is named by the SHA-1 of its summary, as the venue's own clients compute it: compact JSON of ten members, the
 * hash itself empty. Of those the market keeps tick, least size and last price the same for ever. */
#ifndef MR_EXCHANGE_OUTCOME_H
#define MR_EXCHANGE_OUTCOME_H

#include "codecs/event/event.h"
#include "dataplane/text/text.h"

#define MR_OUTCOME_HASH 41 /* 40 digits and a NUL */
#define MR_OUTCOME_TICK "0.001"

extern const char *const mr_outcome_tokens[4];       /* BTC up, BTC down, ETH up, ETH down */
const char *mr_outcome_market(struct mr_span token); /* its market's id; "" where the token is none */

/* A book, best first, as the market has it. */
struct mr_outcome_book {
    const char *token;
    uint64_t time_ms;
    const struct mr_level *level[2];
    uint32_t count[2];
    int price_scale, size_scale;
};
void mr_outcome_hash(const struct mr_outcome_book *book, char hash[MR_OUTCOME_HASH]);
/* The members market to asks: worst levels first, as the venue sends them. */
void mr_outcome_members(struct mr_text *t, const struct mr_outcome_book *book, const char *hash);
/* The members that only a summary has, with a comma before them. */
void mr_outcome_rest(struct mr_text *t);

#endif
