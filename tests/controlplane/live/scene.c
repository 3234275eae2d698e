#include "tests/controlplane/live/scene.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "dataplane/clock/clock.h"

#define LEVELS 20

struct scene scene;

int scene_open(void **state)
{
    (void)state;
    snprintf(scene.folder, sizeof scene.folder, "/tmp/millrace-live-XXXXXX");
    if (!mkdtemp(scene.folder))
        return 1;
    setenv("MILLRACE_RUN", scene.folder, 1);
    setenv("MILLRACE_DATA", scene.folder, 1);
    return 0;
}

/* Whoever lives holds a lock on its pid file. */
static bool lives(const char *child)
{
    char path[160];
    snprintf(path, sizeof path, "%s/demo/%s.pid", scene.folder, child);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return locked && scene_pid_of(child) > 1;
}

/* What a test that failed left running. */
static void end_all(void)
{
    static const char *const children[] = {"controlplane", "dataplane", "exchange"};
    for (uint32_t i = 0; i < scene.started_count; i++)
        if (waitpid(scene.started[i], NULL, WNOHANG) == 0) {
            kill(scene.started[i], SIGTERM);
            for (int k = 0; k < 150 && waitpid(scene.started[i], NULL, WNOHANG) == 0; k++)
                mr_test_rest(100);
        }
    scene.started_count = 0;
    for (size_t i = 0; i < MR_COUNT_OF(children); i++) /* orphans of a supervisor that was killed */
        if (lives(children[i]))
            kill((pid_t)scene_pid_of(children[i]), SIGTERM);
}

int scene_close(void **state)
{
    (void)state;
    end_all();
    return mr_test_remove(scene.folder);
}

int scene_shell(const char *args, char *into, size_t bytes)
{
    return mr_test_shell(into, bytes, "cd '%s' && { '%s' %s; } 2>>log", scene.folder, scene.program, args);
}

void scene_show_log(void)
{
    char command[128];
    snprintf(command, sizeof command, "tail -40 '%s/log' >&2", scene.folder);
    if (system(command) != 0)
        print_error("no log\n");
}

void scene_run(const char *args)
{
    char with[512];
    snprintf(with, sizeof with, "run --source %s %s", scene.source, args);
    scene_good(with);
}

int scene_begin(int argc, char **argv)
{
    static char path[4096];
    if (argc < 2 || argc > 3 || !realpath(argv[1], path))
        return 2;
    scene.program = path;
    scene.source = argc == 3 ? argv[2] : "auto";
    if (strcmp(scene.source, "dpdk") != 0 || geteuid() == 0)
        return 0;
    mr_test_skip_line("DPDK over a veth: only root can make network namespaces");
    return getenv("MILLRACE_REQUIRE_NET") ? 1 : 77;
}

void scene_good(const char *args)
{
    int code = SCENE_SHELL(args);
    if (code)
        scene_show_log();
    assert_int_equal(code, 0);
}

const char *scene_value(const char *json, const char *key)
{
    char wanted[80];
    static char found[4][160];
    static int turn;
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = strstr(json, wanted);
    if (!at)
        print_error("no %s in %.400s\n", key, json);
    assert_non_null(at);
    at += strlen(wanted);
    char *into = found[turn++ % 4];
    snprintf(into, sizeof found[0], "%.*s", (int)strcspn(at, ",}]"), at);
    return into;
}

long scene_number(const char *json, const char *key) { return strtol(scene_value(json, key), NULL, 10); }

/* ---- processes ---- */

