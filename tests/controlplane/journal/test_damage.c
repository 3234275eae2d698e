/* G7: each bit flipped, each length cut, tails doubled, zeroed and filled with noise: refused by place, or cut at the last good record, and
 * which of the two is not left to chance: what a later record vouches for is damage, what none vouches for is a torn tail. */
#include <malloc.h>
#include <stdio.h>

#include "tests/controlplane/journal/story.h"

#define RECORDS 60
#define OLD STORY_FOLDER "/00000001.mrj"
#define NEWEST STORY_FOLDER "/00000002.mrj"

struct place {
    uint64_t seq, durable, begin, end;
};
static struct rig {
    struct story s;
    uint8_t *old, *newest, *copy;
    uint64_t old_bytes, newest_bytes;
    struct place records[RECORDS + 1]; /* of the newest file, first_seq on */
    uint64_t count, first_seq;
    uint64_t cases, refused, cut;
} rig;

static int note(void *arg, const struct mr_journal_record *r)
{
    (void)arg;
    if (r->file == 2) {
        rig.first_seq = rig.count ? rig.first_seq : r->seq;
        if (rig.count)
            rig.records[rig.count - 1].end = r->offset;
        rig.records[rig.count++] = (struct place){.seq = r->seq, .durable = r->durable, .begin = r->offset};
    }
    return 0;
}

static uint8_t *kept(const char *path, uint64_t *bytes)
{
    const uint8_t *data = sim_disk_read(rig.s.sim, path, bytes);
    uint8_t *copy = malloc(*bytes);
    assert_true(data && copy);
    memcpy(copy, data, *bytes);
    return copy;
}

static int build(void **state)
{
    (void)state;
    struct mr_err err;
    story_open(&rig.s, 2500);
    assert_int_equal(MR_OK, story_start(&rig.s, &err));
    while (rig.s.journal->number < 2)
        story_write(&rig.s, 4);
    rig.s.limits.file_bytes = 1 << 20; /* the rest into the second */
    story_stop(&rig.s);
    assert_int_equal(MR_OK, story_start(&rig.s, &err));
    story_write(&rig.s, RECORDS - (uint32_t)rig.s.appended);
    story_stop(&rig.s);
    assert_int_equal(MR_OK, mr_journal_each(rig.s.limits.disk, STORY_FOLDER, 0, note, NULL, NULL, &err));
    rig.old = kept(OLD, &rig.old_bytes);
    rig.newest = kept(NEWEST, &rig.newest_bytes);
    rig.copy = malloc(4 * rig.newest_bytes + 16384);
    rig.records[rig.count - 1].end = rig.newest_bytes;
    assert_true(rig.count > MR_JOURNAL_KIND_COUNT + 5); /* every kind is in it */
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    print_message("%lu cases: %lu refused, %lu cut\n", (unsigned long)rig.cases, (unsigned long)rig.refused,
                  (unsigned long)rig.cut);
    free(rig.old);
    free(rig.newest);
    free(rig.copy);
    story_close(&rig.s);
    return 0;
}

static int same(void *arg, const struct mr_journal_record *r)
{
    uint8_t want[MR_JOURNAL_PAYLOAD_MAX];
    uint64_t *next = arg;
    uint32_t seed = rig.s.seeds[r->seq];
    assert_int_equal((*next)++, r->seq);
    story_payload(r->seq, seed, want);
    assert_int_equal(story_bytes(r->seq, seed), r->bytes);
    assert_memory_equal(want, r->payload, r->bytes);
    return 0;
}

/* The newest file is now `bytes` of rig.copy. `last`: the record it must be cut behind; UINT64_MAX: it must be refused. */
static void expect(const char *says, uint64_t where, uint64_t bytes, uint64_t last)
{
    struct mr_err err = {""};
    struct mr_journal_report report;
    uint64_t next = 1;
    rig.cases++;
    sim_disk_put(rig.s.sim, NEWEST, rig.copy, bytes);
    int status = mr_journal_each(rig.s.limits.disk, STORY_FOLDER, 0, same, &next, &report, &err);
    if ((status != MR_OK) != (last == UINT64_MAX))
        fail_msg("%s at %lu: read: %d %s", says, (unsigned long)where, status, err.text);
    if (status) {
        rig.refused++;
        if (!strstr(err.text, "00000002.mrj: ") || !strstr(err.text, "byte "))
            fail_msg("%s at %lu names no place: %s", says, (unsigned long)where, err.text);
    } else if (next - 1 != last || report.last_seq != last) {
        fail_msg("%s at %lu: read up to %lu, not %lu", says, (unsigned long)where, (unsigned long)next - 1,
                 (unsigned long)last);
    }
    if (story_start(&rig.s, &err) != status)
        fail_msg("%s at %lu: reading says %d, opening another: %s", says, (unsigned long)where, status, err.text);
    if (status) { /* and nothing of it was touched */
        uint64_t is;
        const uint8_t *file = sim_disk_read(rig.s.sim, NEWEST, &is);
        assert_true(is == bytes && memcmp(file, rig.copy, bytes) == 0);
        return;
    }
    const struct mr_journal_found *found = mr_journal_found(rig.s.journal);
    uint64_t end = last >= rig.first_seq ? rig.records[last - rig.first_seq].end : sizeof(struct journal_head);
    assert_int_equal(last, found->last_seq);
    assert_int_equal(bytes - end, found->cut_bytes);
    assert_true((found->cut_bytes > 0) == (found->told[0] != 0));
    rig.cut += found->cut_bytes > 0;
    story_stop(&rig.s);
}

