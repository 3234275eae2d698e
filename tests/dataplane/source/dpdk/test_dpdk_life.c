/* The DPDK source's life beside others: killed and started again, sharing an interface with the kernel, refused where it may not be; and two
 * lines of numbered datagrams made one. Needs root. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/net/arbiter.h"
#include "tests/dataplane/source/dpdk/modes.h"

/* ---- killed ---- */

static void say(int fd, char word)
{
    if (write(fd, &word, 1) != 1)
        _exit(9);
}

/* A process with a source and one connection, that says on `out` what it sees, until `in` ends. No cmocka here: it is a child. */
static int live(enum mode mode, const struct mr_dial *dial, int in, int out)
{
    struct mr_dpdk_config dpdk = mode_config(mode);
    struct mr_clock clock;
    struct mr_stream_config c = small;
    struct mr_source s;
    struct mr_err err = {""};
    struct mr_piece pieces[8];
    mr_clock_open(&clock);
    c.clock = &clock;
    c.dpdk = &dpdk;
    void *mem = aligned_alloc(64, (mr_source_dpdk_ops.bytes(&c) + 63) & ~(size_t)63);
    if (mr_source_dpdk_ops.open(&s, mem, &c, &err)) {
        fprintf(stderr, "%s\n", err.text);
        free(mem);
        return 2;
    }
    s.ops->connect(&s, 0, dial, 0);
    for (char byte; recv(in, &byte, 1, MSG_DONTWAIT) != 0;) {
        int n = s.ops->poll(&s, 0, pieces, 8);
        for (int i = 0; i < n; i++) {
            say(out, pieces[i].kind == MR_PIECE_OPENED ? 'o' : pieces[i].kind == MR_PIECE_STREAM ? 'd' : 'c');
            s.ops->release(&s, &pieces[i]);
        }
        if (n == 0)
            sched_yield();
    }
    s.ops->close(&s);
    return 0;
}

struct child {
    pid_t pid;
    int to, from;
};

static struct child begin(enum mode mode, const struct mr_dial *dial)
{
    int to[2], from[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(to[0]);
        close(from[0]);
        _exit(live(mode, dial, to[1], from[1]));
    }
    close(to[1]);
    close(from[1]);
    return (struct child){pid, to[0], from[0]};
}

static void expect_word(const struct child *c, char word)
{
    struct pollfd fd = {.fd = c->from, .events = POLLIN};
    char got = 0;
    assert_int_equal(poll(&fd, 1, 20000), 1);
    assert_int_equal(read(c->from, &got, 1), 1);
    assert_int_equal(got, word);
}

static void end_child(const struct child *c, int status)
{
    int how = 0;
    close(c->to);
    assert_int_equal(waitpid(c->pid, &how, 0), c->pid);
    close(c->from);
    assert_int_equal(how, status);
}

static bool has_program(void) { return mr_netns_run("ip link show mr0 | grep -q xdp") == 0; }

static int accept_plain(int listener)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 20000), 1);
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static void a_killed_process_leaves_nothing_that_hinders_the_next(enum mode mode)
{
    struct mr_dial dial;
    int listener = listen_here(&dial);
    for (int turn = 0; turn < 2; turn++) {
        struct child c = begin(mode, &dial);
        int peer = accept_plain(listener);
        expect_word(&c, 'o');
        assert_int_equal(send(peer, "x", 1, 0), 1);
        expect_word(&c, 'd');
        assert_int_equal(has_program(), mode != AF_PACKET_OWN);
        kill(c.pid, SIGKILL);
        end_child(&c, SIGKILL);
        if (mode == AF_XDP_SHARED) { /* nobody has it any more: the kernel tells the peer */
            char byte;
            assert_int_equal(send(peer, "y", 1, MSG_NOSIGNAL), 1);
            struct pollfd fd = {.fd = peer, .events = POLLIN};
            assert_int_equal(poll(&fd, 1, 10000), 1);
            assert_int_equal(recv(peer, &byte, 1, 0), -1);
            assert_int_equal(errno, ECONNRESET);
        }
        close(peer);
    }
    struct child c = begin(mode, &dial);
    int peer = accept_plain(listener);
    expect_word(&c, 'o');
    end_child(&c, 0);
    assert_false(has_program());
    close(peer);
    close(listener);
}

