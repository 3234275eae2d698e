#include "dataplane/tile/cpus.h"

#define WORDS (MR_CPUS_MAX / 64)

void mr_cpus_add(struct mr_cpus *set, int cpu)
{
    if (cpu >= 0 && cpu < MR_CPUS_MAX)
        set->word[cpu / 64] |= 1ull << (cpu % 64);
}

void mr_cpus_remove(struct mr_cpus *set, int cpu)
{
    if (cpu >= 0 && cpu < MR_CPUS_MAX)
        set->word[cpu / 64] &= ~(1ull << (cpu % 64));
}

uint32_t mr_cpus_count(const struct mr_cpus *set)
{
    uint32_t n = 0;
    for (int i = 0; i < WORDS; i++)
        n += (uint32_t)__builtin_popcountll(set->word[i]);
    return n;
}

int mr_cpus_next(const struct mr_cpus *set, int from)
{
    if (from < 0 || from >= MR_CPUS_MAX)
        return -1;
    uint64_t left = set->word[from / 64] >> (from % 64);
    if (left)
        return from + __builtin_ctzll(left);
    for (int i = from / 64 + 1; i < WORDS; i++)
        if (set->word[i])
            return i * 64 + __builtin_ctzll(set->word[i]);
    return -1;
}

void mr_cpus_and(struct mr_cpus *set, const struct mr_cpus *other)
{
    for (int i = 0; i < WORDS; i++)
        set->word[i] &= other->word[i];
}

void mr_cpus_or(struct mr_cpus *set, const struct mr_cpus *other)
{
    for (int i = 0; i < WORDS; i++)
        set->word[i] |= other->word[i];
}

void mr_cpus_minus(struct mr_cpus *set, const struct mr_cpus *other)
{
    for (int i = 0; i < WORDS; i++)
        set->word[i] &= ~other->word[i];
}

bool mr_cpus_equal(const struct mr_cpus *a, const struct mr_cpus *b) { return memcmp(a, b, sizeof *a) == 0; }

bool mr_cpus_within(const struct mr_cpus *set, const struct mr_cpus *other)
{
    for (int i = 0; i < WORDS; i++)
        if (set->word[i] & ~other->word[i])
            return false;
    return true;
}

/* ---- reading ---- */

static size_t trimmed(const char *text, size_t len)
{
    while (len && (text[len - 1] == '\n' || text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return len;
}

static int number(const char **at, const char *end, int *out)
{
    int value = 0;
    const char *p = *at;
    while (p < end && *p >= '0' && *p <= '9' && value < MR_CPUS_MAX)
        value = value * 10 + (*p++ - '0');
    if (p == *at)
        return MR_E_MALFORMED;
    *at = p;
    *out = value;
    return value < MR_CPUS_MAX ? MR_OK : MR_E_RANGE;
}

/* The kernel's "low-high:used/group". */
static int stride(const char **at, const char *end, int *used, int *group)
{
    *used = *group = 1;
    if (*at == end || **at != ':')
        return MR_OK;
    ++*at;
    int status = number(at, end, used);
    if (status == MR_OK && (*at == end || **at != '/'))
        return MR_E_MALFORMED;
    ++*at;
    if (status == MR_OK)
        status = number(at, end, group);
    return status == MR_OK && (*group == 0 || *used > *group) ? MR_E_MALFORMED : status;
}

static int range(struct mr_cpus *set, const char **at, const char *end)
{
    int low = 0, high, used = 1, group = 1, status = number(at, end, &low);
    high = low;
    if (status == MR_OK && *at < end && **at == '-') {
        ++*at;
        status = number(at, end, &high);
        if (status == MR_OK)
            status = stride(at, end, &used, &group);
    }
    if (status)
        return status;
    if (high < low)
        return MR_E_MALFORMED;
    for (int cpu = low; cpu <= high; cpu++)
        if ((cpu - low) % group < used)
            mr_cpus_add(set, cpu);
    return MR_OK;
}

static int refused(struct mr_cpus *set, int status)
{
    memset(set, 0, sizeof *set);
    return status;
}

int mr_cpus_parse(struct mr_cpus *set, const char *text, size_t len)
{
    const char *at = text, *end = text + trimmed(text, len);
    memset(set, 0, sizeof *set);
    while (at < end) {
        int status = range(set, &at, end);
        if (status)
            return refused(set, status);
        if (at < end && (*at++ != ',' || at == end))
            return refused(set, MR_E_MALFORMED);
    }
    return MR_OK;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mr_cpus_parse_mask(struct mr_cpus *set, const char *text, size_t len)
{
    memset(set, 0, sizeof *set);
    int group = 0, in_group = 0; /* from the end: the lowest first */
    len = trimmed(text, len);
    if (!len)
        return MR_E_MALFORMED;
    for (size_t i = len; i-- > 0;) {
        if (text[i] == ',') {
            if (!in_group || i == 0)
                return refused(set, MR_E_MALFORMED);
            group++;
            in_group = 0;
            continue;
        }
        int value = digit(text[i]), bit = group * 32 + in_group * 4;
        if (value < 0 || in_group == 8)
            return refused(set, MR_E_MALFORMED);
        if (bit >= MR_CPUS_MAX) {
            if (value)
                return refused(set, MR_E_RANGE);
        } else {
            set->word[bit / 64] |= (uint64_t)value << (bit % 64);
        }
        in_group++;
    }
    return MR_OK;
}

/* ---- writing ---- */

void mr_cpus_text(const struct mr_cpus *set, struct mr_text *out)
{
    bool more = false;
    for (int low = mr_cpus_next(set, 0); low >= 0;) {
        int high = low;
        while (mr_cpus_has(set, high + 1))
            high++;
        mr_text_format(out, "%s%d", more ? "," : "", low);
        if (high > low)
            mr_text_format(out, "-%d", high);
        more = true;
        low = mr_cpus_next(set, high + 1);
    }
}

void mr_cpus_mask(const struct mr_cpus *set, struct mr_text *out)
{
    bool more = false;
    for (int group = MR_CPUS_MAX / 32; group-- > 0;) {
        uint32_t bits = (uint32_t)(set->word[group / 2] >> (group % 2 * 32));
        if (more)
            mr_text_format(out, ",%08x", bits);
        else if (bits || !group)
            mr_text_format(out, "%x", bits);
        more |= bits != 0;
    }
}
