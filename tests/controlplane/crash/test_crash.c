/* E6: the control plane is killed at random moments while orders are placed, over the network, at an exchange that lives on; and stopped for a
 * while, which is a machine that hangs. In the end the exchange's own record and the journal say the same: every order that the exchange has was
 * durable here before, each of its fills is in the journal exactly once, orders end the same on both sides, and so does the position.
 *
 * MILLRACE_CRASH_KILLS=N says how often; MILLRACE_CRASH_SEED another order of moments. The program is the first argument. */
#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/exchange/remote/sign.h"
#include "controlplane/exchange/remote/wire.h"
#include "controlplane/journal/journal.h"
#include "controlplane/orders/records.h"
#include "controlplane/orders/states.h"
#include "tests/controlplane/live/scene.h"

#define ORDERS_MAX 65536u

static uint16_t port;
static char answer[MR_WIRE_BODY_MAX + 1];

/* ---- what is known of an order, or a fill, on either side ---- */

struct known {
    struct mr_order ours, theirs;
    bool in_journal, at_exchange;
};
struct traded {
    char id[48];
    mr_size size; /* < 0 sold */
    uint32_t ours, theirs;
};
static struct known *orders;
static struct traded *trades;
static uint32_t order_count, trade_count;

static struct known *order_of(uint64_t id)
{
    for (uint32_t i = order_count; i-- > 0;)
        if (orders[i].ours.id == id)
            return &orders[i];
    assert_true(order_count < ORDERS_MAX);
    orders[order_count].ours.id = id;
    return &orders[order_count++];
}

static struct traded *trade_of(const struct mr_fill *f)
{
    for (uint32_t i = trade_count; i-- > 0;)
        if (strcmp(trades[i].id, f->trade_id) == 0)
            return &trades[i];
    assert_true(trade_count < ORDERS_MAX);
    struct traded *t = &trades[trade_count++];
    memcpy(t->id, f->trade_id, sizeof t->id);
    t->size = f->side == MR_SIDE_SELL ? -f->size : f->size;
    return t;
}

static int of_journal(void *arg, const struct mr_journal_record *r)
{
    struct mr_record_order o;
    struct mr_record_fill f;
    (void)arg;
    if (r->kind == MR_JOURNAL_ORDER && r->bytes == sizeof o) {
        memcpy(&o, r->payload, sizeof o);
        if (o.head.what == MR_RECORD_ORDER) {
            struct known *k = order_of(o.order.id);
            k->ours = o.order;
            k->in_journal = true;
        }
    } else if (r->kind == MR_JOURNAL_FILL && r->bytes == sizeof f) {
        memcpy(&f, r->payload, sizeof f);
        trade_of(&f.fill)->ours++;
    }
    return 0;
}

static mr_size position;
static void of_exchange(void *arg, const struct mr_answer *a)
{
    (void)arg;
    if (a->kind == MR_ANSWER_ORDER) {
        struct known *k = order_of(a->order);
        assert_false(k->at_exchange); /* one client id, one order */
        k->theirs = (struct mr_order){.id = a->order, .state = a->state, .filled = a->filled, .size = a->size};
        k->at_exchange = true;
    } else if (a->kind == MR_ANSWER_FILL) {
        trade_of(&a->fill)->theirs++;
    } else if (a->kind == MR_ANSWER_POSITION) {
        position = a->size;
    }
}

/* ---- the exchange ---- */

static size_t take(char *data, size_t one, size_t count, void *arg)
{
    size_t *len = arg, n = one * count;
    if (n > sizeof answer - 1 - *len)
        return 0;
    memcpy(answer + *len, data, n);
    answer[ *len += n] = 0;
    return n;
}

/* POST, signed; `post` NULL: GET, not signed. The answer is in `answer`. */
static void ask(const char *path, const char *post)
{
    char url[128], ca[128], at[32], fields[3][160], sign[MR_SIGN_TEXT];
    struct timespec t;
    size_t len = 0;
    struct curl_slist *head = NULL;
    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", port, path);
    snprintf(ca, sizeof ca, "%s/certs/ca.pem", scene.folder);
    snprintf(at, sizeof at, "%lld", t.tv_sec * 1000ll + t.tv_nsec / 1000000);
    const struct mr_span parts[] = {mr_span_of(at), mr_span_of("POST"), mr_span_of(path), mr_span_of(post ? post : "")};
    assert_true(mr_sign(mr_span_of("s1"), parts, 4, sign));
    snprintf(fields[0], sizeof fields[0], "x-mr-key: k1");
    snprintf(fields[1], sizeof fields[1], "x-mr-time: %s", at);
    snprintf(fields[2], sizeof fields[2], "x-mr-sign: %s", sign);
    for (int i = 0; i < 3; i++)
        head = curl_slist_append(head, fields[i]);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    answer[0] = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &len);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
    if (post)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(head);
    if (code || status != 200)
        print_error("%s: %s, %ld %.300s\n", url, curl_easy_strerror(code), status, answer);
    assert_int_equal(code, CURLE_OK);
    assert_int_equal(status, 200);
}

/* ---- processes ---- */

