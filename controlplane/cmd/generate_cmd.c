/* millrace generate: the seeded market as a recording, its labels beside it (FILE.labels.json). */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "codecs/capture/capture.h"
#include "controlplane/cmd/cmd.h"
#include "controlplane/cmd/labels.h"
#include "tests/exchange/market/market.h"

struct options {
    struct mr_market_config market;
    struct mr_err err;
    int status;
    const char *out;
};

static const struct argp_option argp_options[] = {
    {"seed", 's', "N", 0, "Seed (1)", 0},
    {"minutes", 'm', "N", 0, "How long (60)", 0},
    {"out", 'o', "FILE", 0, "The segment; labels go to FILE.labels.json", 0},
    {"quiet", 'q', NULL, 0, "No bursts, no cascades", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case 's':
        o->market.seed = strtoull(arg, &end, 10);
        break;
    case 'm':
        o->market.duration_ns = strtoll(arg, &end, 10) * 60000000000ll;
        if (*end || o->market.duration_ns <= 0 || o->market.duration_ns > 7 * 86400000000000ll)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "--minutes %s: want 1 to 10080", arg);
        break;
    case 'o':
        o->out = arg;
        break;
    case 'q':
        o->market.quiet = true;
        break;
    case ARGP_KEY_ARG:
        o->status = mr_err_set(&o->err, MR_E_INVALID, "%s: files go to --out", arg);
        break;
    case ARGP_KEY_END:
        if (!o->out)
            o->status = mr_err_set(&o->err, MR_E_INVALID, "where to? give --out FILE");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return o->status ? EINVAL : 0;
}

static int write_file(void *arg, const uint8_t *data, size_t len)
{
    return fwrite(data, 1, len, arg) == len ? MR_OK : MR_E_IO;
}

static int write_messages(struct mr_market *market, FILE *f, int64_t start_ns, uint64_t *count)
{
    struct mr_capture_writer *w = mr_capture_writer_init(malloc(mr_capture_writer_bytes()), 3, write_file, f);
    struct mr_piece p;
    int status = mr_capture_begin(w, "generated", 1, start_ns);
    while (status == MR_OK && mr_market_next(market, &p) == MR_OK) {
        const struct mr_capture_record r = {.recv_ns = p.recv_ns,
                                            .data = p.data,
                                            .len = p.len,
                                            .connection = p.connection,
                                            .clock = p.clock,
                                            .venue = p.venue,
                                            .product = p.product,
                                            .name = p.name,
                                            .kind = p.kind == MR_PIECE_REST ? MR_CAPTURE_REST : MR_CAPTURE_FRAME};
        status = mr_capture_add(w, &r);
        ++*count;
    }
    if (status == MR_OK)
        status = mr_capture_flush(w);
    free(w);
    return status;
}

int mr_cmd_generate(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options, parse, "", "Writes a generated market as a recording that replay can play.", NULL, NULL, NULL};
    static struct options o = {.market = {.seed = 1, .start_ns = 1700000000000000000, .duration_ns = 3600000000000}};
    char name[] = "millrace generate", path[4096];
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o))
        return mr_cmd_fail(MR_EXIT_USAGE, "generate", &o.err);
    FILE *f = fopen(o.out, "wbe");
    if (!f) {
        mr_err_set(&o.err, MR_E_IO, "%s: %s", o.out, strerror(errno));
        return mr_cmd_fail(MR_EXIT_ENVIRONMENT, "generate", &o.err);
    }
    uint64_t count = 0;
    struct mr_market *market = mr_market_init(malloc(mr_market_bytes(&o.market)), &o.market);
    int status = write_messages(market, f, o.market.start_ns, &count);
    if (fclose(f) && status == MR_OK)
        status = MR_E_IO;
    snprintf(path, sizeof path, "%s.labels.json", o.out);
    if (status == MR_OK)
        status = mr_labels_write(path, market);
    uint32_t labels;
    mr_market_labels(market, &labels);
    free(market);
    if (status) {
        mr_err_set(&o.err, status, "%s: %s", o.out, strerror(errno));
        return mr_cmd_fail(MR_EXIT_ENVIRONMENT, "generate", &o.err);
    }
    printf("%s: %llu messages, %u labelled stretches in %s\n", o.out, (unsigned long long)count, labels, path);
    return MR_EXIT_GOOD;
}
