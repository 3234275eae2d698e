#include "controlplane/config/config_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- defaults ---- */

void mr_feed_default(struct mr_plane_feed *feed)
{
    memset(feed, 0, sizeof *feed);
    for (unsigned i = 0; i < MR_KEY_COUNT; i++)
        if (mr_keys[i].section == SECTION_feeds)
            mr_value_default(&mr_keys[i], feed);
}

void mr_config_bare(struct mr_config *config)
{
    memset(config, 0, sizeof *config);
    mr_signal_config_default(&config->plane.signal); /* what has no key */
    for (unsigned i = 0; i < MR_KEY_COUNT; i++)
        if (mr_keys[i].section != SECTION_feeds)
            mr_value_default(&mr_keys[i], config);
}

void mr_config_default(struct mr_config *config)
{
    mr_config_bare(config);
    mr_config_resolve(config);
}

/* ---- folders and files that were not named ---- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool usable(const char *folder) { return access(folder, W_OK | X_OK) == 0; }

/* Fills a field of 256 bytes with a, b, c, if it is empty; it then counts as not given. True if it was filled. Too long: cut, which
 * mr_config_check refuses. */
static bool fill(struct mr_config *config, unsigned key, char field[256], const char *a, const char *b, const char *c)
{
    struct mr_text t;
    if (*field)
        return false;
    config->line[key] = 0;
    mr_text_init(&t, field, 256);
    mr_text_add(&t, a);
    mr_text_add(&t, b);
    mr_text_add(&t, c);
    return true;
}

/* $MILLRACE_RUN, else /run/millrace, else $XDG_RUNTIME_DIR/millrace; where there is none of these, a folder of this user's in /tmp. */
static void resolve_run(struct mr_config *config)
{
    const char *given = environment("MILLRACE_RUN"), *session = environment("XDG_RUNTIME_DIR");
    char own[32];
    snprintf(own, sizeof own, "%u", (unsigned)geteuid());
    if (given) {
        if (fill(config, MR_KEY_top_run, config->run, given, "", ""))
            config->line[MR_KEY_top_run] = MR_FROM_ENVIRONMENT;
    } else if (usable("/run/millrace") || geteuid() == 0) {
        fill(config, MR_KEY_top_run, config->run, "/run/millrace", "", "");
    } else if (session) {
        fill(config, MR_KEY_top_run, config->run, session, "/millrace", "");
    } else {
        fill(config, MR_KEY_top_run, config->run, "/tmp/millrace-", own, "");
    }
}

static void resolve_data(struct mr_config *config)
{
    const char *given = environment("MILLRACE_DATA"), *user = environment("XDG_DATA_HOME"), *home = environment("HOME");
    if (given) {
        if (fill(config, MR_KEY_top_data, config->data, given, "", ""))
            config->line[MR_KEY_top_data] = MR_FROM_ENVIRONMENT;
    } else if (usable("/var/lib/millrace") || geteuid() == 0) {
        fill(config, MR_KEY_top_data, config->data, "/var/lib/millrace", "", "");
    } else if (user) {
        fill(config, MR_KEY_top_data, config->data, user, "/millrace", "");
    } else {
        fill(config, MR_KEY_top_data, config->data, home ? home : "/tmp",
             home ? "/.local/share/millrace" : "/millrace-data", "");
    }
}

void mr_config_resolve(struct mr_config *config)
{
    struct mr_plane_config *plane = &config->plane;
    resolve_run(config);
    resolve_data(config);
    if (!plane->instance[0])
        snprintf(plane->instance, sizeof plane->instance, "default");
    char folder[300];
    snprintf(folder, sizeof folder, "%s/%s", config->run, plane->instance);
    fill(config, MR_KEY_plane_workspace, plane->workspace, folder, "/workspace", "");
    fill(config, MR_KEY_control_socket, config->control.socket, folder, "/admin.sock", "");
    snprintf(folder, sizeof folder, "%s/%s", config->data, plane->instance);
    fill(config, MR_KEY_record_folder, plane->record_folder, folder, "/recordings", "");
    fill(config, MR_KEY_quarantine_folder, plane->quarantine_folder, folder, "/quarantine", "");
    fill(config, MR_KEY_journal_folder, config->journal.folder, folder, "/journal", "");
    fill(config, MR_KEY_store_folder, config->store.folder, folder, "/store", "");
    memccpy(plane->data, folder, 0, sizeof plane->data - 1);
}