static void without_privileges_it_is_refused_with_their_names(enum mode mode)
{
    int pipes[2];
    char says[512] = "";
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct mr_dpdk_config c = mode_config(mode);
        struct mr_err err = {""};
        if (setresuid(65534, 65534, 65534))
            _exit(1);
        int status = mr_dpdk_check(&c, &err);
        _exit(write(pipes[1], err.text, strlen(err.text)) > 0 && status == MR_E_UNSUPPORTED ? 0 : 2);
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
    assert_true(read(pipes[0], says, sizeof says - 1) > 0);
    assert_string_equal(says,
                        mode == AF_PACKET_OWN
                            ? "source dpdk: no permission: AF_PACKET needs CAP_NET_RAW (root)"
                            : "source dpdk: no permission: AF_XDP needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (root)");
    close(pipes[0]);
    close(pipes[1]);
}

/* ---- beside the kernel ---- */

static int kernel_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return fd;
}

static bool can_bind(uint16_t port)
{
    int fd = kernel_socket(SOCK_STREAM);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0xc6120002)};
    bool can = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return can;
}

static uint16_t port_of(int peer)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    assert_int_equal(getpeername(peer, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void the_kernel_goes_on_beside_us_and_keeps_off_our_ports(enum mode mode)
{
    struct bed b;
    if (mode != AF_XDP_SHARED)
        return;
    open_mode(&b, mode, 2, false);
    int ours = open_connection(&b, 0);
    uint16_t port = port_of(ours);
    assert_int_equal(port_metrics.tuples, 1);
    assert_false(can_bind(port));
    int kernel = kernel_socket(SOCK_STREAM);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(b.dial.peer.port), .sin_addr.s_addr = htonl(0xc6120001)};
    assert_int_equal(connect(kernel, (struct sockaddr *)&to, sizeof to), 0);
    int beside = accept_one(&b);
    struct mr_piece piece;
    char bytes[8];
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send(ours, "ours", 4, 0), 4);
        assert_int_equal(send(beside, "kernel", 6, 0), 6);
        assert_true(next(&b, &piece));
        assert_memory_equal(piece.data, "ours", 4);
        release(&b, &piece);
        assert_int_equal(recv(kernel, bytes, 6, MSG_WAITALL), 6);
        assert_memory_equal(bytes, "kernel", 6);
    }
    assert_int_equal(mr_netns_run("ping -c 1 -W 2 198.18.0.1 || test ! -x \"$(command -v ping)\""), 0);
    assert_int_equal(net_metrics.not_ours, 0); /* what is the kernel's never came here */
    b.source.ops->close_connection(&b.source, 0);
    (void)hear(&b, ours, bytes, 1);
    for (int64_t until = mr_clock_mono() + SECONDS(5); !can_bind(port) && mr_clock_mono() < until;)
        (void)b.source.ops->poll(&b.source, 0, &piece, 1);
    assert_true(can_bind(port));
    assert_int_equal(port_metrics.tuples, 0);
    close(kernel);
    close(beside);
    close(ours);
    close_mode(&b);
}

