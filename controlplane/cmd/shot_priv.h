/* What shot.c and shot_worst.c share. */
#ifndef MR_CMD_SHOT_PRIV_H
#define MR_CMD_SHOT_PRIV_H

#include <stdio.h>

#include "controlplane/cmd/shot.h"

#define MR_SHOT_LINE 1024

/* The record of a maximum in a saved file: nothing where there is none, else a line "! numbers" and a line of texts. */
void mr_shot_save_worst(FILE *f, const struct mr_worst *w);
/* `first` is its first line; the second is read. False: it is not such a record. */
bool mr_shot_load_worst(struct mr_worst *w, const char *first, FILE *f, uint32_t *line_no);

#endif
