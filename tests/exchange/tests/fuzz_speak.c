/* Any bytes to any venue's side of a dialogue. The first byte chooses the venue, lines are client messages. What must hold: each answer is legal
 * JSON (or OKX's bare pong), subscriptions stay within their bound and are unlike one another, the same dialogue twice gives the same
 * answers, and a line taken as a message of the stream finds only a subscription with its key. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/exchange/server/server.h"
#include "tests/exchange/server/speak.h"

#define SAID_MAX (1u << 20)

struct said {
    uint32_t len, images;
    char *text;
};

static void say(void *arg, const char *text, size_t len)
{
    struct said *s = arg;
    uint32_t at;
    bool pong = len == 4 && memcmp(text, "pong", 4) == 0;
    MR_ASSERT(pong || mr_json_check((const uint8_t *)text, (uint32_t)len, &at) == MR_OK);
    if (s->len + len < SAID_MAX) {
        memcpy(s->text + s->len, text, len);
        s->len += (uint32_t)len;
    }
}

static bool knows(void *arg, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    (void)arg;
    (void)venue;
    (void)product;
    return symbol.len < 12; /* short names are known */
}

static void image(void *arg, const struct mr_talk_sub *sub)
{
    struct said *s = arg;
    MR_ASSERT(sub->key != 0 && sub->name[0]);
    s->images++;
}

static void look(const struct mr_talk *talk)
{
    MR_ASSERT(talk->sub_count <= MR_TALK_SUBS_MAX);
    for (uint32_t i = 0; i < talk->sub_count && i < 32; i++)
        for (uint32_t k = 0; k < i; k++)
            MR_ASSERT(strcmp(talk->subs[i].name, talk->subs[k].name) != 0);
}

static void as_letter(const struct mr_talk *talk, struct mr_span line)
{
    struct mr_letter l = {
        .data = line.data, .len = line.len, .venue = talk->place.venue, .product = talk->place.product};
    if (!talk->speaker->address(&l))
        return;
    MR_ASSERT(l.keys >= 1 && l.keys <= 2 && l.key[0]);
    MR_ASSERT(!l.name.len || (l.name.data >= line.data && l.name.data + l.name.len <= line.data + line.len));
    const struct mr_talk_sub *sub = mr_talk_find(talk, &l);
    MR_ASSERT(!sub || sub->key == l.key[0] || sub->key == l.key[1]);
}

static void dialogue(const struct mr_talk_place *place, struct mr_span text, struct said *said,
                     struct mr_talk_sub *subs)
{
    static const struct mr_talk_host host = {say, knows, image};
    struct mr_talk talk;
    int64_t now_ns = 1000000000;
    said->len = said->images = 0;
    mr_talk_open(&talk, place, &host, said, subs, 1, now_ns);
    while (text.len && !talk.close_code) {
        struct mr_span line = mr_span_cut(text, '\n', &text);
        mr_talk_take(&talk, line, now_ns += 200000000);
        look(&talk);
        as_letter(&talk, line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"/public/ws",      "/market/stream", "/stream",         "/v5/public/linear",
                                        "/v5/public/spot", "/ws/v5/public",  "/ws/v5/business", "/ws"};
    static struct mr_talk_sub subs[MR_TALK_SUBS_MAX];
    static char first[SAID_MAX], second[SAID_MAX];
    struct said a = {.text = first}, b = {.text = second};
    struct mr_talk_place place;
    if (size < 2 || size > 65536)
        return 0;
    struct mr_span path = mr_span_of(paths[data[0] % MR_COUNT_OF(paths)]), text = {data + 1, (uint32_t)size - 1};
    MR_ASSERT(mr_talk_place((struct mr_span){path.data, 0}, &path, &place) && place.socket);
    dialogue(&place, text, &a, subs);
    dialogue(&place, text, &b, subs);
    MR_ASSERT(a.len == b.len && a.images == b.images && memcmp(first, second, a.len) == 0);

    char copy[1024]; /* the same bytes as a fault, and as a request's path */
    struct mr_exchange_fault fault;
    struct mr_err err;
    size_t n = size - 1 < sizeof copy - 1 ? size - 1 : sizeof copy - 1;
    memcpy(copy, data + 1, n);
    copy[n] = 0;
    if (mr_exchange_fault_parse(copy, &fault, &err) == MR_OK)
        MR_ASSERT(fault.kind < MR_FAULT_KINDS && fault.seconds >= 0 && fault.count <= 1000000);
    path = mr_span_from(text, 0);
    if (mr_talk_place((struct mr_span){path.data, 0}, &path, &place))
        MR_ASSERT(mr_speaker_of(place.venue) != NULL);
    return 0;
}