static FILE *make(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", scene.folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    return fdopen(fd, "w");
}

static void write_files(void)
{
    FILE *f = make("credentials", 0600);
    fprintf(f, "- venue: paper\n  key: k1\n  secret: s1\n");
    fclose(f);
    f = make("limits", 0600);
    fprintf(f,
            "order:\n  collar_mid_pct: 50\n  collar_last_pct: 50\n  duplicate_window: 1ms\n"
            "rate:\n  orders_max: 1000\n  cancels_max: 1000\n  weight_max: 10000\n  repeats_max: 1000000\n  ratio_max: "
            "1000000\n"
            "account:\n  correlation_pct: 100\n  position_share_pct: 100\n  symbol_share_pct: 100\n  losses_max: 1000\n"
            "  rejects_max: 1000\n  liquidation_pct: 1\n  daily_loss_pct: 90\n  drawdown_pct: 90\n"
            "markets:\n  - market: \"*\"\n    order_size_max: 1000\n    position_max: 1000\n    short: true\n");
    fclose(f);
    f = make("crash.yaml", 0600);
    fprintf(f,
            "instance: crash\nplane:\n  source: socket\n  blocking: true\n  instruments_max: 16\n  books_max: 4\n  "
            "ca_file: %s/certs/ca.pem\n"
            "freshness:\n  floor: 10s\njournal:\n  folder: %s/journal\nstore:\n  enabled: false\n"
            "trade:\n  enabled: true\n  at_start: true\n  instruments: [binance:usdm:BTCUSDT]\n  strategies: "
            "[follower]\n  limits: %s/limits\n"
            "  exchange: remote\n  url: https://127.0.0.1:%u\n  credentials: %s/credentials\n  atr_bar_s: 1\n  sample: "
            "10ms\n"
            "feeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n    address: 127.0.0.1:%u\n",
            scene.folder, scene.folder, scene.folder, port, scene.folder, port);
    fclose(f);
}

static void start_exchange(void)
{
    char path[128], line[256] = "";
    const char *const args[] = {"exchange",    "--port",  "0",         "--certs", "certs", "--account",
                                "credentials", "--quiet", "--latency", "3000",    NULL};
    snprintf(path, sizeof path, "%s/listening", scene.folder);
    scene_start(args, "listening");
    for (int i = 0; i < 200 && !strstr(line, "listening"); i++, mr_test_rest(50)) {
        FILE *f = fopen(path, "r");
        if (f && !fgets(line, sizeof line, f))
            line[0] = 0;
        if (f)
            fclose(f);
    }
    assert_non_null(strchr(line, ':'));
    port = (uint16_t)strtoul(strchr(line, ':') + 1, NULL, 10);
}

static pid_t start_control(void)
{
    const char *const args[] = {"controlplane", "--config", "crash.yaml", NULL};
    scene.started_count = 2; /* exchange and data plane: this one may be killed a thousand times */
    return scene_start(args, NULL);
}

/* Orders without end, whoever listens: some take, some rest until all are cancelled; never against one another, which the gate refuses. */
static pid_t start_placing(void)
{
    static const char *const acts[] = {"order buy BTCUSDT 0.001 market",  "order buy BTCUSDT 0.001 60000",
                                       "order buy BTCUSDT 0.001 market",  "cancel-all",
                                       "order sell BTCUSDT 0.001 market", "order sell BTCUSDT 0.001 70000",
                                       "order sell BTCUSDT 0.001 market", "cancel-all"};
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint32_t i = 0;; i++) {
        char command[256];
        snprintf(command, sizeof command, "exec '%s' ctl --instance crash %s >/dev/null 2>&1", scene.program,
                 acts[i % MR_COUNT_OF(acts)]);
        if (system(command) == 0 || i % 2)
            mr_test_rest(30);
    }
}

static void end(pid_t pid, int how)
{
    kill(pid, how);
    for (int i = 0; i < 200 && waitpid(pid, NULL, WNOHANG) == 0; i++)
        mr_test_rest(50);
}

static bool trading(void)
{
    for (int i = 0; i < 300; i++, mr_test_rest(100))
        if (SCENE_SHELL("ctl --instance crash show trade") == 0 && strncmp(scene.out, "trading", 7) == 0)
            return true;
    print_error("not trading: %.500s\n", scene.out);
    scene_show_log();
    return false;
}

/* Until the account has one more of these, at most so many times 50 ms. */
static void wait_for(const char *what, int times)
{
    ask("/exchange/account", NULL);
    const long before = scene_number(answer, what);
    for (int i = 0; i < times && scene_number(answer, what) == before; i++) {
        mr_test_rest(50);
        ask("/exchange/account", NULL);
    }
}

/* ---- the end ---- */

