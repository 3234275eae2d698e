/* Polymarket's wire shapes of 2026: the market channel of two pairs of tokens, and the data socket's prices. */
#include <openssl/evp.h>
#include <stdio.h>

#include "tests/exchange/market/market_priv.h"
#include "tests/exchange/market/outcome.h"

#define MS(ns) ((long long)((ns) / 1000000))
#define SUMMARY_BYTES (2 * LADDER * 48 + 1024)

const char *const mr_outcome_tokens[4] = {
    "71321045679252212594626385532706912750332728571942532289631379312455583992563",
    "105267568073659068217311993901927962476298440625043565106676088842803600775810",
    "48331043336612883890938759509493159234755048973500640148014422747788308965732",
    "114304586861386186441621124384163963092522056897081085884483958561365015034812",
};
static const char *const markets[2] = {"0x5f65177b394277fd294cd75650044e32ba009a95022d88a0c1d565897d72f8f1",
                                       "0xbd31dc8a20211944f6b70f31557f1001557b59905b7738480ca09bd4532f84af"};

static int row_of(struct mr_span token)
{
    for (int i = 0; i < 4; i++)
        if (mr_span_is(token, mr_outcome_tokens[i], strlen(mr_outcome_tokens[i])))
            return i;
    return -1;
}

const char *mr_outcome_market(struct mr_span token)
{
    int row = row_of(token);
    return row < 0 ? "" : markets[row / 2];
}

/* ---- states ---- */

static void side(struct mr_text *t, const struct mr_outcome_book *b, int ask)
{
    for (uint32_t i = b->count[ask]; i-- > 0;) {
        const struct mr_level *l = &b->level[ask][i];
        mr_text_add(t, i + 1 < b->count[ask] ? ",{\"price\":\"" : "{\"price\":\"");
        mr_text_decimal(t, l->price, b->price_scale);
        mr_text_add(t, "\",\"size\":\"");
        mr_text_decimal(t, l->size, b->size_scale);
        mr_text_add(t, "\"}");
    }
}

void mr_outcome_members(struct mr_text *t, const struct mr_outcome_book *b, const char *hash)
{
    mr_text_format(t, "\"market\":\"%s\",\"asset_id\":\"%s\",\"timestamp\":\"%llu\",\"hash\":\"%s\",\"bids\":[",
                   mr_outcome_market(mr_span_of(b->token)), b->token, (unsigned long long)b->time_ms, hash);
    side(t, b, 0);
    mr_text_add(t, "],\"asks\":[");
    side(t, b, 1);
    mr_text_add(t, "]");
}

void mr_outcome_rest(struct mr_text *t)
{
    mr_text_add(t, ",\"min_order_size\":\"5\",\"tick_size\":\"" MR_OUTCOME_TICK
                   "\",\"neg_risk\":false,\"last_trade_price\":\"0.5\"");
}

