/* The smallest useful reader of a running millrace: prints trades and signals, keeps an eye on what was lost.
 *
 *     cc consume.c $(pkg-config --cflags --libs millrace) -o consume
 *     ./consume [instance or workspace file] [records]
 *
 * docs/consume.md explains each step. */
#include <millrace/millrace.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_trade(const struct millrace_record *r)
{
    char price[MILLRACE_TEXT], size[MILLRACE_TEXT];
    printf("%s:%s %s %s %s at %s\n", r->instrument->venue, r->instrument->product, r->instrument->symbol,
           r->flags & MILLRACE_SELL ? "sold" : "bought", millrace_text(r->size, r->size_scale, size),
           millrace_text(r->price, r->price_scale, price));
}

static void show(struct millrace *m, const struct millrace_record *r)
{
    struct millrace_top top;
    switch (r->kind) {
    case MILLRACE_TRADE:
        if (r->instrument && !(r->flags & (MILLRACE_SNAPSHOT | MILLRACE_SECONDARY)))
            show_trade(r);
        break;
    case MILLRACE_SIGNAL:
        printf("%s: %s, was %s: %s\n", r->signal->underlying, millrace_level_name(r->signal->level),
               millrace_level_name(r->signal->level_before), r->signal->words);
        break;
    case MILLRACE_GAP: /* the venue's own messages are missing: this book is not live until its next snapshot */
        if (r->instrument && millrace_top(m, r->instrument->id, &top, sizeof top) == MILLRACE_OK)
            printf("%s: a gap of %" PRId64 "; the book is %s\n", r->instrument->symbol, r->detail[2],
                   top.live ? "live" : "not live");
        break;
    case MILLRACE_LAPPED: /* we were too slow */
        printf("lost %" PRIu64 " slots\n", r->lost_slots);
        break;
    case MILLRACE_RESTARTED: /* ids of instruments begin anew */
        printf("run %" PRIu64 " of the instance\n", r->epoch);
        break;
    default: /* kinds this program does not want, and kinds of newer versions */
        break;
    }
}

int main(int argc, char **argv)
{
    struct millrace *m;
    struct millrace_error error;
    const char *where = argc > 1 ? argv[1] : "default";
    unsigned long long left = argc > 2 ? strtoull(argv[2], NULL, 10) : ~0ull;
    int code = strchr(where, '/') ? millrace_open_file(&m, where, MILLRACE_EVENTS | MILLRACE_SIGNALS, 0, &error)
                                  : millrace_open(&m, where, MILLRACE_EVENTS | MILLRACE_SIGNALS, 0, &error);
    if (code != MILLRACE_OK) {
        fprintf(stderr, "consume: %s\n", error.text);
        return 1;
    }
    while (left > 0) {
        const struct millrace_record *r;
        code = millrace_next(m, &r, &error);
        if (code == 1) {
            show(m, r);
            left--;
        } else if (code == 0) {
            fflush(stdout); /* into a pipe too */
            millrace_wait(m, 100);
        } else {
            fprintf(stderr, "consume: %s\n", error.text);
            break;
        }
    }
    millrace_close(m);
    return code < 0;
}
