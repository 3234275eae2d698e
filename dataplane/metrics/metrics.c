#include "dataplane/metrics/metrics.h"

#define BLOCK_MAGIC 0x73636972746d726dull /* "mrmtrics" */
#define BLOCK_VERSION 1

/* All offsets are from the start of the block. Texts end with NUL. */
struct block_head {
    uint64_t magic;
    uint32_t version, count;
    uint32_t bytes;        /* of the whole block */
    uint32_t rows, values; /* offsets */
    uint32_t value_bytes;
    uint32_t family, labels;
    uint32_t spare[6];
};
struct block_row {
    uint32_t name, unit, help; /* offsets of texts */
    uint32_t type, value, hist_bits;
    uint32_t spare[2];
};
static_assert(sizeof(struct block_head) == 64 && sizeof(struct block_row) == 32, "nothing between the fields");

/* Copies out of live memory that somebody else may be writing. */
static void copy_words(void *into, const void *from, size_t bytes)
{
    for (size_t i = 0; i < bytes / 4; i++)
        ((uint32_t *)into)[i] = __atomic_load_n((const uint32_t *)from + i, __ATOMIC_RELAXED);
}

static const char *family_name(const struct mr_metrics_desc *desc)
{
    return strncmp(desc->family, "mr_", 3) == 0 ? desc->family + 3 : desc->family;
}

static size_t text_bytes(const struct mr_metrics_desc *desc)
{
    size_t n = strlen(family_name(desc)) + 1 + MR_METRICS_LABELS_BYTES;
    for (uint32_t i = 0; i < desc->count; i++) {
        const struct mr_metric_desc *m = &desc->metrics[i];
        n += strlen(m->name) + strlen(m->unit) + strlen(m->help) + 3;
    }
    return n;
}

static size_t values_offset(const struct mr_metrics_desc *desc)
{
    size_t end = sizeof(struct block_head) + desc->count * sizeof(struct block_row) + text_bytes(desc);
    return (end + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES;
}

size_t mr_metrics_bytes(const struct mr_metrics_desc *desc)
{
    size_t bytes = values_offset(desc) + desc->value_bytes;
    return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES;
}

static uint32_t put_text(uint8_t *block, uint32_t *at, const char *text, size_t limit)
{
    size_t len = strlen(text) + 1;
    MR_ASSERT(len <= limit);
    memcpy(block + *at, text, len);
    *at += (uint32_t)len;
    return *at - (uint32_t)len;
}

static unsigned bits_of(const struct mr_metric_desc *m)
{
    if (m->type != MR_METRIC_HIST)
        return 0;
    return m->bytes == sizeof(struct mr_hist_fine) ? MR_HIST_BITS_FINE : MR_HIST_BITS;
}

void mr_metrics_init_values(void *values, const struct mr_metrics_desc *desc)
{
    uint32_t at = 0;
    memset(values, 0, desc->value_bytes);
    for (uint32_t i = 0; i < desc->count; i++) {
        if (desc->metrics[i].type == MR_METRIC_HIST)
            mr_hist_init((uint8_t *)values + at, bits_of(&desc->metrics[i]));
        at += desc->metrics[i].bytes;
    }
    /* fields are all multiples of 8 bytes, so the struct is their plain sequence */
    MR_ASSERT(at == desc->value_bytes);
}

void mr_metrics_reset(void *values, const struct mr_metrics_desc *desc)
{
    uint8_t *field = values;
    for (uint32_t i = 0; i < desc->count; field += desc->metrics[i++].bytes)
        if (desc->metrics[i].type == MR_METRIC_HIST)
            mr_hist_reset((struct mr_hist *)(void *)field);
}

void *mr_metrics_init(void *mem, const struct mr_metrics_desc *desc, const char *labels)
{
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0 && desc->count <= MR_METRICS_MAX);
    uint8_t *block = mem;
    size_t bytes = mr_metrics_bytes(desc), values = values_offset(desc);
    MR_ASSERT(bytes <= UINT32_MAX);
    memset(block, 0, values);
    struct block_head *head = mem;
    struct block_row *rows = (struct block_row *)(head + 1);
    uint32_t at = (uint32_t)(sizeof *head + desc->count * sizeof *rows), value = (uint32_t)values;
    head->family = put_text(block, &at, family_name(desc), MR_METRICS_NAME_BYTES);
    head->labels = put_text(block, &at, labels, MR_METRICS_LABELS_BYTES);
    for (uint32_t i = 0; i < desc->count; i++) {
        const struct mr_metric_desc *m = &desc->metrics[i];
        rows[i].name = put_text(block, &at, m->name, MR_METRICS_NAME_BYTES);
        rows[i].unit = put_text(block, &at, m->unit, MR_METRICS_NAME_BYTES);
        rows[i].help = put_text(block, &at, m->help, MR_METRICS_HELP_BYTES);
        rows[i].type = m->type;
        rows[i].hist_bits = bits_of(m);
        rows[i].value = value;
        value += m->bytes;
    }
    mr_metrics_init_values(block + values, desc);
    head->version = BLOCK_VERSION;
    head->count = desc->count;
    head->bytes = (uint32_t)bytes;
    head->rows = sizeof *head;
    head->values = (uint32_t)values;
    head->value_bytes = desc->value_bytes;
    __atomic_store_n(&head->magic, BLOCK_MAGIC, __ATOMIC_RELEASE);
    return block + values;
}

