/* Whatever the history's file holds: what is shown is lines of text, or legal JSON; and one good entry behind it is always shown. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "controlplane/config/reload.h"
#include "dataplane/text/text.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char last[] = "\n{\"time\":\"T\",\"uid\":7,\"name\":\"ann\",\"outcome\":\"applied\",\"sha256\":\"\","
                               "\"live\":1,\"restart\":2}\n";
    static char out[1 << 20];
    char path[64];
    struct mr_text text;
    struct mr_json_out j;
    struct mr_err err;
    uint32_t at;
    if (size > 4096)
        return 0;
    snprintf(path, sizeof path, "/tmp/millrace-fuzz-history-%d", getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MR_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size &&
              write(fd, last, sizeof last - 1) == (ssize_t)sizeof last - 1);
    close(fd);
    mr_text_init(&text, out, sizeof out);
    MR_ASSERT(mr_config_history_show(path, 1000, &text, NULL, &err) == MR_OK);
    MR_ASSERT(strstr(out + (text.len > 80 ? text.len - 80 : 0), "T user 7 ann: applied; 1 live, 2 want a restart") ||
              size);
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    MR_ASSERT(mr_config_history_show(path, 1000, &text, &j, &err) == MR_OK);
    mr_json_out_end(&j);
    MR_ASSERT(mr_json_check((const uint8_t *)out, (uint32_t)text.len, &at) == MR_OK);
    MR_ASSERT(strstr(out, "{\"time\":\"T\",\"uid\":7,\"name\":\"ann\"") != NULL);
    unlink(path);
    return 0;
}
