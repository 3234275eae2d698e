/* Exact conversations with the stack: each script of scripts.def, segment by segment, in virtual time. tests/conformance/tcp.md lists
 * them and is compared with the table (MILLRACE_TCP_LIST=FILE writes it anew). MILLRACE_TCP_SCRIPT=N runs one.
 *
 * Steps, separated by semicolons. Numbers are relative: 0 is the first octet of data of either side, -1 its SYN.
 *     dial | send N | drop | hold | release | wait MS
 *     put FLAGS [seq= ack= len= win= mss= ws= opt=HEX header= urg= from= to= times=] [sackok] [badsum]    a segment comes
 *     with FLAGS ...                                                         the same, in one burst with the next put
 *     get FLAGS [seq= ack= len= win= mss= ws= sack=A-B[,C-D]] [sackok]       the next segment we sent; FLAGS of S A F R P
 *     quiet | skip          nothing more was sent | what was sent does not matter
 *     opened | closed WORDS | data N | offered N | alive | nothing           what the application was told
 *     count NAME N          a counter of the stack
 *     isn N | wrap N        before dial: the peer's first number | ours, that many octets before 2^32
 *     refuse N              the link has no room N times */
#include <stdio.h>

#include "tests/dataplane/tcp/world.h"

#define OPEN "dial; get S; put SA mss=1460; get A seq=0 ack=0 len=0; opened; quiet; "
#define SCALED "dial; get S; put SA mss=1460 ws=7 sackok; get A seq=0 ack=0 len=0; opened; quiet; "
#define PORT 50000
#define SERVER 443

static const struct {
    uint32_t number;
    const char *group, *words, *steps;
} scripts[] = {
#define MR_SCRIPT(number, group, words, steps) {number, group, words, steps},
#include "tests/dataplane/tcp/scripts.def"
#undef MR_SCRIPT
};

struct run {
    struct world w;
    const char *where; /* for messages */
    char step[200];
    uint32_t ours, theirs; /* sequence number of the first octet of data */
    uint32_t next, seen;   /* what the peer sends next; what it has seen of us */
    bool known;            /* ours */
    uint32_t isn;
};

/* The value of `name=` in a step; false: not there. */
static bool field(const char *step, const char *name, int64_t *value)
{
    char key[24];
    snprintf(key, sizeof key, " %s=", name);
    const char *at = strstr(step, key);
    if (at)
        *value = strtoll(at + strlen(key), NULL, 10);
    return at != NULL;
}

static uint16_t flags_of(const char *word)
{
    uint16_t flags = 0;
    for (; *word && *word != ' '; word++) {
        const char *letters = "FSRPAU", *at = strchr(letters, *word);
        flags |= at ? (uint16_t)(1u << (at - letters)) : 0;
    }
    return flags;
}

static void describe(char *out, size_t room, const struct run *r, const struct seg *s)
{
    char flags[8] = "";
    for (uint32_t i = 0, n = 0; i < 6; i++)
        if (s->flags & 1u << i)
            flags[n++] = "FSRPAU"[i], flags[n] = 0;
    snprintf(out, room, "%s seq=%d ack=%d len=%u win=%u, %u bytes of options", flags, (int32_t)(s->seq - r->ours),
             (int32_t)(s->ack - r->theirs), s->len, s->window, s->option_bytes);
}

#define WRONG(r, ...)                                                                                                  \
    do {                                                                                                               \
        char wrong[300];                                                                                               \
        snprintf(wrong, sizeof wrong, __VA_ARGS__);                                                                    \
        fail_msg("%s: \"%s\": %s", (r)->where, (r)->step, wrong);                                                      \
    } while (0)

static void note(struct run *r, const struct seg *s)
{
    if (s->flags & SEG_SYN && !r->known) {
        r->known = true;
        r->ours = r->seen = s->seq + 1;
    }
    uint32_t edge = s->seq + s->len + ((s->flags & (SEG_SYN | SEG_FIN)) != 0);
    if ((int32_t)(edge - r->seen) > 0 && !(s->flags & SEG_RST))
        r->seen = edge;
}

static void check(struct run *r, const struct seg *s, const char *name, int64_t is)
{
    int64_t must;
    char got[160];
    describe(got, sizeof got, r, s);
    if (field(r->step, name, &must) && must != is)
        WRONG(r, "%s is %lld in %s", name, (long long)is, got);
}

