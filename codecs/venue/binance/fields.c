/* A message walked once: its members as spans, whatever their order, and what builders ask of them. */
#include "codecs/venue/binance/binance_priv.h"

static const char *const words[WORD_COUNT] = {
    [WORD_PU] = "pu",     [WORD_PS] = "ps",     [WORD_ST] = "st",         [WORD_NQ] = "nq",
    [WORD_AP] = "ap",     [WORD_CS] = "cs",     [WORD_RESULT] = "result", [WORD_ID] = "id",
    [WORD_CODE] = "code", [WORD_MSG] = "msg",   [WORD_ERROR] = "error",   [WORD_LAST_UPDATE_ID] = "lastUpdateId",
    [WORD_BIDS] = "bids", [WORD_ASKS] = "asks",
};

static bool letter(uint8_t c) { return (uint8_t)((c | 0x20) - 'a') < 26; }

/* A string without its quotes, a number's text, or the raw bytes of anything else. */
static bool value(struct mr_json *j, struct mr_span *text, bool *string)
{
    enum mr_json_type type = mr_json_peek(j);
    *string = type == MR_JSON_STRING;
    return type == MR_JSON_STRING || type == MR_JSON_NUMBER ? mr_json_text(j, text) : mr_json_raw(j, text);
}

/* Keys with escapes are legal and never sent: "\u0065" is "e". */
static struct mr_span plain_key(const struct mr_json *j, struct mr_span key, uint8_t *room, uint32_t room_bytes)
{
    if (mr_likely(!j->escaped))
        return key;
    int64_t n = mr_json_unescape(key, room, room_bytes);
    return n < 0 ? key : (struct mr_span){room, (uint32_t)n};
}

void binance_keep(struct mr_decoder *dec, struct mr_json *j, struct mr_span key, struct binance_fields *f)
{
    struct mr_span text;
    uint8_t room[32];
    bool string;
    key = plain_key(j, key, room, sizeof room);
    if (key.len == 1 && letter(key.data[0])) {
        uint32_t i = key.data[0] & 63;
        if (mr_unlikely(f->letters >> i & 1)) {
            mr_json_fail(j, MR_E_MALFORMED); /* twice: which one is meant? */
            return;
        }
        if (!value(j, &text, &string))
            return;
        f->letter[i] = text;
        f->letters |= 1ull << i;
        f->strings |= (uint64_t)string << i;
        return;
    }
    for (uint32_t w = 0; w < WORD_COUNT; w++)
        if (mr_span_is(key, words[w], strlen(words[w]))) {
            if (mr_unlikely(f->words >> w & 1)) {
                mr_json_fail(j, MR_E_MALFORMED);
                return;
            }
            bool array = w == WORD_BIDS || w == WORD_ASKS;
            if (array ? mr_json_raw(j, &f->word[w]) : value(j, &f->word[w], &string))
                f->words |= 1u << w;
            return;
        }
    mr_take_skip(dec, j);
}

int binance_collect(struct mr_decoder *dec, struct mr_json *j, struct binance_fields *f)
{
    struct mr_span key;
    f->letters = f->strings = 0;
    f->words = 0;
    if (mr_json_object(j))
        while (mr_json_key(j, &key))
            binance_keep(dec, j, key, f);
    return j->status;
}

void binance_reopen(struct mr_json *j, struct mr_span raw) { mr_json_open(j, raw.data, raw.len); }

int binance_failed(struct mr_decoder *dec, const struct mr_json *j)
{
    return mr_take_fail(dec, j->status, NULL, j->data + j->at);
}

int binance_instrument(struct mr_decoder *dec, struct mr_span symbol, const struct mr_instrument **it)
{
    uint8_t room[MR_SYMBOL_BYTES];
    if (!symbol.data)
        return mr_take_fail(dec, MR_E_MISSING, "s", NULL);
    *it = mr_take_symbol(dec, symbol);
    if (mr_likely(*it != NULL))
        return MR_OK;
    if (memchr(symbol.data, '\\', symbol.len)) {
        int64_t n = mr_json_unescape(symbol, room, sizeof room);
        *it = n > 0 ? mr_take_symbol(dec, (struct mr_span){room, (uint32_t)n}) : NULL;
        dec->name = symbol;
    }
    return *it ? MR_OK : mr_take_fail(dec, MR_E_SYMBOL, "s", symbol.data);
}

/* Numbers that are not used, and may vary from message to message. */
void binance_ignore(struct binance_message *m, const struct binance_fields *f, const char *letters)
{
    for (; *letters; letters++)
        mr_take_ignore(m->dec, binance_letter(f, *letters));
    mr_take_ignore(m->dec, binance_word(f, WORD_NQ));
    mr_take_ignore(m->dec, binance_word(f, WORD_AP));
}

/* A string member; its escapes undone into `room` where it has some. */
int binance_string(struct mr_decoder *dec, const struct binance_fields *f, char c, const char *field, uint8_t *room,
                   uint32_t room_bytes, struct mr_span *out)
{
    *out = binance_letter(f, c);
    if (!out->data)
        return mr_take_fail(dec, MR_E_MISSING, field, NULL);
    if (!binance_is_string(f, c))
        return mr_take_fail(dec, MR_E_TYPE, field, out->data);
    if (mr_unlikely(memchr(out->data, '\\', out->len) != NULL)) {
        int64_t n = mr_json_unescape(*out, room, room_bytes);
        if (n >= 0)
            *out = (struct mr_span){room, (uint32_t)n};
    }
    return MR_OK;
}

int binance_bool(struct mr_decoder *dec, const struct binance_fields *f, char c, const char *field, bool *out)
{
    struct mr_span text = binance_letter(f, c);
    *out = text.len == 4;
    if (!text.data)
        return mr_take_fail(dec, MR_E_MISSING, field, NULL);
    if (binance_is_string(f, c) || !(mr_span_eq(text, "true") || mr_span_eq(text, "false")))
        return mr_take_fail(dec, MR_E_TYPE, field, text.data);
    return MR_OK;
}

int binance_symbol(struct binance_message *m, const struct binance_fields *f, const struct mr_instrument **it)
{
    struct mr_span symbol = binance_letter(f, 's');
    if (symbol.data && !binance_is_string(f, 's'))
        return mr_take_fail(m->dec, MR_E_TYPE, "s", symbol.data);
    return binance_instrument(m->dec, symbol, it);
}

int binance_coin_m(struct mr_decoder *dec, const struct binance_fields *f)
{
    struct mr_span st = binance_word(f, WORD_ST);
    uint64_t kind = 0;
    int status = st.data ? mr_number_u64(st.data, st.len, &kind) : MR_OK;
    return status < 0 ? mr_take_fail(dec, MR_E_TYPE, "st", st.data) : kind == 2;
}
