#include "tests/exchange/server/speak.h"

#define SECOND 1000000000ll

/* ---- spans ---- */

struct mr_span mr_span_from(struct mr_span s, uint32_t at)
{
    if (!s.len) /* perhaps of nothing at all */
        return s;
    return at >= s.len ? (struct mr_span){s.data + s.len, 0} : (struct mr_span){s.data + at, s.len - at};
}

struct mr_span mr_span_cut(struct mr_span s, char at, struct mr_span *rest)
{
    const uint8_t *found = s.len ? memchr(s.data, at, s.len) : NULL;
    uint32_t len = found ? (uint32_t)(found - s.data) : s.len;
    if (rest)
        *rest = mr_span_from(s, found ? len + 1 : len);
    return (struct mr_span){s.data, len};
}

bool mr_span_starts(struct mr_span s, const char *with)
{
    size_t n = strlen(with);
    return s.len >= n && memcmp(s.data, with, n) == 0;
}

bool mr_span_same(struct mr_span a, struct mr_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- subscriptions ---- */

uint64_t mr_talk_key(const char *kind, struct mr_span symbol)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *kind; kind++)
        h = (h ^ (uint8_t)*kind) * 0x100000001b3u;
    h = (h ^ '|') * 0x100000001b3u;
    for (uint32_t i = 0; i < symbol.len; i++) {
        uint8_t c = symbol.data[i];
        h = (h ^ (c >= 'a' && c <= 'z' ? c - 32u : c)) * 0x100000001b3u;
    }
    return h ? h : 1;
}

struct mr_talk_sub *mr_talk_sub(struct mr_talk *talk, struct mr_span name)
{
    for (uint32_t i = 0; i < talk->sub_count; i++)
        if (mr_span_same(mr_span_of(talk->subs[i].name), name))
            return &talk->subs[i];
    return NULL;
}

struct mr_talk_sub *mr_talk_add(struct mr_talk *talk, struct mr_span name, uint64_t key, uint32_t channel,
                                struct mr_span symbol)
{
    struct mr_talk_sub *sub = mr_talk_sub(talk, name);
    if (!sub && talk->sub_count == MR_TALK_SUBS_MAX)
        return NULL;
    if (!sub)
        sub = &talk->subs[talk->sub_count++];
    *sub = (struct mr_talk_sub){.key = key, .channel = channel};
    memcpy(sub->name, name.data, name.len < sizeof sub->name ? name.len : sizeof sub->name - 1);
    if (symbol.len) /* a topic of no symbol has no text at all */
        memcpy(sub->symbol, symbol.data, symbol.len < sizeof sub->symbol ? symbol.len : sizeof sub->symbol - 1);
    return sub;
}

bool mr_talk_remove(struct mr_talk *talk, struct mr_span name)
{
    struct mr_talk_sub *sub = mr_talk_sub(talk, name);
    if (!sub)
        return false;
    *sub = talk->subs[--talk->sub_count];
    return true;
}

const struct mr_talk_sub *mr_talk_find(const struct mr_talk *talk, const struct mr_letter *letter)
{
    if (talk->place.venue != letter->venue || talk->place.product != letter->product)
        return NULL;
    for (uint32_t i = 0; i < talk->sub_count; i++)
        for (uint8_t k = 0; k < letter->keys; k++)
            if (talk->subs[i].key == letter->key[k])
                return &talk->subs[i];
    return NULL;
}

/* ---- the dialogue ---- */

void mr_talk_say(struct mr_talk *talk, const struct mr_text *text)
{
    if (!text->cut) /* what does not fit its buffer was made by an absurd request; venues do not answer those either */
        talk->host->say(talk->arg, text->out, text->len);
}

void mr_talk_close(struct mr_talk *talk, uint16_t code, const char *why)
{
    if (talk->close_code)
        return;
    talk->close_code = code;
    talk->close_why = why;
}

uint8_t mr_talk_product(const char *venue, const char *product)
{
    const struct mr_product *rows = mr_venue_by_name(venue)->products;
    uint8_t row = 0;
    while (rows[row].name && strcmp(rows[row].name, product) != 0)
        row++;
    MR_ASSERT(rows[row].name);
    return row;
}

static const struct mr_talk_rule *rule_of(const struct mr_speaker *s, const struct mr_talk_place *place)
{
    static const struct mr_talk_rule none = {0};
    const char *product = mr_venue_by_id(place->venue)->products[place->product].name;
    for (size_t i = 0; i < MR_COUNT_OF(s->rules) && s->rules[i].product; i++)
        if (strcmp(s->rules[i].product, product) == 0)
            return &s->rules[i];
    return &none;
}

