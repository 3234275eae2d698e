/* A DPDK port as a link, without root: a capture file, a ring. EAL starts once in this program and serves every case. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/source/dpdk/dpdk_priv.h"
#include "tests/dataplane/source/dpdk/frames.h"

static const uint8_t us[4] = {198, 18, 0, 2}, them[4] = {198, 18, 0, 1}, group[4] = {239, 1, 2, 3};
static struct mr_clock the_clock;

static struct mr_dpdk_config config_of(const char *device)
{
    struct mr_dpdk_config c;
    mr_dpdk_config_default(&c);
    snprintf(c.device, sizeof c.device, "%s", device);
    memcpy(c.address, us, 4);
    c.window_bytes = 65536;
    return c;
}

static void open_port(struct mr_dpdk_port *port, const struct mr_dpdk_config *config)
{
    struct mr_err err = {""};
    int status = mr_dpdk_port_open(port, config, 4, &the_clock, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
}

/* Sends `frames` of growing length through a ring that comes back to us, and sees each once, whole, in order. */
static void through_a_ring(struct mr_dpdk_port *port, uint32_t frames)
{
    struct mr_link *link = &port->link;
    struct mr_packet *packets[MR_DPDK_BURST];
    uint32_t sent = 0, got = 0;
    for (int rounds = 0; got < frames; rounds++) {
        assert_true(rounds < 100000);
        for (int i = 0; i < 40 && sent < frames; i++) {
            uint32_t bytes = 60 + sent % 1455;
            uint8_t *room = link->ops->reserve(link, bytes);
            assert_non_null(room);
            assert_ptr_equal(room, link->ops->reserve(link, bytes)); /* the same until it is sent */
            memset(room, (int)sent, bytes);
            link->ops->send(link, bytes);
            sent++;
        }
        link->ops->flush(link);
        int64_t before = mr_clock_now(&the_clock);
        for (int n; (n = link->ops->receive(link, 0, packets, MR_COUNT_OF(packets))) > 0;)
            for (int i = 0; i < n; i++, got++) {
                const struct mr_packet *p = packets[i];
                assert_int_equal(p->len, 60 + got % 1455);
                assert_int_equal(p->data[0], (uint8_t)got);
                assert_int_equal(p->data[p->len - 1], (uint8_t)got);
                assert_int_equal(p->clock, MR_CLOCK_TSC);
                assert_true(p->recv_ns >= before && p->recv_ns <= mr_clock_now(&the_clock));
                link->ops->release(link, packets[i]);
            }
    }
    assert_int_equal(port->metrics->received, frames);
    assert_int_equal(port->metrics->sent, frames);
    assert_int_equal(port->metrics->send_dropped + port->metrics->pool_empty, 0);
}

static void what_goes_out_on_a_ring_comes_back_whole_and_buffers_are_not_lost(void **state)
{
    (void)state;
    struct mr_dpdk_config c = config_of("net_ring0");
    struct mr_dpdk_port port;
    open_port(&port, &c);
    mr_dpdk_port_housekeep(&port, mr_clock_now(&the_clock));
    int64_t spare = port.metrics->pool_free;
    assert_int_equal(spare, port.metrics->pool_size);
    through_a_ring(&port, 20000);
    port.next_count_ns = 0;
    mr_dpdk_port_housekeep(&port, mr_clock_now(&the_clock));
    assert_int_equal(port.metrics->pool_free, spare);
    assert_int_equal(port.metrics->link_up, 1);
    mr_dpdk_port_close(&port);
}

static void a_port_opens_again_and_again(void **state)
{
    (void)state;
    struct mr_dpdk_config c = config_of("net_ring0");
    for (int i = 0; i < 10; i++) {
        struct mr_dpdk_port port;
        open_port(&port, &c);
        through_a_ring(&port, 100);
        mr_dpdk_port_close(&port);
    }
}

static void a_second_port_is_refused_and_hurts_the_first_in_nothing(void **state)
{
    (void)state;
    struct mr_dpdk_config c = config_of("net_ring0"), other = config_of("net_ring1");
    struct mr_dpdk_port port, second;
    struct mr_err err = {""};
    open_port(&port, &c);
    assert_int_equal(mr_dpdk_port_open(&second, &other, 1, &the_clock, &err), MR_E_UNSUPPORTED);
    assert_string_equal(err.text,
                        "source dpdk: this process has a port already: a second one needs a second data plane");
    mr_dpdk_port_close(&second);
    through_a_ring(&port, 100);
    mr_dpdk_port_close(&port);
    open_port(&second, &other);
    through_a_ring(&second, 100);
    mr_dpdk_port_close(&second);
}

