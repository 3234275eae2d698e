/* What a run came to, from its workspace alone: while it runs, after it ended, after it was killed. */
#ifndef MR_CMD_SUMMARY_H
#define MR_CMD_SUMMARY_H

#include "dataplane/ring/workspace.h"
#include "dataplane/text/text.h"

/* A JSON object: messages and events by venue and kind, gaps, stale books, signals by level, latency percentiles by stage,
 * drops by reason, digests, trading. `peak_rss_bytes` of the run's processes together; 0: not known. */
struct mr_trade_show;
/* `trade` NULL: nothing was traded. */
void mr_summary_json(const struct mr_workspace *ws, const struct mr_trade_show *trade, uint64_t peak_rss_bytes,
                     struct mr_text *out);
/* The same for people: a screen. */
void mr_summary_text(const struct mr_workspace *ws, const struct mr_trade_show *trade, uint64_t peak_rss_bytes,
                     struct mr_text *out);

#endif