static void check_sack(struct run *r, const struct seg *s)
{
    char must[80], is[80] = "";
    const char *at = strstr(r->step, " sack=");
    if (!at)
        return;
    sscanf(at, " sack=%79s", must);
    for (uint32_t bytes = 8; bytes <= 32; bytes += 8) {
        const uint8_t *o = seg_option(s, 5, bytes);
        for (uint32_t b = 0; o && b < bytes; b += 8)
            snprintf(is + strlen(is), sizeof is - strlen(is), "%s%u-%u", b ? "," : "", seg_get32(o + b) - r->theirs,
                     seg_get32(o + b + 4) - r->theirs);
    }
    if (strcmp(must, is) != 0)
        WRONG(r, "sack is \"%s\"", is);
}

static void get(struct run *r)
{
    uint32_t len;
    struct seg s;
    char got[160];
    const uint8_t *frame = world_sent(&r->w, &len);
    if (!frame)
        WRONG(r, "nothing was sent");
    assert_null(seg_read(frame, len, &s));
    note(r, &s);
    describe(got, sizeof got, r, &s);
    if (s.flags != flags_of(r->step + 4))
        WRONG(r, "got %s", got);
    if (s.from != PORT || s.to != SERVER)
        WRONG(r, "from port %u to %u", s.from, s.to);
    const uint8_t *mss = seg_option(&s, 2, 2), *ws = seg_option(&s, 3, 1);
    check(r, &s, "seq", (int32_t)(s.seq - r->ours));
    check(r, &s, "ack", (int32_t)(s.ack - r->theirs));
    check(r, &s, "len", s.len);
    check(r, &s, "win", s.window);
    check(r, &s, "mss", mss ? (int64_t)frame_get16(mss) : -1);
    check(r, &s, "ws", ws ? *ws : -1);
    check_sack(r, &s);
    if (strstr(r->step, " sackok") && !seg_option(&s, 4, 0))
        WRONG(r, "SACK is not permitted in %s", got);
    for (uint32_t i = 0; i < s.len; i++)
        if (s.data[i] != seg_octet(0, s.seq - r->ours + i))
            WRONG(r, "octet %u is wrong in %s", i, got);
}

static void put_options(const struct run *r, struct seg *s)
{
    int64_t v;
    uint8_t *o = s->options;
    if (field(r->step, "mss", &v))
        *o++ = 2, *o++ = 4, *o++ = (uint8_t)(v >> 8), *o++ = (uint8_t)v;
    if (field(r->step, "ws", &v))
        *o++ = 1, *o++ = 3, *o++ = 3, *o++ = (uint8_t)v;
    if (strstr(r->step, " sackok"))
        *o++ = 1, *o++ = 1, *o++ = 4, *o++ = 2;
    const char *hex = strstr(r->step, " opt=");
    for (hex = hex ? hex + 5 : ""; hex[0] && hex[0] != ' ' && hex[1]; hex += 2) {
        unsigned byte;
        sscanf(hex, "%2x", &byte);
        *o++ = (uint8_t)byte;
    }
    s->option_bytes = (uint32_t)(o - s->options);
}

static void put(struct run *r, bool round)
{
    int64_t v, times = 1;
    uint8_t data[1460], frame[FRAME_ROOM];
    struct seg s = {
        .from = SERVER, .to = PORT, .flags = flags_of(strchr(r->step, ' ') + 1), .window = 65535, .data = data};
    memcpy(s.from_ip, world_peer_ip, 4);
    memcpy(s.to_ip, world_ip, 4);
    s.seq = s.flags & SEG_SYN ? r->theirs - 1 : r->next;
    s.ack = s.flags & SEG_ACK ? r->seen : 0;
    s.seq = field(r->step, "seq", &v) ? r->theirs + (uint32_t)v : s.seq;
    s.ack = field(r->step, "ack", &v) ? r->ours + (uint32_t)v : s.ack;
    s.len = field(r->step, "len", &v) ? (uint32_t)v : 0;
    s.window = field(r->step, "win", &v) ? (uint16_t)v : s.window;
    s.urgent = field(r->step, "urg", &v) ? (uint16_t)v : 0;
    s.header_bytes = field(r->step, "header", &v) ? (uint32_t)v : 0;
    s.from = field(r->step, "from", &v) ? (uint16_t)v : s.from;
    s.to = field(r->step, "to", &v) ? (uint16_t)v : s.to;
    field(r->step, "times", &times);
    put_options(r, &s);
    for (uint32_t i = 0; i < s.len; i++)
        data[i] = seg_octet(1, s.seq - r->theirs + i);
    uint32_t len = seg_write(frame, &s), edge = s.seq + s.len + ((s.flags & SEG_FIN) != 0);
    if (strstr(r->step, " badsum"))
        frame[len > 60 ? len - 1 : 50] ^= 1; /* the last octet, or one of the checksum */
    else if ((int32_t)(edge - r->next) > 0 && !(s.flags & SEG_RST) && edge - r->next < 65536 && s.from == SERVER)
        r->next = edge;
    for (int64_t i = 0; i < times; i++)
        world_give(&r->w, frame, len, 0);
    if (round)
        world_round(&r->w);
}

