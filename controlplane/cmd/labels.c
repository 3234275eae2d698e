#include "controlplane/cmd/labels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "codecs/json/json.h"
#include "dataplane/text/text.h"

static const char *const names[] = {
    [MR_MARKET_QUIET] = "quiet", [MR_MARKET_BURST] = "burst", [MR_MARKET_CASCADE] = "cascade"};

int mr_labels_write(const char *path, const struct mr_market *market)
{
    uint32_t n;
    const struct mr_market_label *labels = mr_market_labels(market, &n);
    size_t room = 4096 + (size_t)n * 256;
    char *out = malloc(room);
    FILE *f = fopen(path, "we");
    if (!out || !f) {
        free(out);
        return MR_E_IO;
    }
    struct mr_text text;
    struct mr_json_out j;
    mr_text_init(&text, out, room);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_array(&j, "stretches");
    for (uint32_t i = 0; i < n; i++) {
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "stretch", names[labels[i].stretch]);
        mr_json_out_string(&j, "underlying",
                           labels[i].stretch == MR_MARKET_QUIET ? "" : mr_market_underlying(labels[i].underlying));
        mr_json_out_i64(&j, "start_ns", labels[i].start_ns);
        mr_json_out_i64(&j, "end_ns", labels[i].end_ns);
        mr_json_out_u64(&j, "liquidations", labels[i].liquidations);
        mr_json_out_decimal(&j, "usd", labels[i].micro_usd, 6);
        mr_json_out_i64(&j, "move_ppm", labels[i].move_ppm);
        mr_json_out_end(&j);
    }
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    MR_ASSERT(!text.cut);
    bool good = fwrite(out, 1, text.len, f) == text.len && fputc('\n', f) != EOF;
    good &= fclose(f) == 0;
    free(out);
    return good ? MR_OK : MR_E_IO;
}

static bool read_stretch(struct mr_json *j, struct mr_stretch *out)
{
    struct mr_span key, name = {0}, text;
    unsigned seen = 0;
    *out = (struct mr_stretch){0};
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        if (mr_span_eq(key, "start_ns"))
            seen |= mr_json_i64(j, &out->start_ns) ? 1u : 0;
        else if (mr_span_eq(key, "end_ns"))
            seen |= mr_json_i64(j, &out->end_ns) ? 2u : 0;
        else if (mr_span_eq(key, "stretch"))
            seen |= mr_json_string(j, &name) ? 4u : 0;
        else if (mr_span_eq(key, "underlying") && mr_json_string(j, &text))
            memcpy(out->underlying, text.data,
                   text.len < sizeof out->underlying ? text.len : sizeof out->underlying - 1);
        else if (j->status == MR_OK)
            mr_json_skip(j);
    }
    uint8_t s = 0;
    while (s < MR_COUNT_OF(names) && !mr_span_is(name, names[s], strlen(names[s])))
        s++;
    out->stretch = s;
    if (seen != 7)
        return mr_json_fail(j, MR_E_MISSING);
    return (s < MR_COUNT_OF(names) && out->start_ns <= out->end_ns) || mr_json_fail(j, MR_E_RANGE);
}

static bool read_list(struct mr_json *j, struct mr_stretches *out)
{
    uint32_t room = 0;
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        if (out->count == room) {
            room = room ? room * 2 : 64;
            struct mr_stretch *more = realloc(out->list, room * sizeof *more);
            MR_ASSERT(more);
            out->list = more;
        }
        if (!read_stretch(j, &out->list[out->count]))
            return false;
        out->count++;
    }
    return j->status == MR_OK;
}

int mr_labels_read(const char *path, struct mr_stretches *out, struct mr_err *err)
{
    *out = (struct mr_stretches){0};
    FILE *f = fopen(path, "re");
    if (!f)
        return mr_err_set(err, MR_E_IO, "%s: %s", path, strerror(errno));
    size_t room = 64 << 20, len;
    uint8_t *data = malloc(room);
    len = data ? fread(data, 1, room, f) : 0;
    fclose(f);
    struct mr_json j;
    struct mr_span key;
    bool found = false;
    mr_json_open(&j, data, (uint32_t)len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "stretches") && !found)
                found = read_list(&j, out);
            else
                mr_json_skip(&j);
        }
    int status = mr_json_close(&j);
    free(data);
    if (status == MR_OK && found)
        return MR_OK;
    free(out->list);
    *out = (struct mr_stretches){0};
    return mr_err_set(err, status ? status : MR_E_MISSING, "%s: byte %u: %s; want {\"stretches\":[...]}", path, j.at,
                      mr_status_text(status ? status : MR_E_MISSING));
}

void mr_labels_of(const struct mr_market *market, struct mr_stretches *out)
{
    uint32_t n;
    const struct mr_market_label *labels = mr_market_labels(market, &n);
    out->list = calloc(n ? n : 1, sizeof *out->list);
    out->count = n;
    MR_ASSERT(out->list);
    for (uint32_t i = 0; i < n; i++) {
        out->list[i] = (struct mr_stretch){
            .start_ns = labels[i].start_ns, .end_ns = labels[i].end_ns, .stretch = labels[i].stretch};
        if (labels[i].stretch != MR_MARKET_QUIET)
            strncpy(out->list[i].underlying, mr_market_underlying(labels[i].underlying),
                    sizeof out->list[i].underlying - 1);
    }
}
