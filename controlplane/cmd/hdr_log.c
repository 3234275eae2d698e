#include "controlplane/cmd/hdr_log.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

#include "dataplane/text/text.h"

#define COOKIE_PLAIN 0x1c849313u      /* V2, counts as ZigZag LEB128 */
#define COOKIE_COMPRESSED 0x1c849314u /* the same, zlib'ed */
#define DIGITS 3
#define BUCKETS MR_HIST_BUCKETS(MR_HIST_BITS_FINE)
#define HEAD_BYTES 40
#define COUNT_BYTES 9 /* of one count, at most */
#define PLAIN_BYTES (HEAD_BYTES + (size_t)BUCKETS * COUNT_BYTES)

/* HdrHistogram has 2^11 values one by one, then 2^10 sub-buckets a power of two: from 10^3 up to the next power, twice. */
static_assert(2 << MR_HIST_BITS_FINE >= 2000 && 1 << MR_HIST_BITS_FINE < 2000,
              "buckets of 3 significant digits are ours");

struct bytes {
    uint8_t *data;
    size_t len;
};

static void put(struct bytes *b, uint64_t value, unsigned bytes)
{
    while (bytes--)
        b->data[b->len++] = (uint8_t)(value >> 8 * bytes);
}

/* A count, or less than 0: so many buckets without one. Seven bits a byte, the lowest first; a ninth byte has eight. */
static void put_number(struct bytes *b, int64_t number)
{
    uint64_t rest = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
    for (unsigned i = 0; i + 1 < COUNT_BYTES && rest >> 7; i++, rest >>= 7)
        b->data[b->len++] = (uint8_t)(rest | 0x80);
    b->data[b->len++] = (uint8_t)rest;
}

struct placing {
    uint64_t *counts; /* by the log's buckets */
    int64_t max;
};

static void place(void *arg, int64_t low, int64_t high, uint64_t count)
{
    struct placing *p = arg;
    int64_t value = high > p->max && p->max >= low ? p->max : high;
    p->counts[mr_hist_bucket((uint64_t)value, MR_HIST_BITS_FINE)] += count;
}

static void put_counts(struct bytes *b, const uint64_t *counts)
{
    uint32_t end = BUCKETS;
    while (end && !counts[end - 1])
        end--;
    for (uint32_t i = 0; i < end;) {
        uint32_t from = i;
        while (!counts[i]) /* one that is not 0 comes before `end` */
            i++;
        if (i > from)
            put_number(b, -(int64_t)(i - from));
        put_number(b, (int64_t)counts[i++]);
    }
}

static void encode(struct bytes *plain, const uint64_t *counts)
{
    const double ratio = 1; /* of stored integers to values */
    uint64_t ratio_bits;
    memcpy(&ratio_bits, &ratio, sizeof ratio);
    put(plain, COOKIE_PLAIN, 4);
    put(plain, 0, 4); /* length of the counts, below */
    put(plain, 0, 4); /* they begin at index 0 */
    put(plain, DIGITS, 4);
    put(plain, 1, 8); /* the unit is 1 ns */
    put(plain, ((uint64_t)1 << MR_HIST_RANGE_BITS) - 1, 8);
    put(plain, ratio_bits, 8);
    put_counts(plain, counts);
    struct bytes length = {plain->data, 4};
    put(&length, plain->len - HEAD_BYTES, 4);
}

static int compress_into(struct bytes *out, size_t room, const struct bytes *plain)
{
    uLongf len = (uLongf)(room - 8);
    if (compress2(out->data + 8, &len, plain->data, (uLong)plain->len, Z_BEST_COMPRESSION) != Z_OK)
        return MR_E_NOMEM;
    put(out, COOKIE_COMPRESSED, 4);
    put(out, len, 4);
    out->len += len;
    return MR_OK;
}

static void write_line(FILE *log, const char *tag, const struct mr_hist *h, int64_t from_ns, int64_t length_ns,
                       const uint8_t *text)
{
    fputs("Tag=", log);
    for (const char *c = tag; *c; c++)
        fputc(*c == ',' ? ';' : *c <= ' ' ? '_' : *c, log);
    fprintf(log, ",%.3f,%.3f,%.6f,%s\n", (double)from_ns / 1e9, (double)length_ns / 1e9, (double)mr_hist_max(h) / 1e6,
            (const char *)text);
}

void mr_hdr_log_begin(FILE *log, int64_t start_ns, const char *comment)
{
    char day[40];
    struct mr_text text;
    mr_text_init(&text, day, sizeof day);
    mr_text_time(&text, start_ns);
    fprintf(log, "#[Histogram log format version 1.3]\n#[StartTime: %lld.%03lld (seconds since epoch), %s]\n",
            (long long)(start_ns / 1000000000), (long long)(start_ns / 1000000 % 1000), day);
    if (comment)
        fprintf(log, "#%s\n", comment);
    fputs("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n", log);
}

int mr_hdr_log_add(FILE *log, const char *tag, const struct mr_hist *h, int64_t from_ns, int64_t length_ns)
{
    const size_t room = 8 + compressBound(PLAIN_BYTES);
    uint64_t *counts = calloc(BUCKETS, sizeof *counts);
    struct bytes plain = {malloc(PLAIN_BYTES), 0}, packed = {malloc(room), 0};
    uint8_t *text = malloc(room / 3 * 4 + 8);
    int status = counts && plain.data && packed.data && text ? MR_OK : MR_E_NOMEM;
    if (status == MR_OK) {
        mr_hist_each(h, place, &(struct placing){counts, mr_hist_max(h)});
        encode(&plain, counts);
        status = compress_into(&packed, room, &plain);
    }
    if (status == MR_OK) {
        EVP_EncodeBlock(text, packed.data, (int)packed.len);
        write_line(log, tag, h, from_ns, length_ns, text);
        status = fflush(log) || ferror(log) ? MR_E_IO : MR_OK;
    }
    free(counts);
    free(plain.data);
    free(packed.data);
    free(text);
    return status;
}
