/* millrace capture quarantine: frames that decoders refused, with the reason and their bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "controlplane/cmd/capture.h"
#include "dataplane/record/quarantine.h"
#include "dataplane/record/recording.h"

#define SHOWN_BYTES 240 /* of a frame, around the place where it was given up */

struct view {
    struct mr_capture_options *o;
    uint64_t count, reasons[MR_STATUS_COUNT], broken;
    bool found;
};

static int status_of(const char *reason)
{
    for (int status = -1; status > -MR_STATUS_COUNT; status--)
        if (strcmp(mr_status_name(status), reason) == 0)
            return status;
    return 0;
}

static void print_json(const struct view *v, const struct mr_capture_record *r, const struct mr_quarantined *q)
{
    static char out[6 * MR_CAPTURE_RECORD_MAX / 16 + 4096]; /* 6 MiB: a frame's first MiB, all of it escaped */
    char product[64];
    struct mr_text text;
    struct mr_json_out j;
    uint32_t shown = r->len < MR_CAPTURE_RECORD_MAX / 16 ? r->len : MR_CAPTURE_RECORD_MAX / 16;
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "number", v->count);
    mr_json_out_i64(&j, "recv_ns", r->recv_ns);
    mr_json_out_string(&j, "product", mr_capture_product(r->venue, r->product, product));
    mr_json_out_u64(&j, "connection", r->connection);
    mr_json_out_string(&j, "reason", q->reason);
    mr_json_out_u64(&j, "at", q->at);
    mr_json_out_string(&j, "field", q->field);
    mr_json_out_string(&j, "kind", q->kind);
    mr_json_out_u64(&j, "bytes", q->bytes);
    mr_json_out_u64(&j, "kept", r->len);
    mr_json_out_u64(&j, "seen", q->seen);
    mr_json_out_span(&j, "frame", (struct mr_span){r->data, shown});
    mr_json_out_end(&j);
    puts(out);
}

/* Printable ASCII as it is, other bytes as \xNN. */
static void print_bytes(const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (data[i] >= 0x20 && data[i] < 0x7f && data[i] != '\\')
            putchar(data[i]);
        else
            printf("\\x%02x", data[i]);
}

static void print_text(const struct view *v, const struct mr_capture_record *r, const struct mr_quarantined *q)
{
    char product[64], when[40];
    struct mr_text time;
    mr_text_init(&time, when, sizeof when);
    mr_text_time(&time, r->recv_ns);
    printf("%llu  %s  %s  connection %u  %s at byte %u of %u", (unsigned long long)v->count, when,
           mr_capture_product(r->venue, r->product, product), r->connection, q->reason, q->at, q->bytes);
    if (*q->field)
        printf(", field %s", q->field);
    printf(", kind %s, number %llu of its reason\n    ", q->kind, (unsigned long long)q->seen);
    uint32_t from = q->at > SHOWN_BYTES / 2 && r->len > SHOWN_BYTES ? q->at - SHOWN_BYTES / 2 : 0;
    from = from < r->len ? from : 0;
    uint32_t len = r->len - from < SHOWN_BYTES ? r->len - from : SHOWN_BYTES;
    if (from)
        printf("... ");
    print_bytes(r->data + from, len);
    puts(from + len < r->len ? " ..." : "");
}

static int take(struct view *v, const struct mr_capture_record *r)
{
    struct mr_quarantined q;
    if (r->kind != MR_CAPTURE_REFUSED || r->recv_ns < v->o->from_ns || r->recv_ns >= v->o->to_ns)
        return MR_OK;
    if (mr_quarantine_read(r->name, &q) != MR_OK) {
        v->broken++;
        snprintf(q.reason, sizeof q.reason, "?");
    }
    v->reasons[-status_of(q.reason)]++;
    if (v->o->raw >= 0 && (uint64_t)v->o->raw == v->count) {
        v->found = true;
        if (fwrite(r->data, 1, r->len, stdout) != r->len)
            return MR_E_IO;
    }
    if (v->o->raw < 0 && v->o->json)
        print_json(v, r, &q);
    else if (v->o->raw < 0)
        print_text(v, r, &q);
    v->count++;
    return MR_OK;
}

static int each_of_folder(struct view *v, const char *folder)
{
    struct mr_recording *in;
    struct mr_capture_record r;
    int status = mr_recording_open(&in, folder, "quarantine", &v->o->err);
    if (status)
        return status;
    while (status == MR_OK && mr_recording_next(in, &r) == MR_OK)
        status = take(v, &r);
    if (mr_recording_torn(in))
        fprintf(stderr, "millrace capture: %u files end in a tear, or are missing; all else is here\n",
                mr_recording_torn(in));
    mr_recording_close(in);
    return status;
}

static int each_of_file(struct view *v, const char *path)
{
    struct mr_capture_record r;
    FILE *f = fopen(path, "re");
    if (!f)
        return mr_err_set(&v->o->err, MR_E_IO, "%s: cannot open", path);
    fseek(f, 0, SEEK_END);
    long len = ftell(f);
    rewind(f);
    uint8_t *data = len >= 0 ? malloc((size_t)len + 1) : NULL;
    void *mem = malloc(mr_capture_reader_bytes());
    int status = data && mem && fread(data, 1, (size_t)len, f) == (size_t)len ? MR_OK : MR_E_IO;
    fclose(f);
    if (status == MR_OK) {
        struct mr_capture_reader *reader = mr_capture_reader_init(mem);
        status = mr_capture_open(reader, data, (size_t)len);
        while (status == MR_OK && (status = mr_capture_next(reader, &r)) == MR_OK)
            status = take(v, &r);
        if (status == MR_E_TRUNCATED && v->count) {
            fprintf(stderr, "millrace capture: %s ends in a tear\n", path);
            status = MR_E_END;
        }
    }
    if (status != MR_E_END)
        mr_err_set(&v->o->err, status, "%s: %s", path, mr_status_text(status));
    free(data);
    free(mem);
    return status == MR_E_END ? MR_OK : status;
}

int mr_capture_quarantine(struct mr_capture_options *o)
{
    struct view v = {.o = o};
    int status = MR_OK;
    for (uint32_t i = 0; i < o->inputs.count && status == MR_OK; i++) {
        struct stat st;
        const char *path = o->inputs.list[i].path;
        bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        status = folder ? each_of_folder(&v, path) : each_of_file(&v, path);
    }
    if (status)
        return status;
    if (o->raw >= 0)
        return v.found ? MR_OK
                       : mr_err_set(&o->err, MR_E_RANGE, "--raw %lld: there are %llu frames, counted from 0",
                                    (long long)o->raw, (unsigned long long)v.count);
    if (o->json)
        return MR_OK;
    printf("%llu frames", (unsigned long long)v.count);
    for (int s = 0; s < MR_STATUS_COUNT; s++)
        if (v.reasons[s])
            printf(", %s %llu", s ? mr_status_name(-s) : "?", (unsigned long long)v.reasons[s]);
    puts("");
    return MR_OK;
}
