#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/ring/bytes.h"
#include "dataplane/ring/image.h"
#include "dataplane/ring/workspace.h"
#include "tests/support/support.h"

static char folder[64];
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-ws-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/workspace", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char name[192];
    unlink(path);
    snprintf(name, sizeof name, "%s.old", path);
    unlink(name);
    return rmdir(folder); /* fails if anything else was left behind */
}

static struct mr_region_plan plan[] = {
    {"events.btc", MR_REGION_RING, 77, 0},
    {"book.btc", MR_REGION_IMAGE, 5, 0},
    {"note", MR_REGION_TEXT, 0, 1000},
};

static void create(struct mr_workspace *ws)
{
    struct mr_err err = {""};
    plan[0].bytes = mr_ring_bytes(64, 4);
    plan[1].bytes = mr_image_bytes(40);
    int status = mr_workspace_create(ws, path, "test", plan, MR_COUNT_OF(plan), &err);
    if (status != MR_OK)
        print_message("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    struct mr_region region;
    assert_int_equal(mr_workspace_find(ws, "events.btc", &region), MR_OK);
    assert_int_equal(mr_ring_init(region.mem, 64, 4, MR_RING_BACKPRESSURE), MR_OK);
    assert_int_equal(mr_workspace_find(ws, "book.btc", &region), MR_OK);
    mr_image_init(region.mem, 40);
    assert_int_equal(mr_workspace_find(ws, "note", &region), MR_OK);
    snprintf(region.mem, region.bytes, "hello");
}

static void create_and_close(void)
{
    struct mr_workspace ws;
    create(&ws);
    assert_int_equal(mr_workspace_commit(&ws, NULL), MR_OK);
    mr_workspace_close(&ws);
}

static void a_viewer_needs_nothing_but_the_file(void **state)
{
    (void)state;
    struct mr_workspace ws, viewer;
    struct mr_err err;
    create(&ws);
    assert_int_equal(mr_workspace_attach(&viewer, path, false, &err), MR_E_IO); /* nobody sees half a workspace */
    assert_int_equal(mr_workspace_commit(&ws, &err), MR_OK);
    assert_int_equal(mr_workspace_attach(&viewer, path, false, &err), MR_OK);
    struct mr_workspace_info info;
    mr_workspace_info(&viewer, &info);
    assert_int_equal(info.pid, getpid());
    assert_int_equal(info.epoch, 1);
    assert_string_equal(info.instance, "test");
    assert_true(strlen(info.build) > 0 && info.created_ns > 1600000000000000000u);
    for (uint32_t i = 0; i < MR_COUNT_OF(plan); i++) {
        struct mr_region region;
        assert_int_equal(mr_workspace_region(&viewer, i, &region), MR_OK);
        assert_string_equal(region.name, plan[i].name);
        assert_true(region.kind == plan[i].kind && region.layout == plan[i].layout && region.bytes == plan[i].bytes);
        assert_int_equal((uintptr_t)region.mem % 128, 0);
    }
    struct mr_region region;
    assert_int_equal(mr_workspace_region(&viewer, 3, &region), MR_E_RANGE);
    assert_int_equal(mr_workspace_find(&viewer, "nothing", &region), MR_E_MISSING);
    assert_int_equal(mr_workspace_find(&viewer, "note", &region), MR_OK);
    assert_string_equal(region.mem, "hello");
    assert_int_equal(mr_workspace_find(&viewer, "events.btc", &region), MR_OK);
    assert_int_equal(mr_ring_check(region.mem, region.bytes), MR_OK);
    mr_workspace_close(&viewer);
    mr_workspace_close(&ws);
}

static void the_file_is_private_to_owner_and_group(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < MR_COUNT_OF(masks); i++) {
        mode_t before = umask(masks[i]);
        create_and_close();
        umask(before);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
    }
}