static void wait(struct run *r)
{
    for (int64_t ms = strtoll(r->step + 5, NULL, 10); ms > 0; ms -= 10) {
        r->w.now_ns += (ms < 10 ? ms : 10) * MS;
        world_round(&r->w);
    }
}

static void open_world(struct run *r, int64_t now_ns)
{
    struct mr_tcp_config config = world_config();
    config.port_first = config.port_last = PORT;
    config.window_bytes = 65535;
    world_open(&r->w, &config, now_ns);
}

/* Our first number is a clock of 4,096 ns plus a secret that the seed gives: beginning at another time moves it. */
static void wrap(struct run *r)
{
    uint32_t len, octets = (uint32_t)strtoul(r->step + 5, NULL, 10);
    int64_t now_ns = INT64_C(4096) * 1000000;
    world_close(&r->w);
    open_world(r, now_ns);
    assert_int_equal(world_dial(&r->w, 0, SERVER), MR_OK);
    struct seg s;
    const uint8_t *frame = world_sent(&r->w, &len);
    assert_true(frame && !seg_read(frame, len, &s));
    world_close(&r->w);
    open_world(r, now_ns + INT64_C(4096) * (uint32_t)(0u - octets - (s.seq + 1)));
}

static void count(struct run *r)
{
    char name[40];
    long long must;
    assert_int_equal(sscanf(r->step, "count %39s %lld", name, &must), 2);
    for (uint32_t i = 0; i < mr_tcp_metrics_desc.count; i++) {
        if (strcmp(mr_tcp_metrics_desc.metrics[i].name, name) != 0)
            continue;
        int64_t is = ((const int64_t *)(const void *)&r->w.m)[i]; /* counters and gauges only: eight bytes each */
        if (is != must)
            WRONG(r, "it is %lld", (long long)is);
        return;
    }
    WRONG(r, "no such counter");
}

static void told(struct run *r)
{
    struct world *w = &r->w;
    const char *step = r->step;
    if (strcmp(step, "opened") == 0 && !w->opened)
        WRONG(r, "it is not");
    if (strcmp(step, "nothing") == 0 && (w->opened || w->ended))
        WRONG(r, "%s %s", w->opened ? "opened" : "closed", w->reason);
    if (strcmp(step, "alive") == 0 && (!w->opened || w->ended))
        WRONG(r, "closed: %s", w->reason);
    if (strncmp(step, "closed ", 7) == 0 && (!w->ended || strcmp(w->reason, step + 7) != 0))
        WRONG(r, "%s %s", w->ended ? "closed:" : "it is open", w->ended ? w->reason : "");
    if (strncmp(step, "data ", 5) == 0 && (w->received != strtoull(step + 5, NULL, 10) || w->wrong))
        WRONG(r, "%llu octets came%s", (unsigned long long)w->received, w->wrong ? ", wrong ones" : "");
    if (strncmp(step, "offered ", 8) == 0 && w->offered != strtoull(step + 8, NULL, 10))
        WRONG(r, "%llu were taken", (unsigned long long)w->offered);
}

static bool is(const struct run *r, const char *verb)
{
    size_t n = strlen(verb);
    return strncmp(r->step, verb, n) == 0 && (r->step[n] == ' ' || r->step[n] == 0);
}

