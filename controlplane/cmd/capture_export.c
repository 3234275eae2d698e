/* millrace capture export: JSON lines, receive times and REST bodies beside them. */
#include <errno.h>
#include <stdio.h>

#include "controlplane/cmd/capture.h"

struct export
{
    FILE *lines, *recv, *rest;
    uint64_t bodies, skipped;
};

static int to_text(void *arg, const struct mr_piece *p)
{
    struct export *e = arg;
    if (p->kind == MR_PIECE_REST) {
        char url[8192];
        struct mr_text text;
        struct mr_json_out j;
        mr_text_init(&text, url, sizeof url);
        mr_json_out_init(&j, &text);
        mr_json_out_span(&j, NULL, p->name);
        fprintf(e->rest, "%s{\"url\":%s,\"recv_ns\":%lld,\"body\":", e->bodies++ ? ",\n" : "[", url,
                (long long)p->recv_ns);
        fwrite(p->data, 1, p->len, e->rest);
        fputc('}', e->rest);
        return MR_OK;
    }
    if (p->kind != MR_PIECE_FRAME && p->kind != MR_PIECE_DATAGRAM)
        return MR_OK;
    if (memchr(p->data, '\n', p->len)) { /* a line could not hold it */
        e->skipped++;
        return MR_OK;
    }
    fwrite(p->data, 1, p->len, e->lines);
    fputc('\n', e->lines);
    fprintf(e->recv, "%lld\n", (long long)p->recv_ns);
    return MR_OK;
}

static FILE *text_file(struct mr_capture_options *o, const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", o->out, suffix);
    FILE *f = fopen(path, o->force ? "we" : "wxe");
    if (!f)
        o->status = mr_err_set(&o->err, MR_E_IO, "%s: %s%s", path, strerror(errno),
                               errno == EEXIST ? "; --force overwrites it" : "");
    return f;
}

static int close_text(FILE *f)
{
    if (!f)
        return MR_OK;
    int bad = ferror(f);
    return fclose(f) || bad ? MR_E_IO : MR_OK;
}

int mr_capture_export(struct mr_capture_options *o)
{
    struct export e = {.lines = text_file(o, ".jsonl")};
    uint64_t count = 0;
    if (e.lines)
        e.recv = text_file(o, ".recv");
    if (e.recv)
        e.rest = text_file(o, ".rest.json");
    int status = e.rest ? mr_capture_each(o, to_text, &e, &count) : o->status;
    if (e.rest)
        fputs(e.bodies ? "]\n" : "[]\n", e.rest);
    int closed = close_text(e.lines) | close_text(e.recv) | close_text(e.rest);
    if (status == MR_OK && closed != MR_OK)
        status = mr_err_set(&o->err, MR_E_IO, "%s: cannot write: %s", o->out, strerror(errno));
    if (e.skipped)
        fprintf(stderr, "millrace capture: %llu frames hold a line feed and were left out\n",
                (unsigned long long)e.skipped);
    if (status == MR_OK)
        printf("%s: %llu messages, %llu bodies\n", o->out, (unsigned long long)(count - e.bodies),
               (unsigned long long)e.bodies);
    return status;
}
