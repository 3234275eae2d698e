/* Every kernel and the plain reference agree, on the verdict and on the position, for cut texts (A6), mutated
 * messages (A8), recordings (A7), and random walks over blank, string and number lengths. */
#include "tests/codecs/json/messages.h"
#include "tests/codecs/json/reference.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILE_MAX = 4096, ALIGNMENTS = 64 };

static void assert_all_say(struct verdict want, const char *what, uint64_t which, const uint8_t *data, uint32_t len,
                           bool steps_too)
{
    FOR_EACH_KERNEL(kernel)
    {
        struct verdict got = check_by(kernel, data, len);
        if (same_verdict(got, want) && steps_too)
            got = walk_by(kernel, data, len);
        if (!same_verdict(got, want))
            fail_msg("%s, case %llu (%s): want %s at %u, got %s at %u: %.*s", what, (unsigned long long)which,
                     mr_kernel_name(kernel), mr_status_name(want.status), want.at, mr_status_name(got.status), got.at,
                     (int)(len < 300 ? len : 300), (const char *)data);
    }
}

/* ---- A6: cut texts against unmapped pages ---- */

/* Memory of `body` bytes with an unmapped page on either side. */
struct fenced {
    uint8_t *map, *body;
    size_t body_bytes, map_bytes;
};

static struct fenced fenced_open(size_t at_least)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct fenced f = {.body_bytes = (at_least + page - 1) / page * page};
    f.map_bytes = f.body_bytes + 2 * page;
    f.map = mmap(NULL, f.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(f.map != MAP_FAILED);
    f.body = f.map + page;
    assert_int_equal(mprotect(f.body, f.body_bytes, PROT_READ | PROT_WRITE), 0);
    return f;
}

struct sweep {
    struct fenced fenced;
    struct mr_random random;
    bool quick;
    uint64_t texts, prefixes, placed;
};

static struct sweep sweep_open(void)
{
    struct sweep s = {.fenced = fenced_open(FILE_MAX + ALIGNMENTS), .quick = quick_mode()};
    s.random.state = rotating_seed();
    return s;
}

/* The bytes around the text complete it or break it, so that reading one of them shows. */
static void place(struct sweep *s, const uint8_t *text, uint32_t len, uint8_t *at)
{
    static const uint8_t around[] = {'"', ']', '}', '0', ' ', 0x80, '\\', 'e'};
    uint8_t fill = around[mr_random_below(&s->random, sizeof around)];
    uint8_t *end = s->fenced.body + s->fenced.body_bytes;
    memset(at + len, fill, (size_t)(end - at - len));
    if (at > s->fenced.body)
        at[-1] = fill;
    if (len)
        memcpy(at, text, len);
    s->placed++;
}

/* Every prefix: ending at the unmapped page, ending up to 63 bytes before it, and beginning right behind one. */
static void sweep_text(struct sweep *s, const char *name, const uint8_t *text, uint32_t len)
{
    bool legal = reference_check(text, len).status == MR_OK;
    uint8_t *end = s->fenced.body + s->fenced.body_bytes;
    for (uint32_t cut = 0; cut <= len; cut++) {
        struct verdict want = reference_check(text, cut);
        if (legal && want.status != MR_OK && (want.status != MR_E_TRUNCATED || want.at != cut))
            fail_msg("%s: a legal text cut at %u is %s at %u", name, cut, mr_status_name(want.status), want.at);
        for (uint32_t gap = 0; gap < ALIGNMENTS; gap++) {
            if (s->quick && gap && mr_random_below(&s->random, 16))
                continue;
            place(s, text, cut, end - gap - cut);
            assert_all_say(want, name, cut, end - gap - cut, cut, gap == 0);
        }
        place(s, text, cut, s->fenced.body);
        assert_all_say(want, name, cut, s->fenced.body, cut, false);
        s->prefixes++;
    }
    s->texts++;
}

static void sweep_done(struct sweep *s, const char *id)
{
    printf("%s: %llu texts, %llu prefixes, %llu placements\n", id, (unsigned long long)s->texts,
           (unsigned long long)s->prefixes, (unsigned long long)s->placed);
    munmap(s->fenced.map, s->fenced.map_bytes);
}

static void every_prefix_of_a_message_is_read_within_its_bounds(void **state)
{
    (void)state;
    struct sweep s = sweep_open();
    for (size_t i = 0; i < MR_COUNT_OF(messages); i++)
        sweep_text(&s, messages[i].kind, (const uint8_t *)messages[i].text, (uint32_t)strlen(messages[i].text));
    sweep_done(&s, "A6, messages by hand");
}

