/* What the JSON tests share: a verdict by a named kernel, found in two ways. */
#ifndef MR_TESTS_CODECS_JSON_KERNELS_H
#define MR_TESTS_CODECS_JSON_KERNELS_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codecs/json/json.h"

/* for every kernel this CPU has; scalar is the first */
#define FOR_EACH_KERNEL(kernel)                                                                                        \
    for (enum mr_kernel kernel = MR_KERNEL_SCALAR; kernel < MR_KERNEL_COUNT; kernel++)                                 \
        if (mr_kernel_available(kernel))

struct verdict {
    int status;
    uint32_t at;
};

MR_INLINE bool same_verdict(struct verdict a, struct verdict b) { return a.status == b.status && a.at == b.at; }

/* MILLRACE_QUICK=1 takes a sample of the long suites; which one, the seed decides. */
MR_INLINE bool quick_mode(void)
{
    const char *quick = getenv("MILLRACE_QUICK");
    return quick && strcmp(quick, "1") == 0;
}

/* MILLRACE_SEED, else another one each run; printed, so that a failure can be had again. */
MR_INLINE uint64_t rotating_seed(void)
{
    const char *wish = getenv("MILLRACE_SEED");
    uint64_t seed = wish && *wish ? strtoull(wish, NULL, 0) : (uint64_t)time(NULL);
    printf("seed: MILLRACE_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* All at once: what mr_json_check does. */
MR_INLINE struct verdict check_by(enum mr_kernel kernel, const uint8_t *data, uint32_t len)
{
    struct mr_json j;
    mr_json_open_kernel(&j, data, len, kernel);
    mr_json_close(&j);
    return (struct verdict){j.status, j.at};
}

/* Into the value that comes next, or over it if it is no container. */
MR_INLINE void enter_or_read(struct mr_json *j)
{
    struct mr_span text;
    bool flag;
    switch (mr_json_peek(j)) {
    case MR_JSON_OBJECT:
        mr_json_object(j);
        break;
    case MR_JSON_ARRAY:
        mr_json_array(j);
        break;
    case MR_JSON_STRING:
        mr_json_string(j, &text);
        break;
    case MR_JSON_NUMBER:
        mr_json_number(j, &text);
        break;
    case MR_JSON_TRUE:
    case MR_JSON_FALSE:
        mr_json_bool(j, &flag);
        break;
    case MR_JSON_NULL:
        mr_json_null(j);
        break;
    case MR_JSON_NONE:
        break;
    }
}

/* By single calls into every container, with no stack but the cursor's own bits. */
MR_INLINE struct verdict walk_by(enum mr_kernel kernel, const uint8_t *data, uint32_t len)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open_kernel(&j, data, len, kernel);
    enter_or_read(&j);
    while (j.status == MR_OK && j.depth > 0) {
        uint32_t level = j.depth - 1;
        bool object = j.nest[level / 64] >> level % 64 & 1;
        if (object ? mr_json_key(&j, &key) : mr_json_next(&j))
            enter_or_read(&j);
    }
    mr_json_close(&j);
    return (struct verdict){j.status, j.at};
}

#endif
