#include "tests/controlplane/journal/story.h"

enum mr_journal_kind story_kind(uint64_t seq) { return (enum mr_journal_kind)(1 + seq % (MR_JOURNAL_KIND_COUNT - 1)); }

uint32_t story_bytes(uint64_t seq, uint32_t seed)
{
    struct mr_random r = {seq * 7919 + seed};
    return seq % 23 == 0 ? 1000 + (uint32_t)mr_random_below(&r, 300) : (uint32_t)mr_random_below(&r, 90);
}

void story_payload(uint64_t seq, uint32_t seed, uint8_t out[MR_JOURNAL_PAYLOAD_MAX])
{
    struct mr_random r = {seq * 104729 + seed};
    uint32_t bytes = story_bytes(seq, seed);
    for (uint32_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)mr_random_next(&r);
}

void story_open(struct story *s, uint64_t file_bytes)
{
    *s = (struct story){.sim = sim_disk_new(), .limits = mr_journal_limits_default, .now_ns = 1000};
    s->limits.disk = sim_disk_table(s->sim);
    s->limits.file_bytes = file_bytes;
    s->limits.ring_bytes = 128 << 10;
    s->limits.group_bytes = 8192;
    s->limits.build = "test";
}

void story_close(struct story *s)
{
    story_stop(s);
    sim_disk_free(s->sim);
}

int story_start(struct story *s, struct mr_err *err)
{
    int status = mr_journal_open(&s->journal, STORY_FOLDER, &s->limits, s->now_ns, err);
    if (status == MR_OK) {
        s->port = mr_journal_port(s->journal);
        s->appended = mr_journal_found(s->journal)->last_seq;
    }
    return status;
}

void story_stop(struct story *s)
{
    if (!s->journal)
        return;
    mr_journal_close(s->journal, s->now_ns);
    s->journal = NULL;
}

void story_step(struct story *s)
{
    mr_journal_step(s->journal, s->now_ns += 1000);
    uint64_t durable = s->port.durable(s->port.self);
    if (durable > s->durable)
        s->durable = durable;
}

void story_write(struct story *s, uint32_t count)
{
    uint8_t payload[MR_JOURNAL_PAYLOAD_MAX];
    for (uint32_t i = 0; i < count && !s->port.failed(s->port.self); i++) {
        uint64_t seq = s->appended + 1;
        assert_true(seq < STORY_MAX);
        s->seeds[seq] = ++s->seed;
        story_payload(seq, s->seed, payload);
        assert_int_equal(seq,
                         s->port.append(s->port.self, story_kind(seq), s->now_ns, payload, story_bytes(seq, s->seed)));
        s->appended = seq;
        if (i % 3 == 2 || i + 1 == count)
            story_step(s);
    }
}

struct check {
    struct story *story;
    uint64_t next;
};

static int check_record(void *arg, const struct mr_journal_record *r)
{
    struct check *c = arg;
    uint8_t want[MR_JOURNAL_PAYLOAD_MAX];
    uint32_t seed = c->story->seeds[r->seq];
    assert_int_equal(c->next, r->seq);
    assert_int_equal(story_kind(r->seq), r->kind);
    assert_int_equal(story_bytes(r->seq, seed), r->bytes);
    assert_true((uintptr_t)r->payload % 8 == 0);
    story_payload(r->seq, seed, want);
    assert_memory_equal(want, r->payload, r->bytes);
    c->next++;
    return 0;
}

void story_check(struct story *s)
{
    struct mr_err err;
    struct mr_journal_report report;
    struct check c = {s, 1};
    uint64_t last = mr_journal_found(s->journal)->last_seq;
    assert_true(last >= s->durable);
    s->durable = s->port.durable(s->port.self);
    assert_int_equal(last, s->durable);
    int status = mr_journal_each(s->limits.disk, STORY_FOLDER, 1, check_record, &c, &report, &err);
    if (status)
        fail_msg("%s", err.text);
    assert_int_equal(last, c.next - 1);
    assert_int_equal(last, report.records);
    assert_int_equal(0, report.torn_bytes);
}
