/* millrace capture export: JSON lines, with --split a set of files a product; receive times, REST bodies, connections opened and closed beside them.
 *
 * A first pass looks whether text can hold it all, so that nothing is written that a replay would take for something else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "codecs/json/json.h"
#include "controlplane/cmd/capture.h"

#define PRODUCTS_MAX 64
#define LINE_MAX_BYTES (16u << 20)

/* A set of files: of one product, or of all. */
struct set {
    uint8_t venue, product;
    uint64_t frames, besides, timed, untimed;
    bool stamps, mixed; /* connections and clocks have to be told; and whose each line is */
    FILE *lines, *recv, *rest;
    char name[4096];
};
struct export
{
    struct mr_capture_options *o;
    struct set *list;
    uint32_t count;
    uint64_t rewritten, left_out;
    char *text; /* room for what is escaped: allocated */
};

static struct set *set_of(struct export *e, const struct mr_piece *p)
{
    for (uint32_t i = 0; i < e->count; i++)
        if (!e->o->split || (e->list[i].venue == p->venue && e->list[i].product == p->product))
            return &e->list[i];
    if (e->count == PRODUCTS_MAX)
        return NULL;
    struct set *added = &e->list[e->count++];
    *added = (struct set){.venue = p->venue, .product = p->product};
    return added;
}

static bool is_frame(const struct mr_piece *p) { return p->kind == MR_PIECE_FRAME || p->kind == MR_PIECE_DATAGRAM; }

/* ---- first pass ---- */

static int to_survey(void *arg, const struct mr_piece *p)
{
    struct export *e = arg;
    struct set *product = set_of(e, p);
    if (!product)
        return mr_err_set(&e->o->err, MR_E_FULL, "more than %d products; export some of them: --only VENUE",
                          PRODUCTS_MAX);
    if (is_frame(p))
        product->frames++;
    else
        product->besides++;
    product->timed += p->recv_ns > 0;
    product->untimed += p->recv_ns <= 0;
    product->mixed |= product->venue != p->venue || product->product != p->product;
    product->stamps |= product->mixed || p->connection != 0 || (p->recv_ns > 0 && p->clock != MR_CLOCK_KERNEL);
    return MR_OK;
}

static int check(struct export *e)
{
    char name[64];
    if (e->count == 0)
        return mr_err_set(&e->o->err, MR_E_EMPTY, "nothing to export: no message is in the inputs, or none is wanted");
    for (uint32_t i = 0; i < e->count; i++) {
        const struct set *p = &e->list[i];
        if (p->mixed && !p->timed)
            return mr_err_set(&e->o->err, MR_E_INVALID,
                              "messages of several products without receive times: give --split, a set of files each");
        if (p->timed && p->untimed)
            return mr_err_set(
                &e->o->err, MR_E_INVALID,
                "%s: %llu messages have receive times and %llu have none; text holds all or none of them: "
                "export the inputs one by one",
                mr_capture_product(p->venue, p->product, name), (unsigned long long)p->timed,
                (unsigned long long)p->untimed);
    }
    return MR_OK;
}

/* ---- second pass ---- */

static FILE *text_file(struct export *e, const struct set *p, const char *suffix)
{
    char path[4200];
    struct mr_capture_options *o = e->o;
    snprintf(path, sizeof path, "%s%s", p->name, suffix);
    FILE *f = fopen(path, o->force ? "we" : "wxe");
    if (!f)
        o->status = mr_err_set(&o->err, MR_E_IO, "%s: %s%s", path, strerror(errno),
                               errno == EEXIST ? "; --force overwrites it" : "");
    return f;
}

/* OUT.jsonl; split, OUT.VENUE-PRODUCT.jsonl each. */
static int open_set(struct export *e, struct set *p)
{
    char name[64];
    mr_capture_product(p->venue, p->product, name);
    for (char *c = name; *c; c++)
        *c = *c == ':' ? '-' : *c;
    snprintf(p->name, sizeof p->name, e->o->split ? "%s.%s" : "%s", e->o->out, name);
    p->lines = text_file(e, p, ".jsonl");
    if (p->lines && p->timed)
        p->recv = text_file(e, p, ".recv");
    if (p->lines && (!p->timed || p->recv))
        p->rest = text_file(e, p, ".rest.json");
    if (!p->rest)
        return e->o->status;
    fputc('[', p->rest);
    p->frames = p->besides = 0;
    return MR_OK;
}

static bool fits_string(struct export *e, struct mr_span bytes)
{
    struct mr_text text;
    struct mr_json_out j;
    struct mr_json back;
    struct mr_span raw;
    mr_text_init(&text, e->text, 6 * (size_t)LINE_MAX_BYTES + 64);
    mr_json_out_init(&j, &text);
    mr_json_out_span(&j, NULL, bytes);
    if (text.cut)
        return false;
    /* what is no UTF-8 would come back as something else */
    mr_json_open(&back, (const uint8_t *)e->text, (uint32_t)text.len);
    uint8_t *plain = malloc(bytes.len + 1);
    bool same = plain && mr_json_string(&back, &raw) && raw.len >= bytes.len &&
                mr_json_unescape(raw, plain, bytes.len + 1) == bytes.len && memcmp(plain, bytes.data, bytes.len) == 0;
    free(plain);
    return same;
}

