/* millrace capture: everything that turns recordings into other recordings is one loop: pieces of the inputs, merged by
 * receive time, those inside [--from, --to) into a writer of the wanted kind. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codecs/capture/capture.h"
#include "codecs/capture/compact.h"
#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/inputs.h"

struct sink {
    int fd;
    uint64_t bytes;
};

struct options {
    struct mr_inputs inputs;
    struct mr_err err;
    int status;
    const char *action, *out;
    int64_t from_ns, to_ns;
    int zstd_level;
    bool json, force;
};

enum { KEY_RECV = 1000, KEY_REST, KEY_FROM, KEY_TO, KEY_ZSTD, KEY_JSON, KEY_FORCE };

static const struct argp_option argp_options[] = {
    {"venue", 'v', "VENUE:PRODUCT", 0, "Whose messages the next JSON lines files hold", 0},
    {"recv", KEY_RECV, "FILE", 0, "Receive times of the next file", 0},
    {"rest", KEY_REST, "FILE", 0, "REST bodies of the next file", 0},
    {"out", 'o', "FILE", 0, "Where to write; for export the name before .jsonl, .recv and .rest.json", 0},
    {"from", KEY_FROM, "NS", 0, "Only what was received at or after this time", 0},
    {"to", KEY_TO, "NS", 0, "Only what was received before this time", 0},
    {"zstd", KEY_ZSTD, "LEVEL", 0, "Compress blocks, 1 to 19 (0, the default: plain)", 0},
    {"force", KEY_FORCE, NULL, 0, "Overwrite what is there", 0},
    {"json", KEY_JSON, NULL, 0, "info as JSON", 0},
    {0},
};

static int64_t parse_ns(struct options *o, const char *name, const char *text)
{
    char *end;
    errno = 0;
    long long ns = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        o->status = mr_err_set(&o->err, MR_E_INVALID, "--%s %s: want ns since 1970", name, text);
    return ns;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'v':
        o->status = mr_inputs_venue(&o->inputs, arg, &o->err);
        break;
    case 'o':
        o->out = arg;
        break;
    case KEY_RECV:
        o->inputs.recv = arg;
        break;
    case KEY_REST:
        o->inputs.rest = arg;
        break;
    case KEY_FROM:
        o->from_ns = parse_ns(o, "from", arg);
        break;
    case KEY_TO:
        o->to_ns = parse_ns(o, "to", arg);
        break;
    case KEY_FORCE:
        o->force = true;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_ZSTD: {
        char *end;
        long level = strtol(arg, &end, 10);
        if (arg[0] < '0' || arg[0] > '9' || *end || level > 19)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--zstd %s: want 0 to 19", arg);
        else
            o->zstd_level = (int)level;
        break;
    }
    case ARGP_KEY_ARG:
        if (!o->action)
            o->action = arg;
        else
            o->status = mr_inputs_file(&o->inputs, arg, &o->err);
        break;
    case ARGP_KEY_END:
        if (!o->action || !o->inputs.count)
            o->status =
                mr_err_set(&o->err, MR_E_INVALID,
                           "want an action and files: info, cut, merge, import, export or compact; --help says more");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

/* ---- files ---- */

static int open_out(struct options *o, const char *path, struct sink *sink)
{
    sink->bytes = 0;
    sink->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (o->force ? O_TRUNC : O_EXCL), 0640);
    if (sink->fd < 0)
        return mr_err_set(&o->err, MR_E_IO, "%s: %s%s", path, strerror(errno),
                          errno == EEXIST ? "; --force overwrites it" : "");
    return MR_OK;
}