/* Small sizes take every nth place only. */
static uint64_t stride(uint64_t quick) { return getenv("MILLRACE_QUICK") ? quick : 1; }

static void fresh(void) { memcpy(rig.copy, rig.newest, rig.newest_bytes); }

/* Which record holds the byte; rig.count: none. */
static uint64_t holder(uint64_t offset)
{
    uint64_t i = 0;
    while (i < rig.count && offset >= rig.records[i].end)
        i++;
    return i;
}

/* What is to come of damage to the bytes [from, to), all in one record: by the plain rule, without looking at the reader's code. */
static uint64_t verdict(uint64_t from)
{
    if (from < sizeof(struct journal_head))
        return UINT64_MAX;
    uint64_t i = holder(from), vouched = 0;
    bool in_hash =
        from >= rig.records[i].end - JOURNAL_HASH; /* then the next record does not verify by itself either */
    for (uint64_t k = i + 1 + in_hash; k < rig.count; k++)
        vouched = rig.records[k].durable > vouched ? rig.records[k].durable : vouched;
    return vouched >= rig.records[i].seq ? UINT64_MAX : rig.records[i].seq - 1;
}

static void each_bit_of_the_newest_file(void **state)
{
    (void)state;
    int step = (int)stride(8);
    fresh();
    for (uint64_t at = 0; at < rig.newest_bytes; at += stride(5))
        for (int bit = (int)(at % (uint64_t)step); bit < 8; bit += step) {
            rig.copy[at] ^= (uint8_t)(1 << bit);
            expect("bit flipped", at, rig.newest_bytes, verdict(at));
            rig.copy[at] ^= (uint8_t)(1 << bit);
        }
}

static void each_length_of_the_newest_file(void **state)
{
    (void)state;
    fresh();
    for (uint64_t bytes = 0; bytes <= rig.newest_bytes; bytes += stride(7)) {
        uint64_t last = bytes < sizeof(struct journal_head) ? UINT64_MAX : rig.first_seq - 1;
        for (uint64_t i = 0; i < rig.count && last != UINT64_MAX; i++)
            if (rig.records[i].end <= bytes)
                last = rig.records[i].seq;
        expect("cut", bytes, bytes, last);
    }
}

static void tails_doubled_and_zeros_and_noise_behind_the_end(void **state)
{
    (void)state;
    struct mr_random random = {11};
    for (uint64_t more = 1; more <= rig.newest_bytes; more += stride(13)) {
        fresh();
        memcpy(rig.copy + rig.newest_bytes, rig.newest + rig.newest_bytes - more, more);
        expect("tail doubled", more, rig.newest_bytes + more, RECORDS);
        memset(rig.copy + rig.newest_bytes, 0, more);
        expect("zeros behind the end", more, rig.newest_bytes + more, RECORDS);
        for (uint64_t i = 0; i < more; i++)
            rig.copy[rig.newest_bytes + i] = (uint8_t)mr_random_next(&random);
        expect("noise behind the end", more, rig.newest_bytes + more, RECORDS);
    }
    for (uint64_t whole = 2; whole <= 3; whole++) { /* the same file again and again */
        for (uint64_t i = 0; i < whole; i++)
            memcpy(rig.copy + i * rig.newest_bytes, rig.newest, rig.newest_bytes);
        expect("file doubled", whole, whole * rig.newest_bytes, RECORDS);
    }
}

