#include "dataplane/record/table.h"

#include "codecs/json/json.h"
#include "codecs/venue/venue.h"

#define TRIES 1000 /* a writer holds an entry for less than a microsecond */

/* One list for writing and reading: name, field, range. */
#define NUMBERS(X)                                          \
    X("type", type, 0, MR_TYPE_OUTCOME)                     \
    X("flags", flags, 0, UINT8_MAX)                         \
    X("price_scale", price_scale, 0, 18)                    \
    X("size_scale", size_scale, 0, 18)                      \
    X("tick_decimals", tick_decimals, -1, 18)               \
    X("lot_decimals", lot_decimals, -1, 18)                 \
    X("tick", tick, 0, INT64_MAX)                           \
    X("lot", lot, 0, INT64_MAX)                             \
    X("multiplier", multiplier, 0, INT64_MAX)               \
    X("multiplier_scale", multiplier_scale, 0, 18)

static void write_one(struct mr_json_out *j, const struct mr_instrument *it)
{
    const struct mr_venue *venue = mr_venue_by_id(it->venue);
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "venue", venue ? venue->name : "");
    mr_json_out_string(j, "product", venue ? venue->products[it->product].name : "");
    mr_json_out_span(j, "symbol", (struct mr_span){(const uint8_t *)it->symbol, it->symbol_len});
    mr_json_out_string(j, "base", it->base);
    mr_json_out_string(j, "quote", it->quote);
#define WRITE(name, field, low, high) mr_json_out_i64(j, name, it->field);
    NUMBERS(WRITE)
#undef WRITE
    mr_json_out_end(j);
}

void mr_record_table_write(const struct mr_instruments *table, struct mr_text *text)
{
    struct mr_json_out j;
    mr_json_out_init(&j, text);
    mr_json_out_array(&j, NULL);
    uint32_t n = mr_instruments_count(table);
    for (uint32_t id = 0; id < n; id++) {
        struct mr_instrument it;
        int status = MR_E_AGAIN;
        for (int i = 0; i < TRIES && status == MR_E_AGAIN; i++)
            status = mr_instruments_read(table, id, &it);
        if (status == MR_OK)
            write_one(&j, &it);
    }
    mr_json_out_end(&j);
}

static bool read_text(struct mr_json *j, char *out, size_t bytes)
{
    struct mr_span text;
    if (!mr_json_string(j, &text))
        return false;
    int64_t n = mr_json_unescape(text, (uint8_t *)out, (uint32_t)bytes - 1);
    if (n < 0)
        return mr_json_fail(j, (int)n);
    out[n] = 0;
    return true;
}

static bool read_number(struct mr_json *j, int64_t low, int64_t high, int64_t *out)
{
    return mr_json_i64(j, out) && ((*out >= low && *out <= high) || mr_json_fail(j, MR_E_RANGE));
}

struct names {
    char venue[32], product[32], symbol[MR_SYMBOL_BYTES + 1];
};

static bool read_field(struct mr_json *j, struct mr_span key, struct mr_instrument *it, struct names *names)
{
    int64_t value;
    if (mr_span_eq(key, "venue"))
        return read_text(j, names->venue, sizeof names->venue);
    if (mr_span_eq(key, "product"))
        return read_text(j, names->product, sizeof names->product);
    if (mr_span_eq(key, "symbol"))
        return read_text(j, names->symbol, sizeof names->symbol);
    if (mr_span_eq(key, "base"))
        return read_text(j, it->base, sizeof it->base);
    if (mr_span_eq(key, "quote"))
        return read_text(j, it->quote, sizeof it->quote);
#define READ(name, field, low, high)                                  \
    if (mr_span_eq(key, name)) {                                      \
        if (!read_number(j, low, high, &value))                       \
            return false;                                             \
        it->field = (__typeof__(it->field))value;                     \
        return true;                                                  \
    }
    NUMBERS(READ)
#undef READ
    return mr_json_skip(j);
}

static int64_t read_one(struct mr_json *j, struct mr_instruments *table)
{
    struct mr_instrument it = {.tick_decimals = -1, .lot_decimals = -1};
    struct names names = {"", "", ""};
    struct mr_span key;
    if (mr_json_object(j))
        while (mr_json_key(j, &key))
            if (!read_field(j, key, &it, &names))
                break;
    if (j->status)
        return j->status;
    char product[sizeof names.venue + sizeof names.product];
    const struct mr_venue *venue;
    size_t n = strlen(names.venue);
    memcpy(product, names.venue, n);
    product[n] = ':';
    memcpy(product + n + 1, names.product, strlen(names.product) + 1);
    int status = mr_venue_parse(product, &venue, &it.product, NULL);
    if (status)
        return status;
    it.venue = venue->id;
    it.symbol_len = (uint8_t)strlen(names.symbol);
    memcpy(it.symbol, names.symbol, it.symbol_len);
    return mr_instruments_add(table, &it);
}

int64_t mr_record_table_read(struct mr_span text, struct mr_instruments *table)
{
    struct mr_json j;
    int64_t n = 0;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j)) {
            int64_t id = read_one(&j, table);
            if (id < 0)
                return id;
            n++;
        }
    int status = mr_json_close(&j);
    return status ? status : n;
}
