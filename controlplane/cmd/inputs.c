#include "controlplane/cmd/inputs.h"

#include <math.h>
#include <stdlib.h>

int mr_inputs_venue(struct mr_inputs *in, const char *text, struct mr_err *err)
{
    const struct mr_venue *venue;
    int status = mr_venue_parse(text, &venue, &in->product, err);
    if (status == MR_OK)
        in->venue = venue->id;
    return status;
}

int mr_inputs_file(struct mr_inputs *in, const char *path, struct mr_err *err)
{
    if (in->count == MR_REPLAY_INPUTS_MAX)
        return mr_err_set(err, MR_E_FULL, "%s: more than %d files; merge some with millrace capture merge", path,
                          MR_REPLAY_INPUTS_MAX);
    in->list[in->count++] = (struct mr_replay_input){
        .path = path, .recv = in->recv, .rest = in->rest, .venue = in->venue, .product = in->product};
    in->recv = in->rest = NULL;
    return MR_OK;
}

int mr_pace_parse(const char *text, double *pace, struct mr_err *err)
{
    char *end;
    *pace = 0;
    if (strcmp(text, "max") == 0)
        return MR_OK;
    *pace = strtod(text, &end);
    if (end == text || *end || !(*pace > 0) || !isfinite(*pace))
        return mr_err_set(err, MR_E_INVALID, "--pace %s: want a factor above 0, as 1 or 10, or max", text);
    return MR_OK;
}

void mr_unknowns_add(struct mr_unknowns *u, struct mr_span name)
{
    uint32_t len = name.len < 63 ? name.len : 63;
    for (uint32_t i = 0; i < u->count; i++)
        if (strlen(u->list[i].name) == len && memcmp(u->list[i].name, name.data, len) == 0) {
            u->list[i].count++;
            return;
        }
    if (u->count == MR_UNKNOWN_NAMES) {
        u->others++;
        return;
    }
    if (len)
        memcpy(u->list[u->count].name, name.data, len);
    u->list[u->count++].count = 1;
}
