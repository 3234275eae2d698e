/* millrace config: check a file, show what is in force, list the keys. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/cmd/cmd.h"
#include "controlplane/config/config.h"
#include "dataplane/text/text.h"

enum { KEY_JSON = 256, KEY_ORIGIN, KEY_CONFIG, KEY_INSTANCE };

static const struct argp_option argp_options[] = {
    {"json", KEY_JSON, NULL, 0, "JSON instead of text", 0},
    {"origin", KEY_ORIGIN, NULL, 0, "show: where each value is from", 0},
    {"config", KEY_CONFIG, "FILE", 0,
     "the file (else ./millrace.yaml, else /etc/millrace/millrace.yaml, else defaults)", 0},
    {"instance", KEY_INSTANCE, "NAME", 0, "show: as this instance would have it", 0},
    {0},
};

struct options {
    const char *verb, *file, *instance;
    bool json, origin, too_many;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_ORIGIN:
        o->origin = true;
        break;
    case KEY_CONFIG:
        o->file = arg;
        break;
    case KEY_INSTANCE:
        o->instance = arg;
        break;
    case ARGP_KEY_ARG:
        if (!o->verb)
            o->verb = arg;
        else if (!o->file)
            o->file = arg;
        else
            o->too_many = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

struct errors {
    struct mr_json_out *json;
    uint32_t count;
};

static void tell(void *arg, const char *sentence)
{
    struct errors *e = arg;
    e->count++;
    if (e->json)
        mr_json_out_string(e->json, NULL, sentence);
    else
        fprintf(stderr, "%s\n", sentence);
}

static int exit_of(int status)
{
    return status == MR_OK ? MR_EXIT_GOOD : status == MR_E_IO ? MR_EXIT_ENVIRONMENT : MR_EXIT_USAGE;
}

static int check(const struct options *o, struct mr_config *config, const char *path, struct mr_text *text)
{
    struct mr_json_out j;
    struct errors errors = {.json = o->json ? &j : NULL};
    mr_json_out_init(&j, text);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "file", path);
    mr_json_out_array(&j, "errors");
    int status = mr_config_load(config, path, tell, &errors);
    mr_json_out_end(&j);
    mr_json_out_bool(&j, "good", status == MR_OK);
    mr_json_out_end(&j);
    if (o->json)
        printf("%s\n", text->out);
    else if (status == MR_OK)
        printf("%s: good; %u feeds\n", *path ? path : "defaults", config->plane.feed_count);
    else
        fprintf(stderr, "%s: %u %s\n", path, errors.count, errors.count == 1 ? "error" : "errors");
    return exit_of(status);
}

static int show(const struct options *o, struct mr_config *config, const char *path, struct mr_text *text)
{
    struct errors errors = {0};
    struct mr_err err;
    int status = mr_config_load(config, path, tell, &errors);
    if (status != MR_OK)
        return exit_of(status);
    if (o->instance && mr_config_instance(config, o->instance, &err) != MR_OK)
        return mr_cmd_fail(MR_EXIT_USAGE, "config", &err);
    (o->json ? mr_config_show_json : mr_config_show)(config, o->origin, text);
    MR_ASSERT(!text->cut);
    printf("%s%s", text->out, o->json ? "\n" : "");
    return MR_EXIT_GOOD;
}

static int usage(const char *format, const char *what)
{
    struct mr_err err;
    mr_err_set(&err, MR_E_INVALID, format, what);
    return mr_cmd_fail(MR_EXIT_USAGE, "config", &err);
}

int mr_cmd_config(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse,
                                     "check [FILE]\nshow [FILE]\nkeys",
                                     "Checks a configuration, shows the one in force, or lists all keys. `check` tells "
                                     "every error and exits 0 or 2.",
                                     NULL,
                                     NULL,
                                     NULL};
    static struct mr_config config;
    struct options o = {0};
    char name[] = "millrace config", path[256];
    argv[0] = name;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (!o.verb || o.too_many)
        return usage("%s; want check, show or keys, and at most one file", o.verb ? "too many arguments" : "no word");
    char *out = malloc(MR_CONFIG_SHOW_BYTES);
    MR_ASSERT(out);
    struct mr_text text;
    mr_text_init(&text, out, MR_CONFIG_SHOW_BYTES);
    mr_config_find(o.file, path);
    int code;
    if (strcmp(o.verb, "check") == 0) {
        code = check(&o, &config, path, &text);
    } else if (strcmp(o.verb, "show") == 0) {
        code = show(&o, &config, path, &text);
    } else if (strcmp(o.verb, "keys") == 0) {
        mr_config_keys(o.json, &text);
        printf("%s%s", out, o.json ? "\n" : "");
        code = MR_EXIT_GOOD;
    } else {
        code = usage("%s: want check, show or keys", o.verb);
    }
    free(out);
    return code;
}