static void the_last_epoch_is_kept_and_counted_on(void **state)
{
    (void)state;
    char old[192];
    snprintf(old, sizeof old, "%s.old", path);
    for (uint64_t epoch = 1; epoch <= 4; epoch++) {
        create_and_close();
        struct mr_workspace viewer;
        struct mr_workspace_info info;
        assert_int_equal(mr_workspace_attach(&viewer, path, false, NULL), MR_OK);
        mr_workspace_info(&viewer, &info);
        assert_int_equal(info.epoch, epoch);
        mr_workspace_close(&viewer);
        if (epoch == 1)
            continue;
        assert_int_equal(mr_workspace_attach(&viewer, old, false, NULL), MR_OK);
        mr_workspace_info(&viewer, &info);
        assert_int_equal(info.epoch, epoch - 1);
        mr_workspace_close(&viewer);
    }
}

static void an_attached_viewer_keeps_its_epoch(void **state)
{
    (void)state;
    create_and_close();
    struct mr_workspace viewer;
    struct mr_workspace_info info;
    assert_int_equal(mr_workspace_attach(&viewer, path, false, NULL), MR_OK);
    create_and_close();
    create_and_close();
    mr_workspace_info(&viewer, &info);
    assert_int_equal(info.epoch, 1);
    struct mr_region region;
    assert_int_equal(mr_workspace_find(&viewer, "note", &region), MR_OK);
    assert_string_equal(region.mem, "hello");
    mr_workspace_close(&viewer);
}

static void an_uncommitted_one_leaves_nothing_behind(void **state)
{
    (void)state;
    struct mr_workspace ws;
    create(&ws);
    mr_workspace_close(&ws); /* remove_folder finds the folder empty */
}

static void readable_while_live_and_after_the_writer_was_killed(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct mr_workspace ws;
        struct mr_region ring, image;
        struct mr_ring_writer w;
        create(&ws);
        mr_workspace_find(&ws, "events.btc", &ring);
        mr_workspace_find(&ws, "book.btc", &image);
        mr_ring_writer_open(&w, ring.mem, ring.bytes);
        for (uint64_t i = 0; i < 3; i++) {
            memset(mr_ring_reserve(&w, 1), (int)i + 1, 64);
            mr_ring_publish(&w, 1);
        }
        mr_workspace_commit(&ws, NULL);
        for (uint64_t payload[5] = {0};; payload[0]++) { /* busy to the last */
            for (int k = 1; k < 5; k++)
                payload[k] = payload[0] * (uint64_t)k;
            mr_image_write(image.mem, payload, sizeof payload);
            if (payload[0] == 100 && write(ready[1], "x", 1) != 1)
                _exit(1);
        }
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    for (int dead = 0; dead < 2; dead++) {
        struct mr_workspace viewer;
        struct mr_region region;
        uint64_t payload[5], version;
        assert_int_equal(mr_workspace_attach(&viewer, path, false, NULL), MR_OK);
        mr_workspace_find(&viewer, "book.btc", &region);
        assert_int_equal(mr_image_check(region.mem, region.bytes), MR_OK);
        int status = mr_image_read(region.mem, payload, sizeof payload, &version);
        assert_true(status == MR_OK || (!dead && status == MR_E_AGAIN));
        for (uint64_t k = 1; k < 5 && status == MR_OK; k++)
            assert_int_equal(payload[k], payload[0] * k);
        mr_workspace_find(&viewer, "events.btc", &region);
        struct mr_ring_stats stats;
        mr_ring_stats(region.mem, &stats);
        assert_true(stats.published == 3 && stats.used == 3);
        mr_workspace_close(&viewer);
        if (!dead) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
        }
    }
    close(ready[0]);
    close(ready[1]);
}

