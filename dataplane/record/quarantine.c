#include "dataplane/record/quarantine.h"

#include "codecs/json/json.h"
#include "dataplane/text/text.h"

#define MINUTE_NS 60000000000ll
#define NAME_BYTES 512

void mr_quarantine_init(struct mr_quarantine *q, uint32_t per_minute, uint32_t frame_max)
{
    *q = (struct mr_quarantine){.per_minute = per_minute, .frame_max = frame_max, .minute = INT64_MIN};
}

bool mr_quarantine_is_for(int status)
{
    return status < 0 && status != MR_E_UNKNOWN && status != MR_E_SYMBOL && status != MR_E_UNSUPPORTED;
}

bool mr_quarantine_take(struct mr_quarantine *q, int status, int64_t recv_ns)
{
    uint32_t reason = status < 0 && status > -MR_QUARANTINE_REASONS ? (uint32_t)-status : 0;
    if (q->minute != recv_ns / MINUTE_NS) {
        q->minute = recv_ns / MINUTE_NS;
        memset(q->kept, 0, sizeof q->kept);
    }
    q->seen[reason]++;
    if (q->kept[reason] >= q->per_minute)
        return false;
    q->kept[reason]++;
    return true;
}

static void write_name(const struct mr_quarantine *q, int status, const struct mr_frame *frame,
                       const struct mr_decoder *dec, struct mr_text *text)
{
    struct mr_json_out j;
    mr_json_out_init(&j, text);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "reason", mr_status_name(status));
    mr_json_out_u64(&j, "at", dec->error_at);
    if (dec->error_field)
        mr_json_out_string(&j, "field", dec->error_field);
    mr_json_out_string(&j, "kind", dec->venue->kinds[dec->kind].name);
    mr_json_out_u64(&j, "bytes", frame->len);
    mr_json_out_u64(&j, "seen", q->seen[-status]);
    mr_json_out_end(&j);
}

bool mr_quarantine_put(struct mr_quarantine *q, struct mr_ring_writer *ring, int status, const struct mr_frame *frame,
                       const struct mr_decoder *dec)
{
    char name[NAME_BYTES];
    struct mr_text text;
    if (!mr_quarantine_take(q, status, frame->recv_ns))
        return false;
    mr_text_init(&text, name, sizeof name);
    write_name(q, status, frame, dec, &text);
    const struct mr_capture_record record = {.recv_ns = frame->recv_ns,
                                             .data = frame->data,
                                             .len = frame->len < q->frame_max ? frame->len : q->frame_max,
                                             .connection = frame->connection,
                                             .kind = MR_CAPTURE_REFUSED,
                                             .clock = frame->clock,
                                             .venue = dec->venue->id,
                                             .product = dec->product,
                                             .name = {(const uint8_t *)name, (uint32_t)text.len}};
    return mr_record_offer(ring, &record); /* not put: a quarantine without room is no hole in the recording */
}

/* ---- reading ---- */

static bool read_text(struct mr_json *j, char *out, uint32_t bytes)
{
    struct mr_span raw;
    if (!mr_json_string(j, &raw))
        return false;
    int64_t n = mr_json_unescape(raw, (uint8_t *)out, bytes - 1);
    if (n < 0)
        return mr_json_fail(j, MR_E_TOO_BIG);
    out[n] = 0;
    return true;
}

static bool read_u32(struct mr_json *j, uint32_t *out)
{
    uint64_t value;
    if (!mr_json_u64(j, &value))
        return false;
    *out = (uint32_t)value;
    return value <= UINT32_MAX || mr_json_fail(j, MR_E_RANGE);
}

int mr_quarantine_read(struct mr_span name, struct mr_quarantined *out)
{
    struct mr_json j;
    struct mr_span key;
    *out = (struct mr_quarantined){0};
    mr_json_open(&j, name.data, name.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "reason"))
                read_text(&j, out->reason, sizeof out->reason);
            else if (mr_span_eq(key, "field"))
                read_text(&j, out->field, sizeof out->field);
            else if (mr_span_eq(key, "kind"))
                read_text(&j, out->kind, sizeof out->kind);
            else if (mr_span_eq(key, "at"))
                read_u32(&j, &out->at);
            else if (mr_span_eq(key, "bytes"))
                read_u32(&j, &out->bytes);
            else if (mr_span_eq(key, "seen"))
                mr_json_u64(&j, &out->seen);
            else
                mr_json_skip(&j);
        }
    int status = mr_json_close(&j);
    return status == MR_OK && !out->reason[0] ? MR_E_MISSING : status;
}
