#include "controlplane/config/nearest.h"

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned mr_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned row[3][MR_NEAREST_BYTES + 1];
    MR_ASSERT(a_len <= MR_NEAREST_BYTES && b_len <= MR_NEAREST_BYTES);
    for (unsigned j = 0; j <= b_len; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *two_before = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_before[j - 2] + 1);
        }
    }
    return row[a_len % 3][b_len];
}

void mr_nearest_offer(struct mr_nearest *best, const char *text, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    if (len == 0 || len > MR_NEAREST_BYTES || name_len > MR_NEAREST_BYTES)
        return;
    unsigned distance = mr_edit_distance(text, len, name, name_len);
    unsigned allowed = len < 6 ? 1 + (len > 3) : (unsigned)(len / 3);
    if (distance <= allowed && (!best->name || distance < best->distance))
        *best = (struct mr_nearest){name, distance};
}