/* One change to a good file: what attach says then. Offsets are those of workspace_priv.h. */
/* clang-format off */
static const struct { const char *says; long at; uint64_t value; int want; const char *word; } damaged[] = {
    {"another kind of file",            0,   0x46464952, MR_E_MAGIC, "not a workspace"},
    {"a later format",                  8,   0x300000002u, MR_E_VERSION, "format 2"},
    {"format 0",                        8,   0x300000000u, MR_E_VERSION, "format 0"},
    {"another layout",                  24,  12345, MR_E_LAYOUT, "another memory layout"},
    {"no regions",                      8,   1, MR_E_CORRUPT, "regions"},
    {"a million regions",               8,   0xf424000000001u, MR_E_CORRUPT, "regions"},
    {"longer than the file",            32,  1u << 30, MR_E_TRUNCATED, "cut off"},
    {"shorter than the file",           32,  4096, MR_E_CORRUPT, "long where"},
    {"a table that does not match",     192, 0x4141414141414141u, MR_E_CORRUPT, "checksum"},
    {"a region moved",                  248, 0, MR_E_CORRUPT, "checksum"},
    {"a build id without end",          64,  UINT64_MAX, MR_OK, NULL}, /* eight bytes alone do no harm */
};
/* clang-format on */

static void poke(long at, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void each_damage_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(damaged); i++) {
        create_and_close();
        poke(damaged[i].at, &damaged[i].value, 8);
        struct mr_workspace viewer;
        struct mr_err err = {""};
        int status = mr_workspace_attach(&viewer, path, false, &err);
        if (status != damaged[i].want)
            print_message("%s: %s %s\n", damaged[i].says, mr_status_name(status), err.text);
        assert_int_equal(status, damaged[i].want);
        if (status == MR_OK) {
            mr_workspace_close(&viewer);
            continue;
        }
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, damaged[i].word));
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    create_and_close();
    struct stat st;
    stat(path, &st);
    for (long len = st.st_size - 1; len >= 0; len = len > 5000 ? len - 4095 : len > 300 ? len - 97 : len - 1) {
        assert_int_equal(truncate(path, len), 0);
        struct mr_workspace viewer;
        struct mr_err err;
        assert_int_equal(mr_workspace_attach(&viewer, path, false, &err), MR_E_TRUNCATED);
        assert_non_null(strstr(err.text, path));
    }
    create_and_close();
    assert_int_equal(truncate(path, st.st_size + 4096), 0);
    struct mr_workspace viewer;
    assert_int_equal(mr_workspace_attach(&viewer, path, false, NULL), MR_E_CORRUPT);
}

static void paths_that_cannot_be_read_are_named(void **state)
{
    (void)state;
    char link_path[192], fifo[192], long_path[400];
    create_and_close();
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = 0;
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    /* clang-format off */
    const struct { const char *path; int want; const char *word; } cases[] = {
        {"/nonexistent/workspace", MR_E_IO, "No such file"},
        {folder, MR_E_IO, "not a plain file"},
        {fifo, MR_E_IO, "not a plain file"},
        {link_path, MR_E_IO, "cannot open"},
        {"", MR_E_INVALID, "1 to 255 bytes"},
        {long_path, MR_E_INVALID, "1 to 255 bytes"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_workspace viewer;
        struct mr_err err = {""};
        assert_int_equal(mr_workspace_attach(&viewer, cases[i].path, false, &err), cases[i].want);
        if (!strstr(err.text, cases[i].word))
            print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, cases[i].word));
        assert_int_equal(viewer.fd, -1);
    }
    unlink(link_path);
    unlink(fifo);
}

