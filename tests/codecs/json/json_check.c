/* json_check FILE...: one line a file, in order: A accepted, R refused. Exit 0; 2 if a file cannot be read.
 * MILLRACE_KERNEL chooses the kernel. */
#include "codecs/json/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* All of a file; NULL with errno set. */
static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t room = 1 << 16, used = 0, n;
    uint8_t *data = malloc(room);
    while (data && (n = fread(data + used, 1, room - used, f)) > 0)
        if ((used += n) == room)
            data = realloc(data, room *= 2);
    if (data && ferror(f)) {
        free(data);
        data = NULL;
    }
    fclose(f);
    *len = used;
    return data;
}

int main(int argc, char **argv)
{
    struct mr_err err;
    int status = 0;
    if (mr_kernel_init(&err) != MR_OK) {
        fprintf(stderr, "json_check: %s\n", err.text);
        return 2;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: json_check FILE...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        size_t len;
        uint8_t *data = read_file(argv[i], &len);
        if (!data || len > UINT32_MAX) {
            fprintf(stderr, "json_check: %s: %s\n", argv[i], data ? "larger than 4 GiB" : strerror(errno));
            free(data);
            status = 2;
            continue;
        }
        uint32_t at;
        puts(mr_json_check(data, (uint32_t)len, &at) == MR_OK ? "A" : "R");
        free(data);
    }
    return status;
}