void mr_outcome_hash(const struct mr_outcome_book *b, char hash[MR_OUTCOME_HASH])
{
    char summary[SUMMARY_BYTES];
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct mr_text t;
    mr_text_init(&t, summary, sizeof summary);
    mr_text_add(&t, "{");
    mr_outcome_members(&t, b, "");
    mr_outcome_rest(&t);
    mr_text_add(&t, "}");
    MR_ASSERT(!t.cut && EVP_Digest(summary, t.len, digest, NULL, EVP_sha1(), NULL) == 1);
    for (int i = 0; i < 20; i++)
        snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the market channel ---- */

struct ladder {
    struct mr_level level[2][LADDER];
    struct mr_outcome_book book;
};

static void look(struct ladder *l, const struct stream *s)
{
    for (int ask = 0; ask < 2; ask++) {
        l->book.count[ask] = mr_market_side(s, ask, l->level[ask], LADDER);
        l->book.level[ask] = l->level[ask];
    }
    l->book.token = s->symbol;
    l->book.time_ms = s->seq;
    l->book.price_scale = s->price_decimals;
    l->book.size_scale = s->size_decimals;
}

/* The pair of a stream stands behind it. */
static const struct stream *pair(const struct stream *s) { return s + 1; }

/* Both books once more behind each trade: in the state they are in. */
static void copy(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    static const char *const between[] = {"[{", "},{"};
    char hash[MR_OUTCOME_HASH];
    struct ladder l;
    (void)now_ns;
    for (int i = 0; i < 2; i++) {
        look(&l, i ? pair(s) : s);
        l.book.time_ms = s->seq;
        mr_outcome_hash(&l.book, hash);
        mr_text_add(t, between[i]);
        mr_outcome_members(t, &l.book, hash);
        mr_text_add(t, ",\"tick_size\":\"" MR_OUTCOME_TICK "\",\"last_trade_price\":\"0.5\",\"event_type\":\"book\"");
    }
    mr_text_add(t, "}]");
}

static void image(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    s->seq = (uint64_t)MS(now_ns);
    copy(t, s, now_ns);
}

/* What each entry of one token repeats: the state's hash and its best prices. */
static void state(struct mr_text *t, const struct stream *s, uint64_t time_ms)
{
    char hash[MR_OUTCOME_HASH];
    struct ladder l;
    look(&l, s);
    l.book.time_ms = time_ms;
    mr_outcome_hash(&l.book, hash);
    mr_text_format(t, ",\"hash\":\"%s\",\"best_bid\":\"", hash);
    mr_text_decimal(t, l.book.count[0] ? l.level[0][0].price : 0, s->price_decimals);
    mr_text_add(t, "\",\"best_ask\":\"");
    mr_text_decimal(t, l.book.count[1] ? l.level[1][0].price : mr_pow10[s->price_decimals], s->price_decimals);
    mr_text_add(t, "\"}");
}

static void entry(struct mr_text *t, const struct stream *s, int64_t price, int64_t size, bool ask, const char *state)
{
    mr_text_format(t, "{\"asset_id\":\"%s\",\"price\":\"", s->symbol);
    mr_text_decimal(t, price, s->price_decimals);
    mr_text_add(t, "\",\"size\":\"");
    mr_text_decimal(t, size, s->size_decimals);
    mr_text_add(t, ask ? "\",\"side\":\"SELL\"" : "\",\"side\":\"BUY\"");
    mr_text_add(t, state);
}

/* A message tells a level once: what it is in the end. */
static bool told_later(const struct stream *s, uint32_t i)
{
    for (uint32_t k = i + 1; k < s->changes_count; k++)
        if (s->changes[k].price_idx == s->changes[i].price_idx && s->changes[k].ask == s->changes[i].ask)
            return true;
    return false;
}

static void update(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    char states[2][192];
    const struct stream *of[2] = {s, pair(s)};
    const int64_t one = mr_pow10[s->price_decimals];
    s->seq = (uint64_t)MS(now_ns);
    for (int i = 0; i < 2; i++) {
        struct mr_text part;
        mr_text_init(&part, states[i], sizeof states[i]);
        state(&part, of[i], s->seq);
    }
    mr_text_format(t, "{\"market\":\"%s\",\"price_changes\":[", mr_outcome_market(mr_span_of(s->symbol)));
    for (uint32_t i = 0, n = 0; i < s->changes_count; i++) {
        const struct change *c = &s->changes[i];
        int64_t price = c->price_idx * s->step;
        if (told_later(s, i))
            continue;
        mr_text_add(t, n++ ? "," : "");
        entry(t, s, price, c->size, c->ask, states[0]);
        mr_text_add(t, ",");
        entry(t, pair(s), one - price, c->size, !c->ask, states[1]);
    }
    mr_text_format(t, "],\"timestamp\":\"%llu\",\"event_type\":\"price_change\"}", (unsigned long long)s->seq);
}

static void top(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    struct mr_level bid = {0, 0}, ask = {0, 0};
    mr_market_side(s, false, &bid, 1);
    mr_market_side(s, true, &ask, 1);
    mr_text_format(t, "{\"market\":\"%s\",\"asset_id\":\"%s\",\"best_bid\":\"",
                   mr_outcome_market(mr_span_of(s->symbol)), s->symbol);
    mr_text_decimal(t, bid.price, s->price_decimals);
    mr_text_add(t, "\",\"best_ask\":\"");
    mr_text_decimal(t, ask.price, s->price_decimals);
    mr_text_add(t, "\",\"spread\":\"");
    mr_text_decimal(t, ask.price - bid.price, s->price_decimals);
    mr_text_format(t, "\",\"timestamp\":\"%lld\",\"event_type\":\"best_bid_ask\"}", MS(now_ns));
}

static void trade(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    mr_text_format(t, "{\"market\":\"%s\",\"asset_id\":\"%s\",\"price\":\"", mr_outcome_market(mr_span_of(s->symbol)),
                   s->symbol);
    mr_text_decimal(t, price, s->price_decimals);
    mr_text_add(t, "\",\"size\":\"");
    mr_text_decimal(t, size, s->size_decimals);
    mr_text_format(
        t,
        "\",\"fee_rate_bps\":\"0\",\"side\":\"%s\",\"timestamp\":\"%lld\",\"event_type\":\"last_trade_price\","
        "\"transaction_hash\":\"0x%064llx\"}",
        sell ? "SELL" : "BUY", MS(now_ns), (unsigned long long)s->trade_id * 2654435761u);
}

const struct writer mr_market_polymarket = {
    .venue = "polymarket",
    .product = "clob",
    .image = image,
    .update = update,
    .trade = trade,
    .top = top,
    .copy = copy,
    .outcome = true,
};

/* The other token of a pair: its messages are those of the first. */
const struct writer mr_market_polymarket_pair = {.venue = "polymarket", .product = "clob", .outcome = true};

/* ---- the data socket: Binance's price, Chainlink's and its two averages in turn; the market channel's trades once more ---- */

static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    static const char *const topics[] = {"crypto_prices_chainlink", "crypto_prices_twap_thirty",
                                         "crypto_prices_twap_sixty"};
    static const char *const windows[] = {"", ",\"window_s\":30", ",\"window_s\":60"};
    bool chainlink = strchr(s->symbol, '/') != NULL;
    uint32_t which = chainlink ? (uint32_t)(s->trade_id++ % 3) : 0;
    mr_text_add(t, "{\"connection_id\":\"gZexFa6cUWeIKEiTDA==\",\"payload\":{\"full_accuracy_value\":\"");
    if (chainlink) /* by 10^18 */
        mr_text_format(t, "%lld%0*d", (long long)s->mark, 18 - s->price_decimals, 0);
    else
        mr_text_decimal(t, s->mark, s->price_decimals);
    mr_text_format(t, "\",\"symbol\":\"%s\",\"timestamp\":%lld,\"value\":", s->symbol, MS(now_ns) / 1000 * 1000);
    mr_text_decimal(t, s->mark, s->price_decimals);
    mr_text_format(t, "%s},\"timestamp\":%lld,\"topic\":\"%s\",\"type\":\"update\"}", windows[which], MS(now_ns),
                   chainlink ? topics[which] : "crypto_prices");
    s->recent[s->recent_count++ % RECENT] =
        (struct trade){.time_ns = now_ns / 1000000000 * 1000000000, .price = s->mark};
}

