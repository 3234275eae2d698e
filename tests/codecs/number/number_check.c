/* Driver of the number suites. Lines on stdin, an answer each on stdout:
 *   d<TAB>text         the double nearest to it, as 16 hex digits (infinity has its own bits), or R
 *   i<TAB>scale<TAB>text  text * 10^scale, or inexact, overflow, R
 * R: not a number by RFC 8259. A line of another shape ends the program with status 2. The kernel: MILLRACE_KERNEL. */
#include "codecs/number/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer_double(const char *text, size_t len)
{
    double value = 0;
    uint64_t bits;
    int status = mr_number_double((const uint8_t *)text, (uint32_t)len, &value);
    memcpy(&bits, &value, sizeof bits);
    if (status == MR_OK || status == MR_E_OVERFLOW)
        printf("%016" PRIx64 "\n", bits);
    else
        puts("R");
}

static void answer_fixed(const char *text, size_t len, int scale)
{
    int64_t value = 0;
    switch (mr_number_fixed((const uint8_t *)text, (uint32_t)len, scale, &value)) {
    case MR_OK:
        printf("%" PRId64 "\n", value);
        break;
    case MR_E_INEXACT:
        puts("inexact");
        break;
    case MR_E_OVERFLOW:
        puts("overflow");
        break;
    default:
        puts("R");
        break;
    }
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
        size_t len = (size_t)n - (line[n - 1] == '\n');
        char *end = line + len, *tab = memchr(line, '\t', len), *second = NULL;
        if (tab == line + 1 && *line == 'd') {
            answer_double(tab + 1, (size_t)(end - tab - 1));
            continue;
        }
        if (tab == line + 1 && *line == 'i')
            second = memchr(tab + 1, '\t', (size_t)(end - tab - 1));
        long scale = second ? strtol(tab + 1, NULL, 10) : -1;
        if (scale < 0 || scale > MR_SCALE_MAX) {
            fprintf(stderr, "number_check: a line is neither d<TAB>text nor i<TAB>scale<TAB>text\n");
            free(line);
            return 2;
        }
        answer_fixed(second + 1, (size_t)(end - second - 1), (int)scale);
    }
    free(line);
    return 0;
}
