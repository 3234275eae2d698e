/* Rows into SQLite as the io thread writes them: batches of 1,000, each a transaction that is on disk before the next. Files lie in $TMPDIR,
 * else /var/tmp. The requirement is 50,000 rows a second: 20 us a row. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/store/store.h"
#include "perf/bench.h"

#define ROWS 20000
#define TURNS 5
#define LIMIT_NS 20000.0

static void run(struct mr_bench *b, const char *name, const char *work, bool fills)
{
    const char *tmp = getenv("TMPDIR");
    char folder[200], command[300];
    struct mr_store *s;
    struct mr_err err;
    double ns[TURNS];
    snprintf(folder, sizeof folder, "%.150s/millrace-bench-XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
    MR_ASSERT(mkdtemp(folder) && mr_store_open(&s, folder, &mr_store_limits_default, &err) == MR_OK);
    struct mr_store_order o = {.quantity = mr_store_number(150000000, 8),
                               .requested_price = mr_store_number(6000000000000, 8),
                               .commission = mr_store_number(123456789, 18),
                               .average_fill_price = MR_STORE_NULL,
                               .slippage = MR_STORE_NULL,
                               .symbol = "BTCUSDT",
                               .side = "BUY",
                               .order_type = "LIMIT",
                               .status = "SUBMITTED",
                               .session_id = "bench",
                               .venue = "binance"};
    struct mr_store_fill f = {.price = mr_store_number(6000000000000, 8),
                              .size = mr_store_number(150000000, 8),
                              .fee = mr_store_number(123456789, 18),
                              .venue = "binance",
                              .market = "BTCUSDT",
                              .side = "BUY",
                              .liquidity = "maker",
                              .order_id = "mr0000004000001"};
    int64_t now = 1767225600000000000;
    for (int turn = 0; turn < TURNS; turn++) {
        uint64_t begun = mr_bench_now_ns();
        for (int i = 0; i < ROWS; i++) {
            o.created_at_ns = o.updated_at_ns = f.timestamp_ns = f.created_at_ns = ++now;
            snprintf(o.order_id, sizeof o.order_id, "mr%013d", turn * ROWS + i);
            snprintf(f.id, sizeof f.id, "%d", turn * ROWS + i);
            MR_ASSERT((fills ? mr_store_put_fill(s, &f) : mr_store_put_order(s, &o)) > 0);
            if (i % 1000 == 999)
                MR_ASSERT(mr_store_step(s, now) > 0);
        }
        MR_ASSERT(mr_store_flush(s, now) == MR_OK);
        ns[turn] = (double)(mr_bench_now_ns() - begun) / ROWS;
    }
    mr_store_close(s, now);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    MR_ASSERT(system(command) == 0);
    ns[0] = mr_bench_median(ns, TURNS);
    mr_bench_row(
        b, &(struct mr_bench_row){
               .name = name, .work = work, .ns = ns[0], .ratio = LIMIT_NS / ns[0], .limit_ns = LIMIT_NS, .goal = 1});
}

void mr_bench_store(struct mr_bench *b)
{
    if (mr_bench_timing(b, "orders"))
        run(b, "orders", "order put, and on disk in SQLite", false);
    if (mr_bench_timing(b, "fills"))
        run(b, "fills", "fill put, and on disk in SQLite", true);
}
