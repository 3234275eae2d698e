/* The config in force, as YAML and as JSON, and the reference of its keys. */
#include <xxhash.h>

#include "controlplane/config/config_priv.h"

static void origin_text(const struct mr_config *config, uint32_t line, char *out, size_t bytes)
{
    if (line == 0)
        snprintf(out, bytes, "default");
    else if (line == MR_FROM_ENVIRONMENT)
        snprintf(out, bytes, "environment");
    else
        snprintf(out, bytes, "%s:%u", config->file, line);
}

void mr_value_whole(const struct mr_key *key, const void *base, struct mr_text *out)
{
    const char *place = (const char *)base + key->at;
    if (!key->list) {
        mr_value_yaml(key, place, out);
        return;
    }
    mr_text_add(out, "[");
    if (key->type == KEY_FLAGS)
        mr_value_yaml(key, place, out);
    else
        for (uint32_t i = 0, n = mr_value_count(key, base); i < n; i++) {
            mr_text_add(out, i ? ", " : "");
            mr_value_yaml(key, place + i * key->bytes, out);
        }
    mr_text_add(out, "]");
}

static void row_yaml(const struct mr_config *config, const struct mr_key *key, const void *base, const char *indent,
                     const uint32_t *lines, struct mr_text *out)
{
    size_t begin = out->len;
    char where[300];
    mr_text_format(out, "%s%s: ", indent, key->name);
    mr_value_whole(key, base, out);
    if (lines) {
        size_t width = out->len - begin;
        origin_text(config, lines[key - mr_keys], where, sizeof where);
        mr_text_format(out, "%*s # %s", width < 48 ? (int)(48 - width) : 0, "", where);
    }
    mr_text_add(out, "\n");
}

void mr_config_show(const struct mr_config *config, bool origin, struct mr_text *out)
{
    for (unsigned section = 0; section < SECTION_feeds; section++) {
        if (section != SECTION_top)
            mr_text_format(out, "%s:\n", mr_key_sections[section]);
        for (unsigned i = 0; i < MR_KEY_COUNT; i++)
            if (mr_keys[i].section == section)
                row_yaml(config, &mr_keys[i], config, section == SECTION_top ? "" : "  ", origin ? config->line : NULL,
                         out);
    }
    mr_text_add(out, config->plane.feed_count ? "feeds:\n" : "feeds: []\n");
    for (uint32_t f = 0; f < config->plane.feed_count; f++) {
        bool first = true;
        for (unsigned i = 0; i < MR_KEY_COUNT; i++)
            if (mr_keys[i].section == SECTION_feeds) {
                row_yaml(config, &mr_keys[i], &config->plane.feeds[f], first ? "  - " : "    ",
                         origin ? config->feed_line[f] : NULL, out);
                first = false;
            }
    }
}

/* ---- for comparing ---- */

static void add_to_sum(XXH64_state_t *sum, const struct mr_key *key, const void *base)
{
    static _Thread_local char line[1 << 17]; /* of the longest list */
    struct mr_text text;
    mr_text_init(&text, line, sizeof line);
    mr_text_format(&text, "%s.%s: ", mr_key_sections[key->section], key->name);
    mr_value_whole(key, base, &text);
    MR_ASSERT(!text.cut);
    MR_ASSERT(XXH64_update(sum, line, text.len + 1) == XXH_OK);
}

uint64_t mr_config_sum(const struct mr_config *config)
{
    XXH64_state_t *sum = XXH64_createState();
    MR_ASSERT(sum && XXH64_reset(sum, 0) == XXH_OK);
    for (unsigned i = 0; i < MR_KEY_COUNT; i++) {
        bool feeds = mr_keys[i].section == SECTION_feeds;
        for (uint32_t f = 0; f < (feeds ? config->plane.feed_count : 1) && !mr_keys[i].live; f++)
            add_to_sum(sum, &mr_keys[i], feeds ? (const void *)&config->plane.feeds[f] : config);
    }
    uint64_t value = XXH64_digest(sum);
    XXH64_freeState(sum);
    return value ? value : 1;
}

/* ---- JSON ---- */

