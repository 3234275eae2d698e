/* millrace capture info: what is in recordings. */
#include <stdio.h>

#include "controlplane/cmd/capture.h"

struct info {
    uint64_t frames, bodies, opened, closed, bytes;
    int64_t first_ns, last_ns;
    uint64_t backwards;
};

static int to_info(void *arg, const struct mr_piece *p)
{
    struct info *i = arg;
    i->frames += p->kind == MR_PIECE_FRAME || p->kind == MR_PIECE_DATAGRAM;
    i->bodies += p->kind == MR_PIECE_REST;
    i->opened += p->kind == MR_PIECE_OPENED;
    i->closed += p->kind == MR_PIECE_CLOSED;
    i->bytes += p->len;
    if (p->recv_ns && (!i->first_ns || p->recv_ns < i->first_ns))
        i->first_ns = p->recv_ns;
    i->backwards += p->recv_ns < i->last_ns;
    if (p->recv_ns > i->last_ns)
        i->last_ns = p->recv_ns;
    return MR_OK;
}

static void show_info(const struct mr_capture_options *o, const char *path, const struct info *i)
{
    char out[2048], first[40], last[40];
    struct mr_text text, time;
    mr_text_init(&time, first, sizeof first);
    mr_text_time(&time, i->first_ns);
    mr_text_init(&time, last, sizeof last);
    mr_text_time(&time, i->last_ns);
    mr_text_init(&text, out, sizeof out);
    if (o->json) {
        struct mr_json_out j;
        mr_json_out_init(&j, &text);
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "file", path);
        mr_json_out_u64(&j, "frames", i->frames);
        mr_json_out_u64(&j, "bodies", i->bodies);
        mr_json_out_u64(&j, "opened", i->opened);
        mr_json_out_u64(&j, "closed", i->closed);
        mr_json_out_u64(&j, "bytes", i->bytes);
        mr_json_out_i64(&j, "first_ns", i->first_ns);
        mr_json_out_i64(&j, "last_ns", i->last_ns);
        mr_json_out_u64(&j, "backwards", i->backwards);
        mr_json_out_end(&j);
    } else {
        mr_text_format(&text, "%s: %llu frames, %llu REST bodies, %llu bytes", path, (unsigned long long)i->frames,
                       (unsigned long long)i->bodies, (unsigned long long)i->bytes);
        if (i->first_ns)
            mr_text_format(&text, "\n  %s .. %s (%.1f s)", first, last, (double)(i->last_ns - i->first_ns) / 1e9);
        else
            mr_text_add(&text, "\n  no receive times");
        if (i->backwards)
            mr_text_format(&text, ", %llu times backwards", (unsigned long long)i->backwards);
    }
    puts(out);
}

int mr_capture_info(struct mr_capture_options *o)
{
    struct mr_capture_options one = *o;
    int status = MR_OK;
    for (uint32_t i = 0; i < o->inputs.count && status == MR_OK; i++) {
        struct info info = {0};
        struct mr_capture_each each;
        one.inputs.list[0] = o->inputs.list[i];
        one.inputs.count = 1;
        status = mr_capture_each(&one, to_info, &info, &each);
        if (status == MR_OK)
            show_info(o, o->inputs.list[i].path, &info);
    }
    o->err = one.err;
    return status;
}
