/* Recordings into other recordings: pieces of the inputs, merged by receive time, into a writer of the wanted kind. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codecs/capture/compact.h"
#include "controlplane/cmd/capture.h"

/* ---- files ---- */

int mr_capture_sink_open(struct mr_capture_options *o, const char *path, struct mr_capture_sink *sink)
{
    sink->bytes = 0;
    sink->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (o->force ? O_TRUNC : O_EXCL), 0640);
    if (sink->fd < 0)
        return mr_err_set(&o->err, MR_E_IO, "%s: %s%s", path, strerror(errno),
                          errno == EEXIST ? "; --force overwrites it" : "");
    return MR_OK;
}

int mr_capture_sink_write(void *arg, const uint8_t *data, size_t len)
{
    struct mr_capture_sink *s = arg;
    while (len) {
        ssize_t n = write(s->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return MR_E_IO;
        data += n;
        len -= (size_t)n;
        s->bytes += (uint64_t)n;
    }
    return MR_OK;
}

int mr_capture_sink_close(struct mr_capture_options *o, struct mr_capture_sink *sink, const char *path, int status)
{
    if (sink->fd >= 0 && close(sink->fd) && status == MR_OK)
        status = MR_E_IO;
    return status == MR_E_IO ? mr_err_set(&o->err, status, "%s: %s", path, strerror(errno)) : status;
}

/* ---- cut, merge, import: a segment ---- */

static int to_segment(void *arg, const struct mr_piece *p)
{
    static const uint8_t kinds[] = {[MR_PIECE_FRAME] = MR_CAPTURE_FRAME,   [MR_PIECE_DATAGRAM] = MR_CAPTURE_FRAME,
                                    [MR_PIECE_REST] = MR_CAPTURE_REST,     [MR_PIECE_OPENED] = MR_CAPTURE_OPENED,
                                    [MR_PIECE_CLOSED] = MR_CAPTURE_CLOSED, [MR_PIECE_NOTE] = MR_CAPTURE_NOTE};
    const struct mr_capture_record r = {.recv_ns = p->recv_ns,
                                        .data = p->data,
                                        .len = p->len,
                                        .connection = p->connection,
                                        .kind = kinds[p->kind],
                                        .clock = p->clock,
                                        .venue = p->venue,
                                        .product = p->product,
                                        .name = p->name};
    return mr_capture_add(arg, &r);
}

/* What its inputs lost, it has lost. */
static int end_segment(struct mr_capture_writer *w, const struct mr_capture_each *each)
{
    char text[96];
    int n = snprintf(text, sizeof text, "lost %llu records: in the recordings this was made of",
                     (unsigned long long)each->lost);
    const struct mr_capture_record note = {.kind = MR_CAPTURE_NOTE, .data = (const uint8_t *)text, .len = (uint32_t)n};
    int status = each->lost ? mr_capture_add(w, &note) : MR_OK;
    return status ? status : mr_capture_flush(w);
}

int mr_capture_write(struct mr_capture_options *o)
{
    struct mr_capture_sink sink;
    int status = mr_capture_sink_open(o, o->out, &sink);
    if (status)
        return status;
    struct mr_capture_each each = {0};
    struct mr_capture_writer *w =
        mr_capture_writer_init(malloc(mr_capture_writer_bytes()), o->zstd_level, mr_capture_sink_write, &sink);
    status = mr_capture_begin(w, o->action, 1, 0);
    if (status == MR_OK)
        status = mr_capture_each(o, to_segment, w, &each);
    if (status == MR_OK)
        status = end_segment(w, &each);
    free(w);
    status = mr_capture_sink_close(o, &sink, o->out, status);
    if (status == MR_OK)
        printf("%s: %llu records, %llu bytes\n", o->out, (unsigned long long)each.count,
               (unsigned long long)sink.bytes);
    return status;
}

/* ---- compact: the liquidations in 18 bytes each ---- */

struct compact {
    struct mr_player *player;
    struct mr_capture_sink sink;
    int status;
    uint64_t count, saturated;
};

static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *instrument)
{
    struct compact *c = arg;
    if (group->event.kind != MR_EVENT_LIQUIDATION || !instrument || c->status)
        return;
    uint8_t record[MR_COMPACT_BYTES];
    int saturated = mr_compact_encode(&group->event, instrument, record);
    MR_ASSERT(saturated >= 0);
    c->saturated += (uint64_t)saturated;
    c->count++;
    c->status = mr_capture_sink_write(&c->sink, record, sizeof record);
}

static int to_player(void *arg, const struct mr_piece *piece)
{
    struct compact *c = arg;
    mr_player_piece(c->player, piece); /* refusals are counted by the feed */
    return c->status;
}

int mr_capture_compact(struct mr_capture_options *o)
{
    struct compact c = {0};
    const struct mr_player_config config = {.on_event = on_event, .merge = true, .arg = &c};
    struct mr_capture_each each = {0};
    int status = mr_capture_sink_open(o, o->out, &c.sink);
    if (status)
        return status;
    status = mr_player_open(&c.player, &config, &o->err);
    if (status == MR_OK) {
        status = mr_capture_each(o, to_player, &c, &each);
        mr_player_close(c.player);
    }
    status = mr_capture_sink_close(o, &c.sink, o->out, status);
    if (status == MR_OK)
        printf("%s: %llu liquidations, %llu fields saturated\n", o->out, (unsigned long long)c.count,
               (unsigned long long)c.saturated);
    return status;
}
