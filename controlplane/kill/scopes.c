/* Killed venues and strategies over a restart: lines "venue 3" and "strategy NAME". Venue numbers never change; strategies go by name, since
 * their rows may. One that this configuration has none of stays in the file,
 * so that it is still killed when it comes back. */
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/kill/kill_priv.h"
#include "dataplane/text/text.h"

#define SCOPES_BYTES 65536

static bool killed(const _Atomic uint64_t *bits, uint32_t id) { return atomic_load(&bits[id / 64]) >> id % 64 & 1; }

static bool left_out(const struct mr_kill_command *without, enum mr_kill_scope scope, uint32_t id)
{
    return without && without->scope == scope && without->id == id;
}

int mr_kill_scopes_save(struct mr_kill *kill, const struct mr_kill_command *without, struct mr_err *err)
{
    static _Thread_local char out[SCOPES_BYTES];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    for (uint32_t i = 0; i < MR_KILL_VENUES; i++)
        if (killed(kill->page->venues, i) && !left_out(without, MR_KILL_SCOPE_VENUE, i))
            mr_text_format(&text, "venue %u\n", i);
    for (uint32_t i = 0; i < kill->strategy_count; i++)
        if (killed(kill->page->strategies, i) && !left_out(without, MR_KILL_SCOPE_STRATEGY, i))
            mr_text_format(&text, "strategy %s\n", kill->strategies[i]);
    mr_text_add(&text, kill->absent);
    if (text.cut)
        return mr_err_set(err, MR_E_TOO_BIG, "the killed strategies' names do not fit KILL.scopes");
    if (!text.len)
        return kill->disk.erase(kill->disk.self, MR_KILL_FILE_SCOPES, err);
    int status = kill->disk.write(kill->disk.self, MR_KILL_FILE_SCOPES, out, (uint32_t)text.len, err);
    kill->write_failures += status != MR_OK;
    return status;
}

/* One line; false: it makes no sense. */
static bool take(struct mr_kill *kill, const char *line)
{
    char *end;
    if (strncmp(line, "venue ", 6) == 0 && line[6] >= '0' && line[6] <= '9') {
        unsigned long id = strtoul(line + 6, &end, 10);
        if (*end || id >= MR_KILL_VENUES)
            return false;
        atomic_fetch_or(&kill->page->venues[id / 64], (uint64_t)1 << id % 64);
        return true;
    }
    if (strncmp(line, "strategy ", 9) != 0 || !line[9])
        return false;
    for (uint32_t i = 0; i < kill->strategy_count; i++)
        if (strcmp(kill->strategies[i], line + 9) == 0) {
            atomic_fetch_or(&kill->page->strategies[i / 64], (uint64_t)1 << i % 64);
            return true;
        }
    size_t len = strlen(kill->absent);
    return (size_t)snprintf(kill->absent + len, sizeof kill->absent - len, "%s\n", line) < sizeof kill->absent - len;
}

void mr_kill_scopes_load(struct mr_kill *kill)
{
    static _Thread_local char text[SCOPES_BYTES];
    int len = kill->disk.read(kill->disk.self, MR_KILL_FILE_SCOPES, text, sizeof text - 1);
    if (len == MR_E_EMPTY)
        return;
    /* the page's strategy bits are by the rows of a run before: the file has the names */
    for (uint32_t i = 0; i < MR_COUNT_OF(kill->page->strategies); i++)
        atomic_store(&kill->page->strategies[i], 0);
    bool good = len >= 0 && (size_t)len < sizeof text - 1 && !memchr(text, 0, (size_t)len);
    text[good ? len : 0] = 0;
    char *at = text;
    for (char *line; good && (line = strsep(&at, "\n"));)
        good = !*line || take(kill, line);
    if (!good)
        mr_kill_raise(kill->page, MR_KILL_DAMAGED);
}