static void *open_and_use(void *arg)
{
    struct mr_dpdk_config c = config_of("net_ring0");
    struct mr_dpdk_port *port = arg;
    open_port(port, &c);
    mr_dpdk_eal_thread();
    through_a_ring(port, 100);
    return NULL;
}

static void one_thread_may_open_and_another_close(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) { /* more threads than EAL has numbers for: each gives its own back */
        struct mr_dpdk_port port;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, open_and_use, &port), 0);
        pthread_join(thread, NULL);
        mr_dpdk_port_close(&port);
    }
}

static void a_port_with_no_buffers_left_says_so_and_recovers(void **state)
{
    (void)state;
    struct mr_dpdk_config c = config_of("net_ring0");
    struct mr_dpdk_port port;
    open_port(&port, &c);
    struct mr_link *link = &port.link;
    uint32_t size = link->packets_max, got = 0, sent = 0;
    struct mr_packet **held = calloc(size, sizeof(struct mr_packet *));
    while (port.metrics->pool_empty == 0) { /* the consumer keeps all that comes */
        assert_true(sent <= size);
        if (!link->ops->reserve(link, 100))
            break;
        link->ops->send(link, 100);
        sent++;
        link->ops->flush(link);
        int n = link->ops->receive(link, 0, held + got, size - got < MR_DPDK_BURST ? size - got : MR_DPDK_BURST);
        got += (uint32_t)n;
    }
    assert_int_equal(port.metrics->pool_empty, 1);
    assert_int_equal(sent, got);
    assert_int_equal(got, size);
    for (uint32_t i = 0; i < got; i++)
        link->ops->release(link, held[i]);
    port.metrics->received = port.metrics->sent = port.metrics->pool_empty = 0;
    through_a_ring(&port, 1000);
    free(held);
    mr_dpdk_port_close(&port);
}

static void frames_that_the_port_does_not_take_are_counted(void **state)
{
    (void)state;
    struct mr_dpdk_config c = config_of("net_ring0");
    struct mr_dpdk_port port;
    open_port(&port, &c);
    struct mr_link *link = &port.link;
    for (int i = 0; i < 3000; i++) { /* its ring holds about a thousand, and nobody receives */
        assert_non_null(link->ops->reserve(link, 60));
        link->ops->send(link, 60);
    }
    link->ops->flush(link);
    assert_true(port.metrics->send_dropped > 0);
    assert_int_equal(port.metrics->sent + port.metrics->send_dropped, 3000);
    struct mr_packet *packets[MR_DPDK_BURST];
    uint64_t got = 0;
    for (int n; (n = link->ops->receive(link, 0, packets, MR_COUNT_OF(packets))) > 0; got += (uint64_t)n)
        for (int i = 0; i < n; i++)
            link->ops->release(link, packets[i]);
    assert_int_equal(got, port.metrics->sent);
    mr_dpdk_port_close(&port);
}

static char capture_path[64];

static int write_capture(void **state)
{
    (void)state;
    static uint8_t frame[4096];
    struct capture c;
    snprintf(capture_path, sizeof capture_path, "/tmp/millrace-dpdk-%d.pcap", (int)getpid());
    if (!capture_open(&c, capture_path))
        return -1;
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t data[3500] = {(uint8_t)(i >> 8), (uint8_t)i};
        uint32_t len = i % 100 == 7 ? 3500 : 2 + i % 1400; /* some longer than a buffer */
        capture_add(&c, frame, make_datagram(frame, them, group, 6000, data, len));
    }
    capture_close(&c);
    return 0;
}

static int remove_capture(void **state)
{
    (void)state;
    return unlink(capture_path);
}

