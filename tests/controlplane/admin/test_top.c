/* Whole frames of `millrace top`, character by character: golden files. The workspace is made here, of a fixed moment, so that they are the
 * same on every machine. MILLRACE_UPDATE=1 rewrites them. */
#include "controlplane/admin/top.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/controlplane/admin/made.h"
#include "tests/support/support.h"

#define NOW 1795344085250000000ll /* 2026-11-22 10:41:25.25 UTC */
#define S 1000000000ll

static struct made made;
static struct mr_look look;
static char frame[65536], out[65536];

static int up(void **state)
{
    (void)state;
    made_open_at(&made, NOW);
    mr_look_init(&look, "top", made.path);
    assert_true(mr_look_refresh(&look, NOW + S / 2));
    made.beats[0].steps += 2000; /* a second later, for what is counted a second */
    made.beats[0].busy_steps += 1500;
    made.beats[0].work += 3000;
    made.beats[0].last_ns += S;
    assert_true(mr_look_refresh(&look, NOW + S / 2 + S));
    return 0;
}
static int down(void **state)
{
    (void)state;
    mr_look_close(&look);
    made_close(&made);
    return 0;
}

/* The frame, with "pid 4242" for this process's. */
static void draw(uint32_t lines, unsigned only)
{
    char pid[32];
    struct mr_text text;
    mr_text_init(&text, frame, sizeof frame);
    mr_top_frame(&look, lines, only, false, &text);
    assert_false(text.cut);
    snprintf(pid, sizeof pid, "pid %d ", (int)getpid());
    char *at = strstr(frame, pid);
    assert_non_null(at);
    snprintf(out, sizeof out, "%.*spid 4242 %s", (int)(at - frame), frame, at + strlen(pid));
}

static void same_as_golden(const char *name) { mr_test_golden("tests/controlplane/admin/golden", name, out); }

static void fits(uint32_t lines)
{
    uint32_t count = 0;
    for (const char *at = out; *at; at += strcspn(at, "\n") + 1, count++) {
        if (strcspn(at, "\n") > 80)
            fail_msg("a line of %zu columns: %.*s", strcspn(at, "\n"), (int)strcspn(at, "\n"), at);
        for (const char *c = at; *c && *c != '\n'; c++)
            assert_true(*c >= 0x20 &&
                        *c <= 0x7e); /* no colour, no other control, no character that a terminal may lack */
    }
    if (lines)
        assert_true(count <= lines);
}

static void the_whole_frame_is_the_golden_one(void **state)
{
    (void)state;
    draw(0, 0);
    fits(0);
    same_as_golden("top-whole.txt");
}

static void the_frame_of_a_terminal_of_forty_lines_is_the_golden_one(void **state)
{
    (void)state;
    draw(40, 0);
    fits(40);
    same_as_golden("top-40.txt");
}

static void one_panel_alone_is_what_the_whole_frame_has_of_it(void **state)
{
    (void)state;
    static char whole[sizeof out];
    draw(0, 0);
    memcpy(whole, out, sizeof whole);
    uint32_t found = 0;
    for (unsigned only = 1; only <= MR_TOP_PANELS; only++) {
        draw(0, only);
        const char *panel = strchr(out, '\n') + 1;
        if (!*panel)
            continue; /* nothing is traded here */
        found++;
        assert_non_null(strstr(whole, panel));
    }
    assert_int_equal(found, MR_TOP_PANELS - 1);
}

static void what_stands_still_is_old_in_the_golden_frame_too(void **state)
{
    (void)state;
    assert_true(mr_look_refresh(&look, NOW + 3600 * S));
    draw(0, 0);
    fits(0);
    same_as_golden("top-old.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_frame_is_the_golden_one, up, down),
        cmocka_unit_test_setup_teardown(the_frame_of_a_terminal_of_forty_lines_is_the_golden_one, up, down),
        cmocka_unit_test_setup_teardown(one_panel_alone_is_what_the_whole_frame_has_of_it, up, down),
        cmocka_unit_test_setup_teardown(what_stands_still_is_old_in_the_golden_frame_too, up, down),
    };
    return MR_TEST_MAIN(tests);
}
