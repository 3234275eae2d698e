/* The promises of every source of stream connections, shown on 127.0.0.1 for those on kernel sockets. */
#include <stdio.h>

#include "tests/dataplane/source/promises.h"

static const struct mr_source_ops *const sources[] = {&mr_source_socket_ops, &mr_source_uring_ops};

static bool uring_allowed(void)
{
    struct mr_clock clock;
    mr_clock_open_virtual(&clock, 0);
    struct mr_stream_config c = small;
    c.clock = &clock;
    struct mr_source source = {0};
    void *mem = malloc(mr_source_uring_ops.bytes(&c));
    int status = mr_source_uring_ops.open(&source, mem, &c, NULL);
    if (status == MR_OK)
        mr_source_uring_ops.close(&source);
    free(mem);
    return status != MR_E_UNSUPPORTED;
}

struct pair {
    const struct mr_source_ops *ops;
    const struct promise *promise;
    char name[128];
};

static void run_pair(void **state)
{
    const struct pair *pair = *state;
    if (pair->ops == &mr_source_uring_ops && !uring_allowed()) {
        mr_test_skip_line("io_uring is not allowed here");
        skip();
    }
    pair->promise->run(pair->ops);
}

int main(void)
{
    const size_t count = MR_COUNT_OF(sources) * promise_count;
    struct pair *pairs = calloc(count, sizeof *pairs);
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    fill_pattern();
    for (size_t i = 0; i < count; i++) {
        pairs[i].ops = sources[i / promise_count];
        pairs[i].promise = &promises[i % promise_count];
        snprintf(pairs[i].name, sizeof pairs[i].name, "%s: %s", pairs[i].ops->name, pairs[i].promise->says);
        tests[i] = (struct CMUnitTest){pairs[i].name, run_pair, NULL, NULL, &pairs[i]};
    }
    int status = _cmocka_run_group_tests("tests", tests, count, NULL, NULL) ? 1 : 0;
    free(pairs);
    free(tests);
    return status;
}