#define TAKEN 24
static void ports_of_other_programs_are_passed_over(enum mode mode)
{
    struct bed b;
    int taken[TAKEN];
    if (mode != AF_XDP_SHARED)
        return;
    mode_ports_first = 50000;
    mode_ports_last = 50063;
    for (uint16_t i = 0; i < TAKEN; i++) {
        struct sockaddr_in at = {
            .sin_family = AF_INET, .sin_port = htons((uint16_t)(50001 + 2 * i)), .sin_addr.s_addr = htonl(0xc6120002)};
        taken[i] = kernel_socket(SOCK_STREAM);
        assert_int_equal(bind(taken[i], (struct sockaddr *)&at, sizeof at), 0);
    }
    open_mode(&b, mode, 8, false);
    for (uint16_t turn = 0; turn < 40; turn++) {
        uint16_t number = turn % 8;
        int peer = open_connection(&b, number);
        assert_true(port_of(peer) % 2 == 0 || port_of(peer) >= 50001 + 2 * TAKEN);
        b.source.ops->close_connection(&b.source, number);
        close(peer);
    }
    close_mode(&b);
    for (int i = 0; i < TAKEN; i++)
        close(taken[i]);
    mode_ports_first = 49152;
    mode_ports_last = 65535;
}

static void a_peer_behind_the_gateway_is_reached(enum mode mode)
{
    static const uint8_t far[4] = {203, 0, 113, 1}, gateway[4] = {198, 18, 0, 1};
    struct bed b;
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip address add 203.0.113.1/32 dev lo"), 0);
    mr_netns_ours(&netns);
    assert_int_equal(mr_netns_run("ip route add 203.0.113.0/24 via 198.18.0.1"), 0);
    memcpy(mode_gateway, gateway, 4);
    memcpy(place.ip, far, 4);
    open_mode(&b, mode, 2, false);
    int peer = open_connection(&b, 1);
    struct mr_piece piece;
    assert_int_equal(send(peer, "far", 3, 0), 3);
    assert_true(next(&b, &piece));
    assert_memory_equal(piece.data, "far", 3);
    release(&b, &piece);
    close(peer);
    close_mode(&b);
    memcpy(place.ip, gateway, 4);
    memset(mode_gateway, 0, 4);
    assert_int_equal(mr_netns_run("ip route del 203.0.113.0/24"), 0);
    mr_netns_theirs(&netns);
    assert_int_equal(mr_netns_run("ip address del 203.0.113.1/32 dev lo"), 0);
    mr_netns_ours(&netns);
}

static void a_dial_that_cannot_begin_says_why(enum mode mode)
{
    static const struct {
        struct mr_dial dial;
        const char *own, *shared;
    } dials[] = {
        {{.peer = {.family = 0}}, "the address is neither IPv4 nor IPv6", "the address is neither IPv4 nor IPv6"},
        {{.peer = {.ip = {1}, .family = 6, .port = 1}},
         "the user-space stack speaks IPv4 only",
         "the user-space stack speaks IPv4 only"},
        {{.peer = {.ip = {198, 18, 0, 1}, .family = 4, .port = 1}, .interface = "mr0"},
         "`interface` is not for source dpdk: its port is given by dpdk.device or dpdk.interface",
         "`interface` is not for source dpdk: its port is given by dpdk.device or dpdk.interface"},
        {{.peer = {.ip = {239, 1, 1, 1}, .family = 4, .port = 1}}, "no route to host", "network unreachable"},
        {{.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = 1}}, "no route to host", "network unreachable"},
        {{.peer = {.ip = {10, 99, 0, 1}, .family = 4, .port = 1}}, NULL, "network unreachable"},
        {{.peer = {.ip = {10, 98, 0, 1}, .family = 4, .port = 1}},
         NULL,
         "the host's route there leaves by another interface"},
    };
    struct bed b;
    assert_int_equal(
        mr_netns_run("ip link add mr8 type veth peer name mr9 && ip link set mr8 up && ip link set mr9 up && "
                     "ip route add 10.98.0.0/24 dev mr8"),
        0);
    open_mode(&b, mode, 8, false);
    for (size_t i = 0; i < MR_COUNT_OF(dials); i++) {
        const char *want = mode == AF_XDP_SHARED ? dials[i].shared : dials[i].own;
        if (!want)
            continue;
        assert_int_equal(b.source.ops->connect(&b.source, (uint16_t)i, &dials[i].dial, 0), MR_OK);
        expect_closed(&b, (uint16_t)i, MR_E_IO, want);
    }
    close(open_connection(&b, 0));
    close_mode(&b);
    assert_int_equal(mr_netns_run("ip link del mr8"), 0);
}