pid_t scene_start(const char *const *args, const char *output)
{
    pid_t pid = fork();
    if (pid == 0) {
        char path[128];
        const char *argv[16] = {scene.program};
        for (size_t i = 0; args[i]; i++)
            argv[i + 1] = args[i];
        snprintf(path, sizeof path, "%s/log", scene.folder);
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, STDERR_FILENO);
        if (output) {
            snprintf(path, sizeof path, "%s/%s", scene.folder, output);
            fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        }
        dup2(fd, STDOUT_FILENO);
        if (chdir(scene.folder) == 0)
            execv(scene.program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(pid > 0);
    if (scene.started_count < MR_COUNT_OF(scene.started))
        scene.started[scene.started_count++] = pid;
    return pid;
}

long scene_pid_of(const char *child)
{
    char path[160], text[32] = "";
    snprintf(path, sizeof path, "%s/demo/%s.pid", scene.folder, child);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    return n ? atol(text) : 0;
}

bool scene_live(const char *instance, int seconds)
{
    int64_t begun = mr_clock_mono();
    char args[96];
    snprintf(args, sizeof args, "ctl --instance %s --json show status", instance);
    for (int i = 0; i < seconds * 5; i++, mr_test_rest(200)) {
        if (SCENE_SHELL(args) != 0)
            continue;
        const char *books = strstr(scene.out, "\"books_live\":"),
                   *connections = strstr(scene.out, "\"connections_live\":");
        if (strstr(scene.out, "\"alive\":true") && books && connections &&
            scene_number(scene.out, "books_live") == SCENE_BOOKS &&
            scene_number(scene.out, "connections_live") == SCENE_CONNECTIONS) {
            if (mr_clock_mono() - begun > scene.slowest_ns)
                scene.slowest_ns = mr_clock_mono() - begun;
            return true;
        }
    }
    print_error("not live: %.2000s\n", scene.out);
    scene_show_log();
    return false;
}

/* ---- the exchange ---- */

static size_t take(char *data, size_t one, size_t count, void *arg)
{
    size_t *len = arg, n = one * count;
    if (n > sizeof scene.again - 1 - *len)
        return 0;
    memcpy(scene.again + *len, data, n);
    scene.again[ *len += n] = 0;
    return n;
}

/* Where the demo's exchange listens, from the config that the run wrote. */
static void exchange_address(char *address, size_t bytes)
{
    char path[160], text[4096];
    snprintf(path, sizeof path, "%s/demo/demo.yaml", scene.folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *at = strstr(text, "address: ");
    assert_non_null(at);
    at += strlen("address: ");
    snprintf(address, bytes, "%.*s", (int)strcspn(at, "\n"), at);
}

void scene_exchange(const char *path, const char *body)
{
    char address[64], url[256], ca[160], to[96];
    size_t len = 0;
    exchange_address(address, sizeof address);
    snprintf(url, sizeof url, "https://localhost%s%s", strchr(address, ':'), path); /* a name of its certificate */
    snprintf(to, sizeof to, "::%s", address);
    struct curl_slist *connect_to = curl_slist_append(NULL, to);
    snprintf(ca, sizeof ca, "%s/demo/certs/ca.pem", scene.folder);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &len);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    curl_slist_free_all(connect_to);
    if (code)
        print_error("%s: %s\n", url, curl_easy_strerror(code));
    assert_int_equal(code, CURLE_OK);
}

/* ---- books ---- */

struct side {
    uint32_t count;
    char price[LEVELS][24], size[LEVELS][24];
};

/* "65259.50" -> "65259.5": the exchange writes its venue's digits, we write the value. */
static void value_text(char out[24], struct mr_span text)
{
    size_t len = text.len;
    assert_true(len < 24);
    if (memchr(text.data, '.', len)) {
        while (text.data[len - 1] == '0')
            len--;
        len -= text.data[len - 1] == '.';
    }
    memcpy(out, text.data, len);
    out[len] = 0;
}

/* [["price","size"],...] behind `key`; what follows the best LEVELS is left. */
static void read_side(const char *json, const char *key, struct side *s)
{
    struct mr_json j;
    struct mr_span price, size;
    char wanted[16];
    snprintf(wanted, sizeof wanted, "\"%s\":[", key);
    const char *at = strstr(json, wanted);
    assert_non_null(at);
    at += strlen(wanted) - 1;
    mr_json_open(&j, (const uint8_t *)at, (uint32_t)(strstr(at, "]]") ? strstr(at, "]]") + 2 - at : 2));
    memset(s, 0, sizeof *s);
    assert_true(mr_json_array(&j));
    while (mr_json_next(&j)) {
        assert_true(mr_json_array(&j) && mr_json_next(&j) && mr_json_string(&j, &price) && mr_json_next(&j) &&
                    mr_json_string(&j, &size) && !mr_json_next(&j));
        assert_true(s->count < LEVELS);
        value_text(s->price[s->count], price);
        value_text(s->size[s->count++], size);
    }
    assert_int_equal(mr_json_close(&j), MR_OK);
}

static bool same_book(const char *instance, const char *product, const char *symbol)
{
    static struct side ours[2], theirs[2];
    char text[160];
    snprintf(text, sizeof text, "ctl --instance %s --json show book %s:%s %d", instance, product, symbol, LEVELS);
    if (SCENE_SHELL(text) != 0 || !strstr(scene.out, "\"bid\":["))
        return false;
    read_side(scene.out, "bid", &ours[0]);
    read_side(scene.out, "ask", &ours[1]);
    snprintf(text, sizeof text, "/exchange/book?product=%s&symbol=%s&levels=%d", product, symbol, LEVELS);
    scene_exchange(text, NULL);
    read_side(scene.again, "bids", &theirs[0]);
    read_side(scene.again, "asks", &theirs[1]);
    return ours[0].count == LEVELS && ours[1].count == LEVELS && memcmp(ours, theirs, sizeof ours) == 0;
}

bool scene_books_equal(const char *instance)
{
    static const char *const books[][2] = {
        {"binance:usdm", "BTCUSDT"},
        {"binance:usdm", "ETHUSDT"},
        {"binance:spot", "BTCUSDT"},
        {"bybit:linear", "BTCUSDT"},
        {"bybit:linear", "ETHUSDT"},
        {"okx:public", "BTC-USDT-SWAP"},
        {"hyperliquid:perp", "BTC"},
        {"okx:public", "ETH-USDT-SWAP"},
        {"hyperliquid:perp", "ETH"},
        {"kucoin:futures", "XBTUSDTM"},
        {"kucoin:futures", "ETHUSDTM"},
        {"kucoin:spot", "BTC-USDT"},
        {"mexc:futures", "BTC_USDT"},
        {"mexc:futures", "ETH_USDT"},
        {"polymarket:clob", "71321045679252212594626385532706912750332728571942532289631379312455583992563"},
        {"polymarket:clob", "48331043336612883890938759509493159234755048973500640148014422747788308965732"},
        {"polymarket:clob", "105267568073659068217311993901927962476298440625043565106676088842803600775810"},
        {"polymarket:clob", "114304586861386186441621124384163963092522056897081085884483958561365015034812"},
    };
    bool all = true;
    scene_exchange("/exchange/pause", "");
    for (size_t i = 0; i < MR_COUNT_OF(books); i++) {
        bool same = false;
        for (int k = 0; k < 25 && !same; k++, mr_test_rest(same ? 0 : 200)) /* what is on its way arrives */
            same = same_book(instance, books[i][0], books[i][1]);
        if (!same)
            print_error("%s %s differs:\nours %.600s\nthe exchange's %.600s\n", books[i][0], books[i][1], scene.out,
                        scene.again);
        all &= same;
    }
    scene_exchange("/exchange/resume", "");
    return all;
}
