/* Shared by the account's two files. */
#ifndef MR_EXCHANGE_ACCOUNT_PRIV_H
#define MR_EXCHANGE_ACCOUNT_PRIV_H

#include "controlplane/exchange/paper/paper.h"
#include "controlplane/secrets/secrets.h"
#include "tests/exchange/server/server_priv.h"

#define ACCOUNT_INSTRUMENTS 128
#define ACCOUNT_PRODUCTS 16

struct account_product {
    uint8_t venue, product;
    struct mr_decoder decoder;
    void *state;
};
struct mr_account {
    struct mr_secrets secrets;
    const struct mr_credential *who;
    struct mr_instruments *instruments;
    struct account_product products[ACCOUNT_PRODUCTS];
    uint32_t product_count;
    struct mr_market_view views[ACCOUNT_INSTRUMENTS];
    union mr_slot *slots; /* of one message, decoded */
    struct mr_paper *paper;
    struct mr_exchange_driver driver;
    uint64_t requests;
    char *out; /* MR_WIRE_BODY_MAX: the list that is being told */
    struct mr_text text;
    struct mr_json_out json;
    uint64_t list_of; /* request; 0: none is begun */
};

/* account_market.c: instruments of the tape, with what the venues' own lists say of them */
int mr_account_market_open(struct mr_exchange *x, struct mr_account *a, struct mr_err *err);
void mr_account_market_close(struct mr_account *a);

#endif
