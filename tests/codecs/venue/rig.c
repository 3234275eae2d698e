#include "tests/codecs/venue/rig.h"

#include <stdio.h>

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    MR_ASSERT(mem);
    return mem;
}

void rig_open(struct rig *rig, const char *product, uint32_t shapes, enum mr_kernel kernel)
{
    const struct mr_venue *venue;
    uint8_t row;
    struct mr_err err;
    memset(rig, 0, sizeof *rig);
    if (mr_venue_parse(product, &venue, &row, &err) < 0)
        mr_panic(__FILE__, __LINE__, err.text);
    rig->table = mr_instruments_init(lines(mr_instruments_bytes(RIG_INSTRUMENTS)), RIG_INSTRUMENTS);
    rig->out = lines(MR_DECODE_SLOTS * sizeof *rig->out);
    if (shapes)
        rig->shapes = mr_shapes_init(lines(mr_shapes_bytes(shapes)), shapes, kernel);
    rig->state = lines(mr_decoder_bytes(venue, RIG_INSTRUMENTS));
    mr_decoder_init(&rig->dec, venue, row, rig->table, rig->shapes, rig->state);
}

void rig_close(struct rig *rig)
{
    free(rig->table);
    free(rig->out);
    free(rig->shapes);
    free(rig->state);
}

struct mr_frame rig_frame(const void *data, size_t len)
{
    return (struct mr_frame){
        .data = data, .len = (uint32_t)len, .connection = 3, .clock = MR_CLOCK_KERNEL, .recv_ns = 7};
}

int rig_decode_frame(struct rig *rig, const struct mr_frame *frame)
{
    for (uint32_t known = UINT32_MAX;;) {
        int n = mr_decode(&rig->dec, frame, rig->out, MR_DECODE_SLOTS);
        if (n != MR_E_SYMBOL || !rig->dec.name.len || known == mr_instruments_count(rig->table))
            return n; /* the last: nothing new was added, and still it is not found */
        known = mr_instruments_count(rig->table);
        if (mr_instruments_add_bare(rig->table, rig->dec.venue->id, rig->dec.product, rig->dec.name) < 0)
            return n;
    }
}

int rig_decode(struct rig *rig, const char *text)
{
    struct mr_frame frame = rig_frame(text, strlen(text));
    return rig_decode_frame(rig, &frame);
}

int rig_rest(struct rig *rig, const char *url, const uint8_t *body, size_t len)
{
    struct mr_frame frame = rig_frame(body, len);
    for (;;) {
        int n = mr_decode_rest(&rig->dec, mr_span_of(url), &frame, rig->table, rig->out, MR_DECODE_SLOTS);
        if (n != MR_E_SYMBOL ||
            mr_instruments_add_bare(rig->table, rig->dec.venue->id, rig->dec.product, rig->dec.name) < 0)
            return n;
    }
}

long rig_lines(const char *file, rig_line_fn *fn, void *arg)
{
    const char *folder = mr_test_captures();
    size_t len;
    uint8_t *all = folder ? mr_test_read(folder, file, &len) : NULL;
    if (!all)
        return -1;
    long n = 0;
    for (uint8_t *line = all, *end; line < all + len; line = end + 1) {
        end = memchr(line, '\n', (size_t)(all + len - line));
        end = end ? end : all + len;
        if (end > line) {
            fn(arg, line, (size_t)(end - line));
            n++;
        }
    }
    free(all);
    return n;
}

long rig_bodies(const char *file, rig_rest_fn *fn, void *arg)
{
    const char *folder = mr_test_captures();
    size_t len;
    uint8_t *all = folder ? mr_test_read(folder, file, &len) : NULL;
    if (!all)
        return -1;
    long n = 0;
    struct mr_json j;
    mr_json_open(&j, all, (uint32_t)len);
    mr_json_array(&j);
    while (mr_json_next(&j)) {
        struct mr_span key, url = {NULL, 0}, body = {NULL, 0};
        mr_json_object(&j);
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "url"))
                mr_json_string(&j, &url);
            else if (mr_span_eq(key, "body"))
                mr_json_raw(&j, &body);
            else
                mr_json_skip(&j);
        }
        fn(arg, url, body);
        n++;
    }
    MR_ASSERT(mr_json_close(&j) == MR_OK);
    free(all);
    return n;
}

uint64_t rig_count(const struct rig *rig, const char *kind)
{
    for (uint32_t i = 0; rig->dec.venue->kinds[i].name; i++)
        if (strcmp(rig->dec.venue->kinds[i].name, kind) == 0)
            return rig->dec.messages[i];
    mr_panic(__FILE__, __LINE__, kind);
}
