/* Lines from an operator: with history and completion where libedit is built in and a terminal is there, else as they come. */
#ifndef MR_CMD_SHELL_H
#define MR_CMD_SHELL_H

#include "controlplane/cmd/reach.h"

struct mr_shell;
/* Words for completion come from the asker's own help. */
struct mr_shell *mr_shell_open(struct mr_asker *asker);
/* The next line without its newline, good until the next call; NULL at the end. */
const char *mr_shell_line(struct mr_shell *shell);
void mr_shell_close(struct mr_shell *shell);

/* What could stand next after `line`: the words that continue it, each once; how many. For completion, and its test. */
#define MR_SHELL_WORDS_MAX 128
struct mr_shell_words {
    char commands[MR_SHELL_WORDS_MAX][64];
    uint32_t count;
};
void mr_shell_learn(struct mr_shell_words *words, const char *help_json, size_t len);
uint32_t mr_shell_next(const struct mr_shell_words *words, const char *line, char out[MR_SHELL_WORDS_MAX][64]);

#endif
