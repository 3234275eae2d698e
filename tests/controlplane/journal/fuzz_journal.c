/* Any bytes as the newest file of a journal, or a good journal with any damage. What is read is held against a plain reader written here; what
 * opening makes of it must be a prefix of what was written, and opening again must find nothing more to cut.
 *
 * The first byte says which: odd, the rest is the file; even, the rest are changes to a good file, four bytes each: where (2), how (1), with
 * what (1). */
#include "tests/controlplane/journal/story.h"

#define NEWEST STORY_FOLDER "/00000001.mrj"

static uint8_t good[65536];
static uint64_t good_bytes, good_records;

static void make_good(void)
{
    struct story s;
    struct mr_err err;
    uint64_t bytes;
    story_open(&s, 1 << 20);
    MR_ASSERT(story_start(&s, &err) == MR_OK);
    story_write(&s, 50);
    story_stop(&s);
    const uint8_t *file = sim_disk_read(s.sim, NEWEST, &bytes);
    MR_ASSERT(file && bytes <= sizeof good);
    memcpy(good, file, bytes);
    good_bytes = bytes;
    good_records = 50;
    story_close(&s);
}

/* The format, once more and slowly: whole records from the start on whose hashes and sequences are right. `bytes`: where they end. */
static uint64_t plain(const uint8_t *file, uint64_t len, uint64_t *bytes)
{
    struct journal_hasher h;
    struct journal_head head;
    uint8_t chain[16];
    uint64_t count = 0, first;
    *bytes = 0;
    if (len < 128)
        return 0;
    journal_hasher_open(&h);
    memcpy(&head, file, sizeof head);
    journal_hash(&h, NULL, file, 112, chain);
    if (memcmp(file, "MRJOURNL", 8) == 0 && memcmp(chain, file + 112, 16) == 0 && head.version == 1 &&
        head.head_bytes == 128) {
        *bytes = 128;
        for (first = head.first_seq; len - *bytes >= 56; count++) {
            const uint8_t *at = file + *bytes;
            uint32_t mark, payload;
            uint64_t seq, durable;
            memcpy(&mark, at, 4);
            memcpy(&payload, at + 4, 4);
            memcpy(&seq, at + 8, 8);
            memcpy(&durable, at + 16, 8);
            if (mark != 0x4a52524d || payload > 4096)
                break;
            uint64_t body = 40 + (payload + 7) / 8 * 8;
            if (len - *bytes < body + 16)
                break;
            uint8_t hash[16];
            journal_hash(&h, chain, at, body, hash);
            if (memcmp(hash, at + body, 16) != 0 || seq != first + count || durable >= seq)
                break;
            memcpy(chain, hash, 16);
            *bytes += body + 16;
        }
    }
    journal_hasher_close(&h);
    return count;
}

static uint64_t damage(uint8_t *file, uint64_t len, uint64_t room, const uint8_t *data, size_t size)
{
    for (; size >= 4; data += 4, size -= 4) {
        uint64_t at = (uint64_t)data[0] | (uint64_t)data[1] << 8;
        at = len ? at % len : 0;
        switch (data[2] % 6) {
        case 0:
            if (len)
                file[at] ^= data[3];
            break;
        case 1:
            len = at;
            break;
        case 2: /* zeros behind the end */
            for (uint32_t i = 0; i < data[3] * 8u && len < room; i++)
                file[len++] = 0;
            break;
        case 3: /* the tail once more */
            for (uint64_t i = at, end = len; i < end && len < room; i++)
                file[len++] = file[i];
            break;
        case 4: /* a lost sector */
            for (uint64_t i = at / 512 * 512; i < at / 512 * 512 + 512 && i < len; i++)
                file[i] = 0;
            break;
        default:
            if (len < room)
                file[len++] = data[3];
        }
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[2 * sizeof good];
    uint64_t len = 0, end, reread_end;
    struct mr_err err;
    struct mr_journal_report report;
    struct story s;
    if (!good_bytes)
        make_good();
    if (size && data[0] & 1) {
        len = size - 1 < sizeof file ? size - 1 : sizeof file;
        memcpy(file, data + 1, len);
    } else if (size) {
        memcpy(file, good, good_bytes);
        len = damage(file, good_bytes, sizeof file, data + 1, size - 1);
    }
    story_open(&s, 1 << 20);
    sim_disk_put(s.sim, NEWEST, file, len);
    uint64_t records = plain(file, len, &end);
    int status = mr_journal_each(s.limits.disk, NEWEST, 0, NULL, NULL, &report, &err);
    if (status == MR_OK) {
        MR_ASSERT(report.records == records && report.torn_bytes == len - end);
        MR_ASSERT((data[0] & 1) || records <= good_records);
    } else {
        MR_ASSERT(end < len || len < 128); /* a good file is never refused */
        MR_ASSERT(strstr(err.text, NEWEST ": "));
    }
    int opened = story_start(&s, &err);
    if (opened == MR_OK) {
        MR_ASSERT(status == MR_OK && mr_journal_found(s.journal)->cut_bytes == report.torn_bytes);
        story_write(&s, 2);
        uint64_t last = s.appended;
        story_stop(&s);
        MR_ASSERT(story_start(&s, &err) == MR_OK && mr_journal_found(s.journal)->cut_bytes == 0);
        MR_ASSERT(mr_journal_found(s.journal)->last_seq == last);
        uint64_t bytes;
        const uint8_t *now = sim_disk_read(s.sim, NEWEST, &bytes);
        MR_ASSERT(plain(now, bytes, &reread_end) == records + 2 && reread_end == bytes && memcmp(now, file, end) == 0);
    }
    story_close(&s);
    return 0;
}