/* A private copy of a text of the block; false if it is not one that ends within the block and the limit. */
static bool get_text(const uint8_t *block, uint32_t bytes, uint32_t at, char *out, size_t limit)
{
    const size_t room = at >= bytes ? 0 : bytes - at < limit ? bytes - at : limit;
    const uint8_t *end = room ? memchr(block + at, 0, room) : NULL;
    if (!end)
        return false;
    const size_t len = (size_t)(end - (block + at));
    memcpy(out, block + at, len);
    for (size_t i = 0; i < len; i++) { /* of the copy, which nobody changes */
        unsigned char c = (unsigned char)out[i];
        out[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    out[len] = 0;
    return true;
}

static bool get_value(const uint8_t *block, const struct block_head *head, const struct block_row *row,
                      struct mr_metric_view *view)
{
    size_t need = row->type == MR_METRIC_HIST ? mr_hist_bytes(row->hist_bits) : sizeof(uint64_t);
    if (row->type > MR_METRIC_HIST || need == 0 || row->value % sizeof(uint64_t) != 0 || row->value < head->values ||
        row->value - head->values > head->value_bytes || head->value_bytes - (row->value - head->values) < need)
        return false;
    view->type = row->type;
    view->hist_bits = 0;
    view->hist = NULL;
    view->value = 0;
    if (row->type != MR_METRIC_HIST) {
        view->value = __atomic_load_n((const int64_t *)(const void *)(block + row->value), __ATOMIC_RELAXED);
        return true;
    }
    view->hist_bits = row->hist_bits;
    view->hist = (const struct mr_hist *)(const void *)(block + row->value);
    return mr_hist_check(view->hist, need) == MR_OK;
}

static int get_head(const void *mem, size_t bytes, struct block_head *head)
{
    if ((uintptr_t)mem % sizeof(uint64_t) != 0)
        return MR_E_INVALID;
    if (bytes < sizeof *head)
        return MR_E_TRUNCATED;
    copy_words(head, mem, sizeof *head);
    if (head->magic != BLOCK_MAGIC)
        return MR_E_MAGIC;
    if (head->version != BLOCK_VERSION)
        return MR_E_VERSION;
    if (head->bytes > bytes)
        return MR_E_TRUNCATED;
    uint64_t rows_end = (uint64_t)head->rows + (uint64_t)head->count * sizeof(struct block_row);
    if (head->count > MR_METRICS_MAX || head->rows < sizeof *head || head->rows % 8 != 0 || rows_end > head->bytes ||
        head->values > head->bytes || head->value_bytes > head->bytes - head->values)
        return MR_E_CORRUPT;
    return MR_OK;
}

int mr_metrics_each(const void *mem, size_t bytes, void (*each)(void *arg, const struct mr_metric_view *view),
                    void *arg)
{
    struct block_head head;
    int status = get_head(mem, bytes, &head);
    if (status != MR_OK)
        return status;
    char family[MR_METRICS_NAME_BYTES], name[MR_METRICS_NAME_BYTES], unit[MR_METRICS_NAME_BYTES];
    char labels[MR_METRICS_LABELS_BYTES], help[MR_METRICS_HELP_BYTES];
    const uint8_t *block = mem;
    if (!get_text(block, head.bytes, head.family, family, sizeof family) ||
        !get_text(block, head.bytes, head.labels, labels, sizeof labels))
        return MR_E_CORRUPT;
    for (uint32_t i = 0; i < head.count; i++) {
        struct block_row row;
        copy_words(&row, block + head.rows + i * sizeof row, sizeof row);
        struct mr_metric_view view = {family, labels, name, unit, help, 0, 0, 0, NULL};
        if (!get_text(block, head.bytes, row.name, name, sizeof name) ||
            !get_text(block, head.bytes, row.unit, unit, sizeof unit) ||
            !get_text(block, head.bytes, row.help, help, sizeof help) || !get_value(block, &head, &row, &view))
            return MR_E_CORRUPT;
        each(arg, &view);
    }
    return MR_OK;
}
