/* Which connections of each product are open, and whether they are merged, piece by piece: what a cut that begins later has to say first. */
#include <stdlib.h>

#include "controlplane/cmd/capture.h"
#include "dataplane/feed/since.h"

#define PRODUCTS_MAX 256

struct product {
    uint8_t venue, product;
    struct mr_since is;
};
struct mr_capture_since {
    struct product list[PRODUCTS_MAX];
    uint32_t count;
    char text[MR_SINCE_TEXT];
};

struct mr_capture_since *mr_capture_since_open(void) { return calloc(1, sizeof(struct mr_capture_since)); }

void mr_capture_since_close(struct mr_capture_since *s) { free(s); }

/* NULL: one product too many, whose notes all go on. */
static struct mr_since *find(struct mr_capture_since *s, const struct mr_piece *p)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->list[i].venue == p->venue && s->list[i].product == p->product)
            return &s->list[i].is;
    if (s->count == PRODUCTS_MAX)
        return NULL;
    struct product *made = &s->list[s->count++];
    *made = (struct product){.venue = p->venue, .product = p->product};
    return &made->is;
}

static void say(struct mr_capture_since *s, const struct mr_since *is, struct mr_piece *note)
{
    note->len = mr_since_text(is, s->text);
    note->data = (uint8_t *)s->text;
}

bool mr_capture_since_follow(struct mr_capture_since *s, const struct mr_piece *p)
{
    struct mr_since then, *is;
    const struct mr_span data = {p->data, p->len};
    if ((p->kind != MR_PIECE_OPENED && p->kind != MR_PIECE_CLOSED && p->kind != MR_PIECE_NOTE) || !(is = find(s, p)))
        return true;
    if (p->kind == MR_PIECE_NOTE && mr_since_read(&then, data)) {
        const bool news = !mr_since_same(is, &then);
        *is = then;
        return news;
    }
    mr_since_follow(is,
                    p->kind == MR_PIECE_OPENED   ? MR_CAPTURE_OPENED
                    : p->kind == MR_PIECE_CLOSED ? MR_CAPTURE_CLOSED
                                                 : MR_CAPTURE_NOTE,
                    p->connection, data);
    return true;
}

bool mr_capture_since_is(const struct mr_piece *p)
{
    struct mr_since then;
    return p->kind == MR_PIECE_NOTE && mr_since_read(&then, (struct mr_span){p->data, p->len});
}

void mr_capture_since_renumber(struct mr_capture_since *s, struct mr_piece *note, mr_capture_number_fn *number,
                               void *arg)
{
    struct mr_since then;
    const struct mr_since *is = find(s, note);
    if (!is || !mr_since_read(&then, (struct mr_span){note->data, note->len}))
        return;
    struct mr_since both = *is;
    both.merging |= then.merging;
    both.wait_ns = then.wait_ns > both.wait_ns ? then.wait_ns : both.wait_ns;
    for (uint32_t i = 0; i < then.count; i++) {
        const uint8_t route = (uint8_t)('0' + then.lane[i].route);
        struct mr_piece opened = *note;
        opened.connection = then.lane[i].connection;
        mr_since_follow(&both, MR_CAPTURE_OPENED, number(arg, &opened), (struct mr_span){&route, 1});
    }
    say(s, &both, note);
}

int mr_capture_since_tell(struct mr_capture_since *s, struct mr_capture_want *want, mr_capture_piece_fn *take,
                          void *arg, uint64_t *count)
{
    int status = MR_OK;
    for (uint32_t i = 0; i < s->count && status == MR_OK; i++) {
        const struct product *p = &s->list[i];
        struct mr_piece note = {.kind = MR_PIECE_NOTE,
                                .clock = MR_CLOCK_TSC,
                                .venue = p->venue,
                                .product = p->product,
                                .recv_ns = mr_capture_now(want)};
        if (!p->is.merging && !p->is.count)
            continue;
        say(s, &p->is, &note);
        if (!mr_capture_wants(want, &note))
            continue;
        status = take(arg, &note);
        ++*count;
    }
    return status;
}
