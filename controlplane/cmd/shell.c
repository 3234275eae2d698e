#include "controlplane/cmd/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codecs/json/json.h"

/* ---- completion ---- */

void mr_shell_learn(struct mr_shell_words *words, const char *help_json, size_t len)
{
    struct mr_json j;
    struct mr_span key, text;
    words->count = 0;
    mr_json_open(&j, (const uint8_t *)help_json, (uint32_t)len);
    if (!mr_json_object(&j) || !mr_json_key(&j, &key) || !mr_json_array(&j))
        return;
    while (mr_json_next(&j) && words->count < MR_SHELL_WORDS_MAX && mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (!mr_span_eq(key, "words"))
                mr_json_skip(&j);
            else if (mr_json_string(&j, &text))
                snprintf(words->commands[words->count++], 64, "%.*s", (int)(text.len < 63 ? text.len : 63),
                         (const char *)text.data);
        }
}

uint32_t mr_shell_next(const struct mr_shell_words *words, const char *line, char out[MR_SHELL_WORDS_MAX][64])
{
    const char *last = strrchr(line, ' ');
    size_t done = last ? (size_t)(last - line) + 1 : 0; /* words before the one being written */
    uint32_t count = 0;
    for (uint32_t i = 0; i < words->count; i++) {
        const char *command = words->commands[i];
        char word[64];
        if (strncmp(command, line, strlen(line)) != 0)
            continue;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(command + done, " "), command + done);
        bool there = false;
        for (uint32_t k = 0; k < count; k++)
            there |= strcmp(out[k], word) == 0;
        if (!there)
            memcpy(out[count++], word, sizeof word);
    }
    return count;
}

#ifdef MR_HAVE_LIBEDIT
#include <histedit.h>

struct mr_shell {
    EditLine *edit;
    History *history;
    HistEvent event;
    struct mr_shell_words words;
    char line[4096], file[256];
    bool terminal;
};

static char *prompt(EditLine *edit)
{
    static char text[] = "millrace> ";
    (void)edit;
    return text;
}

static size_t common(char list[MR_SHELL_WORDS_MAX][64], uint32_t count)
{
    size_t n = strlen(list[0]);
    for (uint32_t i = 1; i < count; i++)
        for (size_t k = 0; k < n; k++)
            if (list[i][k] != list[0][k])
                n = k;
    return n;
}

static unsigned char complete(EditLine *edit, int character)
{
    struct mr_shell *shell;
    char line[256], next[MR_SHELL_WORDS_MAX][64];
    const LineInfo *info = el_line(edit);
    (void)character;
    el_get(edit, EL_CLIENTDATA, &shell);
    snprintf(line, sizeof line, "%.*s", (int)(info->cursor - info->buffer), info->buffer);
    uint32_t count = mr_shell_next(&shell->words, line, next);
    if (!count)
        return CC_REFRESH_BEEP;
    const char *last = strrchr(line, ' ');
    size_t written = strlen(last ? last + 1 : line), same = common(next, count);
    if (same > written || count == 1) {
        char rest[80];
        snprintf(rest, sizeof rest, "%.*s%s", (int)(same - written), next[0] + written, count == 1 ? " " : "");
        return el_insertstr(edit, rest) == 0 ? CC_REFRESH : CC_ERROR;
    }
    putchar('\n');
    for (uint32_t i = 0; i < count; i++)
        printf("%s%s", next[i], i + 1 < count ? "  " : "\n");
    fflush(stdout);
    return CC_REDISPLAY;
}

static void open_editor(struct mr_shell *shell)
{
    const char *home = getenv("HOME");
    shell->edit = el_init("millrace", stdin, stdout, stderr);
    shell->history = history_init();
    MR_ASSERT(shell->edit && shell->history);
    history(shell->history, &shell->event, H_SETSIZE, 1000);
    history(shell->history, &shell->event, H_SETUNIQUE, 1);
    el_set(shell->edit, EL_CLIENTDATA, shell);
    el_set(shell->edit, EL_PROMPT, prompt);
    el_set(shell->edit, EL_EDITOR, "emacs");
    el_set(shell->edit, EL_HIST, history, shell->history);
    el_set(shell->edit, EL_ADDFN, "ml-complete", "completes a command", complete);
    el_set(shell->edit, EL_BIND, "^I", "ml-complete", NULL);
    if (home && snprintf(shell->file, sizeof shell->file, "%s/.millrace_history", home) < (int)sizeof shell->file)
        history(shell->history, &shell->event, H_LOAD, shell->file);
}

struct mr_shell *mr_shell_open(struct mr_asker *asker)
{
    struct mr_shell *shell = calloc(1, sizeof *shell);
    struct mr_err err;
    MR_ASSERT(shell);
    shell->terminal = isatty(STDIN_FILENO);
    if (!shell->terminal)
        return shell;
    if (mr_asker_ask(asker, "help --json", &err) == MR_REPLY_GOOD)
        mr_shell_learn(&shell->words, asker->reply, asker->len);
    open_editor(shell);
    return shell;
}

const char *mr_shell_line(struct mr_shell *shell)
{
    int n = 0;
    const char *line = shell->terminal ? el_gets(shell->edit, &n) : fgets(shell->line, sizeof shell->line, stdin);
    if (!line || (shell->terminal && n <= 0))
        return NULL;
    if (shell->terminal)
        snprintf(shell->line, sizeof shell->line, "%s", line);
    shell->line[strcspn(shell->line, "\n")] = 0;
    if (shell->terminal && shell->line[strspn(shell->line, " ")])
        history(shell->history, &shell->event, H_ENTER, shell->line);
    return shell->line;
}

void mr_shell_close(struct mr_shell *shell)
{
    if (shell->terminal) {
        if (*shell->file)
            history(shell->history, &shell->event, H_SAVE, shell->file);
        history_end(shell->history);
        el_end(shell->edit);
    }
    free(shell);
}
#else
struct mr_shell {
    char line[4096];
};

struct mr_shell *mr_shell_open(struct mr_asker *asker)
{
    (void)asker;
    struct mr_shell *shell = calloc(1, sizeof *shell);
    MR_ASSERT(shell);
    return shell;
}

const char *mr_shell_line(struct mr_shell *shell)
{
    if (isatty(STDIN_FILENO)) {
        fputs("millrace> ", stdout);
        fflush(stdout);
    }
    if (!fgets(shell->line, sizeof shell->line, stdin))
        return NULL;
    shell->line[strcspn(shell->line, "\n")] = 0;
    return shell->line;
}

void mr_shell_close(struct mr_shell *shell) { free(shell); }
#endif
