#include "perf/codecs/json/messages.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <simdjson.h>

using namespace simdjson;

static padded_string_view view(const mr_bench_messages *m, uint32_t i)
{
    return padded_string_view(reinterpret_cast<const char *>(m->bytes + m->at[i]), m->len[i],
                              m->len[i] + SIMDJSON_PADDING);
}

uint64_t mr_reference_simdjson_dom(void *arg)
{
    auto *m = static_cast<const mr_bench_messages *>(arg);
    static dom::parser parser;
    uint64_t legal = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        dom::element root;
        padded_string_view text = view(m, i);
        legal += parser.parse(text.data(), text.length(), false).get(root) == SUCCESS;
    }
    return legal;
}

/* Bytes of the keys and values under `value`; negative after an error. */
static int64_t walk(ondemand::value value)
{
    int64_t sum = 0;
    ondemand::json_type type;
    if (value.type().get(type))
        return -1;
    switch (type) {
    case ondemand::json_type::object: {
        ondemand::object object;
        if (value.get_object().get(object))
            return -1;
        for (auto field : object) {
            ondemand::value inner;
            std::string_view name;
            if (field.unescaped_key().get(name) || field.value().get(inner))
                return -1;
            int64_t n = walk(inner);
            if (n < 0)
                return n;
            sum += n + static_cast<int64_t>(name.size());
        }
        return sum;
    }
    case ondemand::json_type::array: {
        ondemand::array array;
        if (value.get_array().get(array))
            return -1;
        for (auto element : array) {
            ondemand::value inner;
            if (element.get(inner))
                return -1;
            int64_t n = walk(inner);
            if (n < 0)
                return n;
            sum += n;
        }
        return sum;
    }
    case ondemand::json_type::string: {
        std::string_view text;
        return value.get_string().get(text) ? -1 : static_cast<int64_t>(text.size());
    }
    case ondemand::json_type::number: {
        ondemand::number number;
        std::string_view token = value.raw_json_token();
        if (value.get_number().get(number))
            return -1;
        while (!token.empty() && token.back() <= ' ')
            token.remove_suffix(1);
        return static_cast<int64_t>(token.size());
    }
    case ondemand::json_type::boolean: {
        bool flag;
        return value.get_bool().get(flag) ? -1 : 1;
    }
    default:
        return value.is_null() ? 0 : -1;
    }
}

static ondemand::parser walker;

static int64_t walk_text(const mr_bench_messages *m, uint32_t i)
{
    ondemand::document document;
    ondemand::value root;
    if (walker.iterate(view(m, i)).get(document) || document.get_value().get(root))
        return -1;
    return walk(root);
}

uint64_t mr_reference_simdjson_walk(void *arg)
{
    auto *m = static_cast<const mr_bench_messages *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < m->count; i++)
        sum += static_cast<uint64_t>(walk_text(m, i));
    return sum;
}

uint64_t mr_reference_simdjson_walk_check(void *arg)
{
    auto *m = static_cast<const mr_bench_messages *>(arg);
    uint64_t legal = 0;
    for (uint32_t i = 0; i < m->count; i++)
        legal += walk_text(m, i) >= 0;
    return legal;
}

uint64_t mr_reference_rapidjson_sax(void *arg)
{
    auto *m = static_cast<const mr_bench_messages *>(arg);
    uint64_t legal = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        rapidjson::MemoryStream stream(reinterpret_cast<const char *>(m->bytes + m->at[i]), m->len[i]);
        rapidjson::BaseReaderHandler<> nobody;
        rapidjson::Reader reader;
        legal +=
            !reader.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag>(stream, nobody)
                 .IsError();
    }
    return legal;
}
