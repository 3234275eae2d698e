#include "controlplane/config/reload.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "controlplane/config/config_priv.h"
#include "controlplane/config/reload_priv.h"

void mr_config_hash(const void *bytes, size_t len, char out[65])
{
    uint8_t digest[32] = {0};
    MR_ASSERT(EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL) == 1);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ---- what differs ---- */

struct diff {
    struct mr_config_change *changes;
    uint32_t most, count;
};

/* Places for whole values: the longest list of symbols is longer than what is told of it. */
#define WHOLE_BYTES 65536

static struct mr_config_change *add(struct diff *d, const char *before, const char *after, bool live)
{
    static struct mr_config_change beyond;
    struct mr_config_change *c = d->count < d->most ? &d->changes[d->count] : &beyond;
    d->count++;
    struct mr_text text;
    mr_text_init(&text, c->before, sizeof c->before);
    mr_text_add(&text, before);
    mr_text_init(&text, c->after, sizeof c->after);
    mr_text_add(&text, after);
    c->live = live;
    c->key[0] = 0;
    return c;
}

static void compare(struct diff *d, const struct mr_key *key, const void *before, const void *after, const char *prefix)
{
    static char was[WHOLE_BYTES], is[WHOLE_BYTES];
    struct mr_text a, b;
    mr_text_init(&a, was, sizeof was);
    mr_text_init(&b, is, sizeof is);
    mr_value_whole(key, before, &a);
    mr_value_whole(key, after, &b);
    if (a.len == b.len && memcmp(was, is, a.len) == 0)
        return;
    struct mr_config_change *c = add(d, was, is, key->live);
    snprintf(c->key, sizeof c->key, "%s%s%s", prefix, *prefix ? "." : "", key->name);
}

/* The same product's feed: the first for the first, the second for the second. */
static const struct mr_plane_feed *counterpart(const struct mr_config *of, uint32_t f, const struct mr_config *in)
{
    uint32_t nth = 0;
    for (uint32_t i = 0; i < f; i++)
        nth += strcmp(of->plane.feeds[i].product, of->plane.feeds[f].product) == 0;
    for (uint32_t i = 0; i < in->plane.feed_count; i++)
        if (strcmp(in->plane.feeds[i].product, of->plane.feeds[f].product) == 0 && nth-- == 0)
            return &in->plane.feeds[i];
    return NULL;
}

static void feeds(struct diff *d, const struct mr_config *before, const struct mr_config *after)
{
    char prefix[96];
    for (uint32_t f = 0; f < before->plane.feed_count; f++) {
        const struct mr_plane_feed *was = &before->plane.feeds[f], *is = counterpart(before, f, after);
        snprintf(prefix, sizeof prefix, "feeds[%s]", was->product);
        if (!is) {
            struct mr_config_change *c = add(d, was->product, "", false);
            snprintf(c->key, sizeof c->key, "%s", prefix);
            continue;
        }
        for (unsigned i = 0; i < MR_KEY_COUNT; i++)
            if (mr_keys[i].section == SECTION_feeds)
                compare(d, &mr_keys[i], was, is, prefix);
    }
    for (uint32_t f = 0; f < after->plane.feed_count; f++)
        if (!counterpart(after, f, before)) {
            struct mr_config_change *c = add(d, "", after->plane.feeds[f].product, false);
            snprintf(c->key, sizeof c->key, "feeds[%s]", after->plane.feeds[f].product);
        }
}

uint32_t mr_config_diff(const struct mr_config *before, const struct mr_config *after, struct mr_config_change *changes,
                        uint32_t most)
{
    struct diff d = {changes, most, 0};
    for (unsigned i = 0; i < MR_KEY_COUNT; i++)
        if (mr_keys[i].section != SECTION_feeds)
            compare(&d, &mr_keys[i], before, after, mr_key_sections[mr_keys[i].section]);
    feeds(&d, before, after);
    return d.count;
}

/* ---- what is taken ---- */

