#include "tests/dataplane/net/wire.h"
#include "tests/support/support.h"

#define FRAME_MAX 2048

struct frame {
    uint8_t data[FRAME_MAX];
    uint32_t len;
};
struct wire {
    struct mr_link link;
    struct mr_packet *packets;
    uint32_t *free, *waiting; /* stack of free packets; ring of those that wait */
    uint32_t packet_count, free_count, waiting_first, waiting_count;
    struct frame *sent;
    uint32_t sent_max, sent_first, sent_count, reserved, refuse;
    uint64_t dropped, flushes;
};

static int wire_receive(struct mr_link *link, int64_t now_ns, struct mr_packet **packets, uint32_t max)
{
    struct wire *w = link->state;
    (void)now_ns;
    uint32_t n = 0;
    for (; n < max && w->waiting_count > 0; n++, w->waiting_count--) {
        packets[n] = &w->packets[w->waiting[w->waiting_first]];
        w->waiting_first = (w->waiting_first + 1) % w->packet_count;
    }
    return (int)n;
}

static void wire_release(struct mr_link *link, struct mr_packet *packet)
{
    struct wire *w = link->state;
    MR_ASSERT(packet >= w->packets && packet < w->packets + w->packet_count && packet->data);
    free(packet->data);
    packet->data = NULL; /* released twice: found by the assertion above */
    w->free[w->free_count++] = (uint32_t)(packet - w->packets);
}

static uint8_t *wire_reserve(struct mr_link *link, uint32_t bytes)
{
    struct wire *w = link->state;
    if (w->refuse > 0) {
        w->refuse--;
        return NULL;
    }
    if (w->sent_count == w->sent_max || bytes > FRAME_MAX)
        return NULL;
    w->reserved = bytes;
    return w->sent[(w->sent_first + w->sent_count) % w->sent_max].data;
}

static void wire_send(struct mr_link *link, uint32_t bytes)
{
    struct wire *w = link->state;
    MR_ASSERT(w->reserved > 0 && bytes <= w->reserved);
    w->reserved = 0;
    w->sent[(w->sent_first + w->sent_count++) % w->sent_max].len = bytes;
}

static void wire_flush(struct mr_link *link) { ((struct wire *)link->state)->flushes++; }

static const struct mr_link_ops wire_ops = {
    .name = "wire",
    .receive = wire_receive,
    .release = wire_release,
    .reserve = wire_reserve,
    .send = wire_send,
    .flush = wire_flush,
};

static void *must(void *p)
{
    MR_ASSERT(p);
    return p;
}

struct wire *wire_open(uint32_t packets, uint32_t sent)
{
    struct wire *w = must(calloc(1, sizeof *w));
    w->packets = must(calloc(packets, sizeof *w->packets));
    w->free = must(calloc(packets, sizeof *w->free));
    w->waiting = must(calloc(packets, sizeof *w->waiting));
    w->sent = must(calloc(sent, sizeof *w->sent));
    w->packet_count = w->free_count = packets;
    w->sent_max = sent;
    for (uint32_t i = 0; i < packets; i++)
        w->free[i] = packets - 1 - i;
    w->link = (struct mr_link){
        .ops = &wire_ops, .state = w, .mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .up = true, .packets_max = packets};
    return w;
}

void wire_close(struct wire *w)
{
    assert_int_equal(wire_lent(w), 0);
    for (uint32_t i = 0; i < w->packet_count; i++)
        free(w->packets[i].data);
    free(w->packets);
    free(w->free);
    free(w->waiting);
    free(w->sent);
    free(w);
}

struct mr_link *wire_link(struct wire *w) { return &w->link; }

struct mr_packet *wire_lend(struct wire *w, const void *frame, uint32_t len, int64_t recv_ns, uint8_t flags)
{
    if (w->free_count == 0) {
        w->dropped++;
        return NULL;
    }
    struct mr_packet *p = &w->packets[w->free[--w->free_count]];
    *p = (struct mr_packet){
        .data = must(malloc(len ? len : 1)), .len = len, .flags = flags, .clock = MR_CLOCK_TSC, .recv_ns = recv_ns};
    memcpy(p->data, frame, len);
    memset(p->room, 0xa5, sizeof p->room); /* whoever keeps the packet finds nothing of use there */
    return p;
}

bool wire_put(struct wire *w, const void *frame, uint32_t len, int64_t recv_ns, uint8_t flags)
{
    struct mr_packet *p = wire_lend(w, frame, len, recv_ns, flags);
    if (!p)
        return false;
    w->waiting[(w->waiting_first + w->waiting_count++) % w->packet_count] = (uint32_t)(p - w->packets);
    return true;
}

const uint8_t *wire_sent(struct wire *w, uint32_t *len)
{
    if (w->sent_count == 0)
        return NULL;
    struct frame *f = &w->sent[w->sent_first];
    w->sent_first = (w->sent_first + 1) % w->sent_max;
    w->sent_count--;
    *len = f->len;
    return f->data;
}

uint32_t wire_lent(const struct wire *w) { return w->packet_count - w->free_count - w->waiting_count; }
uint32_t wire_waiting(const struct wire *w) { return w->waiting_count; }
uint32_t wire_sent_count(const struct wire *w) { return w->sent_count; }
uint64_t wire_dropped(const struct wire *w) { return w->dropped; }
uint64_t wire_flushes(const struct wire *w) { return w->flushes; }
void wire_refuse(struct wire *w, uint32_t times) { w->refuse = times; }