static void act(struct run *r)
{
    uint32_t len;
    struct seg s;
    const uint8_t *frame;
    if (is(r, "dial")) {
        r->known = false;
        r->theirs = r->next = r->isn + 1;
        assert_int_equal(world_dial(&r->w, 0, SERVER), MR_OK);
        world_round(&r->w);
    } else if (is(r, "put") || is(r, "with")) {
        put(r, is(r, "put"));
    } else if (is(r, "get")) {
        get(r);
    } else if (is(r, "wait")) {
        wait(r);
    } else if (is(r, "send")) {
        r->w.to_send += strtoull(r->step + 5, NULL, 10);
        world_round(&r->w);
    } else if (is(r, "drop")) {
        mr_tcp_drop(r->w.tcp, 0);
        r->w.to_send = r->w.offered = 0;
        world_round(&r->w);
    } else if (is(r, "hold") || is(r, "release")) {
        r->w.hold = is(r, "hold");
        world_release(&r->w);
        world_round(&r->w);
    } else if (is(r, "quiet") || is(r, "skip")) {
        while ((frame = world_sent(&r->w, &len))) {
            char got[160];
            assert_null(seg_read(frame, len, &s));
            note(r, &s);
            describe(got, sizeof got, r, &s);
            if (is(r, "quiet"))
                WRONG(r, "sent %s", got);
        }
    } else if (is(r, "count")) {
        count(r);
    } else if (is(r, "isn")) {
        r->isn = (uint32_t)strtoul(r->step + 4, NULL, 10);
    } else if (is(r, "wrap")) {
        wrap(r);
    } else if (is(r, "refuse")) {
        wire_refuse(r->w.wire, (uint32_t)strtoul(r->step + 7, NULL, 10));
    } else if (is(r, "opened") || is(r, "closed") || is(r, "data") || is(r, "offered") || is(r, "alive") ||
               is(r, "nothing")) {
        told(r);
    } else {
        WRONG(r, "no such step");
    }
}

static void run_script(uint32_t i)
{
    struct run *r = calloc(1, sizeof *r);
    char where[160];
    assert_non_null(r);
    snprintf(where, sizeof where, "script %u, %s", scripts[i].number, scripts[i].words);
    r->where = where;
    r->isn = 5000;
    open_world(r, SECOND);
    for (const char *at = scripts[i].steps, *end; *at; at = *end ? end + 1 : end) {
        at += strspn(at, " ");
        end = at + strcspn(at, ";");
        snprintf(r->step, sizeof r->step, "%.*s", (int)(end - at), at);
        for (size_t n = strlen(r->step); n > 0 && r->step[n - 1] == ' '; n--)
            r->step[n - 1] = 0;
        if (r->step[0])
            act(r);
    }
    assert_false(r->w.wrong);
    world_close(&r->w);
    free(r);
}

static void each_script_goes_as_written(void **state)
{
    (void)state;
    const char *only = getenv("MILLRACE_TCP_SCRIPT");
    uint32_t ran = 0;
    for (uint32_t i = 0; i < MR_COUNT_OF(scripts); i++) {
        if (only && scripts[i].number != strtoul(only, NULL, 10))
            continue;
        run_script(i);
        ran++;
    }
    printf("%u scripts\n", ran);
    assert_true(ran >= (only ? 1 : 100));
}

static size_t list(char *out, size_t room)
{
    size_t n = (size_t)snprintf(
        out, room,
        "# Exact conversations with the user-space TCP stack\n\n"
        "%zu scripts, segment by segment in virtual time; generated from `tests/dataplane/tcp/scripts.def`, run by "
        "`tests/dataplane/tcp/test_scripts.c`,\n"
        "which also compares this page (`MILLRACE_TCP_LIST=tests/conformance/tcp.md` writes it anew).\n",
        MR_COUNT_OF(scripts));
    const char *group = "";
    for (uint32_t i = 0; i < MR_COUNT_OF(scripts) && n < room; i++) {
        if (strcmp(group, scripts[i].group) != 0) {
            group = scripts[i].group;
            n += (size_t)snprintf(out + n, room - n, "\n## %s\n\n| no. | what is so |\n|---|---|\n", group);
        }
        n += (size_t)snprintf(out + n, room - n, "| %u | %s |\n", scripts[i].number, scripts[i].words);
    }
    assert_true(n < room);
    return n;
}

static void the_page_lists_every_script(void **state)
{
    (void)state;
    static char must[65536];
    size_t must_len = list(must, sizeof must), len = 0;
    for (uint32_t i = 0; i < MR_COUNT_OF(scripts); i++)
        assert_int_equal(scripts[i].number, i + 1);
    const char *write_to = getenv("MILLRACE_TCP_LIST");
    if (write_to) {
        FILE *f = fopen(write_to, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(must, 1, must_len, f), must_len);
        fclose(f);
    }
    uint8_t *is = mr_test_read("tests/conformance", "tcp.md", &len);
    assert_non_null(is);
    assert_int_equal(len, must_len);
    assert_memory_equal(is, must, must_len);
    free(is);
}

int main(void)
{
    if (!world_built())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_script_goes_as_written),
        cmocka_unit_test(the_page_lists_every_script),
    };
    return MR_TEST_MAIN(tests);
}