void mr_talk_open(struct mr_talk *talk, const struct mr_talk_place *place, const struct mr_talk_host *host, void *arg,
                  struct mr_talk_sub *subs, uint32_t id, int64_t now_ns)
{
    *talk = (struct mr_talk){.speaker = mr_speaker_of(place->venue),
                             .host = host,
                             .arg = arg,
                             .place = *place,
                             .subs = subs,
                             .id = id,
                             .opened_ns = now_ns,
                             .heard_ns = now_ns,
                             .sent_ns = now_ns,
                             .greeted_ns = now_ns};
    talk->rule = rule_of(talk->speaker, place);
    if (talk->rule->ping_ns)
        talk->next_ping_ns = now_ns + talk->rule->ping_ns;
    if (talk->speaker->open)
        talk->speaker->open(talk);
}

/* Client messages of any kind count: beyond the venue's limit the connection is cut. */
static bool heard(struct mr_talk *talk, int64_t now_ns)
{
    uint32_t limit = talk->rule->messages_per_s;
    talk->heard_ns = now_ns;
    if (now_ns - talk->window_ns >= SECOND) {
        talk->window_ns = now_ns;
        talk->window_count = 0;
    }
    if (!limit || ++talk->window_count <= limit)
        return true;
    mr_talk_close(talk, 1008, "too many requests");
    return false;
}

void mr_talk_take(struct mr_talk *talk, struct mr_span text, int64_t now_ns)
{
    if (heard(talk, now_ns))
        talk->speaker->take(talk, text);
}

void mr_talk_control(struct mr_talk *talk, bool pong, int64_t now_ns)
{
    if (heard(talk, now_ns) && pong)
        talk->pinged_ns = 0;
}

bool mr_talk_tick(struct mr_talk *talk, int64_t now_ns)
{
    const struct mr_speaker *s = talk->speaker;
    if (s->quiet_ns && now_ns - talk->sent_ns >= s->quiet_ns)
        mr_talk_close(talk, MR_TALK_CUT, "nothing sent for the venue's idle time");
    if (s->ping_wanted_ns && now_ns - talk->greeted_ns >= s->ping_wanted_ns)
        mr_talk_close(talk, MR_TALK_CUT, "no ping");
    if (talk->pinged_ns && now_ns - talk->pinged_ns >= talk->rule->pong_ns)
        mr_talk_close(talk, 1008, "pong timeout");
    if (!talk->next_ping_ns || now_ns < talk->next_ping_ns)
        return false;
    talk->next_ping_ns = now_ns + talk->rule->ping_ns;
    if (!talk->pinged_ns)
        talk->pinged_ns = now_ns;
    return true;
}

/* ---- which venue ---- */

static const struct mr_speaker *const speakers[] = {&mr_speaker_polymarket, &mr_speaker_binance,     &mr_speaker_bybit,
                                                    &mr_speaker_okx,        &mr_speaker_hyperliquid, &mr_speaker_kucoin,
                                                    &mr_speaker_mexc};

const struct mr_speaker *mr_speaker_of(uint8_t venue)
{
    const struct mr_venue *v = mr_venue_by_id(venue);
    for (size_t i = 0; v && i < MR_COUNT_OF(speakers); i++)
        if (strcmp(speakers[i]->venue, v->name) == 0)
            return speakers[i];
    return NULL;
}

/* "/binance/usdm/..." */
static bool prefixed(struct mr_span *path, struct mr_talk_place *out)
{
    struct mr_span rest, product = {NULL, 0}, venue = mr_span_cut(mr_span_from(*path, 1), '/', &rest);
    product = mr_span_cut(rest, '/', NULL);
    for (size_t i = 0; i < MR_COUNT_OF(speakers); i++) {
        const struct mr_venue *v = mr_venue_by_name(speakers[i]->venue);
        if (!v || !mr_span_same(venue, mr_span_of(v->name)))
            continue;
        for (uint8_t p = 0; v->products[p].name; p++)
            if (mr_span_same(product, mr_span_of(v->products[p].name))) {
                *path = mr_span_from(*path, 2 + venue.len + product.len);
                *out = (struct mr_talk_place){.venue = v->id, .product = p};
                return path->len > 0;
            }
    }
    return false;
}

bool mr_talk_place(struct mr_span host, struct mr_span *path, struct mr_talk_place *out)
{
    struct mr_talk_place named = {0};
    host = mr_span_cut(host, ':', NULL);
    if (prefixed(path, &named)) {
        *out = (struct mr_talk_place){0};
        mr_speaker_of(named.venue)
            ->place((struct mr_span){path->data, 0}, *path, out); /* whose it is, is said already */
        out->venue = named.venue;
        out->product = named.product;
        return true;
    }
    *out = (struct mr_talk_place){0};
    for (size_t i = 0; i < MR_COUNT_OF(speakers); i++)
        if (speakers[i]->place(host, *path, out)) {
            out->venue = mr_venue_by_name(speakers[i]->venue)->id;
            return true;
        }
    return false;
}
