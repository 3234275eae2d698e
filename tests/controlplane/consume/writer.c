#include "tests/controlplane/consume/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/support.h"

enum { INSTRUMENTS = 16, SIGNAL_SLOTS = 8 };

void writer_folder(struct writer *w)
{
    memset(w, 0, sizeof *w);
    strcpy(w->folder, "/tmp/millrace-consume-XXXXXX");
    MR_ASSERT(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/test", w->folder);
    MR_ASSERT(mkdir(w->path, 0700) == 0);
    strcat(w->path, "/workspace");
    setenv("MILLRACE_RUN", w->folder, 1);
}

static void add_instruments(struct writer *w)
{
    struct mr_instrument it = {.venue = 1, .product = 0, .type = MR_TYPE_SPOT, .price_scale = 8, .size_scale = 8};
    static const char *const symbols[] = {"BTCUSDT", "ETHUSDT"};
    for (uint32_t i = 0; i < 2; i++) {
        memset(it.symbol, 0, sizeof it.symbol);
        strcpy(it.symbol, symbols[i]);
        it.symbol_len = (uint8_t)strlen(symbols[i]);
        memcpy(it.base, symbols[i], 3);
        strcpy(it.quote, "USDT");
        it.multiplier = 1;
        MR_ASSERT(mr_instruments_add(w->table, &it) == i);
    }
}

void *writer_region(struct writer *w, const char *name, size_t *bytes)
{
    struct mr_region region;
    MR_ASSERT(mr_workspace_find(&w->ws, name, &region) == MR_OK);
    *bytes = region.bytes;
    return region.mem;
}

void writer_start(struct writer *w, uint32_t slots)
{
    struct mr_err err;
    const struct mr_region_plan plan[] = {
        {"instruments", MR_REGION_INSTRUMENTS, 0, mr_instruments_bytes(INSTRUMENTS)},
        {"tap/events/0", MR_REGION_RING, 0, mr_ring_bytes(slots, slots < MR_GROUP_SLOTS ? slots / 2 : MR_GROUP_SLOTS)},
        {"tap/signals/0", MR_REGION_RING, 0, mr_ring_bytes(64 * SIGNAL_SLOTS, SIGNAL_SLOTS)},
        {"book/0", MR_REGION_IMAGE, 0, mr_image_bytes(sizeof(struct mr_plane_book))},
        {"state/0", MR_REGION_IMAGE, 0, mr_image_bytes(sizeof(struct mr_plane_engines))},
        {"connections/0", MR_REGION_IMAGE, 0, mr_image_bytes(sizeof(struct mr_plane_connections))},
        {"signals/0", MR_REGION_RING, sizeof(struct mr_signal), mr_ring_bytes(64 * SIGNAL_SLOTS, SIGNAL_SLOTS)},
    };
    if (mr_workspace_create(&w->ws, w->path, "test", plan, MR_COUNT_OF(plan), &err) != MR_OK)
        print_error("%s\n", err.text);
    size_t bytes;
    w->table = mr_instruments_init(writer_region(w, "instruments", &bytes), INSTRUMENTS);
    add_instruments(w);
    void *mem = writer_region(w, "tap/events/0", &bytes);
    MR_ASSERT(mr_ring_init(mem, slots, slots < MR_GROUP_SLOTS ? slots / 2 : MR_GROUP_SLOTS, MR_RING_LAP) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&w->events, mem, bytes) == MR_OK);
    mem = writer_region(w, "tap/signals/0", &bytes);
    MR_ASSERT(mr_ring_init(mem, 64 * SIGNAL_SLOTS, SIGNAL_SLOTS, MR_RING_LAP) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&w->signals, mem, bytes) == MR_OK);
    mem = writer_region(w, "signals/0", &bytes);
    MR_ASSERT(mr_ring_init(mem, 64 * SIGNAL_SLOTS, SIGNAL_SLOTS, MR_RING_GAP) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&w->control, mem, bytes) == MR_OK);
    w->book = mr_image_init(writer_region(w, "book/0", &bytes), sizeof(struct mr_plane_book));
    w->state = mr_image_init(writer_region(w, "state/0", &bytes), sizeof(struct mr_plane_engines));
    w->connections = mr_image_init(writer_region(w, "connections/0", &bytes), sizeof(struct mr_plane_connections));
    mr_workspace_config(&w->ws, w->config);
    if (mr_workspace_commit(&w->ws, &err) != MR_OK)
        print_error("%s\n", err.text);
    w->sent = 0;
}

void writer_stop(struct writer *w) { mr_workspace_close(&w->ws); }

void writer_remove(struct writer *w)
{
    char old[160];
    writer_stop(w);
    snprintf(old, sizeof old, "%s.old", w->path);
    unlink(w->path);
    unlink(old);
    *strrchr(w->path, '/') = 0;
    rmdir(w->path);
    rmdir(w->folder);
    unsetenv("MILLRACE_RUN");
}

void writer_trade(struct writer *w, uint32_t instrument)
{
    union mr_slot slot = {.event = {.recv_ns = 1000 + (int64_t)w->sent,
                                    .venue_ns = 900,
                                    .seq = w->sent,
                                    .price = 6712345000000 + (int64_t)w->sent,
                                    .size = 150000000,
                                    .aux = 42,
                                    .instrument = instrument,
                                    .kind = MR_EVENT_TRADE,
                                    .flags = MR_FLAG_SELL | MR_FLAG_FIRST | MR_FLAG_LAST,
                                    .connection = 3}};
    mr_ring_put(&w->events, &slot, 1);
    w->sent++;
}

void writer_book(struct writer *w, uint32_t bids, uint32_t asks)
{
    static union mr_slot slots[MR_GROUP_SLOTS];
    memset(slots, 0, sizeof slots);
    slots[0].book = (struct mr_book_head){.recv_ns = 7,
                                          .seq = 200,
                                          .first_seq = 190,
                                          .prev_seq = 189,
                                          .bid_count = (uint16_t)bids,
                                          .ask_count = (uint16_t)asks,
                                          .kind = MR_EVENT_BOOK,
                                          .flags = MR_FLAG_SNAPSHOT | MR_FLAG_FIRST | MR_FLAG_LAST,
                                          .book_flags = MR_BOOK_RESET};
    struct mr_level *levels = slots[1].level;
    for (uint32_t i = 0; i < bids + asks; i++)
        levels[i] = (struct mr_level){(int64_t)i * 100, i};
    mr_ring_put(&w->events, slots, mr_event_slots(&slots[0]));
}

void writer_signal(struct writer *w, uint64_t seq)
{
    static struct mr_signal s;
    s = (struct mr_signal){.engine_ns = 5,
                           .seq = seq,
                           .instrument = UINT32_MAX,
                           .kind = MR_SIGNAL_LEVEL,
                           .level = MR_LEVEL_CRITICAL,
                           .level_before = MR_LEVEL_WATCH,
                           .probability = 0.75,
                           .underlying_name = "BTC",
                           .words = "velocity 23.4/s over 20.0/s"};
    mr_ring_put(&w->signals, &s, SIGNAL_SLOTS);
}