/* The first message of a subscription with a filter; Chainlink's comes under Binance's topic too, and only the averages' has exact values. */
static void backlog(struct mr_text *t, struct stream *s)
{
    uint32_t n = s->recent_count < RECENT ? s->recent_count : RECENT;
    int64_t last_ns = s->recent[(s->recent_count - 1) % RECENT].time_ns;
    mr_text_format(t,
                   "{\"topic\":\"crypto_prices\",\"type\":\"subscribe\",\"timestamp\":%lld,\"payload\":{\"symbol\":\"%"
                   "s\",\"data\":[",
                   MS(last_ns), s->symbol);
    for (uint32_t i = s->recent_count - n; i < s->recent_count; i++) {
        const struct trade *was = &s->recent[i % RECENT];
        mr_text_format(t, "%s{\"timestamp\":%lld,\"value\":", i + n > s->recent_count ? "," : "", MS(was->time_ns));
        mr_text_decimal(t, was->price, s->price_decimals);
        mr_text_add(t, "}");
    }
    mr_text_add(t, "]}}");
}

static void activity(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    const struct stream *of = s->tells;
    const struct trade *trade = &of->recent[(of->recent_count - 1) % RECENT];
    mr_text_format(
        t,
        "{\"connection_id\":\"gZexFa6cUWeIKEiTDA==\",\"payload\":{\"asset\":\"%s\",\"bio\":\"\",\"conditionId\":\"%s\","
        "\"eventSlug\":\"up-or-down\",\"icon\":\"\",\"name\":\"\",\"outcome\":\"Up\",\"outcomeIndex\":0,\"price\":",
        of->symbol, mr_outcome_market(mr_span_of(of->symbol)));
    mr_text_decimal(t, trade->price, of->price_decimals);
    mr_text_format(t,
                   ",\"profileImage\":\"\",\"proxyWallet\":\"0x6af75d4e4aaf700450efbac3708cce1665810ff1\","
                   "\"pseudonym\":\"Quick-Otter\","
                   "\"side\":\"%s\",\"size\":",
                   trade->sell ? "SELL" : "BUY");
    mr_text_decimal(t, trade->size, of->size_decimals);
    mr_text_format(t,
                   ",\"slug\":\"up-or-down\",\"timestamp\":%lld,\"title\":\"Up or "
                   "Down\",\"transactionHash\":\"0x%064llx\"},\"timestamp\":%lld,"
                   "\"topic\":\"activity\",\"type\":\"trades\"}",
                   MS(trade->time_ns) / 1000, (unsigned long long)trade->id * 2654435761u, MS(now_ns));
}

const struct writer mr_market_polymarket_data = {
    .venue = "polymarket", .product = "rtds", .marks = marks, .backfill = backlog, .copy = activity};
