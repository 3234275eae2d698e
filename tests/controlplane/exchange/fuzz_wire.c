/* Any bytes as a request's body, and as answers. What is taken means the same when it is written and read again, and is then written with the same
 * bytes. The first byte says which request it is; above those, answers. */
#include "controlplane/exchange/remote/wire.h"
#include "tests/controlplane/exchange/wire_table.h"

#define ANSWERS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct mr_answer a[ANSWERS_MAX];
    uint32_t count;
};
static void hear(void *arg, const struct mr_answer *a)
{
    struct heard *h = arg;
    if (h->count < ANSWERS_MAX)
        h->a[h->count++] = *a;
}

static uint32_t write_answer(const struct mr_instruments *table, const struct mr_answer *a, char *out, size_t room)
{
    struct mr_text t;
    struct mr_json_out j;
    mr_text_init(&t, out, room);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_array(&j, "answers");
    mr_wire_answer(table, a, &j);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    MR_ASSERT(!t.cut);
    return (uint32_t)t.len;
}

static void answers(const struct mr_instruments *table, struct mr_span body)
{
    static struct heard first, again;
    char one[2048], two[2048];
    first.count = 0;
    (void)mr_wire_answers_read(table, body, hear, &first);
    for (uint32_t i = 0; i < first.count; i++) {
        uint32_t len = write_answer(table, &first.a[i], one, sizeof one);
        again.count = 0;
        MR_ASSERT(mr_wire_answers_read(table, (struct mr_span){(const uint8_t *)one, len}, hear, &again) == MR_OK);
        MR_ASSERT(again.count == 1 && memcmp(&again.a[0], &first.a[i], sizeof again.a[0]) == 0);
        MR_ASSERT(write_answer(table, &again.a[0], two, sizeof two) == len && memcmp(one, two, len) == 0);
    }
}

static void request(const struct mr_instruments *table, unsigned kind, struct mr_span body)
{
    struct mr_request first, again;
    char one[MR_WIRE_REQUEST_MAX], two[MR_WIRE_REQUEST_MAX];
    struct mr_text t, u;
    const struct mr_span name = mr_span_of(mr_request_name(kind));
    if (mr_wire_request_read(table, name, body, &first) != MR_OK)
        return;
    first.order.venue = first.order.id || first.order.venue ? 1 : 0; /* one that is not named is the table's first */
    mr_text_init(&t, one, sizeof one);
    mr_text_init(&u, two, sizeof two);
    MR_ASSERT(mr_wire_request(table, &first, &t) == MR_OK && !t.cut);
    MR_ASSERT(mr_wire_request_read(table, name, (struct mr_span){(const uint8_t *)one, (uint32_t)t.len}, &again) ==
              MR_OK);
    MR_ASSERT(memcmp(&first, &again, sizeof first) == 0);
    MR_ASSERT(mr_wire_request(table, &again, &u) == MR_OK && strcmp(one, two) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_instruments *table;
    if (size == 0 || size > 1u << 16)
        return 0;
    if (!table)
        table = wire_table();
    const struct mr_span body = {data + 1, (uint32_t)size - 1};
    if (data[0] % 16 < MR_REQUEST_KIND_COUNT)
        request(table, data[0] % 16, body);
    else
        answers(table, body);
    return 0;
}
