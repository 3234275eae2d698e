/* Trading, from the control plane's own workspace, which lies beside the data plane's. */
#include <stdlib.h>

#include "controlplane/admin/show_priv.h"
#include "controlplane/trade/show.h"

/* Copied, since the process that writes it may be anything. */
static bool read_show(const struct mr_look *look, struct mr_trade_show *out)
{
    char path[MR_WORKSPACE_PATH_BYTES];
    struct mr_workspace ws;
    snprintf(path, sizeof path, "%s", look->path);
    char *name = strrchr(path, '/');
    if (!name || (size_t)(name - path) + sizeof "/control" > sizeof path)
        return false;
    memcpy(name, "/control", sizeof "/control");
    if (mr_workspace_attach(&ws, path, false, NULL) != MR_OK)
        return false;
    bool read = mr_trade_show_read(&ws, out) == MR_OK;
    mr_workspace_close(&ws);
    return read;
}

int mr_show_trading(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct mr_trade_show *t = malloc(sizeof *t);
    if (!t || !read_show(look, t)) {
        free(t);
        return mr_err_set(err, MR_E_EMPTY, "nothing is traded here");
    }
    int64_t age = look->now_ns - t->now_ns;
    mr_text_format(s->out, "%strading, %lld ms old%s\n", s->mark ? (const char[]){MR_SHOW_MARK, 0} : "",
                   (long long)(age / 1000000), age > 2000000000 ? "  STALE" : "");
    mr_trade_show_account(t, s->out);
    mr_trade_show_latencies(t, s->out);
    mr_trade_show_requests(t, s->out);
    if (t->open_positions)
        mr_trade_show_positions(t, s->out);
    mr_trade_show_lines(t, s->rows ? s->rows : MR_TRADE_SHOW_LINES, s->out);
    free(t);
    return MR_OK;
}