static void a_capture_file_comes_as_frames_and_too_long_ones_are_counted(void **state)
{
    (void)state;
    char device[160];
    snprintf(device, sizeof device, "net_pcap0,rx_pcap=%s", capture_path);
    struct mr_dpdk_config c = config_of(device);
    for (int again = 0; again < 2; again++) {
        struct mr_dpdk_port port;
        open_port(&port, &c);
        struct mr_link *link = &port.link;
        struct mr_packet *packets[MR_DPDK_BURST];
        uint32_t next = 0, got = 0, quiet = 0;
        while (quiet < 100) {
            int n = link->ops->receive(link, 0, packets, MR_COUNT_OF(packets));
            quiet = n ? 0 : quiet + 1;
            for (int i = 0; i < n; i++, got++, next++) {
                if (next % 100 == 7)
                    next++;
                assert_int_equal(packets[i]->len, 42 + 2 + next % 1400);
                assert_int_equal(packets[i]->data[42] << 8 | packets[i]->data[43], next);
                link->ops->release(link, packets[i]);
            }
        }
        assert_int_equal(got, 990);
        assert_int_equal(port.metrics->multi_segment, 10);
        assert_int_equal(port.metrics->received, 1000);
        mr_dpdk_port_close(&port);
    }
}

static void what_is_not_there_is_refused_with_the_way_out(void **state)
{
    (void)state;
    static const struct {
        const char *device, *interface;
        int status;
        const char *says;
    } refused[] = {
        {"", "", MR_E_INVALID, "neither `device` nor `interface` is given"},
        {"eth1", "", MR_E_INVALID, "device \"eth1\" is neither a PCI address (0000:01:00.0) nor a driver's name"},
        {"net_", "", MR_E_INVALID, "neither a PCI address"},
        {"net_af_xdp0,iface=lo", "", MR_E_INVALID, "AF_XDP is given by `interface`"},
        {"net_af_packet0", "", MR_E_INVALID, "net_af_packet0 names no interface: add `,iface=NAME`"},
        {"net_af_packet0,iface=mr-none0", "", MR_E_UNSUPPORTED, "no interface mr-none0 here: `ip link` lists them"},
        {"", "mr-none0", MR_E_UNSUPPORTED, "no interface mr-none0 here"},
        {"net_nothing0", "", MR_E_UNSUPPORTED, "librte_net_nothing.so: install librte-net-nothing23"},
        {"ffff:ff:1f.7", "", MR_E_UNSUPPORTED, "no PCI device ffff:ff:1f.7 here: `lspci -D` lists them"},
        {"net_pcap0,rx_pcap=/no/such/file", "", MR_E_UNSUPPORTED, "cannot read rx_pcap=/no/such/file: No such file"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_dpdk_config c = config_of(refused[i].device);
        struct mr_err err = {""};
        snprintf(c.interface, sizeof c.interface, "%s", refused[i].interface);
        assert_int_equal(mr_dpdk_check(&c, &err), refused[i].status);
        if (!strstr(err.text, refused[i].says))
            print_error("row %zu: %s\n", i, err.text);
        assert_non_null(strstr(err.text, refused[i].says));
    }
}

static void values_out_of_bounds_are_named(void **state)
{
    (void)state;
    struct mr_err err;
    struct mr_dpdk_config good = config_of("net_ring0"), c = good;
#define REFUSED(change, words)                                                                                         \
    do {                                                                                                               \
        c = good;                                                                                                      \
        change;                                                                                                        \
        assert_int_equal(mr_dpdk_check(&c, &err), MR_E_INVALID);                                                       \
        assert_non_null(strstr(err.text, words));                                                                      \
    } while (0)
    assert_int_equal(mr_dpdk_check(&c, &err), MR_OK);
    REFUSED(memset(c.address, 0, 4), "needs an `address` that no other host has");
    REFUSED(c.mode = MR_DPDK_SHARED, "mode `shared` is AF_XDP's");
    REFUSED(c.rx_descriptors = 1000, "rx_descriptors is 1000; give a power of two from 64 to 32768");
    REFUSED(c.tx_descriptors = 32, "tx_descriptors is 32; give a power of two");
    REFUSED(c.window_bytes = 2u << 20, "window is 2097152; give 4 KiB to 1 MiB");
    REFUSED(c.port_first = 80, "local ports 80 to 65535: give a range from 1024 on");
    REFUSED(c.prefix = 33, "prefix at most 32");
#undef REFUSED
    c.huge_pages = true; /* started without: cannot be changed, or there are none */
    assert_int_equal(mr_dpdk_port_open(&(struct mr_dpdk_port){0}, &c, 1, &the_clock, &err), MR_E_UNSUPPORTED);
}

static void a_pool_larger_than_the_memory_of_eal_is_refused_with_the_size_to_set(void **state)
{
    (void)state;
    struct mr_dpdk_config c = config_of("net_ring0");
    struct mr_dpdk_port port;
    struct mr_err err = {""};
    c.window_bytes = 1u << 20;
    assert_int_equal(mr_dpdk_port_open(&port, &c, 256, &the_clock, &err), MR_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "set `memory_mib: "));
}

