/* The words of the paper exchange's account: what goes over HTTPS and the private stream, read and written here for both sides.
 *
 *   request   POST /account/NAME with a JSON object, NAME as mr_request_name says it; the answer is {"answers":[...]}
 *   stream    GET /account/stream, an upgrade to WebSocket; each message is {"answers":[...]}, unasked
 *   signed    x-mr-key; x-mr-time: ms since 1970; x-mr-sign: HMAC-SHA256 of time, method, path and body in hex (sign.h)
 *   refused   {"error":"WORD","text":"..."}: 401 credentials or clock, 400 malformed or symbol, 429 with Retry-After, 503 overload; nothing was done
 *
 *   request      its members
 *   place amend  id symbol side type tif size; price or stop by type; post_only reduce_only expires_ns where they say something
 *   cancel query id, symbol             fills  since_ns            dead_man  within_ms            the others  none
 *
 * An answer is one object of a list: `kind` as mr_answer_name says it, and the members that belong to that kind (wire.c has the table). Ids are
 * ours (mr_order_id_text), symbols VENUE:PRODUCT:SYMBOL, prices, sizes and amounts exact decimals as strings. Unknown members are passed over;
 * known ones twice, with escapes, or not as they must be, refuse the whole.
 *
 * Memory  none; what is read is copied.   Thread  any.   Errors  MR_E_MALFORMED, MR_E_SYMBOL, MR_E_UNKNOWN, and the number's own. */
#ifndef MR_EXCHANGE_WIRE_H
#define MR_EXCHANGE_WIRE_H

#include "controlplane/exchange/exchange.h"
#include "dataplane/text/text.h"

#define MR_WIRE_PATH "/account/"
#define MR_WIRE_STREAM "/account/stream"
#define MR_WIRE_REQUEST_MAX 1024
#define MR_WIRE_BODY_MAX (4u << 20) /* a list of all fills that the paper exchange remembers */
#define MR_WIRE_NAME_BYTES (MR_SYMBOL_BYTES + 64)

/* VENUE:PRODUCT:SYMBOL; false: there is no such instrument. */
bool mr_wire_name(const struct mr_instruments *table, uint32_t instrument, char out[MR_WIRE_NAME_BYTES]);

/* MR_OK, or MR_E_SYMBOL: its instrument has no name here. */
int mr_wire_request(const struct mr_instruments *table, const struct mr_request *r, struct mr_text *body);
/* `name` is the path's last part. All of *out is set; the caller gives it a number. */
int mr_wire_request_read(const struct mr_instruments *table, struct mr_span name, struct mr_span body,
                         struct mr_request *out);

/* Into an array of the caller's. */
void mr_wire_answer(const struct mr_instruments *table, const struct mr_answer *a, struct mr_json_out *j);
/* Each answer of {"answers":[...]} in its order. An instrument that the table has not is UINT32_MAX. MR_OK, or an error: those before it were told. */
typedef void mr_wire_answer_fn(void *arg, const struct mr_answer *a);
int mr_wire_answers_read(const struct mr_instruments *table, struct mr_span body, mr_wire_answer_fn *each, void *arg);

#endif
