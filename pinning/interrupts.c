#include "pinning/interrupts.h"

#include <stdlib.h>

struct words {
    const char *text;
    size_t len;
};
/* One row of the table: "  24:   0   17   PCI-MSI 524288-edge   eth0". */
struct row {
    struct words id, what;
    uint64_t count;
};

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static const char *next_line(const char *at)
{
    const char *end = strchr(at, '\n');
    return end ? end + 1 : at + strlen(at);
}

/* The table's first line has a column for each CPU that is online; -1: none for this one. */
static int column_of(const char *text, int cpu, int *columns)
{
    int found = -1;
    *columns = 0;
    for (const char *at = skip_blanks(text); strncmp(at, "CPU", 3) == 0; at = skip_blanks(at), (*columns)++) {
        char *end;
        unsigned long n = strtoul(at + 3, &end, 10);
        if (end == at + 3)
            break;
        if (n == (unsigned long)cpu)
            found = *columns;
        at = end;
    }
    return found;
}

/* False: no such row, or one that is shorter (ERR and MIS have one number, of no CPU). */
static bool read_row(struct row *row, const char *line, int column, int columns)
{
    const char *at = skip_blanks(line), *colon = strpbrk(at, ":\n");
    if (!colon || *colon != ':')
        return false;
    row->id = (struct words){at, (size_t)(colon - at)};
    at = colon + 1;
    for (int i = 0; i < columns; i++) {
        char *end;
        at = skip_blanks(at);
        if (*at < '0' || *at > '9')
            return false;
        uint64_t count = strtoull(at, &end, 10);
        row->count = i == column ? count : row->count;
        at = end;
    }
    at = skip_blanks(at);
    row->what = (struct words){at, strcspn(at, "\n")};
    return true;
}

static bool same(struct words a, struct words b) { return a.len == b.len && memcmp(a.text, b.text, a.len) == 0; }

/* From `at` to `end`; `at` is moved behind the row that is found. */
static bool find_from(struct row *row, const char **at, const char *end, const struct row *like, int column,
                      int columns)
{
    for (const char *line = *at; line < end && *line;) {
        bool is_row = read_row(row, line, column, columns);
        line = next_line(line);
        if (is_row && same(row->id, like->id) && same(row->what, like->what)) {
            *at = line;
            return true;
        }
    }
    return false;
}

/* Two readings have their rows in the same order: the row is nearly always where the one before it was left, at `*at`. */
static bool find_row(struct row *row, const char *text, const char **at, const struct row *like, int column,
                     int columns)
{
    const char *first = next_line(text), *before = *at;
    if (find_from(row, at, before + strlen(before), like, column, columns))
        return true;
    return find_from(row, &first, before, like, column, columns);
}

/* Words of a kernel's line, runs of blanks as one. */
static void copy_words(char *out, size_t bytes, struct words from)
{
    const char *text = from.text;
    size_t n = 0;
    for (size_t i = 0; i < from.len && n + 1 < bytes; i++) {
        bool blank = text[i] == ' ' || text[i] == '\t';
        if (blank && (n == 0 || out[n - 1] == ' '))
            continue;
        out[n++] = blank ? ' ' : text[i] < 0x20 || text[i] > 0x7e ? '?' : text[i];
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
}

static void keep(struct mr_interrupts *out, const struct row *row, uint64_t count)
{
    uint32_t i = out->count;
    out->all += count;
    if (i == out->room && (i == 0 || out->rows[i - 1].count >= count))
        return;
    i = i == out->room ? i - 1 : i;
    for (; i > 0 && out->rows[i - 1].count < count; i--)
        out->rows[i] = out->rows[i - 1];
    copy_words(out->rows[i].id, sizeof out->rows[i].id, row->id);
    copy_words(out->rows[i].what, sizeof out->rows[i].what, row->what);
    out->rows[i].count = count;
    out->count += out->count < out->room;
}

int mr_interrupts_between(struct mr_interrupts *out, const char *before, const char *after, int cpu)
{
    int was_columns, columns, was_column = column_of(before, cpu, &was_columns),
                              column = column_of(after, cpu, &columns);
    out->count = 0;
    out->all = 0;
    if (was_column < 0 || column < 0)
        return MR_E_MALFORMED;
    const char *left = next_line(before);
    for (const char *at = next_line(after); *at; at = next_line(at)) {
        struct row now = {0}, was = {0};
        if (!read_row(&now, at, column, columns) || !find_row(&was, before, &left, &now, was_column, was_columns))
            continue;
        uint32_t rose = (uint32_t)now.count - (uint32_t)was.count;
        if (rose)
            keep(out, &now, rose);
    }
    return MR_OK;
}
