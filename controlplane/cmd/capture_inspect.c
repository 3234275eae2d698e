/* millrace capture inspect: segments, tears and losses of a recording, and what each connection of it brought. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "controlplane/cmd/capture.h"
#include "dataplane/record/input_log.h"
#include "dataplane/record/recording.h"

#define CONNECTIONS_MAX 1024

struct connection {
    uint16_t number;
    uint8_t venue, product;
    uint64_t frames, bodies, opened, closed, bytes, backwards;
    int64_t first_ns, last_ns;
};
struct inspect {
    struct mr_capture_options *o;
    const char *path, *row;
    struct connection *list;
    uint32_t count;
    uint64_t records, tables, configs, notes, logs, refused, lost, others;
    uint64_t next_log; /* UINT64_MAX: the engine's log has a hole */
    uint32_t segments, torn;
};

static struct connection *connection_of(struct inspect *x, uint8_t venue, uint8_t product, uint16_t number)
{
    for (uint32_t i = 0; i < x->count; i++)
        if (x->list[i].number == number && x->list[i].venue == venue && x->list[i].product == product)
            return &x->list[i];
    if (x->count == CONNECTIONS_MAX)
        return NULL;
    struct connection *c = &x->list[x->count++];
    *c = (struct connection){.number = number, .venue = venue, .product = product};
    return c;
}

static void traffic(struct inspect *x, const struct mr_capture_record *r)
{
    struct connection *c = connection_of(x, r->venue, r->product, r->connection);
    if (!c) {
        x->others++;
        return;
    }
    c->frames += r->kind == MR_CAPTURE_FRAME;
    c->bodies += r->kind == MR_CAPTURE_REST;
    c->opened += r->kind == MR_CAPTURE_OPENED;
    c->closed += r->kind == MR_CAPTURE_CLOSED;
    c->bytes += r->len;
    c->backwards += c->last_ns && r->recv_ns < c->last_ns;
    if (!c->first_ns || r->recv_ns < c->first_ns)
        c->first_ns = r->recv_ns;
    if (r->recv_ns > c->last_ns)
        c->last_ns = r->recv_ns;
}

/* Feed tiles log, too; theirs have no runs of groups. The engine's own row is the one that says whether all of it is there. */
static void follow_log(struct inspect *x, const struct mr_capture_record *r)
{
    struct mr_input_reader reader;
    x->logs++;
    if (strncmp(x->row, "engine-", 7) != 0)
        return;
    bool follows = mr_input_open(&reader, r->data, r->len) == MR_OK && reader.number == x->next_log;
    x->next_log = follows ? x->next_log + 1 : UINT64_MAX;
}

static void take(struct inspect *x, const struct mr_capture_record *r)
{
    x->records++;
    switch (r->kind) {
    case MR_CAPTURE_INSTRUMENTS:
        x->tables++;
        break;
    case MR_CAPTURE_CONFIG:
        x->configs++;
        break;
    case MR_CAPTURE_NOTE:
        x->notes++;
        x->lost += mr_recording_note_lost(r);
        break;
    case MR_CAPTURE_INPUT:
        follow_log(x, r);
        break;
    case MR_CAPTURE_REFUSED:
        x->refused++;
        break;
    default:
        traffic(x, r);
    }
}

static int read_folder(struct inspect *x)
{
    struct mr_recording_names names;
    int status = mr_recording_list(x->path, &names, &x->o->err);
    for (uint32_t i = 0; i < names.count && status == MR_OK; i++) {
        struct mr_recording *in;
        struct mr_capture_record r;
        uint32_t last = UINT32_MAX;
        x->row = names.name[i];
        x->next_log = strncmp(x->row, "engine-", 7) == 0 ? 0 : x->next_log;
        status = mr_recording_open(&in, x->path, names.name[i], &x->o->err);
        if (status)
            break;
        while (mr_recording_next(in, &r) == MR_OK) {
            x->segments += mr_recording_segment(in) != last;
            last = mr_recording_segment(in);
            take(x, &r);
        }
        x->torn += mr_recording_torn(in);
        mr_recording_close(in);
    }
    x->row = "";
    return status;
}

static int to_inspect(void *arg, const struct mr_piece *p)
{
    static const uint8_t kinds[] = {[MR_PIECE_FRAME] = MR_CAPTURE_FRAME,   [MR_PIECE_DATAGRAM] = MR_CAPTURE_FRAME,
                                    [MR_PIECE_REST] = MR_CAPTURE_REST,     [MR_PIECE_OPENED] = MR_CAPTURE_OPENED,
                                    [MR_PIECE_CLOSED] = MR_CAPTURE_CLOSED, [MR_PIECE_NOTE] = MR_CAPTURE_NOTE};
    const struct mr_capture_record r = {.recv_ns = p->recv_ns,
                                        .len = p->len,
                                        .connection = p->connection,
                                        .kind = kinds[p->kind],
                                        .venue = p->venue,
                                        .product = p->product};
    take(arg, &r);
    return MR_OK;
}

