/* From frames to one ordered feed: two groups on a wire, the stack, the arbiter. */
#include "dataplane/net/arbiter.h"
#include "tests/dataplane/net/rig.h"

struct feed {
    uint64_t next, delivered, lost;
    bool wrong;
};

static void deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                    uint8_t clock)
{
    struct feed *f = arg;
    f->wrong |= number != f->next || line > 1 || clock != MR_CLOCK_TSC || recv_ns <= 0;
    f->wrong |= len != 16 + number % 100 || (len > 16 && data[len - 1] != (uint8_t)number);
    f->next = number + 1;
    f->delivered++;
}

static void gap(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    struct feed *f = arg;
    (void)now_ns;
    f->wrong |= first != f->next;
    f->lost += last - first + 1;
    f->next = last + 1;
}

/* The tests' datagram (README.md): number, length, kind, and as many bytes as the number says. */
static uint32_t make_frame(uint8_t *frame, uint64_t number, uint16_t line)
{
    uint8_t data[16 + 100];
    uint64_t big = __builtin_bswap64(number);
    uint32_t len = (uint32_t)(number % 100);
    memset(data, (uint8_t)number, sizeof data);
    memcpy(data, &big, 8);
    frame_put16(data + 8, 0);
    frame_put16(data + 10, len);
    frame_put16(data + 12, 1);
    frame_put16(data + 14, 0);
    struct frame_ip ip = {.from = {10, 77, 0, 9}, .to = {239, 1, 2, (uint8_t)(3 + line)}};
    return frame_udp(frame, &ip, 4321, 5000, data, 16 + len);
}

static void drain(struct rig *r, struct mr_arbiter *a)
{
    struct mr_packet *packets[32];
    for (int n; (n = r->link->ops->receive(r->link, r->now_ns, packets, 32)) > 0;)
        for (int i = 0; i < n; i++) {
            struct mr_net_packet out;
            if (mr_net_take(r->net, packets[i], r->now_ns, &out) != MR_NET_DATAGRAM)
                continue;
            mr_arbiter_take(a, out.line, out.ip, out.len, out.packet->recv_ns, out.packet->clock);
            r->link->ops->release(r->link, out.packet);
        }
}

static void damaged_and_lost_frames_of_one_line_are_made_good_by_the_other(void **state)
{
    (void)state;
    uint64_t count = getenv("MILLRACE_QUICK") ? 20000 : 200000, put = 0, damaged = 0, both = 0;
    struct rig r;
    struct mr_net_config c = rig_config();
    c.ports[0] = (struct mr_net_port){.group = {239, 1, 2, 3}, .port = 5000, .line = 0};
    c.ports[1] = (struct mr_net_port){.group = {239, 1, 2, 4}, .port = 5000, .line = 1};
    c.port_count = 2;
    rig_open(&r, &c);
    struct feed f = {.next = 1};
    struct mr_arbiter_metrics m;
    mr_metrics_init_values(&m, &mr_arbiter_metrics_desc);
    struct mr_arbiter_config config = {.number_width = 8,
                                       .window = 256,
                                       .datagram_max = 1500,
                                       .patience_ns = 5 * MS,
                                       .lines = 2,
                                       .deliver = deliver,
                                       .gap = gap,
                                       .arg = &f,
                                       .metrics = &m};
    void *mem = aligned_alloc(MR_LINE_BYTES, mr_arbiter_bytes(&config));
    assert_non_null(mem);
    struct mr_arbiter *a = mr_arbiter_init(mem, &config);
    struct mr_random random = {.state = 21};
    for (uint64_t number = 1; number <= count; number++, r.now_ns += 10000) {
        uint32_t missing = 0;
        for (uint16_t line = 0; line < 2; line++) {
            uint8_t frame[FRAME_ROOM];
            uint32_t len = make_frame(frame, number, line);
            bool sure = number == 1 || number == count;
            bool lose = !sure && mr_random_below(&random, 20) == 0,
                 damage = !sure && !lose && mr_random_below(&random, 20) == 0;
            missing += lose || damage;
            if (lose)
                continue;
            if (damage)
                frame[14 + mr_random_below(&random, 28)] ^=
                    (uint8_t)(1u << mr_random_below(&random, 8)); /* IPv4 or UDP header */
            assert_true(wire_put(r.wire, frame, len, r.now_ns, 0));
            put++;
            damaged += damage;
        }
        both += missing == 2;
        if (mr_random_below(&random, 8) == 0 || wire_waiting(r.wire) > 60)
            drain(&r, a);
        mr_arbiter_housekeep(a, r.now_ns);
    }
    drain(&r, a);
    mr_arbiter_housekeep(a, r.now_ns + SECOND);
    assert_false(f.wrong);
    assert_int_equal(r.metrics.frames, put);
    assert_int_equal(r.metrics.datagrams, put - damaged); /* a damaged one is never handed on */
    assert_int_equal(f.delivered + f.lost, count);
    assert_int_equal(f.lost, both); /* what neither line had, and nothing else */
    assert_int_equal(m.datagrams, r.metrics.datagrams);
    assert_int_equal(m.delivered + m.copies, m.datagrams);
    print_message("  %lu frames, %lu damaged; %lu of %lu delivered\n", put, damaged, f.delivered, count);
    free(mem);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_and_lost_frames_of_one_line_are_made_good_by_the_other),
    };
    return MR_TEST_MAIN(tests);
}
