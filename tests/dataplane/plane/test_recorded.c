/* A recording that an operator begins while everything runs, over TLS against the simulated exchange: two connections to a product, both open already, bring
 * every trade twice, and one of them is cut meanwhile. What is replayed has each trade once and in order, and it says which connections were open. */
#include <stdio.h>
#include <stdlib.h>

#include "codecs/event/event.h"
#include "dataplane/player/player.h"
#include "dataplane/record/record.h"
#include "dataplane/ring/workspace.h"
#include "dataplane/source/replay/replay.h"
#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

static const struct rig_feed feeds[] = {
    {.product = "binance:usdm", .symbols = {"BTCUSDT", "ETHUSDT"}, .connections = 2},
    {.product = "binance:spot", .symbols = {"BTCUSDT"}},
};

static struct rig rig;

static void command(uint8_t kind)
{
    struct mr_region r;
    struct mr_ring_writer w;
    assert_int_equal(mr_workspace_find(mr_plane_workspace(rig.plane), "commands/0", &r), MR_OK);
    assert_int_equal(mr_ring_writer_open(&w, r.mem, r.bytes), MR_OK);
    struct mr_plane_command *c = mr_ring_reserve(&w, 1);
    assert_non_null(c);
    *c = (struct mr_plane_command){.kind = kind, .instrument = UINT32_MAX};
    mr_ring_publish(&w, 1);
}

/* ---- what the recording gives back ---- */

struct heard {
    uint64_t trades[4], last[4], pauses[4]; /* by instrument */
};

static void on_event(void *arg, const union mr_slot *group, const struct mr_instrument *instrument)
{
    struct heard *h = arg;
    const struct mr_event *e = &group->event;
    if (e->kind != MR_EVENT_TRADE)
        return;
    assert_true(instrument->id < MR_COUNT_OF(h->trades));
    uint64_t *last = &h->last[instrument->id];
    if (e->seq <= *last)
        fail_msg("%s: trade %llu comes after %llu", instrument->symbol, (unsigned long long)e->seq,
                 (unsigned long long)*last);
    h->pauses[instrument->id] += *last && e->seq != *last + 1;
    *last = e->seq;
    h->trades[instrument->id]++;
}

static struct heard replayed(const char *folder)
{
    struct heard h = {.trades = {0}};
    struct mr_replay_input input = {.path = folder};
    const struct mr_replay_config replay = {.inputs = &input, .count = 1};
    const struct mr_player_config config = {
        .merge = true, .listed_only = true, .recording = folder, .on_event = on_event, .arg = &h};
    struct mr_err err = {""};
    struct mr_source source = {0};
    struct mr_player *player = NULL;
    void *mem = malloc(mr_source_replay.bytes(&replay));
    if (mr_source_replay.open(&source, mem, &replay, &err) != MR_OK || mr_player_open(&player, &config, &err) != MR_OK)
        fail_msg("%s", err.text);
    assert_non_null(mr_instruments_get(mr_player_instruments(player), 2)); /* the recording's own table, in its order */
    while (mr_player_step(player, &source, 0, 4096) > 0)
        continue;
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
    return h;
}

/* As `millrace replay FOLDER` would: it cannot be the run, and says so. */
static bool says_mid_run(const char *folder)
{
    const struct mr_player_config config = {.merge = true, .listed_only = true, .recording = folder};
    struct mr_player_exact exact;
    struct mr_player *player = NULL;
    struct mr_err err = {""};
    if (mr_player_open(&player, &config, &err) != MR_OK || mr_player_exact(player, &exact, &err) != MR_OK)
        fail_msg("%s", err.text);
    mr_player_close(player);
    return exact.mid_run;
}

static void a_recording_begun_in_mid_run_replays_each_trade_once(void **state)
{
    (void)state;
    assert_int_equal(rig_open(&rig, feeds, MR_COUNT_OF(feeds)), 0);
    snprintf(rig.config.record_folder, sizeof rig.config.record_folder, "%s/recorded", rig.folder);
    assert_int_equal(rig_start(&rig), 0);
    for (int part = 0; part < 2; part++) { /* and once more, behind a pause */
        const uint64_t copies = rig_count(&rig, 0, "lane", "copies");
        command(MR_PLANE_RECORD_START);
        mr_test_rest(1900);
        rig_fault(&rig, 0,
                  (struct mr_exchange_fault){.kind = MR_FAULT_DISCONNECT, .connections = 1, .spared = (uint32_t)part});
        mr_test_rest(300);
        assert_true(rig_becomes_live(&rig));
        mr_test_rest(600);
        command(MR_PLANE_RECORD_STOP);
        mr_test_rest(300);
        assert_true(rig_count(&rig, 0, "lane", "copies") > copies + 50);
    }
    mr_plane_stop(rig.plane);
    const struct heard h = replayed(rig.config.record_folder);
    for (int id = 0; id < 3; id++) {
        assert_true(h.trades[id] > 10);
        assert_true(h.pauses[id] <= 1); /* between the two parts nothing was recorded; in them none is missing */
    }
    assert_true(says_mid_run(rig.config.record_folder));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_recording_begun_in_mid_run_replays_each_trade_once)};
    return MR_TEST_MAIN(tests);
}
