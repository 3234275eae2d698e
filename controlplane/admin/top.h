/* One frame of the live view: panels one below the other, 80 columns, plain text. What draws it (ncurses, a pipe) is the caller's business. */
#ifndef MR_ADMIN_TOP_H
#define MR_ADMIN_TOP_H

#include "controlplane/admin/show.h"

#define MR_TOP_PANELS 8

/* `lines`: how many there is room for; 0: as many as there are. `only`: 1 .. MR_TOP_PANELS, that panel alone; 0: all. `mark`: headings begin
 * with MR_SHOW_MARK. The look has been refreshed. */
void mr_top_frame(const struct mr_look *look, uint32_t lines, unsigned only, bool mark, struct mr_text *out);

#endif