static int refused_open(enum mode mode, struct mr_err *err)
{
    struct mr_dpdk_config dpdk = mode_config(mode);
    struct mr_clock clock;
    struct mr_stream_config c = small;
    struct mr_source s;
    mr_clock_open(&clock);
    c.clock = &clock;
    c.dpdk = &dpdk;
    void *mem = aligned_alloc(64, (mr_source_dpdk_ops.bytes(&c) + 63) & ~(size_t)63);
    int status = mr_source_dpdk_ops.open(&s, mem, &c, err);
    free(mem);
    return status;
}

static void an_interface_that_another_process_has_is_refused(enum mode mode)
{
    if (mode == AF_PACKET_OWN)
        return;
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0millrace/xdp/mr0"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 17), 0);
    struct mr_err err = {""};
    assert_int_equal(refused_open(mode, &err), MR_E_UNSUPPORTED);
    assert_string_equal(err.text,
                        "source dpdk: mr0 is in use by another millrace process: one a process and interface");
    close(fd);
    struct bed b;
    open_mode(&b, mode, 2, false); /* and works as soon as it is gone */
    close(open_connection(&b, 0));
    close_mode(&b);
}

/* A program of somebody else: "pass all", attached as long as the descriptor is open. */
static int attach_foreign(void)
{
    static const struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
                                           {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr load = {.prog_type = BPF_PROG_TYPE_XDP,
                           .insns = (uintptr_t)pass,
                           .insn_cnt = MR_COUNT_OF(pass),
                           .license = (uintptr_t) "MIT",
                           .prog_name = "somebody"};
    int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    union bpf_attr link = {
        .link_create = {.prog_fd = (uint32_t)program, .target_ifindex = if_nametoindex("mr0"), .attach_type = BPF_XDP}};
    int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof link);
    close(program);
    return fd;
}

static void another_programs_xdp_is_left_alone(enum mode mode)
{
    struct mr_err err = {""};
    struct bed b;
    if (mode == AF_PACKET_OWN)
        return;
    int foreign = attach_foreign();
    assert_true(foreign >= 0);
    assert_int_equal(refused_open(mode, &err), MR_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "source dpdk: mr0 has an XDP program already (somebody, id "));
    assert_non_null(strstr(err.text, "remove it with `ip link set dev mr0 xdp off`"));
    assert_true(has_program());
    close(foreign);
    open_mode(&b, mode, 2, false);
    close(open_connection(&b, 0));
    close_mode(&b);
}

static void a_queue_that_another_socket_has_is_refused(enum mode mode)
{
    struct mr_err err = {""};
    struct bed b;
    if (mode == AF_PACKET_OWN)
        return;
    int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), size = 8;
    static uint8_t area[8192] __attribute__((aligned(4096)));
    struct xdp_umem_reg reg = {.addr = (uintptr_t)area, .len = sizeof area, .chunk_size = 4096};
    struct sockaddr_xdp at = {.sxdp_family = AF_XDP, .sxdp_ifindex = if_nametoindex("mr0")};
    assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof reg), 0);
    assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &size, sizeof size), 0);
    assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &size, sizeof size), 0);
    assert_int_equal(setsockopt(fd, SOL_XDP, XDP_RX_RING, &size, sizeof size), 0);
    for (int64_t until = mr_clock_mono() + SECONDS(5); bind(fd, (struct sockaddr *)&at, sizeof at) != 0;)
        assert_true(errno == EBUSY && mr_clock_mono() < until); /* the last case's own socket goes with a delay */
    assert_int_equal(refused_open(mode, &err), MR_E_UNSUPPORTED);
    assert_string_equal(err.text,
                        "source dpdk: queue 0 of mr0 is in use by another program's AF_XDP socket: stop it, or "
                        "give another `queue`");
    close(fd);
    open_mode(&b, mode, 2, false);
    close(open_connection(&b, 0));
    close_mode(&b);
}