static void every_prefix_of_a_conformance_text_is_read_within_its_bounds(void **state)
{
    (void)state;
    const char *folder = mr_test_testdata();
    if (!folder) {
        mr_test_skip_line("no conformance data (MILLRACE_TESTDATA)");
        skip();
    }
    char line[1024], path[4096];
    snprintf(path, sizeof path, "%s/json-verdicts.tsv", folder);
    FILE *table = fopen(path, "r");
    assert_non_null(table);
    struct sweep s = sweep_open();
    while (fgets(line, sizeof line, table)) {
        size_t len;
        line[strcspn(line, "\t")] = 0;
        uint8_t *data = *line == '#' ? NULL : mr_test_read(folder, line, &len);
        if (data && len <= FILE_MAX)
            sweep_text(&s, line, data, (uint32_t)len);
        free(data);
    }
    fclose(table);
    assert_true(s.texts > 600);
    sweep_done(&s, "A6");
}

/* ---- A8: one byte changed ---- */

static void one_changed_byte_gets_the_reference_verdict(void **state)
{
    (void)state;
    bool quick = quick_mode();
    struct mr_random random = {rotating_seed()};
    uint64_t tried = 0, accepted = 0;
    for (size_t i = 0; i < MR_COUNT_OF(messages); i++) {
        uint32_t len = (uint32_t)strlen(messages[i].text);
        struct mr_guard guard = mr_guard_open(len);
        memcpy(guard.data, messages[i].text, len);
        assert_all_say((struct verdict){MR_OK, 0}, messages[i].kind, 0, guard.data, len, true);
        for (uint32_t at = 0; at < len; at++) {
            uint8_t kept = guard.data[at];
            for (uint32_t change = 1; change < 256; change++) {
                if (quick && mr_random_below(&random, 8))
                    continue;
                guard.data[at] = (uint8_t)(kept ^ change);
                struct verdict want = reference_check(guard.data, len);
                assert_all_say(want, messages[i].kind, at * 256 + change, guard.data, len, true);
                tried++;
                accepted += want.status == MR_OK;
            }
            guard.data[at] = kept;
        }
        mr_guard_close(&guard);
    }
    printf("A8: %llu mutations of %zu kinds, %llu still legal\n", (unsigned long long)tried, MR_COUNT_OF(messages),
           (unsigned long long)accepted);
    assert_true(accepted > 0 && accepted < tried);
    if (!quick)
        assert_true(tried > 1500000);
}

/* ---- A7: recordings ---- */

static uint64_t agree_on_lines(const char *name, const uint8_t *data, size_t len)
{
    uint64_t lines = 0;
    for (size_t from = 0; from < len;) {
        const uint8_t *newline = memchr(data + from, '\n', len - from);
        size_t to = newline ? (size_t)(newline - data) : len;
        if (to > from) {
            struct verdict want = reference_check(data + from, (uint32_t)(to - from));
            assert_all_say(want, name, lines, data + from, (uint32_t)(to - from), true);
            if (want.status != MR_OK)
                fail_msg("%s: line %llu is %s at %u", name, (unsigned long long)lines + 1, mr_status_name(want.status),
                         want.at);
            lines++;
        }
        from = to + 1;
    }
    return lines;
}

static bool has_end(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static void all_kernels_read_the_recordings_alike(void **state)
{
    (void)state;
    const char *folder = mr_test_captures();
    if (!folder) {
        mr_test_skip_line("no recordings (MILLRACE_CAPTURES)");
        skip();
    }
    uint64_t lines = 0, bodies = 0;
    DIR *venues = opendir(folder);
    for (struct dirent *v; (v = readdir(venues));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, v->d_name);
        DIR *files = *v->d_name == '.' ? NULL : opendir(path);
        for (struct dirent *e; files && (e = readdir(files));) {
            bool messages_file = has_end(e->d_name, ".jsonl") || has_end(e->d_name, ".jsonl.zst");
            bool rest = has_end(e->d_name, ".rest.json");
            size_t len = 0;
            uint8_t *data = messages_file || rest ? mr_test_read(path, e->d_name, &len) : NULL;
            if (rest) {
                assert_all_say((struct verdict){MR_OK, 0}, e->d_name, 0, data, (uint32_t)len, true);
                bodies++;
            } else if (data) {
                lines += agree_on_lines(e->d_name, data, len);
            }
            free(data);
        }
        if (files)
            closedir(files);
    }
    closedir(venues);
    printf("A7: %llu messages, %llu files of REST bodies\n", (unsigned long long)lines, (unsigned long long)bodies);
    assert_true(lines > 20000);
}

/* ---- lengths ---- */

