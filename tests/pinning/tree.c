#include "tests/pinning/tree.h"

#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/tile/cpus.h"
#include "tests/support/support.h"

const char *const tree_hosts[TREE_HOSTS] = {"laptop", "two-sockets", "four-nodes", "vm", "container", "arm", "bare"};

/* ---- a description ---- */

/* {n}, {n+32}, {n-32}; \n and \t where `escapes`. */
static void expand(const char *text, int n, bool escapes, char *out, size_t bytes)
{
    struct mr_text to;
    mr_text_init(&to, out, bytes);
    for (const char *at = text; *at; at++) {
        if (at[0] == '{' && at[1] == 'n') {
            int more = (int)strtol(at + 2, NULL, 10); /* "}" reads as 0 */
            mr_text_format(&to, "%d", n + more);
            at = strchr(at, '}');
        } else if (escapes && at[0] == '\\' && (at[1] == 'n' || at[1] == 't')) {
            mr_text_add(&to, *++at == 'n' ? "\n" : "\t");
        } else {
            mr_text_bytes(&to, at, 1);
        }
    }
    assert_false(to.cut);
}

static void make_folders(const char *path)
{
    char part[512];
    snprintf(part, sizeof part, "%s", path);
    for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(part, 0755);
        *at = '/';
    }
}

static void write_file(const char *path, const char *text, const char *mode)
{
    FILE *f = fopen(path, mode);
    if (!f)
        print_error("%s: cannot be written\n", path);
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void put_line(const struct tree *t, const char *path, const char *content, int n)
{
    char name[256], whole[512], text[4096];
    expand(path, n, false, name, sizeof name);
    snprintf(whole, sizeof whole, "%s%s", t->root, name);
    make_folders(whole);
    expand(content, n, true, text, sizeof text - 1);
    strcat(text, "\n");
    write_file(whole, text, "w");
}

/* "/a/cpu{0-3,8}/b": a line for each. */
static void put_lines(const struct tree *t, char *path, const char *content)
{
    char *open = strchr(path, '{'), *close = open ? strchr(open, '}') : NULL, pattern[256];
    struct mr_cpus list;
    if (!open) {
        put_line(t, path, content, 0);
        return;
    }
    assert_int_equal(mr_cpus_parse(&list, open + 1, (size_t)(close - open - 1)), MR_OK);
    snprintf(pattern, sizeof pattern, "%.*s{n}%s", (int)(open - path), path, close + 1);
    MR_CPUS_EACH(n, &list) put_line(t, pattern, content, n);
}

static void read_description(const struct tree *t, const char *host)
{
    char path[128];
    size_t len;
    snprintf(path, sizeof path, "%s.txt", host);
    char *text = (char *)mr_test_read("tests/pinning/hosts", path, &len), *rest = text;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *tab = strchr(line, '\t');
        if (*line == '@')
            read_description(t, line + 1);
        else if (tab) {
            *tab = 0;
            put_lines(t, line, tab + 1);
        } else {
            assert_true(*line == 0 || *line == '#');
        }
    }
    free(text);
}

void tree_make(struct tree *t, const char *host)
{
    snprintf(t->root, sizeof t->root, "%s/millrace-host-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* many small files */
    assert_non_null(mkdtemp(t->root));
    snprintf(t->journal, sizeof t->journal, "%s-kept/tune.journal", t->root);
    make_folders(t->journal);
    read_description(t, host);
}

void tree_remove(struct tree *t)
{
    char kept[128];
    snprintf(kept, sizeof kept, "%s-kept", t->root);
    assert_int_equal(mr_test_remove(t->root), 0);
    assert_int_equal(mr_test_remove(kept), 0);
}

/* ---- looking at a tree ---- */

struct walk {
    char *out;
    size_t len, bytes;
};

static void add(struct walk *w, const char *data, size_t len)
{
    if (w->len + len + 1 > w->bytes) {
        w->bytes = (w->len + len + 1) * 2;
        w->out = realloc(w->out, w->bytes);
        assert_non_null(w->out);
    }
    memcpy(w->out + w->len, data, len);
    w->len += len;
}

static void add_text(struct walk *w, const char *path)
{
    size_t len;
    char *text = (char *)mr_test_read("/", path, &len);
    add(w, "\t", 1);
    add(w, text, len);
    free(text);
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* `names`: only those of files, each ended by a zero. */
static char *walked(const struct tree *t, bool names)
{
    char root[sizeof t->root], *roots[] = {root, NULL};
    struct walk w = {0};
    memcpy(root, t->root, sizeof root);
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    assert_non_null(fts);
    for (const FTSENT *e; (e = fts_read(fts));) {
        const char *name = e->fts_path + strlen(root);
        if (names ? e->fts_info != FTS_F : e->fts_info == FTS_DP)
            continue;
        add(&w, name, strlen(name) + names);
        if (!names && e->fts_info == FTS_F)
            add_text(&w, e->fts_path);
        if (!names)
            add(&w, "\n", 1);
    }
    fts_close(fts);
    add(&w, "", 1);
    return w.out;
}

char *tree_text(const struct tree *t) { return walked(t, false); }
char *tree_files(const struct tree *t) { return walked(t, true); }

void tree_put(const struct tree *t, const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", t->root, path);
    write_file(whole, text, "w");
}

void tree_append(const struct tree *t, const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", t->root, path);
    write_file(whole, text, "a");
}

char *tree_get(const struct tree *t, const char *path)
{
    size_t len;
    return (char *)mr_test_read(t->root, path + 1, &len);
}
