/* One run of an instance: its file, its taps, its instruments. Everything here is cold but consume_instrument. */
#include "controlplane/consume/consume_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs/venue/venue.h"

/* Why a file could not be opened: the floor says only that the system refused. */
static int code_of_file(const char *path, int status)
{
    struct stat st;
    if (status != MR_E_IO)
        return consume_code(status);
    if (stat(path, &st) != 0)
        return errno == EACCES                       ? MILLRACE_E_PERMISSION
               : errno == ENOENT || errno == ENOTDIR ? MILLRACE_E_ABSENT
                                                     : MILLRACE_E_SYSTEM;
    if (!S_ISREG(st.st_mode))
        return MILLRACE_E_FORMAT;
    return access(path, R_OK) != 0 ? MILLRACE_E_PERMISSION : MILLRACE_E_SYSTEM;
}

static int attach(struct consume_run *run, const char *path, struct millrace_error *error)
{
    struct mr_err err = {""};
    struct stat st;
    int status = mr_workspace_attach(&run->ws, path, false, &err);
    if (status != MR_OK) {
        int code = code_of_file(path, status);
        return consume_fail(error, code, "%s%s", err.text,
                            code == MILLRACE_E_ABSENT       ? "; is the instance running?"
                            : code == MILLRACE_E_PERMISSION ? "; readers must be in the file's group"
                                                            : "");
    }
    if (fstat(run->ws.fd, &st) != 0)
        return consume_fail(error, MILLRACE_E_SYSTEM, "%s: cannot look at: %s", path, strerror(errno));
    run->device = st.st_dev;
    run->inode = st.st_ino;
    mr_workspace_info(&run->ws, &run->info);
    return MILLRACE_OK;
}

/* Where the taps of engine 0, 1, ... end, that many engines there are. A workspace without any is one of no data plane. */
static uint32_t count_engines(const struct mr_workspace *ws)
{
    char name[MR_REGION_NAME_BYTES];
    struct mr_region region;
    uint32_t n = 0;
    for (; n < MR_PLANE_TILES_MAX; n++) {
        snprintf(name, sizeof name, "tap/events/%u", n);
        if (mr_workspace_find(ws, name, &region) != MR_OK)
            break;
    }
    return n;
}

static int open_tap(struct consume_run *run, const char *what, uint32_t engine, bool from_oldest,
                    struct millrace_error *error)
{
    char name[MR_REGION_NAME_BYTES];
    struct mr_region region;
    snprintf(name, sizeof name, "tap/%s/%u", what, engine);
    int status = mr_workspace_find(&run->ws, name, &region);
    if (status == MR_OK && region.kind != MR_REGION_RING)
        status = MR_E_CORRUPT;
    struct consume_tap *tap = &run->taps[run->tap_count];
    if (status == MR_OK)
        status = mr_tap_open(&tap->ring, region.mem, region.bytes, from_oldest);
    if (status == MR_OK && !tap->ring.lap)
        status = MR_E_CORRUPT; /* such a ring has one reader, which is not we */
    if (status != MR_OK)
        return consume_fail(error, consume_code(status), "%s: region %s: %s", run->ws.path, name,
                            mr_status_text(status));
    tap->engine = engine;
    tap->signals = what[0] == 's';
    run->tap_count++;
    return MILLRACE_OK;
}

static int open_table(struct consume_run *run, struct millrace_error *error)
{
    struct mr_region region;
    if (mr_workspace_find(&run->ws, "instruments", &region) != MR_OK)
        return MILLRACE_OK;
    int status = region.kind == MR_REGION_INSTRUMENTS ? mr_instruments_attach(region.mem, region.bytes, &run->capacity)
                                                      : MR_E_CORRUPT;
    if (status != MR_OK)
        return consume_fail(error, consume_code(status), "%s: region instruments: %s", run->ws.path,
                            mr_status_text(status));
    run->table = region.mem;
    run->known = calloc(run->capacity, sizeof *run->known);
    run->is_known = calloc(run->capacity, sizeof *run->is_known);
    if (!run->known || !run->is_known)
        return consume_fail(error, MILLRACE_E_MEMORY, "%s: no memory for %u instruments", run->ws.path, run->capacity);
    return MILLRACE_OK;
}