static void read_both(void)
{
    struct mr_instruments *table = mr_instruments_init(aligned_alloc(64, (mr_instruments_bytes(4) + 63) / 64 * 64), 4);
    struct mr_instrument it = {
        .venue = 1, .product = 1, .price_scale = 8, .size_scale = 8, .symbol_len = 7, .symbol = "BTCUSDT"};
    struct mr_err err;
    char path[128], *list;
    assert_int_equal(mr_instruments_add(table, &it), 0);
    orders = calloc(ORDERS_MAX, sizeof *orders);
    trades = calloc(ORDERS_MAX, sizeof *trades);
    snprintf(path, sizeof path, "%s/journal", scene.folder);
    int status = mr_journal_each(NULL, path, 0, of_journal, NULL, NULL, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    ask("/exchange/account", NULL);
    list = strstr(answer, "\"answers\":");
    assert_non_null(list);
    list[-1] = '{'; /* the counts before it are none of the words */
    assert_int_equal(mr_wire_answers_read(table, mr_span_of(list - 1), of_exchange, NULL), MR_OK);
    uint32_t at_exchange = 0;
    for (uint32_t i = 0; i < order_count; i++)
        at_exchange += orders[i].at_exchange;
    assert_int_equal(scene_number(answer, "placed"), at_exchange); /* it has forgotten none */
    ask("/account/fills", "{\"since_ns\":0}");
    assert_int_equal(mr_wire_answers_read(table, mr_span_of(answer), of_exchange, NULL), MR_OK);
    ask("/account/positions", "{}");
    assert_int_equal(mr_wire_answers_read(table, mr_span_of(answer), of_exchange, NULL), MR_OK);
    free(table);
}

static uint32_t wrong_orders(void)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < order_count; i++) {
        const struct known *k = &orders[i];
        bool good = k->in_journal && mr_order_ended(k->ours.state) &&
                    k->ours.filled == (k->at_exchange ? k->theirs.filled : 0) &&
                    (!k->at_exchange || k->ours.state == k->theirs.state);
        if (!good)
            print_error("order %llx: journal %s, filled %lld; exchange %s, filled %lld\n",
                        (unsigned long long)k->ours.id, k->in_journal ? mr_order_state_name(k->ours.state) : "has none",
                        (long long)k->ours.filled, k->at_exchange ? mr_order_state_name(k->theirs.state) : "has none",
                        (long long)k->theirs.filled);
        wrong += !good;
    }
    return wrong;
}

static uint32_t wrong_trades(mr_size *sum)
{
    uint32_t wrong = 0;
    *sum = 0;
    for (uint32_t i = 0; i < trade_count; i++) {
        *sum += trades[i].size;
        if (trades[i].ours == 1 && trades[i].theirs == 1)
            continue;
        print_error("trade %s: %u times in the journal, %u at the exchange\n", trades[i].id, trades[i].ours,
                    trades[i].theirs);
        wrong++;
    }
    return wrong;
}

static void a_control_plane_killed_at_any_moment_loses_no_fill_and_doubles_no_order(void **state)
{
    (void)state;
    const char *asked = getenv("MILLRACE_CRASH_KILLS"), *seed = getenv("MILLRACE_CRASH_SEED");
    const char *const data[] = {"dataplane", "--config", "crash.yaml", NULL};
    int kills = asked ? atoi(asked) : getenv("MILLRACE_QUICK") ? 2 : 3;
    struct mr_random r = {seed ? strtoull(seed, NULL, 10) : 11};
    mr_size sum;
    write_files(); /* the exchange wants its credentials; its port comes after */
    start_exchange();
    write_files();
    scene_start(data, NULL);
    pid_t control = start_control(), placing = start_placing();
    for (int i = 0; i < kills; i++) {
        if (mr_random_below(&r, 4)) /* as it trades; else as it starts, or finds out what became of its orders */
            wait_for("placed", 100);
        mr_test_rest((int)mr_random_below(&r, 600));
        if (i % 3 == 2) { /* hangs, and goes on; or is killed as it hangs */
            kill(control, SIGSTOP);
            mr_test_rest((int)mr_random_below(&r, 700));
            if (mr_random_below(&r, 2)) {
                kill(control, SIGCONT);
                mr_test_rest((int)mr_random_below(&r, 300));
            }
        }
        end(control, SIGKILL);
        control = start_control();
    }
    assert_true(trading());
    wait_for("fills", 200);
    end(placing, SIGKILL);
    for (int i = 0; i < 100; i++, mr_test_rest(100)) {
        SCENE_SHELL("ctl --instance crash cancel-all");
        SCENE_SHELL("ctl --instance crash show trade");
        ask("/exchange/account", NULL);
        if (strstr(scene.out, " 0 orders and ") && scene_number(answer, "open") == 0)
            break;
    }
    mr_test_rest(300);
    end(control, SIGTERM);
    read_both();
    uint32_t wrong = wrong_orders() + wrong_trades(&sum);
    if (wrong)
        scene_show_log();
    assert_int_equal(wrong, 0);
    assert_int_equal(sum, position);
    assert_true(trade_count > 0);
    printf("%d kills: %u orders decided, %ld of them at the exchange, %u fills; both sides say the same\n", kills,
           order_count, (ask("/exchange/account", NULL), scene_number(answer, "placed")), trade_count);
    free(orders);
    free(trades);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        a_control_plane_killed_at_any_moment_loses_no_fill_and_doubles_no_order, scene_open, scene_close)};
    int code = scene_begin(argc, argv);
    return code ? code : cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