/* A string, a run of blanks and a number of each length across several vectors, with one odd byte at each place. */
static void every_length_and_place_is_the_same(void **state)
{
    (void)state;
    enum { LONGEST = 150 };
    static const char *const odd[] = {
        "\"", "\\n", "\\", "\x1f", "\x7f", "\x80", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "0", " "};
    static const struct {
        const char *head, *tail;
        char fill;
    } shapes[] = {
        {"[\"", "\"]", 'a'}, {"{\"", "\":1}", '~'}, {"[", "1]", ' '},
        {"[1", "]", '5'},    {"[1.", ",2]", '0'},   {"[1", ",2]", '\n'},
    };
    char text[LONGEST + 32];
    struct mr_guard guard = mr_guard_open(sizeof text);
    uint32_t step = quick_mode() ? 7 : 1;
    for (size_t i = 0; i < MR_COUNT_OF(shapes); i++) {
        for (uint32_t len = 0; len < LONGEST; len++) {
            for (size_t o = 0; o < MR_COUNT_OF(odd); o++) {
                for (uint32_t at = len % step; at <= len; at += step) {
                    uint32_t n = (uint32_t)snprintf(text, sizeof text, "%s", shapes[i].head);
                    memset(text + n, shapes[i].fill, at);
                    n += at;
                    n += (uint32_t)snprintf(text + n, sizeof text - n, "%s", odd[o]);
                    memset(text + n, shapes[i].fill, len - at);
                    n += len - at;
                    n += (uint32_t)snprintf(text + n, sizeof text - n, "%s", shapes[i].tail);
                    uint8_t *place = guard.data + sizeof text - n;
                    memcpy(place, text, n);
                    assert_all_say(reference_check(place, n), shapes[i].head, at, place, n, true);
                }
            }
        }
    }
    mr_guard_close(&guard);
}

/* Letters beyond ASCII in every mixture, over several blocks, whole and with one byte of them changed. */
static void letters_beyond_ascii_are_verified_alike(void **state)
{
    (void)state;
    enum { LONGEST = 400 };
    static const char *const letters[] = {
        "a",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xe2\x82\xac",
        "\xed\x9f\xbf",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "\\n",
    };
    static const uint8_t changes[] = {0x00, 0x1f, 'a',  '"',  '\\', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                      0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff};
    struct mr_random random = {rotating_seed()};
    struct mr_guard guard = mr_guard_open(LONGEST + 16);
    uint32_t rounds = quick_mode() ? 4000 : 40000;
    uint64_t legal = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        char text[LONGEST + 16] = "[\"";
        uint32_t len = 2, wish = (uint32_t)mr_random_below(&random, LONGEST);
        /* some texts of one or two lengths only */
        uint32_t few = 1 + (uint32_t)mr_random_below(&random, MR_COUNT_OF(letters));
        while (len < wish)
            len += (uint32_t)snprintf(text + len, sizeof text - len, "%s",
                                      letters[(few + mr_random_below(&random, few)) % MR_COUNT_OF(letters)]);
        len += (uint32_t)snprintf(text + len, sizeof text - len, "\"]");
        uint8_t *place = guard.data + LONGEST + 16 - len;
        memcpy(place, text, len);
        assert_all_say((struct verdict){MR_OK, 0}, "letters", round, place, len, true);
        for (int change = 0; change < 8; change++) {
            uint32_t at = (uint32_t)mr_random_below(&random, len);
            uint8_t kept = place[at];
            place[at] = changes[mr_random_below(&random, sizeof changes)];
            struct verdict want = reference_check(place, len);
            assert_all_say(want, "letters, one byte changed", round, place, len, true);
            uint32_t cut = (uint32_t)mr_random_below(&random, len);
            memmove(place + len - cut, place, cut); /* cut, ending at the unmapped page */
            assert_all_say(reference_check(place + len - cut, cut), "letters, cut", round, place + len - cut, cut,
                           true);
            memcpy(place, text, len);
            place[at] = kept;
            legal += want.status == MR_OK;
        }
    }
    printf("letters beyond ASCII: %u texts, 8 changes each, %llu of them legal\n", rounds, (unsigned long long)legal);
    assert_true(legal > 0 && legal < 8 * (uint64_t)rounds);
    mr_guard_close(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_of_a_message_is_read_within_its_bounds),
        cmocka_unit_test(every_prefix_of_a_conformance_text_is_read_within_its_bounds),
        cmocka_unit_test(one_changed_byte_gets_the_reference_verdict),
        cmocka_unit_test(all_kernels_read_the_recordings_alike),
        cmocka_unit_test(every_length_and_place_is_the_same),
        cmocka_unit_test(letters_beyond_ascii_are_verified_alike),
    };
    return MR_TEST_MAIN(tests);
}