int consume_run_open(struct consume_run *run, const char *path, unsigned take, bool from_oldest,
                     struct millrace_error *error)
{
    *run = (struct consume_run){.ws = {.fd = -1}};
    int code = attach(run, path, error);
    if (code == MILLRACE_OK)
        code = open_table(run, error);
    if (code == MILLRACE_OK && (run->engines = count_engines(&run->ws)) == 0)
        code = consume_fail(error, MILLRACE_E_FORMAT, "%s: has no taps: not the workspace of a data plane", path);
    for (uint32_t e = 0; e < run->engines && code == MILLRACE_OK; e++) {
        if (take & (MILLRACE_EVENTS | MILLRACE_BOOKS))
            code = open_tap(run, "events", e, from_oldest, error);
        if (code == MILLRACE_OK && take & MILLRACE_SIGNALS)
            code = open_tap(run, "signals", e, from_oldest, error);
    }
    if (code != MILLRACE_OK)
        consume_run_close(run);
    return code;
}

void consume_run_close(struct consume_run *run)
{
    free(run->known);
    free(run->is_known);
    mr_workspace_close(&run->ws);
    *run = (struct consume_run){.ws = {.fd = -1}};
}

bool consume_replaced(const struct millrace *m)
{
    struct stat st;
    return stat(m->path, &st) == 0 && (st.st_ino != m->run.inode || st.st_dev != m->run.device);
}

/* ---- instruments ---- */

static void name_venue(struct millrace_instrument *out, const struct mr_instrument *in)
{
    const struct mr_venue *venue = mr_venue_by_id(in->venue);
    snprintf(out->venue, sizeof out->venue, "%s", venue ? venue->name : "?");
    snprintf(out->product, sizeof out->product, "?");
    for (uint32_t i = 0; venue && venue->products[i].name; i++)
        if (i == in->product)
            snprintf(out->product, sizeof out->product, "%s", venue->products[i].name);
}

static void translate(const struct consume_run *run, const struct mr_instrument *in, struct millrace_instrument *out)
{
    *out = (struct millrace_instrument){
        .id = in->id,
        .generation = in->generation,
        .type = in->type,
        .no_metadata = (in->flags & MR_INSTRUMENT_NO_METADATA) != 0,
        .inverse = (in->flags & MR_INSTRUMENT_INVERSE) != 0,
        .price_scale = in->price_scale,
        .size_scale = in->size_scale,
        .tick = in->tick,
        .lot = in->lot,
        .multiplier = in->multiplier,
        .multiplier_scale = in->multiplier_scale,
    };
    name_venue(out, in);
    consume_text(out->symbol, sizeof out->symbol, in->symbol, sizeof in->symbol);
    consume_text(out->base, sizeof out->base, in->base, sizeof in->base);
    consume_text(out->quote, sizeof out->quote, in->quote, sizeof in->quote);
    char underlying[MR_ASSET_BYTES];
    mr_instruments_underlying_copy(run->table, run->capacity, in->underlying, underlying);
    consume_text(out->underlying, sizeof out->underlying, underlying, sizeof underlying);
}

const struct millrace_instrument *consume_instrument(struct millrace *m, uint32_t id)
{
    struct consume_run *run = &m->run;
    if (!run->table || id >= run->capacity)
        return NULL;
    uint32_t changes = mr_instruments_changes(run->table);
    if (mr_unlikely(changes != run->changes)) { /* some scale may be another now: read all again, when asked for */
        memset(run->is_known, 0, run->capacity);
        run->changes = changes;
    }
    if (mr_likely(run->is_known[id]))
        return &run->known[id];
    struct mr_instrument copy;
    if (mr_instruments_read(run->table, id, &copy) != MR_OK || copy.id != id || copy.price_scale < 0 ||
        copy.price_scale > 18 || copy.size_scale < 0 || copy.size_scale > 18)
        return NULL;
    translate(run, &copy, &run->known[id]);
    run->is_known[id] = true;
    return &run->known[id];
}
