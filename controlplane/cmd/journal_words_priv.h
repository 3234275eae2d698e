/* Shared by the files that put a journal's records into words. */
#ifndef MR_CMD_JOURNAL_WORDS_PRIV_H
#define MR_CMD_JOURNAL_WORDS_PRIV_H

#include <stdio.h>

#include "codecs/venue/venue.h"
#include "controlplane/cmd/journal_words.h"
#include "controlplane/orders/positions.h"

/* Payloads lie on 8 bytes, amounts want 16: each is copied. */
#define COPY(type, name, r)                                                                                            \
    struct type name;                                                                                                  \
    memcpy(&name, (r)->payload, sizeof name)

struct words_row {
    uint8_t kind;
    uint16_t what; /* of the record's own head */
    uint32_t bytes;
    uint64_t (*order)(const struct mr_journal_record *r);
    void (*text)(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t);
    void (*json)(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j);
};
extern const struct words_row words_trade[]; /* journal_words_trade.c */
extern const size_t words_trade_count;

const char *words_venue(uint8_t id);
void words_strategy(const struct mr_journal_names *n, unsigned strategy, char out[24]);
/* Without a name in the journal: the number of the instrument, and integers as they are. `venue` 0: not said. */
void words_market(const struct mr_journal_names *n, uint32_t id, uint8_t venue, struct mr_text *t);
void words_price(const struct mr_journal_names *n, uint32_t id, mr_price price, struct mr_text *t);
void words_size(const struct mr_journal_names *n, uint32_t id, mr_size size, struct mr_text *t);
void words_money(mr_money amount, struct mr_text *t);
void words_order(const struct mr_journal_names *n, const struct mr_order *o, struct mr_text *t);
void words_market_json(const struct mr_journal_names *n, uint32_t id, struct mr_json_out *j);
void words_price_json(const struct mr_journal_names *n, uint32_t id, const char *key, mr_price v,
                      struct mr_json_out *j);
void words_size_json(const struct mr_journal_names *n, uint32_t id, const char *key, mr_size v, struct mr_json_out *j);
void words_money_json(const char *key, mr_money amount, struct mr_json_out *j);
void words_bounded_json(const char *key, const char *text, size_t bytes, struct mr_json_out *j);
void words_order_json(const struct mr_journal_names *n, const struct mr_order *o, struct mr_json_out *j);

#endif
