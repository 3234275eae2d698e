#include "dataplane/feed/since.h"

#include "codecs/number/number.h"
#include "codecs/venue/rows.h"
#include "dataplane/text/text.h"

static bool number(struct mr_span text, uint64_t most, uint64_t *out)
{
    return mr_number_u64(text.data, text.len, out) == MR_OK && *out <= most;
}

bool mr_merge_note_read(struct mr_span note, bool *on, int64_t *wait_ns)
{
    uint64_t is_on, wait;
    const struct mr_span rest = mr_span_after(note, ' ');
    if (!mr_span_eq(mr_span_before(note, ' '), "merge") || !number(mr_span_before(rest, ' '), 1, &is_on) ||
        !number(mr_span_after(rest, ' '), INT64_MAX, &wait))
        return false;
    *on = is_on != 0;
    *wait_ns = (int64_t)wait;
    return true;
}

uint8_t mr_opened_route(struct mr_span data)
{
    return data.len == 1 && (uint8_t)(data.data[0] - '0') < MR_MERGE_ROUTES_MAX ? (uint8_t)(data.data[0] - '0') : 0;
}

uint32_t mr_since_text(const struct mr_since *s, char out[MR_SINCE_TEXT])
{
    struct mr_text t;
    mr_text_init(&t, out, MR_SINCE_TEXT);
    mr_text_format(&t, "since merge %d %lld opened", s->merging, (long long)s->wait_ns);
    for (uint32_t i = 0; i < s->count; i++)
        mr_text_format(&t, " %u:%u", s->lane[i].connection, s->lane[i].route);
    MR_ASSERT(!t.cut); /* 32 times " 65535:7" */
    return (uint32_t)t.len;
}

static void open_lane(struct mr_since *s, uint16_t connection, uint8_t route)
{
    if (s->count < MR_COUNT_OF(s->lane) && !mr_since_has(s, connection))
        s->lane[s->count++] = (struct mr_merge_open){.connection = connection, .route = route};
}

bool mr_since_read(struct mr_since *s, struct mr_span note)
{
    static const char opened[] = " opened";
    *s = (struct mr_since){0};
    if (!mr_span_eq(mr_span_before(note, ' '), "since"))
        return false;
    note = mr_span_after(note, ' ');
    const uint8_t *end = memmem(note.data, note.len, opened, sizeof opened - 1);
    if (!end || !mr_merge_note_read((struct mr_span){note.data, (uint32_t)(end - note.data)}, &s->merging, &s->wait_ns))
        return false;
    const uint8_t *const from = end + sizeof opened - 1;
    struct mr_span rest = {from, note.len - (uint32_t)(from - note.data)};
    for (rest = mr_span_after(rest, ' '); rest.len; rest = mr_span_after(rest, ' ')) {
        const struct mr_span lane = mr_span_before(rest, ' ');
        uint64_t connection, route;
        if (!number(mr_span_before(lane, ':'), UINT16_MAX, &connection) ||
            !number(mr_span_after(lane, ':'), MR_MERGE_ROUTES_MAX - 1, &route))
            return false;
        open_lane(s, (uint16_t)connection, (uint8_t)route);
    }
    return true;
}

bool mr_since_has(const struct mr_since *s, uint16_t connection)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->lane[i].connection == connection)
            return true;
    return false;
}

bool mr_since_same(const struct mr_since *a, const struct mr_since *b)
{
    bool same = a->count == b->count && a->merging == b->merging;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = mr_since_has(b, a->lane[i].connection);
    return same;
}

static void close_lane(struct mr_since *s, uint16_t connection)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->lane[i].connection != connection)
            s->lane[kept++] = s->lane[i];
    s->count = kept;
}

void mr_since_follow(struct mr_since *s, enum mr_capture_kind kind, uint16_t connection, struct mr_span data)
{
    bool on;
    int64_t wait_ns;
    if (kind == MR_CAPTURE_OPENED) {
        open_lane(s, connection, mr_opened_route(data));
    } else if (kind == MR_CAPTURE_CLOSED) {
        close_lane(s, connection);
    } else if (kind == MR_CAPTURE_NOTE && mr_merge_note_read(data, &on, &wait_ns)) {
        s->merging = on;
        s->wait_ns = wait_ns;
    }
}
