/* A TLS 1.3 record from the receive buffer to plaintext: our own reader beside SSL_read. Both are asked by mr_tls_read with the same
 * kind of cursor over the same kind of memory; OpenSSL's server made the records. Passes alternate; the records of a pass are made
 * before it, and only the reading is timed. */
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/base/kernel.h"
#include "perf/bench.h"
#include "tests/dataplane/tls/peer.h"

#define HOST "bench.example"
#define PIECE_BYTES 65536u /* about what is received at once */
#define PASS_BYTES (2u << 20)
#define PASSES_MAX 64

enum reader { OWN, OWN_AVX2, OPENSSL, READERS };

struct side {
    struct mr_tls_context *context;
    struct mr_tls *tls;
    struct mr_peer peer;
    double ns[PASSES_MAX]; /* a record */
    uint64_t sum;
};

struct world {
    char folder[64], ca_path[128];
    struct mr_peer_certificate ca, own;
};

static void open_world(struct world *w)
{
    snprintf(w->folder, sizeof w->folder, "/tmp/millrace-bench-XXXXXX");
    MR_ASSERT(mkdtemp(w->folder));
    snprintf(w->ca_path, sizeof w->ca_path, "%s/ca.pem", w->folder);
    w->ca = mr_peer_certify(&(struct mr_peer_wish){.common = "Bench CA", .from_s = -3600, .to_s = 86400, .ca = true});
    w->own = mr_peer_certify(
        &(struct mr_peer_wish){.common = HOST, .dns = HOST, .from_s = -3600, .to_s = 86400, .signer = &w->ca});
    mr_peer_write_pem(&w->ca, w->ca_path);
}

static void close_world(struct world *w)
{
    unlink(w->ca_path);
    rmdir(w->folder);
    mr_peer_certificate_free(&w->ca);
    mr_peer_certificate_free(&w->own);
}

/* The SIMD kernel is chosen when the context is opened. */
static bool open_side(struct side *s, const struct world *w, SSL_CTX *server, enum reader reader)
{
    enum mr_kernel active = mr_kernel_active();
    const struct mr_tls_config config = {.ca_file = w->ca_path,
                                         .connections_max = 1,
                                         .output_bytes = 65536,
                                         .read_layer = reader == OPENSSL ? MR_TLS_READ_OPENSSL : MR_TLS_READ_OWN};
    struct mr_err err = {""};
    *s = (struct side){0};
    if (reader == OWN_AVX2 && active != MR_KERNEL_AVX512)
        return false; /* it is the AVX2 one, or less, already */
    if (reader == OWN_AVX2)
        mr_kernel_chosen = MR_KERNEL_AVX2;
    int status = mr_tls_context_open(&s->context, &config, &err);
    mr_kernel_chosen = (int)active;
    if (status != MR_OK) {
        fprintf(stderr, "bench record: %s\n", err.text);
        return false;
    }
    MR_ASSERT(mr_tls_new(&s->tls, s->context) == MR_OK && mr_tls_open(s->tls, HOST, &err) == MR_OK);
    mr_peer_open(&s->peer, server);
    MR_ASSERT(mr_peer_shake(&s->peer, s->tls, 0) == MR_OK);
    return true;
}

static void close_side(struct side *s)
{
    if (s->tls)
        mr_peer_close(&s->peer);
    mr_tls_free(s->tls);
    mr_tls_context_close(s->context);
}

/* Reads a piece of whole records: nanoseconds. */
static uint64_t read_piece(struct side *s, uint8_t *piece, uint32_t len)
{
    static uint8_t plain[32768];
    struct mr_tls_cursor in = {piece, len};
    uint64_t begin = mr_bench_now_ns();
    int64_t n;
    while ((n = mr_tls_read(s->tls, &in, plain, sizeof plain)) > 0)
        s->sum = mr_bench_mix(s->sum, (uint64_t)n + plain[n - 1]);
    uint64_t took = mr_bench_now_ns() - begin;
    MR_ASSERT(n == 0);
    return took;
}