static int write_sink(void *arg, const uint8_t *data, size_t len)
{
    struct sink *s = arg;
    while (len) {
        ssize_t n = write(s->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return MR_E_IO;
        data += n;
        len -= (size_t)n;
        s->bytes += (uint64_t)n;
    }
    return MR_OK;
}

static int close_out(struct options *o, struct sink *sink, const char *path, int status)
{
    if (sink->fd >= 0 && close(sink->fd) && status == MR_OK)
        status = MR_E_IO;
    return status == MR_E_IO ? mr_err_set(&o->err, status, "%s: %s", path, strerror(errno)) : status;
}

/* ---- the loop ---- */

typedef int piece_fn(void *arg, const struct mr_piece *piece);

/* Every piece of the inputs in the wanted time, in order of receiving. MR_OK, or a status with o->err set. */
static int each_piece(struct options *o, piece_fn *take, void *arg, uint64_t *count)
{
    const struct mr_replay_config config = {.inputs = o->inputs.list, .count = o->inputs.count};
    struct mr_source source = {0};
    void *mem = malloc(mr_source_replay.bytes(&config));
    int status = mr_source_replay.open(&source, mem, &config, &o->err);
    if (status == MR_OK) {
        struct mr_piece p;
        while (status == MR_OK && source.ops->poll(&source, 0, &p, 1) > 0) {
            if (p.recv_ns < o->from_ns || p.recv_ns >= o->to_ns)
                continue;
            status = take(arg, &p);
            ++*count;
        }
        uint32_t torn = mr_replay_torn(&source);
        if (torn)
            fprintf(stderr, "millrace capture: %u segment%s ended in a tear; all before it was taken\n", torn,
                    torn == 1 ? "" : "s");
        source.ops->close(&source);
    }
    free(mem);
    return status;
}

static int to_segment(void *arg, const struct mr_piece *p)
{
    static const uint8_t kinds[] = {[MR_PIECE_FRAME] = MR_CAPTURE_FRAME,
                                    [MR_PIECE_DATAGRAM] = MR_CAPTURE_FRAME,
                                    [MR_PIECE_REST] = MR_CAPTURE_REST,
                                    [MR_PIECE_OPENED] = MR_CAPTURE_OPENED,
                                    [MR_PIECE_CLOSED] = MR_CAPTURE_CLOSED};
    const struct mr_capture_record r = {.recv_ns = p->recv_ns,
                                        .data = p->data,
                                        .len = p->len,
                                        .connection = p->connection,
                                        .kind = kinds[p->kind],
                                        .clock = p->clock,
                                        .venue = p->venue,
                                        .product = p->product,
                                        .name = p->name};
    return mr_capture_add(arg, &r);
}

static int write_segment(struct options *o)
{
    struct sink sink;
    int status = open_out(o, o->out, &sink);
    if (status)
        return status;
    uint64_t count = 0;
    struct mr_capture_writer *w =
        mr_capture_writer_init(malloc(mr_capture_writer_bytes()), o->zstd_level, write_sink, &sink);
    status = mr_capture_begin(w, o->action, 1, 0);
    if (status == MR_OK)
        status = each_piece(o, to_segment, w, &count);
    if (status == MR_OK)
        status = mr_capture_flush(w);
    free(w);
    status = close_out(o, &sink, o->out, status);
    if (status == MR_OK)
        printf("%s: %llu records, %llu bytes\n", o->out, (unsigned long long)count, (unsigned long long)sink.bytes);
    return status;
}

/* ---- export: JSON lines, receive times, REST bodies ---- */

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

static FILE *text_file(struct options *o, const char *suffix)
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

static int write_export(struct options *o)
{
    struct export e = {.lines = text_file(o, ".jsonl")};
    uint64_t count = 0;
    if (e.lines)
        e.recv = text_file(o, ".recv");
    if (e.recv)
        e.rest = text_file(o, ".rest.json");
    int status = e.rest ? each_piece(o, to_text, &e, &count) : o->status;
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

/* ---- compact: the liquidations in 18 bytes each ---- */

struct compact {
    struct mr_player *player;
    struct sink sink;
    int status;
    uint64_t count, saturated;
};

static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *instrument)
{
    struct compact *c = arg;
    if (group->event.kind != MR_EVENT_LIQUIDATION || !instrument || c->status)
        return;
    uint8_t record[MR_COMPACT_BYTES];
    int saturated = mr_compact_encode(&group->event, instrument, record);
    MR_ASSERT(saturated >= 0);
    c->saturated += (uint64_t)saturated;
    c->count++;
    c->status = write_sink(&c->sink, record, sizeof record);
}

static int to_player(void *arg, const struct mr_piece *piece)
{
    struct compact *c = arg;
    mr_player_piece(c->player, piece); /* refusals are counted by the feed */
    return c->status;
}

static int write_compact(struct options *o)
{
    struct compact c = {0};
    const struct mr_player_config config = {.on_event = on_event, .arg = &c};
    uint64_t pieces = 0;
    int status = open_out(o, o->out, &c.sink);
    if (status)
        return status;
    status = mr_player_open(&c.player, &config, &o->err);
    if (status == MR_OK) {
        status = each_piece(o, to_player, &c, &pieces);
        mr_player_close(c.player);
    }
    status = close_out(o, &c.sink, o->out, status);
    if (status == MR_OK)
        printf("%s: %llu liquidations, %llu fields saturated\n", o->out, (unsigned long long)c.count,
               (unsigned long long)c.saturated);
    return status;
}

/* ---- info ---- */

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

static void show_info(const struct options *o, const char *path, const struct info *i)
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

static int show_all(struct options *o)
{
    struct options one = *o;
    int status = MR_OK;
    for (uint32_t i = 0; i < o->inputs.count && status == MR_OK; i++) {
        struct info info = {0};
        uint64_t count = 0;
        one.inputs.list[0] = o->inputs.list[i];
        one.inputs.count = 1;
        status = each_piece(&one, to_info, &info, &count);
        if (status == MR_OK)
            show_info(o, o->inputs.list[i].path, &info);
    }
    o->err = one.err;
    return status;
}

static const struct {
    const char *name;
    int (*run)(struct options *o);
    bool writes;
} actions[] = {
    {"info", show_all, false},       {"cut", write_segment, true},   {"merge", write_segment, true},
    {"import", write_segment, true}, {"export", write_export, true}, {"compact", write_compact, true},
};

int mr_cmd_capture(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        "ACTION FILE...",
        "Recordings.\v"
        "info     what is in them\n"
        "cut      the part from --from to --to, as a segment\n"
        "merge    several into one segment, by receive time\n"
        "import   JSON lines (with receive times and REST bodies beside them) into a segment\n"
        "export   a segment into JSON lines, receive times and REST bodies\n"
        "compact  the liquidations, 18 bytes each",
        NULL,
        NULL,
        NULL};
    static struct options o = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    char name[] = "millrace capture";
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "capture", &o.err);
    for (size_t i = 0; i < MR_COUNT_OF(actions); i++) {
        if (strcmp(o.action, actions[i].name) != 0)
            continue;
        int status = actions[i].writes && !o.out
                         ? mr_err_set(&o.err, MR_E_INVALID, "%s: where to? give --out FILE", o.action)
                         : actions[i].run(&o);
        return status ? mr_cmd_fail(mr_cmd_exit_of(status), "capture", &o.err) : MR_EXIT_GOOD;
    }
    mr_err_set(&o.err, MR_E_INVALID, "no action \"%s\"; known: info, cut, merge, import, export, compact", o.action);
    return mr_cmd_fail(MR_EXIT_USAGE, "capture", &o.err);
}