static void a_queue_that_is_not_there_is_refused(enum mode mode)
{
    struct mr_err err = {""};
    if (mode == AF_PACKET_OWN)
        return;
    mode_queue = 200;
    assert_int_equal(refused_open(mode, &err), MR_E_UNSUPPORTED);
    assert_string_equal(err.text, "source dpdk: mr0 has no queue 200: `ethtool -l mr0` shows how many");
    mode_queue = 0;
}

/* ---- two lines, each with losses ---- */

#define LINE_BYTES 300u
struct lines {
    uint64_t numbers, left_out[2], sent[2];
    uint64_t
        taken; /* by the receiver; the sender is never far ahead, since no ring here is made for a machine that is busy otherwise */
    int fd;
};

static void put_number(uint8_t *bytes, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* About 100,000 numbers a second on each line; two in a hundred are left out of each, never the same of both. */
static void *send_lines(void *arg)
{
    struct lines *l = arg;
    struct mr_random random = {2026};
    int64_t began = mr_clock_mono();
    for (uint64_t i = 0; i < l->numbers; i++) {
        uint64_t draw = mr_random_below(&random, 100);
        for (int line = 0; line < 2; line++) {
            if (draw / 2 == (uint64_t)line) {
                l->left_out[line]++;
                continue;
            }
            while (l->sent[0] + l->sent[1] - __atomic_load_n(&l->taken, __ATOMIC_ACQUIRE) > 180)
                sched_yield();
            uint8_t bytes[LINE_BYTES] = {0};
            put_number(bytes, i);
            struct sockaddr_in to = group_address(line);
            if (sendto(l->fd, bytes, LINE_BYTES, 0, (struct sockaddr *)&to, sizeof to) == LINE_BYTES)
                l->sent[line]++;
        }
        while (mr_clock_mono() - began < (int64_t)i * 10000)
            sched_yield();
    }
    return NULL;
}

struct merged {
    uint64_t next, gaps, bad;
};

static void deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                    uint8_t clock)
{
    (void)line, (void)recv_ns, (void)clock;
    struct merged *m = arg;
    uint8_t want[8];
    put_number(want, number);
    m->bad += number != m->next || len != LINE_BYTES || memcmp(data, want, 8) != 0;
    m->next = number + 1;
}

static void gap(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    (void)first, (void)last, (void)now_ns;
    ((struct merged *)arg)->gaps++;
}

static uint64_t numbers_to_send(void)
{
    const char *text = getenv("MILLRACE_DATAGRAMS");
    if (text)
        return strtoull(text, NULL, 10);
    return getenv("MILLRACE_QUICK") ? 20000 : 100000;
}

