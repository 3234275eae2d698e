/* Any bytes as a line of the admin socket. What holds for each: one whole reply comes, of lines of printable text with the end last or one
 * line of legal JSON; who may only observe sends nothing to a feed tile; the same line twice is answered alike in kind. */
#include <stdlib.h>
#include <string.h>

#include "codecs/json/json.h"
#include "controlplane/admin/commands.h"
#include "tests/controlplane/admin/made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct made made;
static struct mr_commands *commands;
static char reply[MR_ADMIN_REPLY_BYTES];

static void clean_up(void)
{
    mr_commands_close(commands);
    made_close(&made);
}

static enum mr_reply say(const char *line, size_t len, enum mr_admin_level level)
{
    const struct mr_peer peer = {1, 1, level, NULL};
    struct mr_text out;
    mr_text_init(&out, reply, sizeof reply);
    enum mr_reply kind = mr_command(commands, line, len, &peer, &out);
    MR_ASSERT(!out.cut && out.len == strlen(reply));
    if (kind == MR_REPLY_QUIT)
        return kind;
    MR_ASSERT(out.len >= 2 && reply[out.len - 1] == '\n');
    if (reply[0] == '{') {
        uint32_t at;
        MR_ASSERT(memchr(reply, '\n', out.len) == reply + out.len - 1);
        MR_ASSERT(mr_json_check((const uint8_t *)reply, (uint32_t)out.len - 1, &at) == MR_OK);
        return kind;
    }
    MR_ASSERT(out.len == 2 || memcmp(reply + out.len - 3, "\n.\n", 3) == 0);
    MR_ASSERT(strstr(reply, "\n.\n") == NULL || strstr(reply, "\n.\n") == reply + out.len - 3);
    for (size_t i = 0; i < out.len; i++)
        MR_ASSERT(reply[i] == '\n' || ((uint8_t)reply[i] >= 0x20 && reply[i] != 0x7f));
    return kind;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_plane_command command;
    if (!commands) {
        made_open(&made);
        commands = mr_commands_open();
        mr_commands_attach(commands, "made", made.path);
        atexit(clean_up);
    }
    enum mr_reply kind = say((const char *)data, size, MR_ADMIN_OBSERVE);
    MR_ASSERT(!made_command(&made, 0, &command) && !made_command(&made, 1, &command));
    enum mr_reply boss = say((const char *)data, size, MR_ADMIN_ADMINISTER);
    MR_ASSERT(boss == kind || kind == MR_REPLY_REFUSED);
    bool sent = made_command(&made, 0, &command);
    MR_ASSERT(made_command(&made, 1, &command) == sent && sent == (kind == MR_REPLY_REFUSED && boss == MR_REPLY_GOOD));
    return 0;
}
