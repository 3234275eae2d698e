#include "tests/controlplane/live/both.h"

#include <curl/curl.h>
#include <stdio.h>
#include <time.h>

#include "controlplane/exchange/remote/sign.h"
#include "controlplane/exchange/remote/wire.h"
#include "controlplane/journal/journal.h"
#include "controlplane/orders/records.h"
#include "controlplane/orders/states.h"
#include "tests/controlplane/live/scene.h"

#define MANY 65536u

static char answer[MR_WIRE_BODY_MAX + 1];

/* ---- what is known of an order, or a fill, on either side ---- */

struct known {
    struct mr_order ours, theirs;
    bool in_journal, at_exchange;
};
struct traded {
    char id[48];
    uint32_t instrument;
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
    assert_true(order_count < MANY);
    orders[order_count].ours.id = id;
    return &orders[order_count++];
}

static struct traded *trade_of(const struct mr_fill *f)
{
    for (uint32_t i = trade_count; i-- > 0;)
        if (strcmp(trades[i].id, f->trade_id) == 0)
            return &trades[i];
    assert_true(trade_count < MANY);
    struct traded *t = &trades[trade_count++];
    memcpy(t->id, f->trade_id, sizeof t->id);
    t->instrument = f->instrument;
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

static mr_size position[BOTH_SYMBOLS];
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
        assert_true(a->instrument < BOTH_SYMBOLS);
        position[a->instrument] = a->size;
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

const char *both_ask(const struct both *b, const char *path, const char *post)
{
    char url[128], at[32], fields[3][160], sign[MR_SIGN_TEXT];
    struct timespec t;
    size_t len = 0;
    struct curl_slist *head = NULL;
    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", b->port, path);
    snprintf(at, sizeof at, "%lld", t.tv_sec * 1000ll + t.tv_nsec / 1000000);
    const struct mr_span parts[] = {mr_span_of(at), mr_span_of("POST"), mr_span_of(path), mr_span_of(post ? post : "")};
    assert_true(mr_sign(mr_span_of(b->secret), parts, 4, sign));
    snprintf(fields[0], sizeof fields[0], "x-mr-key: %s", b->key);
    snprintf(fields[1], sizeof fields[1], "x-mr-time: %s", at);
    snprintf(fields[2], sizeof fields[2], "x-mr-sign: %s", sign);
    for (int i = 0; i < 3; i++)
        head = curl_slist_append(head, fields[i]);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    answer[0] = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, b->ca_file);
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
    return answer;
}

/* ---- both ---- */

static struct mr_instruments *instruments(const struct both *b)
{
    const size_t bytes = (mr_instruments_bytes(BOTH_SYMBOLS) + 63) / 64 * 64;
    struct mr_instruments *table = mr_instruments_init(aligned_alloc(64, bytes), BOTH_SYMBOLS);
    for (uint32_t i = 0; i < BOTH_SYMBOLS && b->symbols[i]; i++) {
        struct mr_instrument it = {.venue = 1, .product = 1, .price_scale = 8, .size_scale = 8};
        it.symbol_len = (uint8_t)snprintf(it.symbol, sizeof it.symbol, "%s", b->symbols[i]);
        assert_int_equal(mr_instruments_add(table, &it), i);
    }
    return table;
}

static void read_both(const struct both *b, struct both_counts *n)
{
    struct mr_instruments *table = instruments(b);
    struct mr_err err;
    int status = mr_journal_each(NULL, b->journal, 0, of_journal, NULL, NULL, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    n->orders = order_count;
    both_ask(b, "/exchange/account", NULL);
    char *list = strstr(answer, "\"answers\":");
    assert_non_null(list);
    list[-1] = '{'; /* the counts before it are none of the words */
    assert_int_equal(mr_wire_answers_read(table, mr_span_of(list - 1), of_exchange, NULL), MR_OK);
    for (uint32_t i = 0; i < order_count; i++)
        n->placed += orders[i].at_exchange;
    assert_int_equal(scene_number(answer, "placed"), n->placed); /* it has forgotten none */
    both_ask(b, "/account/fills", "{\"since_ns\":0}");
    assert_int_equal(mr_wire_answers_read(table, mr_span_of(answer), of_exchange, NULL), MR_OK);
    n->fills = trade_count;
    both_ask(b, "/account/positions", "{}");
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

static uint32_t wrong_trades(void)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < trade_count; i++) {
        if (trades[i].ours == 1 && trades[i].theirs == 1)
            continue;
        print_error("trade %s: %u times in the journal, %u at the exchange\n", trades[i].id, trades[i].ours,
                    trades[i].theirs);
        wrong++;
    }
    return wrong;
}

static uint32_t wrong_positions(void)
{
    mr_size sum[BOTH_SYMBOLS] = {0};
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < trade_count; i++) {
        assert_true(trades[i].instrument < BOTH_SYMBOLS);
        sum[trades[i].instrument] += trades[i].size;
    }
    for (uint32_t i = 0; i < BOTH_SYMBOLS; i++)
        if (sum[i] != position[i]) {
            print_error("instrument %u: fills come to %lld, the exchange says %lld\n", i, (long long)sum[i],
                        (long long)position[i]);
            wrong++;
        }
    return wrong;
}

struct both_counts both_compare(const struct both *b)
{
    struct both_counts n = {0};
    order_count = trade_count = 0;
    memset(position, 0, sizeof position);
    orders = calloc(MANY, sizeof *orders);
    trades = calloc(MANY, sizeof *trades);
    assert_true(orders && trades);
    read_both(b, &n);
    n.differences = wrong_orders() + wrong_trades() + wrong_positions();
    free(orders);
    free(trades);
    return n;
}