static void forget(struct mr_config *config, unsigned key, char *field)
{
    if (config->line[key] == 0)
        *field = 0;
}

int mr_config_instance(struct mr_config *config, const char *instance, struct mr_err *err)
{
    struct mr_why why;
    const struct mr_key *key = &mr_keys[MR_KEY_top_instance];
    if (!mr_value_set(key, (char *)config + key->at, instance, strlen(instance), false, &why))
        return mr_err_set(err, MR_E_INVALID, "--instance %s", why.text);
    forget(config, MR_KEY_plane_workspace, config->plane.workspace);
    forget(config, MR_KEY_control_socket, config->control.socket);
    forget(config, MR_KEY_record_folder, config->plane.record_folder);
    forget(config, MR_KEY_quarantine_folder, config->plane.quarantine_folder);
    forget(config, MR_KEY_journal_folder, config->journal.folder);
    forget(config, MR_KEY_store_folder, config->store.folder);
    mr_config_resolve(config);
    return MR_OK;
}

/* ---- files ---- */

void mr_config_find(const char *given, char path[256])
{
    static const char *const places[] = {"millrace.yaml", "/etc/millrace/millrace.yaml"};
    path[0] = 0;
    if (given && *given) {
        snprintf(path, 256, "%s", given);
        return;
    }
    for (size_t i = 0; i < MR_COUNT_OF(places); i++)
        if (access(places[i], F_OK) == 0) {
            snprintf(path, 256, "%s", places[i]);
            return;
        }
}

static int cannot(mr_config_error_fn *each, void *arg, const char *path, const char *why)
{
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%.255s: %s", path, why);
    each(arg, sentence);
    return MR_E_IO;
}

static const char *why_not(int error)
{
    switch (error) {
    case ENOENT:
        return "no such file";
    case EACCES:
        return "no permission to read it";
    case EISDIR:
        return "a folder where a file is wanted";
    default:
        return strerror(error);
    }
}

int mr_config_read(const char *path, char **text, size_t *len, mr_config_error_fn *each, void *arg)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return cannot(each, arg, path, why_not(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return cannot(each, arg, path, S_ISDIR(st.st_mode) ? why_not(EISDIR) : "not a regular file");
    }
    *text = malloc(MR_CONFIG_BYTES_MAX + 1);
    MR_ASSERT(*text);
    *len = 0;
    ssize_t n;
    while ((n = read(fd, *text + *len, MR_CONFIG_BYTES_MAX + 1 - *len)) > 0)
        *len += (size_t)n;
    int error = errno;
    close(fd);
    if (n == 0)
        return MR_OK;
    free(*text);
    return cannot(each, arg, path, why_not(error));
}

int mr_config_load(struct mr_config *config, const char *path, mr_config_error_fn *each, void *arg)
{
    char *text;
    size_t len;
    mr_config_default(config);
    if (!*path)
        return MR_OK;
    int status = mr_config_read(path, &text, &len, each, arg);
    if (status != MR_OK)
        return status;
    status = mr_config_parse(config, path, text, len, each, arg);
    free(text);
    return status;
}

int mr_config_run_folder(const struct mr_config *config, char path[256], struct mr_err *err)
{
    struct stat st;
    int n = snprintf(path, 256, "%s/%s", config->run, config->plane.instance);
    if (n < 0 || n >= 256)
        return mr_err_set(err, MR_E_INVALID, "%s: the path of the run folder is too long", config->run);
    if ((mkdir(config->run, 0755) && errno != EEXIST) || (mkdir(path, 0750) && errno != EEXIST))
        return mr_err_set(err, MR_E_IO,
                          "%s: cannot make the run folder: %s; set MILLRACE_RUN or `run:` to a folder you may write",
                          path, strerror(errno));
    if (stat(path, &st) || !S_ISDIR(st.st_mode))
        return mr_err_set(err, MR_E_IO, "%s: not a folder", path);
    if (access(path, W_OK | X_OK))
        return mr_err_set(err, MR_E_IO, "%s: no permission to write; it belongs to user %u", path, (unsigned)st.st_uid);
    return MR_OK;
}
