#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/log/redact.h"
#include "tests/support/support.h"

static char path[64];

static char *contents(void)
{
    size_t len;
    return (char *)mr_test_read("/", path + 1, &len);
}

static int fresh_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/millrace-log-%d", (int)getpid());
    unlink(path);
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static void records_come_out_in_order_with_time_and_level(void **state)
{
    (void)state;
    struct mr_log *log;
    struct mr_err err;
    assert_int_equal(mr_log_open(&log, path, true, MR_LOG_INFO, &err), MR_OK);
    MR_LOG(log, MR_LOG_DEBUG, "not shown");
    MR_LOG(log, MR_LOG_INFO, "first %d", 1);
    MR_LOG(log, MR_LOG_ERROR, "second \"quoted\"");
    mr_log_level_set(log, MR_LOG_ERROR);
    MR_LOG(log, MR_LOG_INFO, "not shown either");
    mr_log_close(log);
    char *text = contents();
    assert_null(strstr(text, "not shown"));
    char *first = strstr(text, "\"level\":\"info\",\"text\":\"first 1\"}");
    assert_non_null(first);
    assert_non_null(strstr(first, "\"level\":\"error\",\"text\":\"second \\\"quoted\\\"\"}"));
    free(text);
}

static void a_place_that_shouts_is_held_back_and_counted(void **state)
{
    (void)state;
    struct mr_log *log;
    struct mr_err err;
    assert_int_equal(mr_log_open(&log, path, false, MR_LOG_INFO, &err), MR_OK);
    struct mr_log_site site = {__FILE__, __LINE__, 0, 0, 0};
    for (int i = 0; i < 1000; i++)
        mr_log_write(log, &site, MR_LOG_WARN, "shout");
    assert_int_equal(site.held_back, 1000 - MR_LOG_BURST);
    site.window_ns = 0; /* as if a second had passed */
    mr_log_write(log, &site, MR_LOG_WARN, "shout");
    mr_log_close(log);
    char *text = contents();
    assert_int_equal(count(text, "shout"), MR_LOG_BURST + 1);
    assert_non_null(strstr(text, "(990 more like this held back)"));
    free(text);
}

static void *flood(void *arg)
{
    for (int i = 0; i < 3000; i++) {
        struct mr_log_site site = {__FILE__, __LINE__, 0, 0, 0};
        mr_log_write(arg, &site, MR_LOG_INFO, "line %d of a flood", i);
    }
    return NULL;
}

static void nothing_is_lost_silently_when_threads_flood(void **state)
{
    (void)state;
    struct mr_log *log;
    struct mr_err err;
    pthread_t threads[4];
    assert_int_equal(mr_log_open(&log, path, false, MR_LOG_INFO, &err), MR_OK);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, flood, log);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    uint64_t lost = mr_log_lost(log);
    mr_log_close(log);
    char *text = contents();
    assert_int_equal(count(text, "of a flood") + lost, 12000);
    if (lost)
        assert_non_null(strstr(text, "records lost"));
    free(text);
}

static void a_path_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    struct mr_log *log;
    struct mr_err err;
    assert_int_equal(mr_log_open(&log, "/no/such/folder/log", false, MR_LOG_INFO, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "/no/such/folder/log"));
}

static void secrets_become_stars_and_all_else_stays(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *in, *want; } cases[] = {
        {"apiKey=abc123 user=bob", "apiKey=*** user=bob"},
        {"X-MBX-APIKEY: vmPU, next", "X-MBX-APIKEY: ***, next"},
        {"{\"secret\":\"s3\",\"symbol\":\"BTCUSDT\"}", "{\"secret\":\"***\",\"symbol\":\"BTCUSDT\"}"},
        {"url?a=1&signature=deadbeef&b=2", "url?a=1&signature=***&b=2"},
        {"PASSPHRASE = hunter2", "PASSPHRASE = ***"},
        {"the key was not found", "the key was not found"},
        {"keyboard=yes monkeys:3", "keyboard=yes monkeys:3"},
        {"token:", "token:"},
        {"", ""},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char out[256];
        size_t n = mr_redact(out, sizeof out - 1, cases[i].in, strlen(cases[i].in));
        out[n] = 0;
        assert_string_equal(out, cases[i].want);
    }
    char small[4];
    assert_int_equal(mr_redact(small, sizeof small, "key=aaaaaaaaaa", 14), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_come_out_in_order_with_time_and_level, fresh_path, remove_path),
        cmocka_unit_test_setup_teardown(a_place_that_shouts_is_held_back_and_counted, fresh_path, remove_path),
        cmocka_unit_test_setup_teardown(nothing_is_lost_silently_when_threads_flood, fresh_path, remove_path),
        cmocka_unit_test(a_path_that_cannot_be_written_is_named),
        cmocka_unit_test(secrets_become_stars_and_all_else_stays),
    };
    return MR_TEST_MAIN(tests);
}
