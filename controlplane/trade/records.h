/* What the trade tile writes into the journal beside the order manager's records (controlplane/orders/records.h). Bytes in files: little endian,
 * versioned by their head, what is not used is zero. */
#ifndef MR_TRADE_RECORDS_H
#define MR_TRADE_RECORDS_H

#include "controlplane/orders/records.h"
#include "controlplane/risk/risk.h"

enum mr_trade_record_what {
    MR_RECORD_BEGIN = 16,
    MR_RECORD_DECISION = 17,
    MR_RECORD_SIGNAL = 18,
    MR_RECORD_STATE = 19,
    MR_RECORD_LIMITS = 20,
    MR_RECORD_DAY = 21,
    MR_RECORD_INSTRUMENT = 22
};

#define MR_RECORD_STRATEGIES 8
struct mr_record_begin { /* BEGIN: durable before the first order of a run */
    struct mr_record_head head;
    uint32_t epoch, strategies; /* 0: of a build that did not name them; its record ends before `strategy` */
    uint64_t build, config_hash;
    char strategy[MR_RECORD_STRATEGIES][24];
};
#define MR_RECORD_BEGIN_UNNAMED offsetof(struct mr_record_begin, strategy)

/* BEGIN: what the number of an instrument means in this journal from here on. One for each that is traded, behind the record of the run; again
 * when its metadata changes, and always before the first decision on it. */
struct mr_record_instrument {
    struct mr_record_head head;
    uint32_t id;
    uint8_t venue, product, type, flags; /* enum mr_instrument_flag: NO_METADATA means that the scales are a guess */
    int8_t price_scale, size_scale, multiplier_scale, spare[5];
    int64_t tick, lot, multiplier;
    char name[MR_RISK_NAME_BYTES]; /* binance:usdm:BTCUSDT */
    char base[MR_ASSET_BYTES], quote[MR_ASSET_BYTES];
};

/* DECISION: what was asked, what was answered, and what the gate looked at. */
struct mr_record_decision {
    struct mr_record_head head;
    uint64_t number, limits;
    uint64_t violated[2];
    uint32_t policies, score;
    uint8_t kill, mode, allowed, armed;
    uint32_t market_flags;
    int64_t now_ns, book_ns, last_ns, account_ns;
    mr_price bid, ask, last;
    mr_size position, open_buy, open_sell; /* of the instrument */
    uint32_t open_orders, spare;
    mr_money value, equity, available, day_start, peak, gross;
    struct mr_order order;
};

struct mr_record_signal { /* SIGNAL: that made a strategy ask for something */
    struct mr_record_head head;
    uint32_t instrument;
    uint16_t strategy;
    uint8_t intent, side;
    uint32_t confidence_ppm, stop_roi_ppm, target_roi_ppm, spare;
    int64_t signal_ns;
    uint64_t signal_seq;
    char underlying[16], reason[96];
};

struct mr_record_life { /* STATE: of the life cycle, allowed or refused */
    struct mr_record_head head;
    uint64_t number;
    uint32_t uid;
    uint8_t from, to, actor, allowed;
    char reason[160];
};

/* ACCOUNT: what the limits of a day are measured by, whenever it has changed. */
struct mr_record_day {
    struct mr_record_head head;
    int64_t day;
    uint32_t losses, rejects;
    uint64_t day_orders, day_trades, spare;
    mr_money day_start, peak, realised_day;
};

struct mr_record_limits { /* CONFIG: a set of limits came into force; the sentence says what changed */
    struct mr_record_head head;
    uint64_t version, before;
    char said[480];
};

static_assert(MR_RECORD_BEGIN_UNNAMED == 32 && sizeof(struct mr_record_begin) == 224, "bytes in files");
static_assert(sizeof(struct mr_record_instrument) == 240, "bytes in files");
static_assert(sizeof(struct mr_record_decision) % 16 == 0, "bytes in files");
static_assert(sizeof(struct mr_record_day) == 96, "bytes in files");
static_assert(offsetof(struct mr_record_decision, order) % 16 == 0, "bytes in files");

#endif