#define PAGES 48ul /* 96 MiB, for EAL's 64 and what is not contiguous */

static unsigned long huge_pages_free(void)
{
    unsigned long pages = 0;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        (void)sscanf(line, "HugePages_Free: %lu", &pages);
    if (f)
        fclose(f);
    return pages;
}

static unsigned long huge_pages(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/sys/vm/nr_hugepages", "r");
    if (f && fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages;
}

static void set_huge_pages(unsigned long pages)
{
    FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");
    if (f) {
        fprintf(f, "%lu\n", pages);
        fclose(f);
    }
}

/* In a child, before EAL starts here: it cannot be changed later. Pages that the host lacks are asked for, and given back. */
static void huge_pages_serve_where_the_host_has_them(void **state)
{
    (void)state;
    unsigned long had = huge_pages(), unused = huge_pages_free();
    if (unused < PAGES && geteuid() == 0)
        set_huge_pages(had + PAGES - unused);
    if (huge_pages_free() < PAGES || geteuid() != 0) {
        if (geteuid() == 0)
            set_huge_pages(had);
        mr_test_skip_line("48 huge pages are not free on this host, nor to be had");
        skip();
    }
    pid_t child = fork();
    if (child == 0) {
        struct mr_dpdk_config c = config_of("net_ring0");
        struct mr_dpdk_port port;
        struct mr_err err = {""};
        c.huge_pages = true;
        if (mr_dpdk_port_open(&port, &c, 4, &the_clock, &err)) {
            fprintf(stderr, "%s\n", err.text);
            _exit(1);
        }
        struct mr_link *link = &port.link;
        struct mr_packet *packet;
        uint8_t *room = link->ops->reserve(link, 60);
        memset(room, 7, 60);
        link->ops->send(link, 60);
        link->ops->flush(link);
        bool ok = link->ops->receive(link, 0, &packet, 1) == 1 && packet->len == 60 && packet->data[59] == 7;
        mr_dpdk_port_close(&port);
        _exit(ok ? 0 : 2);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (unused < PAGES)
        set_huge_pages(had);
    assert_int_equal(how, 0);
}

static bool same_handlers(const struct sigaction *before)
{
    for (int i = 1; i < 32; i++) {
        struct sigaction now;
        if (sigaction(i, NULL, &now) == 0 && now.sa_handler != before[i].sa_handler)
            return false;
    }
    return true;
}

/* Before all others: EAL starts here. */
static void starting_eal_leaves_this_process_as_it_was(void **state)
{
    (void)state;
    static struct sigaction before[32];
    cpu_set_t cpus, after;
    for (int i = 1; i < 32; i++)
        sigaction(i, NULL, &before[i]);
    assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    struct mr_dpdk_config c = config_of("net_ring0");
    struct mr_dpdk_port port;
    open_port(&port, &c);
    assert_true(same_handlers(before));
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&cpus, &after));
    mr_dpdk_port_close(&port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_refused_with_the_way_out),
        cmocka_unit_test(huge_pages_serve_where_the_host_has_them),
        cmocka_unit_test(starting_eal_leaves_this_process_as_it_was),
        cmocka_unit_test(values_out_of_bounds_are_named),
        cmocka_unit_test(what_goes_out_on_a_ring_comes_back_whole_and_buffers_are_not_lost),
        cmocka_unit_test(a_port_opens_again_and_again),
        cmocka_unit_test(a_second_port_is_refused_and_hurts_the_first_in_nothing),
        cmocka_unit_test(one_thread_may_open_and_another_close),
        cmocka_unit_test(a_port_with_no_buffers_left_says_so_and_recovers),
        cmocka_unit_test(frames_that_the_port_does_not_take_are_counted),
        cmocka_unit_test_setup_teardown(a_capture_file_comes_as_frames_and_too_long_ones_are_counted, write_capture,
                                        remove_capture),
        cmocka_unit_test(a_pool_larger_than_the_memory_of_eal_is_refused_with_the_size_to_set),
    };
    mr_clock_open(&the_clock);
    return MR_TEST_MAIN(tests);
}
