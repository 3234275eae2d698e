#include "controlplane/admin/show.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

struct mr_age mr_age_of(int64_t ns)
{
    struct mr_age age;
    double s = (double)ns / 1e9;
    if (s < 0)
        snprintf(age.text, sizeof age.text, "ahead");
    else if (s < 9.95)
        snprintf(age.text, sizeof age.text, "%.1f s", s);
    else if (s < 120)
        snprintf(age.text, sizeof age.text, "%.0f s", s);
    else if (s < 7200)
        snprintf(age.text, sizeof age.text, "%.0f min", s / 60);
    else if (s < 172800)
        snprintf(age.text, sizeof age.text, "%.0f h", s / 3600);
    else
        snprintf(age.text, sizeof age.text, "%.0f d", s / 86400);
    return age;
}

struct mr_age mr_age_since(int64_t now_ns, int64_t then_ns)
{
    if (then_ns <= 0)
        return (struct mr_age){"-"};
    int64_t age;
    if (__builtin_sub_overflow(now_ns, then_ns, &age))
        return (struct mr_age){"?"};
    return mr_age_of(age < 0 && age > -1000000000 ? 0 : age); /* two clocks of one machine */
}

struct mr_short mr_short_of(double value)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    struct mr_short out;
    unsigned unit = 0;
    double v = value;
    while (fabs(v) >= (unit ? 999.5 : 9999.5) && unit + 1 < MR_COUNT_OF(units)) {
        v /= 1000;
        unit++;
    }
    if (!isfinite(value) || fabs(v) > 1e6)
        snprintf(out.text, sizeof out.text, "-");
    else if (unit == 0 && v == floor(v))
        snprintf(out.text, sizeof out.text, "%.0f", v);
    else
        snprintf(out.text, sizeof out.text,
                 fabs(v) < 10    ? "%.2f%s"
                 : fabs(v) < 100 ? "%.1f%s"
                                 : "%.0f%s",
                 v, units[unit]);
    return out;
}

struct mr_short mr_ns_of(int64_t ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    struct mr_short out;
    double v = (double)ns;
    unsigned unit = 0;
    while (v >= 999.5 && unit + 1 < MR_COUNT_OF(units)) {
        v /= 1000;
        unit++;
    }
    snprintf(out.text, sizeof out.text,
             unit == 0   ? "%.0f%s"
             : v < 9.995 ? "%.2f%s"
             : v < 99.95 ? "%.1f%s"
                         : "%.0f%s",
             v, units[unit]);
    return out;
}

void mr_show_clean(char *out, size_t bytes, const char *text)
{
    size_t n = 0;
    for (; n + 1 < bytes && text[n]; n++)
        out[n] = text[n] < 0x20 || text[n] > 0x7e ? '?' : text[n];
    out[n] = 0;
}

void mr_show_head(const struct mr_show *s, const struct mr_look *look, const char *columns, int64_t data_ns)
{
    char age[24];
    if (s->json)
        return;
    bool old = data_ns > 0 && look->now_ns > data_ns && look->now_ns - data_ns > MR_SHOW_OLD_NS;
    snprintf(age, sizeof age, "%s %s", old ? "OLD" : "age", mr_age_since(look->now_ns, data_ns).text);
    if (s->mark)
        mr_text_format(s->out, "%c", MR_SHOW_MARK);
    mr_text_format(s->out, "%-*.*s%*s\n", MR_SHOW_COLUMNS - 11, MR_SHOW_COLUMNS - 11, columns, 11,
                   data_ns > 0 ? age : "no data");
}

void mr_show_row(const struct mr_show *s, const char *format, ...)
{
    char line[160];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t n = strnlen(line, MR_SHOW_COLUMNS);
    while (n && line[n - 1] == ' ')
        n--;
    mr_text_format(s->out, "%.*s\n", (int)n, line);
}

bool mr_show_full(const struct mr_show *s, uint32_t shown) { return s->rows && shown >= s->rows; }

void mr_show_more(const struct mr_show *s, uint32_t count)
{
    if (!s->json && s->rows && count > s->rows)
        mr_show_row(s, "... and %u more", count - s->rows);
}