static void plans_that_cannot_be_are_refused(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *says; struct mr_region_plan a, b; const char *word; } cases[] = {
        {"no name", {"", 1, 0, 64}, {"b", 1, 0, 64}, "name"},
        {"the same name twice", {"a", 1, 0, 64}, {"a", 1, 0, 64}, "taken"},
        {"a name with a space", {"a b", 1, 0, 64}, {"b", 1, 0, 64}, "name"},
        {"no such kind", {"a", 0, 0, 64}, {"b", 1, 0, 64}, "kind"},
        {"no such kind", {"a", 99, 0, 64}, {"b", 1, 0, 64}, "kind"},
        {"no bytes", {"a", 1, 0, 0}, {"b", 1, 0, 64}, "size"},
        {"more bytes than there are", {"a", 1, 0, SIZE_MAX}, {"b", 1, 0, 64}, "size"},
    };
    /* clang-format on */
    struct mr_workspace ws;
    struct mr_err err;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_region_plan two[2] = {cases[i].a, cases[i].b};
        assert_int_equal(mr_workspace_create(&ws, path, "x", two, 2, &err), MR_E_INVALID);
        assert_non_null(strstr(err.text, cases[i].word));
    }
    assert_int_equal(mr_workspace_create(&ws, path, "x", plan, 0, &err), MR_E_INVALID);
    assert_int_equal(mr_workspace_create(&ws, path, "x", plan, MR_REGIONS_MAX + 1, &err), MR_E_INVALID);
    plan[0].bytes = plan[1].bytes = 64;
    assert_int_equal(mr_workspace_create(&ws, "/nonexistent/x", "x", plan, 3, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "/nonexistent/x"));
}

static void a_read_only_viewer_cannot_write_and_the_table_cannot_change_under_it(void **state)
{
    (void)state;
    create_and_close();
    struct mr_workspace viewer;
    struct mr_region region;
    assert_int_equal(mr_workspace_attach(&viewer, path, true, NULL), MR_OK);
    uint64_t nonsense[9] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                            UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    poke(192, nonsense, sizeof nonsense); /* the first region's row, after the check */
    assert_int_equal(mr_workspace_find(&viewer, "events.btc", &region), MR_OK);
    assert_int_equal(region.bytes, plan[0].bytes);
    mr_workspace_close(&viewer);
    create_and_close();
    assert_int_equal(mr_workspace_attach(&viewer, path, false, NULL), MR_OK);
    assert_int_equal(mr_workspace_find(&viewer, "note", &region), MR_OK);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile char *)region.mem = 'x';
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) || WEXITSTATUS(status) != 0);
    mr_workspace_close(&viewer);
}

static void memory_serves_as_a_file_does(void **state)
{
    (void)state;
    plan[0].bytes = mr_ring_bytes(64, 4);
    plan[1].bytes = mr_image_bytes(40);
    size_t bytes = mr_workspace_bytes(plan, MR_COUNT_OF(plan), NULL);
    void *mem = aligned_alloc(4096, bytes);
    memset(mem, 0, bytes);
    mr_workspace_format(mem, "memory", 9, plan, MR_COUNT_OF(plan));
    struct mr_workspace ws;
    struct mr_workspace_info info;
    assert_int_equal(mr_workspace_attach_memory(&ws, mem, bytes, "memory", NULL), MR_OK);
    mr_workspace_info(&ws, &info);
    assert_int_equal(info.epoch, 9);
    mr_workspace_close(&ws);
    assert_int_equal(mr_workspace_attach_memory(&ws, mem, bytes - 1, "memory", NULL), MR_E_TRUNCATED);
    assert_int_equal(mr_workspace_attach_memory(&ws, (uint8_t *)mem + 8, bytes - 8, "memory", NULL), MR_E_INVALID);
    free(mem);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_viewer_needs_nothing_but_the_file),
        IN_FOLDER(the_file_is_private_to_owner_and_group),
        IN_FOLDER(the_last_epoch_is_kept_and_counted_on),
        IN_FOLDER(an_attached_viewer_keeps_its_epoch),
        IN_FOLDER(an_uncommitted_one_leaves_nothing_behind),
        IN_FOLDER(readable_while_live_and_after_the_writer_was_killed),
        IN_FOLDER(each_damage_has_its_name),
        IN_FOLDER(every_truncation_is_refused),
        IN_FOLDER(paths_that_cannot_be_read_are_named),
        IN_FOLDER(plans_that_cannot_be_are_refused),
        IN_FOLDER(a_read_only_viewer_cannot_write_and_the_table_cannot_change_under_it),
        cmocka_unit_test(memory_serves_as_a_file_does),
    };
    return MR_TEST_MAIN(tests);
}