static void tails_that_are_zeros_or_noise(void **state)
{
    (void)state;
    struct mr_random random = {12};
    for (uint64_t at = sizeof(struct journal_head); at < rig.newest_bytes; at += stride(13)) {
        uint64_t last = rig.records[holder(at)].seq - 1;
        bool same_bytes = true; /* zeros may be what stands there */
        for (uint64_t i = at; i < rig.newest_bytes; i++)
            same_bytes &= rig.newest[i] == 0;
        fresh();
        memset(rig.copy + at, 0, rig.newest_bytes - at);
        expect("tail zeroed", at, rig.newest_bytes, same_bytes ? RECORDS : last);
        for (uint64_t i = at; i < rig.newest_bytes; i++)
            rig.copy[i] = (uint8_t)(rig.newest[i] ^ (1 + mr_random_below(&random, 255)));
        expect("tail of noise", at, rig.newest_bytes, last);
    }
}

/* A file that another follows was whole and on disk before that one was made: nothing of it is ever cut. */
static void any_damage_to_an_older_file_is_refused(void **state)
{
    (void)state;
    struct mr_err err;
    int step = (int)stride(8);
    fresh();
    sim_disk_put(rig.s.sim, NEWEST, rig.newest, rig.newest_bytes);
    memcpy(rig.copy, rig.old, rig.old_bytes);
    for (uint64_t at = 0; at < rig.old_bytes; at += stride(5))
        for (int bit = (int)(at % (uint64_t)step); bit < 8; bit += step) {
            rig.copy[at] ^= (uint8_t)(1 << bit);
            sim_disk_put(rig.s.sim, OLD, rig.copy, rig.old_bytes);
            rig.cases++, rig.refused++;
            int status = mr_journal_each(rig.s.limits.disk, STORY_FOLDER, 0, NULL, NULL, NULL, &err);
            if (!status || !strstr(err.text, "00000001.mrj: "))
                fail_msg("bit %d of byte %lu: %d %s", bit, (unsigned long)at, status, err.text);
            rig.copy[at] ^= (uint8_t)(1 << bit);
        }
    for (uint64_t bytes = 0; bytes < rig.old_bytes; bytes += stride(7)) {
        sim_disk_put(rig.s.sim, OLD, rig.copy, bytes);
        rig.cases++, rig.refused++;
        assert_true(mr_journal_each(rig.s.limits.disk, STORY_FOLDER, 0, NULL, NULL, NULL, &err) < 0);
        if (bytes < JOURNAL_HASH || rig.old_bytes - bytes < JOURNAL_HASH) /* opening looks at its last link */
            assert_true(story_start(&rig.s, &err) < 0);
    }
    sim_disk_put(rig.s.sim, OLD, rig.old, rig.old_bytes);
    assert_int_equal(MR_OK, mr_journal_each(rig.s.limits.disk, STORY_FOLDER, 0, NULL, NULL, NULL, &err));
}

static void a_record_changed_together_with_its_own_hash_breaks_the_next_one(void **state)
{
    (void)state;
    struct journal_hasher h;
    journal_hasher_open(&h);
    for (uint64_t i = 0; i + 1 < rig.count; i++) { /* somebody with our program edits a record */
        uint8_t chain[JOURNAL_HASH];
        struct journal_record_head head;
        fresh();
        uint8_t *at = rig.copy + rig.records[i].begin;
        memcpy(chain, at - JOURNAL_HASH, sizeof chain);
        memcpy(&head, at, sizeof head);
        head.time_ns++;
        uint8_t payload[MR_JOURNAL_PAYLOAD_MAX];
        memcpy(payload, at + sizeof head, head.bytes);
        journal_encode(&h, chain, at, &head, payload);
        uint64_t vouched = 0; /* the chain breaks at the one behind it, which is then the bad one */
        for (uint64_t k = i + 2; k < rig.count; k++)
            vouched = rig.records[k].durable > vouched ? rig.records[k].durable : vouched;
        expect("edited", rig.records[i].begin, rig.newest_bytes,
               vouched >= rig.records[i + 1].seq ? UINT64_MAX : rig.records[i].seq);
    }
    journal_hasher_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_of_the_newest_file),
        cmocka_unit_test(each_length_of_the_newest_file),
        cmocka_unit_test(tails_doubled_and_zeros_and_noise_behind_the_end),
        cmocka_unit_test(tails_that_are_zeros_or_noise),
        cmocka_unit_test(any_damage_to_an_older_file_is_refused),
        cmocka_unit_test(a_record_changed_together_with_its_own_hash_breaks_the_next_one),
    };
    mallopt(M_MMAP_THRESHOLD, 1 << 28); /* the same blocks again and again: not from the kernel each time */
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
    return cmocka_run_group_tests(tests, build, tidy) ? 1 : 0;
}
