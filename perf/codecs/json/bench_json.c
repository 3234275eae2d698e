#include "codecs/json/json.h"
#include "perf/bench.h"
#include "perf/codecs/json/messages.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t check(void *arg)
{
    const struct mr_bench_messages *m = arg;
    uint64_t legal = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        uint32_t at;
        legal += mr_json_check(m->bytes + m->at[i], m->len[i], &at) == MR_OK;
    }
    return legal;
}

/* ---- every key and value by its own call ---- */

static int64_t value_bytes(struct mr_json *j);

static int64_t object_bytes(struct mr_json *j)
{
    struct mr_span key;
    int64_t sum = 0;
    mr_json_object(j);
    while (mr_json_key(j, &key))
        sum += key.len + value_bytes(j);
    return sum;
}

static int64_t array_bytes(struct mr_json *j)
{
    int64_t sum = 0;
    mr_json_array(j);
    while (mr_json_next(j))
        sum += value_bytes(j);
    return sum;
}

static int64_t value_bytes(struct mr_json *j)
{
    struct mr_span text;
    bool flag;
    switch (mr_json_peek(j)) {
    case MR_JSON_OBJECT:
        return object_bytes(j);
    case MR_JSON_ARRAY:
        return array_bytes(j);
    case MR_JSON_STRING:
        return mr_json_string(j, &text) ? text.len : 0;
    case MR_JSON_NUMBER:
        return mr_json_number(j, &text) ? text.len : 0;
    case MR_JSON_TRUE:
    case MR_JSON_FALSE:
        return mr_json_bool(j, &flag);
    default:
        mr_json_skip(j);
        return 0;
    }
}

static uint64_t walk(void *arg)
{
    const struct mr_bench_messages *m = arg;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        struct mr_json j;
        mr_json_open(&j, m->bytes + m->at[i], m->len[i]);
        int64_t n = value_bytes(&j);
        sum += (uint64_t)(mr_json_close(&j) == MR_OK ? n : -1);
    }
    return sum;
}

/* ---- messages ---- */

static uint32_t below(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % bound;
}

static uint32_t put_trade(char *out, uint64_t *seed)
{
    return (uint32_t)sprintf(
        out,
        "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":17000%08u,\"a\":%u,\"s\":\"BTCUSDT\","
        "\"p\":\"%u.%02u\",\"q\":\"%u.%03u\",\"f\":%u,\"l\":%u,\"T\":17000%08u,\"m\":%s}}",
        below(seed, 99999999), 1000000000 + below(seed, 99999999), 10000 + below(seed, 80000), below(seed, 100),
        below(seed, 12), below(seed, 1000), 2000000000 + below(seed, 9999), 2000000000 + below(seed, 9999),
        below(seed, 99999999), below(seed, 2) ? "true" : "false");
}

static uint32_t put_side(char *out, const char *name, uint32_t levels, uint64_t *seed)
{
    uint32_t n = (uint32_t)sprintf(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < levels; i++)
        n += (uint32_t)sprintf(out + n, "%s[\"%u.%u0\",\"%u.%03u\"]", i ? "," : "", 1000 + below(seed, 90000),
                               below(seed, 10), below(seed, below(seed, 2) ? 10 : 1000), below(seed, 1000));
    out[n++] = ']';
    return n;
}

static uint32_t put_book(char *out, uint32_t levels, uint64_t *seed)
{
    uint32_t n = (uint32_t)sprintf(out, "{\"e\":\"depthUpdate\",\"E\":17000%08u,\"s\":\"BTCUSDT\",\"U\":%u,\"u\":%u",
                                   10000000 + below(seed, 9999999), 1000000000 + below(seed, 9999999),
                                   1000000000 + below(seed, 9999999));
    n += put_side(out + n, "b", levels / 2, seed);
    n += put_side(out + n, "a", levels - levels / 2, seed);
    out[n++] = '}';
    return n;
}

static uint32_t put_delta(char *out, uint64_t *seed) { return put_book(out, 30 + below(seed, 25), seed); }

static uint32_t put_snapshot(char *out, uint64_t *seed) { return put_book(out, 800, seed); }

static struct mr_bench_messages make(uint32_t count, uint32_t room, uint32_t (*put)(char *, uint64_t *))
{
    struct mr_bench_messages m = {malloc((size_t)count * room + 4096), calloc(count, sizeof(uint32_t)),
                                  calloc(count, sizeof(uint32_t)), count};
    uint64_t seed = 88172645463325252u;
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        m.at[i] = at;
        m.len[i] = put((char *)m.bytes + at, &seed);
        at += m.len[i];
        m.bytes[at++] = '\n';
    }
    memset(m.bytes + at, 0, 1024);
    return m;
}

void mr_bench_json(struct mr_bench *b)
{
    static const struct {
        const char *check, *check_work, *walk, *walk_work;
        uint32_t count, room;
        uint32_t (*put)(char *, uint64_t *);
    } sets[] = {
        {"check_180", "whole text of ~180 B verified", "walk_180", "each key and value of ~180 B visited", 4096, 256,
         put_trade},
        {"check_1k", "whole text of ~1 KB verified", "walk_1k", "each key and value of ~1 KB visited", 1024, 2048,
         put_delta},
        {"check_18k", "whole text of ~18 KB verified", "walk_18k", "each key and value of ~18 KB visited", 64, 32768,
         put_snapshot},
    };
    for (size_t i = 0; i < MR_COUNT_OF(sets); i++) {
        struct mr_bench_messages m = make(sets[i].count, sets[i].room, sets[i].put);
        mr_bench_pair(b, &(struct mr_bench_pair){
                             .name = sets[i].check,
                             .work = sets[i].check_work,
                             .items = m.count,
                             .ours = {check, &m},
                             .references = {{"simdjson DOM", mr_reference_simdjson_dom, &m},
                                            {"simdjson On-Demand, all values", mr_reference_simdjson_walk_check, &m},
                                            {"RapidJSON SAX", mr_reference_rapidjson_sax, &m}},
                             .kernels = true,
                         });
        mr_bench_pair(b, &(struct mr_bench_pair){
                             .name = sets[i].walk,
                             .work = sets[i].walk_work,
                             .items = m.count,
                             .ours = {walk, &m},
                             .references = {{"simdjson On-Demand (strings unescaped, numbers converted)",
                                             mr_reference_simdjson_walk, &m}},
                             .kernels = true,
                         });
        free(m.bytes);
        free(m.at);
        free(m.len);
    }
}