static void two_lines_with_losses_become_one_without(enum mode mode)
{
    struct bed b;
    pthread_t thread;
    struct mr_arbiter_metrics metrics;
    struct merged m = {0};
    struct mr_piece pieces[32];
    mr_metrics_init_values(&metrics, &mr_arbiter_metrics_desc);
    const struct mr_arbiter_config ac = {.number_width = 8,
                                         .window = 1024,
                                         .datagram_max = LINE_BYTES,
                                         .patience_ns = SECONDS(1),
                                         .lines = 2,
                                         .deliver = deliver,
                                         .gap = gap,
                                         .arg = &m,
                                         .metrics = &metrics};
    open_mode(&b, mode, 1, true);
    assert_int_equal(mr_netns_run("grep -q 010012EF /proc/thread-self/net/igmp") == 0, mode == AF_XDP_SHARED);
    void *mem = aligned_alloc(64, (mr_arbiter_bytes(&ac) + 63) & ~(size_t)63);
    struct mr_arbiter *arbiter = mr_arbiter_init(mem, &ac);
    struct lines l = {.numbers = numbers_to_send(), .fd = group_sender()};
    int64_t began = mr_clock_mono();
    assert_int_equal(pthread_create(&thread, NULL, send_lines, &l), 0);
    for (int64_t until = began + SECONDS(120); m.next < l.numbers && mr_clock_mono() < until;) {
        int n = b.source.ops->poll(&b.source, 0, pieces, 32);
        for (int i = 0; i < n; i++) {
            assert_int_equal(pieces[i].kind, MR_PIECE_DATAGRAM);
            assert_int_equal(pieces[i].clock, mode == AF_PACKET_OWN ? MR_CLOCK_TSC : MR_CLOCK_KERNEL);
            mr_arbiter_take(arbiter, pieces[i].connection, pieces[i].data, pieces[i].len, pieces[i].recv_ns,
                            pieces[i].clock);
            b.source.ops->release(&b.source, &pieces[i]);
        }
        if (n)
            __atomic_add_fetch(&l.taken, (uint64_t)n, __ATOMIC_RELEASE);
        else
            sched_yield();
        mr_arbiter_housekeep(arbiter, mr_clock_now(&b.clock));
    }
    double seconds = (double)(mr_clock_mono() - began) / 1e9;
    pthread_join(thread, NULL);
    for (int quiet = 0; quiet < 2000; quiet++) { /* the last copies */
        int n = b.source.ops->poll(&b.source, 0, pieces, 32);
        for (int i = 0; i < n; i++) {
            mr_arbiter_take(arbiter, pieces[i].connection, pieces[i].data, pieces[i].len, 0, 0);
            b.source.ops->release(&b.source, &pieces[i]);
        }
    }
    print_message("[          ] %s: %lu numbers on two lines in %.1f s, left out %lu and %lu, missed %lu\n",
                  mode_names[mode], (unsigned long)l.numbers, seconds, (unsigned long)l.left_out[0],
                  (unsigned long)l.left_out[1], (unsigned long)port_metrics.port_missed);
    assert_int_equal(m.bad, 0);
    assert_int_equal(m.gaps, 0);
    assert_int_equal(m.next, l.numbers);
    assert_int_equal(metrics.delivered, l.numbers);
    assert_int_equal(metrics.lost, 0);
    assert_true(l.left_out[0] > 0 && l.left_out[1] > 0);
    assert_int_equal(net_metrics.datagrams, l.sent[0] + l.sent[1]);
    assert_int_equal(metrics.datagrams, metrics.delivered + metrics.copies + metrics.late);
    if (mode != AF_XDP_SHARED)
        assert_true(net_metrics.igmp_reports > 0); /* we join ourselves; in shared mode the kernel does */
    close(l.fd);
    free(mem);
    close_mode(&b);
    assert_true(mr_netns_run("grep -q 010012EF /proc/thread-self/net/igmp") != 0);
}

/* clang-format off */
static const struct mode_promise rows[] = {
#define SAYS(f) {#f, f}
    SAYS(a_killed_process_leaves_nothing_that_hinders_the_next), /* first: EAL must not run in this process when it forks */
    SAYS(without_privileges_it_is_refused_with_their_names),
    SAYS(the_kernel_goes_on_beside_us_and_keeps_off_our_ports),
    SAYS(ports_of_other_programs_are_passed_over),
    SAYS(a_peer_behind_the_gateway_is_reached),
    SAYS(a_dial_that_cannot_begin_says_why),
    SAYS(an_interface_that_another_process_has_is_refused),
    SAYS(another_programs_xdp_is_left_alone),
    SAYS(a_queue_that_another_socket_has_is_refused),
    SAYS(a_queue_that_is_not_there_is_refused),
    SAYS(two_lines_with_losses_become_one_without),
};
/* clang-format on */

int main(int argc, char **argv) { return run_modes(rows, MR_COUNT_OF(rows), argc, argv); }