static int beside(struct export *e, struct set *p, const struct mr_piece *piece)
{
    uint32_t at;
    char name[64];
    const struct mr_span body = {piece->data, piece->len};
    bool rest = piece->kind == MR_PIECE_REST, json = rest && mr_json_check(piece->data, piece->len, &at) == MR_OK &&
                                                     piece->data[0] > ' ' && piece->data[piece->len - 1] > ' ';
    if (rest && !fits_string(e, piece->name)) {
        e->left_out++;
        return MR_OK;
    }
    fputs(p->besides++ ? ",\n{" : "{", p->rest);
    if (rest)
        fprintf(p->rest, "\"url\":%s", e->text);
    else
        fprintf(p->rest, "\"event\":\"%s\"",
                piece->kind == MR_PIECE_OPENED ? "opened"
                : piece->kind == MR_PIECE_NOTE ? "note"
                                               : "closed");
    if (p->mixed)
        fprintf(p->rest, ",\"product\":\"%s\"", mr_capture_product(piece->venue, piece->product, name));
    fprintf(p->rest, ",\"recv_ns\":%lld,\"line\":%llu,\"connection\":%u,\"clock\":%u,", (long long)piece->recv_ns,
            (unsigned long long)p->frames, piece->connection, piece->clock);
    if (json) {
        fputs("\"body\":", p->rest);
        fwrite(piece->data, 1, piece->len, p->rest);
    } else if (fits_string(e, body)) {
        fprintf(p->rest, "\"text\":%s", e->text);
    } else {
        fputs("\"text\":\"\"", p->rest);
        e->left_out++;
    }
    fputc('}', p->rest);
    return MR_OK;
}

/* A line feed in legal JSON is a blank, so another blank says the same; elsewhere a line cannot hold it. */
static bool one_line(struct export *e, const struct mr_piece *p, const uint8_t **data)
{
    uint32_t at;
    *data = p->data;
    if (!memchr(p->data, '\n', p->len))
        return true;
    if (p->len > LINE_MAX_BYTES || mr_json_check(p->data, p->len, &at) != MR_OK)
        return false;
    memcpy(e->text, p->data, p->len);
    for (char *c = e->text; (c = memchr(c, '\n', p->len - (size_t)(c - e->text)));)
        *c = ' ';
    *data = (const uint8_t *)e->text;
    e->rewritten++;
    return true;
}

static int to_text(void *arg, const struct mr_piece *piece)
{
    struct export *e = arg;
    struct set *p = set_of(e, piece);
    const uint8_t *line;
    char name[64];
    if (!is_frame(piece))
        return beside(e, p, piece);
    if (!one_line(e, piece, &line)) {
        e->left_out++;
        return MR_OK;
    }
    fwrite(line, 1, piece->len, p->lines);
    fputc('\n', p->lines);
    p->frames++;
    if (p->recv && p->stamps)
        fprintf(p->recv, "%lld %u %u %s\n", (long long)piece->recv_ns, piece->connection, piece->clock,
                mr_capture_product(piece->venue, piece->product, name));
    else if (p->recv)
        fprintf(p->recv, "%lld\n", (long long)piece->recv_ns);
    return MR_OK;
}

static int close_text(FILE *f)
{
    if (!f)
        return MR_OK;
    int bad = ferror(f);
    return fclose(f) || bad ? MR_E_IO : MR_OK;
}

static int close_set(struct export *e, struct set *p)
{
    if (p->rest)
        fputs("]\n", p->rest);
    int bad = close_text(p->lines) | close_text(p->recv) | close_text(p->rest);
    return bad ? mr_err_set(&e->o->err, MR_E_IO, "%s: cannot write: %s", p->name, strerror(errno)) : MR_OK;
}

static int write_all(struct export *e)
{
    struct mr_capture_each each;
    int status = MR_OK;
    for (uint32_t i = 0; i < e->count && status == MR_OK; i++)
        status = open_set(e, &e->list[i]);
    if (status == MR_OK)
        status = mr_capture_each(e->o, to_text, e, &each);
    for (uint32_t i = 0; i < e->count; i++) {
        int closed = close_set(e, &e->list[i]);
        status = status ? status : closed;
    }
    return status;
}

static void tell(const struct export *e)
{
    char name[64];
    for (uint32_t i = 0; i < e->count; i++) {
        const struct set *p = &e->list[i];
        printf("%s: %llu messages, %llu bodies and events of %s%s\n", p->name, (unsigned long long)p->frames,
               (unsigned long long)p->besides,
               p->mixed ? "several products" : mr_capture_product(p->venue, p->product, name),
               p->timed ? "" : ", without receive times");
    }
    if (e->rewritten)
        fprintf(stderr, "millrace capture: %llu messages held line feeds; blanks stand there now\n",
                (unsigned long long)e->rewritten);
    if (e->left_out)
        fprintf(stderr, "millrace capture: %llu messages are no text that a line can hold, and were left out\n",
                (unsigned long long)e->left_out);
}

int mr_capture_export(struct mr_capture_options *o)
{
    struct export e = {.o = o};
    struct mr_capture_each each;
    e.list = calloc(PRODUCTS_MAX, sizeof *e.list);
    e.text = malloc(6 * (size_t)LINE_MAX_BYTES + 64);
    int status = e.list && e.text ? MR_OK : mr_err_set(&o->err, MR_E_NOMEM, "no memory");
    if (status == MR_OK)
        status = mr_capture_each(o, to_survey, &e, &each);
    if (status == MR_OK)
        status = check(&e);
    if (status == MR_OK)
        status = write_all(&e);
    if (status == MR_OK)
        tell(&e);
    free(e.list);
    free(e.text);
    return status;
}
