/* Fuzz: heads of both sides of an upgrade. A verdict on a part is 0 or the verdict on the whole; what was taken, written
 * plainly from its parts, is taken again with the same parts; an upgrade is taken only with the one right answer. */
#include "codecs/http/http.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

typedef int64_t parse_fn(const uint8_t *data, uint32_t len, struct mr_http_head *out);

/* Parsed from memory of that very length. */
static int64_t exactly(parse_fn *parse, const uint8_t *data, uint32_t len, struct mr_http_head *head)
{
    uint8_t *copy = malloc(len ? len : 1);
    memcpy(copy, data, len);
    int64_t got = parse(copy, len, head);
    free(copy); /* spans of the head are not used by those who ask for a verdict only */
    return got;
}

static bool same(struct mr_span a, struct mr_span b) { return a.len == b.len && memcmp(a.data, b.data, a.len) == 0; }

static void again(parse_fn *parse, const struct mr_http_head *head, bool response)
{
    static char bytes[2 * MR_HTTP_HEAD_MAX];
    struct mr_text t;
    struct mr_http_head got;
    mr_text_init(&t, bytes, sizeof bytes);
    if (response) {
        mr_text_format(&t, "HTTP/1.%u %d ", head->minor, head->status);
        mr_text_bytes(&t, head->reason.data, head->reason.len);
    } else {
        mr_text_bytes(&t, head->method.data, head->method.len);
        mr_text_add(&t, " ");
        mr_text_bytes(&t, head->target.data, head->target.len);
        mr_text_format(&t, " HTTP/1.%u", head->minor);
    }
    for (uint32_t i = 0; i < head->fields; i++) {
        mr_text_add(&t, "\r\n");
        mr_text_bytes(&t, head->field[i].name.data, head->field[i].name.len);
        mr_text_add(&t, ":");
        mr_text_bytes(&t, head->field[i].value.data, head->field[i].value.len);
    }
    mr_text_add(&t, "\r\n\r\n");
    MR_ASSERT(parse((const uint8_t *)bytes, (uint32_t)t.len, &got) == (int64_t)t.len);
    MR_ASSERT(got.fields == head->fields && got.status == head->status && got.minor == head->minor);
    MR_ASSERT(mr_http_length(&got) == mr_http_length(head));
    for (uint32_t i = 0; i < head->fields; i++)
        MR_ASSERT(same(got.field[i].name, head->field[i].name) && same(got.field[i].value, head->field[i].value));
}

static bool contains(const uint8_t *data, int64_t len, const char *what)
{
    return memmem(data, (size_t)len, what, strlen(what)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_http_head head, part;
    uint32_t len = size > 2048 ? 2048 : (uint32_t)size;
    parse_fn *const parsers[] = {mr_http_request, mr_http_response};
    for (int side = 0; side < 2; side++) {
        int64_t got = parsers[side](data, len, &head);
        for (uint32_t n = 0; n <= len; n += 1 + len / 64) {
            int64_t verdict = exactly(parsers[side], data, n, &part);
            MR_ASSERT(verdict == 0 || verdict == got);
            MR_ASSERT(got <= 0 || (verdict == 0) == ((int64_t)n < got));
        }
        if (got > 0)
            again(parsers[side], &head, side == 1);
        char accept[MR_WS_ACCEPT_TEXT];
        struct mr_err err;
        if (got > 0 && side == 0 && mr_ws_asked(&head, accept, &err) == MR_OK)
            MR_ASSERT(strlen(accept) == MR_WS_ACCEPT_TEXT - 1 && mr_span_eq(head.method, "GET"));
        if (side == 1) {
            int64_t upgraded = mr_ws_response(data, len, KEY, &err);
            MR_ASSERT(upgraded == got || (got > 0 && upgraded == MR_E_TYPE));
            if (upgraded > 0)
                MR_ASSERT(contains(data, got, ACCEPT) && head.status == 101);
        }
    }
    return 0;
}