static void take(struct mr_config *into, const struct mr_config *from)
{
    for (unsigned i = 0; i < MR_KEY_COUNT; i++) {
        const struct mr_key *key = &mr_keys[i];
        MR_ASSERT(!key->live || key->section != SECTION_feeds); /* feeds have no key that is live */
        if (!key->live)
            continue;
        bool several = key->list && key->type != KEY_FLAGS;
        memcpy((char *)into + key->at, (const char *)from + key->at,
               (size_t)key->bytes * (several ? key->most_elements : 1));
        if (key->count_at)
            memcpy((char *)into + key->count_at, (const char *)from + key->count_at, sizeof(uint32_t));
        into->line[i] = from->line[i];
    }
}

struct errors {
    const struct mr_config_live *live;
    struct mr_config_report *report;
};

static void on_error(void *arg, const char *sentence)
{
    struct errors *e = arg;
    if (!e->report->errors++)
        mr_err_set(&e->report->err, MR_E_INVALID, "%.500s", sentence);
    if (e->live->each)
        e->live->each(e->live->arg, sentence);
}

static int parse(const struct mr_config_live *live, struct mr_config *fresh, struct mr_config_report *r)
{
    struct errors errors = {live, r};
    char *text;
    size_t len;
    if (!*live->file)
        return mr_err_set(&r->err, MR_E_EMPTY, "no configuration file: this instance was started with defaults");
    int status = mr_config_read(live->file, &text, &len, on_error, &errors);
    if (status != MR_OK)
        return status;
    mr_config_hash(text, len, r->sha256);
    mr_config_default(fresh);
    status = mr_config_parse(fresh, live->file, text, len, on_error, &errors);
    free(text);
    if (status == MR_OK && live->instance)
        status = mr_config_instance(fresh, live->instance, &r->err);
    return status;
}

static int agree(const struct mr_config_live *live, const struct mr_config *next, struct mr_config_report *r)
{
    for (uint32_t i = 0; i < live->part_count; i++) {
        const struct mr_config_part *part = &live->parts[i];
        struct mr_err why = {""};
        int status = part->check ? part->check(part->self, live->running, next, &why) : MR_OK;
        if (status != MR_OK)
            return mr_err_set(&r->err, status, "%.80s: %.400s", part->name, why.text);
    }
    return MR_OK;
}

static int reload(const struct mr_config_live *live, struct mr_config *fresh, struct mr_config *next,
                  struct mr_config_report *r)
{
    int status = parse(live, fresh, r);
    if (status != MR_OK)
        return status;
    uint32_t all = mr_config_diff(live->running, fresh, r->changes, MR_CONFIG_CHANGES_MAX);
    r->count = all < MR_CONFIG_CHANGES_MAX ? all : MR_CONFIG_CHANGES_MAX;
    memcpy(next, live->running, sizeof *next);
    take(next, fresh);
    r->live = mr_config_diff(live->running, next, NULL, 0);
    r->restart = all - r->live;
    if (!r->live)
        return MR_OK;
    status = agree(live, next, r);
    if (status != MR_OK)
        return status;
    for (uint32_t i = 0; i < live->part_count; i++)
        if (live->parts[i].apply)
            live->parts[i].apply(live->parts[i].self, live->running, next);
    memcpy(live->running, next, sizeof *next);
    return MR_OK;
}

int mr_config_reload(const struct mr_config_live *live, const struct mr_config_who *who, int64_t now_ns,
                     struct mr_config_report *report)
{
    struct mr_config *two = malloc(2 * sizeof *two);
    MR_ASSERT(two);
    memset(report, 0, sizeof *report);
    snprintf(report->file, sizeof report->file, "%s", live->file);
    report->status = reload(live, &two[0], &two[1], report);
    free(two);
    int kept = live->history ? mr_config_history_add(live->history, who, now_ns, report) : MR_OK;
    return report->status != MR_OK ? report->status : kept;
}