static double pass(struct side *s, uint32_t size)
{
    static uint8_t piece[PIECE_BYTES + 32768], said[16384];
    uint32_t count = 0;
    uint64_t ns = 0;
    s->sum = 0;
    for (uint32_t at = 0; at < PASS_BYTES; at += PIECE_BYTES) {
        for (uint32_t filled = 0; filled < PIECE_BYTES; filled += size, count++) {
            memset(said, (int)(count & 0x7f), size);
            MR_ASSERT(SSL_write(s->peer.ssl, said, (int)size) == (int)size);
        }
        ns += read_piece(s, piece, mr_peer_said(&s->peer, piece, sizeof piece));
    }
    return (double)ns / count;
}

static void report(struct mr_bench *b, const char *name, const char *work, const struct side *ours,
                   const struct side *theirs, uint32_t passes, double goal)
{
    double own[PASSES_MAX], reference[PASSES_MAX], ratios[PASSES_MAX];
    for (uint32_t i = 0; i < passes; i++) {
        own[i] = ours->ns[i];
        reference[i] = theirs->ns[i];
        ratios[i] = reference[i] / own[i];
    }
    mr_bench_row(b, &(struct mr_bench_row){.name = name,
                                           .work = work,
                                           .reference = "SSL_read over the same cursor (OpenSSL)",
                                           .ns = mr_bench_median(own, passes),
                                           .reference_ns = mr_bench_median(reference, passes),
                                           .ratio = mr_bench_median(ratios, passes),
                                           .goal = goal});
}

/* The stated goal is of machines whose AES works on 64 bytes at once. */
static bool wide_aes(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d; /* clang 14 does not know these two by name */
    return mr_kernel_active() == MR_KERNEL_AVX512 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && c >> 9 & 1 &&
           c >> 10 & 1;
#else
    return false;
#endif
}

static void compare(struct mr_bench *b, const struct world *w, const char *suite, const char *name, uint32_t size,
                    double goal)
{
    struct side sides[READERS];
    bool open[READERS];
    char work[96], avx2[48];
    SSL_CTX *server = mr_peer_context(&w->own, TLS1_3_VERSION, TLS1_3_VERSION);
    MR_ASSERT(SSL_CTX_set_ciphersuites(server, suite) == 1);
    uint32_t passes = mr_bench_passes(b) < PASSES_MAX ? mr_bench_passes(b) : PASSES_MAX;
    for (int i = 0; i < READERS; i++)
        open[i] = open_side(&sides[i], w, server, (enum reader)i);
    for (uint32_t k = 0; k <= passes && open[OWN]; k++) { /* the first one warms up, its place is used again */
        for (int i = 0; i < READERS; i++)
            if (open[i])
                sides[i].ns[k ? k - 1 : 0] = pass(&sides[i], size);
        MR_ASSERT(sides[OWN].sum == sides[OPENSSL].sum);
    }
    snprintf(work, sizeof work, "record of %u B, %s", size, suite);
    snprintf(avx2, sizeof avx2, "%s_avx2", name);
    if (open[OWN])
        report(b, name, work, &sides[OWN], &sides[OPENSSL], passes, goal);
    if (open[OWN_AVX2])
        report(b, avx2, work, &sides[OWN_AVX2], &sides[OPENSSL], passes, 0);
    for (int i = 0; i < READERS; i++)
        close_side(&sides[i]);
    SSL_CTX_free(server);
}

void mr_bench_record(struct mr_bench *b)
{
    static const struct {
        const char *suite, *name;
        uint32_t size;
        double goal;
    } cases[] = {
        {"TLS_AES_128_GCM_SHA256", "aes128_300", 300, 5},
        {"TLS_AES_128_GCM_SHA256", "aes128_1400", 1400, 0},
        {"TLS_AES_256_GCM_SHA384", "aes256_300", 300, 0},
        {"TLS_AES_256_GCM_SHA384", "aes256_1400", 1400, 0},
        {"TLS_CHACHA20_POLY1305_SHA256", "chacha20_300", 300, 0},
        {"TLS_CHACHA20_POLY1305_SHA256", "chacha20_1400", 1400, 0},
    };
    static struct world w;
    if (!mr_bench_timing(b, cases[0].name))
        return;
    open_world(&w);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        compare(b, &w, cases[i].suite, cases[i].name, cases[i].size, wide_aes() ? cases[i].goal : 0);
    close_world(&w);
}