/* A segment: every record of it, with the place of a tear. Not one: 1. */
static int read_segment(struct inspect *x)
{
    char magic[8] = "";
    FILE *f = fopen(x->path, "re");
    if (!f)
        return mr_err_set(&x->o->err, MR_E_IO, "%s: cannot open", x->path);
    size_t n = fread(magic, 1, sizeof magic, f);
    fseek(f, 0, SEEK_END);
    long len = ftell(f);
    rewind(f);
    if (n < sizeof magic || memcmp(magic, "MRCAPSEG", sizeof magic) != 0 || len < 0) {
        fclose(f);
        return 1;
    }
    uint8_t *data = malloc((size_t)len + 1);
    void *mem = malloc(mr_capture_reader_bytes());
    bool good = data && mem && fread(data, 1, (size_t)len, f) == (size_t)len;
    fclose(f);
    int status = MR_E_IO;
    if (good) {
        struct mr_capture_record r;
        struct mr_capture_reader *reader = mr_capture_reader_init(mem);
        status = mr_capture_open(reader, data, (size_t)len);
        bool opened = status == MR_OK;
        while (status == MR_OK && (status = mr_capture_next(reader, &r)) == MR_OK)
            take(x, &r);
        x->segments += opened;
        if (opened && status != MR_E_END) {
            x->torn++;
            fprintf(stderr, "millrace capture: %s: byte %zu of %ld: %s; all before it is good\n", x->path,
                    mr_capture_offset(reader), len, mr_status_text(status));
            status = MR_E_END;
        }
    }
    free(data);
    free(mem);
    return status == MR_E_END ? MR_OK : mr_err_set(&x->o->err, status, "%s: %s", x->path, mr_status_text(status));
}

static int read_input(struct inspect *x, const struct mr_replay_input *input)
{
    struct stat st;
    if (stat(input->path, &st) == 0 && S_ISDIR(st.st_mode))
        return read_folder(x);
    int status = read_segment(x);
    if (status <= 0)
        return status;
    struct mr_capture_options one = *x->o;
    struct mr_capture_each each;
    one.inputs.list[0] = *input;
    one.inputs.count = 1;
    status = mr_capture_each(&one, to_inspect, x, &each);
    x->o->err = one.err;
    return status;
}

/* ---- showing ---- */

static void show_json(const struct inspect *x)
{
    static char out[CONNECTIONS_MAX * 320 + 4096];
    struct mr_text text;
    struct mr_json_out j;
    char product[64];
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "file", x->path);
    mr_json_out_u64(&j, "segments", x->segments);
    mr_json_out_u64(&j, "torn", x->torn);
    mr_json_out_u64(&j, "records", x->records);
    mr_json_out_u64(&j, "lost", x->lost);
    mr_json_out_u64(&j, "tables", x->tables);
    mr_json_out_u64(&j, "configs", x->configs);
    mr_json_out_u64(&j, "notes", x->notes);
    mr_json_out_u64(&j, "engine_logs", x->logs);
    mr_json_out_u64(&j, "refused", x->refused);
    mr_json_out_array(&j, "connections");
    for (uint32_t i = 0; i < x->count; i++) {
        const struct connection *c = &x->list[i];
        mr_json_out_object(&j, NULL);
        mr_json_out_string(&j, "product", mr_capture_product(c->venue, c->product, product));
        mr_json_out_u64(&j, "connection", c->number);
        mr_json_out_u64(&j, "frames", c->frames);
        mr_json_out_u64(&j, "bodies", c->bodies);
        mr_json_out_u64(&j, "opened", c->opened);
        mr_json_out_u64(&j, "closed", c->closed);
        mr_json_out_u64(&j, "bytes", c->bytes);
        mr_json_out_u64(&j, "backwards", c->backwards);
        mr_json_out_i64(&j, "first_ns", c->first_ns);
        mr_json_out_i64(&j, "last_ns", c->last_ns);
        mr_json_out_end(&j);
    }
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    puts(out);
}

static void show_connection(const struct connection *c)
{
    char product[64], first[40] = "-";
    struct mr_text time;
    mr_text_init(&time, first, sizeof first);
    if (c->first_ns)
        mr_text_time(&time, c->first_ns);
    printf("  %-20s %5u %10llu %7llu %6llu %6llu %12llu  %-30s %9.1f s%s\n",
           mr_capture_product(c->venue, c->product, product), c->number, (unsigned long long)c->frames,
           (unsigned long long)c->bodies, (unsigned long long)c->opened, (unsigned long long)c->closed,
           (unsigned long long)c->bytes, c->first_ns ? first : "no receive times",
           (double)(c->last_ns - c->first_ns) / 1e9, c->backwards ? ", backwards at times" : "");
}

/* Nothing of the run is missing, from its beginning on. */
static bool is_exact(const struct inspect *x)
{
    return x->next_log > 0 && x->next_log != UINT64_MAX && x->lost == 0 && x->torn == 0;
}

static void show_text(const struct inspect *x)
{
    printf("%s: %llu records in %u segments, %u torn or missing, %llu lost while recording\n", x->path,
           (unsigned long long)x->records, x->segments, x->torn, (unsigned long long)x->lost);
    printf("  instrument tables %llu, configs %llu, notes %llu, engine log records %llu%s, refused frames %llu\n",
           (unsigned long long)x->tables, (unsigned long long)x->configs, (unsigned long long)x->notes,
           (unsigned long long)x->logs, is_exact(x) ? " (replays exactly)" : "", (unsigned long long)x->refused);
    if (x->count)
        printf("  %-20s %5s %10s %7s %6s %6s %12s  %-30s %11s\n", "product", "conn", "frames", "bodies", "opened",
               "closed", "bytes", "first", "span");
    for (uint32_t i = 0; i < x->count; i++)
        show_connection(&x->list[i]);
    if (x->others)
        printf("  and %llu records of more connections\n", (unsigned long long)x->others);
}

int mr_capture_inspect(struct mr_capture_options *o)
{
    int status = MR_OK;
    struct connection *list = calloc(CONNECTIONS_MAX, sizeof *list);
    if (!list)
        return mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    for (uint32_t i = 0; i < o->inputs.count && status == MR_OK; i++) {
        struct inspect x = {.o = o, .path = o->inputs.list[i].path, .row = "", .list = list};
        status = read_input(&x, &o->inputs.list[i]);
        if (status == MR_OK && o->json)
            show_json(&x);
        else if (status == MR_OK)
            show_text(&x);
    }
    free(list);
    return status;
}
