#include "controlplane/exchange/exchange.h"

const char *mr_request_name(unsigned kind)
{
    static const char *const names[MR_REQUEST_KIND_COUNT] = {"place", "cancel",    "amend",   "cancel_all", "query",
                                                             "open",  "positions", "balance", "fills",      "dead_man"};
    return kind < MR_REQUEST_KIND_COUNT ? names[kind] : "?";
}

const char *mr_answer_name(unsigned kind)
{
    static const char *const names[MR_ANSWER_KIND_COUNT] = {
        "sent",    "not_sent",      "lost",    "ack",       "rejected",    "fill",     "cancelled", "cancel_refused",
        "amended", "amend_refused", "expired", "triggered", "order",       "no_order", "position",  "balance",
        "funding", "liquidated",    "end",     "stream_up", "stream_down", "limited"};
    return kind < MR_ANSWER_KIND_COUNT ? names[kind] : "?";
}

const char *mr_reject_name(unsigned reason)
{
    static const char *const names[MR_REJECT_COUNT] = {
        "none",          "margin", "post_only",   "reduce_only", "filter", "halted", "duplicate_id",
        "unknown_order", "filled", "credentials", "overload",    "clock",  "other"};
    return reason < MR_REJECT_COUNT ? names[reason] : "?";
}
