#include "controlplane/cmd/demo.h"

#include <errno.h>
#include <stdio.h>

#include "codecs/venue/venue.h"

/* What the generated market has, which is also what most people would watch first. */
static const struct {
    const char *venue, *product, *symbols;
} feeds[] = {
    {"binance", "binance:usdm", "BTCUSDT, ETHUSDT"},
    {"binance", "binance:spot", "BTCUSDT"},
    {"bybit", "bybit:linear", "BTCUSDT, ETHUSDT"},
    {"okx", "okx:public", "BTC-USDT-SWAP, ETH-USDT-SWAP"},
    {"hyperliquid", "hyperliquid:perp", "BTC, ETH"},
    {"mexc", "mexc:futures", "BTC_USDT, ETH_USDT"},
    {"kucoin", "kucoin:futures", "XBTUSDTM, ETHUSDTM"},
    {"kucoin", "kucoin:spot", "BTC-USDT"},
    {"polymarket", "polymarket:clob",
     "71321045679252212594626385532706912750332728571942532289631379312455583992563, "
     "105267568073659068217311993901927962476298440625043565106676088842803600775810, "
     "48331043336612883890938759509493159234755048973500640148014422747788308965732, "
     "114304586861386186441621124384163963092522056897081085884483958561365015034812"},
    {"polymarket", "polymarket:rtds", "btcusdt, ethusdt, btc/usd, eth/usd"},
};

/* Outside the generated market too: outcome tokens live for days, and these are nobody's. */
static bool exists(size_t feed) { return strcmp(feeds[feed].product, "polymarket:clob") != 0; }

static FILE *begin(const char *path, const char *instance, const char *source, uint32_t feed_tiles, struct mr_err *err)
{
    FILE *f = fopen(path, "we");
    if (!f) {
        mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
        return NULL;
    }
    fprintf(f,
            "# Written by millrace run; it is written anew each time.\ninstance: %s\n\nplane:\n  source: %s\n  "
            "feed_tiles: %u\n  blocking: true\n  instruments_max: 64\n  books_max: 24\n",
            instance, source ? source : "auto", feed_tiles);
    return f;
}

static int end(FILE *f, const char *path, struct mr_err *err)
{
    return fclose(f) == 0 ? MR_OK : mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
}

/* What the demo may risk, on paper. */
static int write_limits(const char *path, struct mr_err *err)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return mr_err_set(err, MR_E_IO, "%s: cannot write: %s", path, strerror(errno));
    fprintf(f, "# Written by millrace run; it is written anew each time. config/limits.yaml shows every key.\n"
               "account:\n  correlation_pct: 100\n  position_share_pct: 20\n  losses_max: 20\n  liquidation_pct: 4\n"
               "markets:\n  - market: \"*\"\n    order_size_max: 1000\n    position_max: 1000\n    short: true\n");
    return end(f, path, err);
}

int mr_demo_config(const char *path, const struct mr_demo *d, struct mr_err *err)
{
    char limits[420], folder[420];
    snprintf(limits, sizeof limits, "%.400s.limits", path);
    snprintf(folder, sizeof folder, "%.400s", path);
    *(strrchr(folder, '/') ? strrchr(folder, '/') : folder) = 0;
    if (d->account)
        snprintf(folder, sizeof folder, "%s", d->account->folder);
    int status = write_limits(limits, err);
    if (status)
        return status;
    FILE *f = begin(path, d->instance, d->source, d->feed_tiles, err);
    if (!f)
        return MR_E_IO;
    fprintf(f, "  merged: %s\n  ca_file: %s\n\n", d->feed_tiles == 1 ? "true" : "false", d->ca);
    fprintf(f, "freshness:\n  floor: 4s # the exchange shares this machine, and may have to wait for it\n\n");
    if (d->interface)
        fprintf(f, "dpdk:\n  interface: %s\n  mode: shared\n\n", d->interface);
    fprintf(f, "journal:\n  folder: %s/journal\n\nstore:\n  folder: %s/store\n\n", folder, folder);
    fprintf(
        f,
        "trade:\n  enabled: true\n  at_start: true\n  instruments: [binance:usdm:BTCUSDT, binance:usdm:ETHUSDT]\n"
        "  strategies: [follower, fader]\n  limits: %s\n  atr_bar_s: 1 # a demo does not wait a quarter of an hour\n"
        "  taker_confidence: 0.2\n",
        limits);
    if (d->account)
        fprintf(f, "  exchange: remote\n  url: https://%s:%u\n  credentials: %s\n", d->address, d->port,
                d->account->credentials);
    fprintf(f, "\nfeeds:\n");
    for (size_t i = 0; i < MR_COUNT_OF(feeds); i++)
        fprintf(f, "  - product: %s\n    symbols: [%s]\n    address: %s:%u\n    tile: %zu\n", feeds[i].product,
                feeds[i].symbols, d->address, d->port, i % d->feed_tiles);
    return end(f, path, err);
}

static bool has(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
        if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
            return true;
    return false;
}

static int check_names(const char *venues, struct mr_err *err)
{
    for (const char *at = venues; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
        char name[32];
        bool known = false;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
        for (size_t i = 0; i < MR_COUNT_OF(feeds); i++)
            known |= strcmp(name, feeds[i].venue) == 0;
        if (!known && strcmp(name, "all") != 0)
            return mr_err_set(err, MR_E_INVALID,
                              "--live %s: \"%s\" is none of binance, bybit, okx, hyperliquid, kucoin, mexc, "
                              "polymarket, all",
                              venues, name);
    }
    return MR_OK;
}

int mr_live_config(const char *path, const char *instance, const char *venues, const char *source, uint32_t feed_tiles,
                   struct mr_err *err)
{
    int status = check_names(venues, err);
    FILE *f = status ? NULL : begin(path, instance, source, feed_tiles, err);
    if (!f)
        return status ? status : MR_E_IO;
    fprintf(f, "\nfeeds:\n");
    for (size_t i = 0, n = 0; i < MR_COUNT_OF(feeds); i++)
        if (exists(i) && (has(venues, feeds[i].venue) || has(venues, "all")))
            fprintf(f, "  - product: %s\n    symbols: [%s]\n    tile: %zu\n", feeds[i].product, feeds[i].symbols,
                    n++ % feed_tiles);
    return end(f, path, err);
}
