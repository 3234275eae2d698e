/* Generated messages of three sizes, and the references' passes over them. */
#ifndef MR_PERF_CODECS_JSON_MESSAGES_H
#define MR_PERF_CODECS_JSON_MESSAGES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Texts one behind another; room behind the last for references that read further. */
struct mr_bench_messages {
    uint8_t *bytes;
    uint32_t *at, *len;
    uint32_t count;
};

/* How many are legal JSON. */
uint64_t mr_reference_simdjson_dom(void *arg);
uint64_t mr_reference_simdjson_walk_check(void *arg);
uint64_t mr_reference_rapidjson_sax(void *arg);
/* Bytes of all keys and values, each visited by its own call. */
uint64_t mr_reference_simdjson_walk(void *arg);

#ifdef __cplusplus
}
#endif
#endif