static void row_json(const struct mr_key *key, const void *base, struct mr_json_out *j)
{
    const char *place = (const char *)base + key->at;
    if (!key->list) {
        mr_value_json(key, key->name, place, j);
        return;
    }
    mr_json_out_array(j, key->name);
    if (key->type == KEY_FLAGS) {
        uint32_t bits;
        memcpy(&bits, place, sizeof bits);
        for (unsigned b = 0; b < 8; b++) {
            uint32_t one = bits & 1u << b;
            if (one)
                mr_value_json(key, NULL, &one, j);
        }
    } else {
        for (uint32_t i = 0, n = mr_value_count(key, base); i < n; i++)
            mr_value_json(key, NULL, place + i * key->bytes, j);
    }
    mr_json_out_end(j);
}

static void rows_json(const void *base, unsigned section, struct mr_json_out *j)
{
    for (unsigned i = 0; i < MR_KEY_COUNT; i++)
        if (mr_keys[i].section == section)
            row_json(&mr_keys[i], base, j);
}

static void origins_json(const struct mr_config *config, struct mr_json_out *j)
{
    char where[300], path[96];
    mr_json_out_object(j, "origin");
    for (unsigned i = 0; i < MR_KEY_COUNT; i++) {
        bool feeds = mr_keys[i].section == SECTION_feeds;
        for (uint32_t f = 0; f < (feeds ? config->plane.feed_count : 1); f++) {
            if (feeds)
                snprintf(path, sizeof path, "feeds[%u].%s", f, mr_keys[i].name);
            else
                snprintf(path, sizeof path, "%s%s%s", mr_key_sections[mr_keys[i].section],
                         mr_keys[i].section ? "." : "", mr_keys[i].name);
            origin_text(config, feeds ? config->feed_line[f][i] : config->line[i], where, sizeof where);
            mr_json_out_string(j, path, where);
        }
    }
    mr_json_out_end(j);
}

void mr_config_show_json(const struct mr_config *config, bool origin, struct mr_text *out)
{
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
    rows_json(config, SECTION_top, &j);
    for (unsigned section = 1; section < SECTION_feeds; section++) {
        mr_json_out_object(&j, mr_key_sections[section]);
        rows_json(config, section, &j);
        mr_json_out_end(&j);
    }
    mr_json_out_array(&j, "feeds");
    for (uint32_t f = 0; f < config->plane.feed_count; f++) {
        mr_json_out_object(&j, NULL);
        rows_json(&config->plane.feeds[f], SECTION_feeds, &j);
        mr_json_out_end(&j);
    }
    mr_json_out_end(&j);
    if (origin)
        origins_json(config, &j);
    mr_json_out_end(&j);
}

/* ---- the reference ---- */

bool mr_config_key(unsigned i, struct mr_config_key *out)
{
    if (i >= MR_KEY_COUNT)
        return false;
    const struct mr_key *key = &mr_keys[i];
    struct mr_why want;
    mr_value_want(key, &want);
    *out = (struct mr_config_key){
        mr_key_sections[key->section], key->name, key->fallback, key->help, "", key->list, key->live};
    snprintf(out->want, sizeof out->want, "%s", want.text);
    return true;
}

static void key_json(const struct mr_config_key *key, struct mr_json_out *j)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "section", key->section);
    mr_json_out_string(j, "key", key->name);
    mr_json_out_string(j, "want", key->want);
    mr_json_out_bool(j, "list", key->list);
    mr_json_out_string(j, "default", key->fallback);
    mr_json_out_string(j, "when", key->live ? "live" : "restart");
    mr_json_out_string(j, "help", key->help);
    mr_json_out_end(j);
}

void mr_config_keys(bool json, struct mr_text *out)
{
    struct mr_config_key key;
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    if (json)
        mr_json_out_array(&j, NULL);
    for (unsigned i = 0; mr_config_key(i, &key); i++) {
        if (json)
            key_json(&key, &j);
        else
            mr_text_format(out, "%s%s%s [%s]\n    %s\n    %s%s%s\n", key.section, key.section[0] ? "." : "", key.name,
                           key.fallback, key.help, key.list ? "a list, each " : "", key.want,
                           key.live ? "; a reload takes it" : "");
    }
    if (json)
        mr_json_out_end(&j);
}
