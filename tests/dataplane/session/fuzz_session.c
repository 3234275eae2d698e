/* Any course of things as a script: what the venue says (frames, plain bytes, bytes beside TLS), what time does, what the operator does.
 *
 * Holds for every script: the client breaks no rule of RFC 6455 (the far end's reader is strict); states follow the diagram; the source is
 * never used out of turn; and once the venue behaves again the session is live within a minute and a half.
 *
 * Input: a byte for the venue, then steps: a byte says what, the next how much, and where bytes are wanted those follow. */
#include "tests/dataplane/session/rig.h"

enum { STEPS_MAX = 64, MS_MAX = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
    const uint8_t *at, *end;
    uint32_t ms; /* so far */
};

static uint8_t next(struct script *s) { return s->at < s->end ? *s->at++ : 0; }

/* The next `most` bytes of the script, or what is left of it. */
static uint32_t some(struct script *s, uint32_t most, const uint8_t **bytes)
{
    uint32_t len = (uint32_t)(s->end - s->at);
    len = len < most ? len : most;
    *bytes = s->at;
    s->at += len;
    return len;
}

static void say(struct rig *rig, struct script *s, uint8_t what, uint8_t much)
{
    static const uint8_t opcodes[] = {MR_WS_TEXT, MR_WS_BINARY, MR_WS_CONTINUATION, MR_WS_PING, MR_WS_PONG};
    const uint8_t *bytes;
    if (!rig->connected || !rig->upgraded || !rig->shook)
        return;
    uint32_t len = some(s, what == 2 ? much % 126 : much, &bytes);
    if (what == 0)
        rig_say_plain(rig, bytes, len);
    else if (what == 1)
        rig_say_frame(rig, opcodes[much % 3], much & 64, bytes, len);
    else if (what == 2)
        rig_say_frame(rig, opcodes[3 + much % 2], true, bytes, len);
    else
        rig_say(rig, rig->venue->message);
}

static void trouble(struct rig *rig, struct script *s, uint8_t what, uint8_t much)
{
    const uint8_t *bytes;
    uint32_t len;
    switch (what) {
    case 4:
        len = some(s, much % 32, &bytes);
        if (rig->connected)
            rig_say_wire(rig, bytes, len);
        break;
    case 5:
        if (rig->connected)
            rig_hang_up(rig, "reset");
        break;
    case 6:
        if (rig->connected && rig->upgraded && rig->shook)
            rig_say_close(rig, much & 1 ? 1001 : 0, NULL);
        break;
    case 7:
        rig->refuse = much & 1;
        break;
    case 8:
        rig->hang_tls = much & 1;
        break;
    case 9:
        rig->hang_upgrade = much & 1;
        break;
    case 10:
        rig->take = much;
        break;
    case 11:
        rig->blocked = much & 1;
        break;
    case 12:
        rig->broken = much & 1;
        break;
    default:
        rig->no_acks = much & 1, rig->no_pongs = much & 2, rig->keep_open = much & 4;
        break;
    }
}

static void step(struct rig *rig, struct script *s)
{
    uint8_t what = next(s) % 20, much = next(s);
    if (what < 4)
        say(rig, s, what, much);
    else if (what < 14)
        trouble(rig, s, what, much);
    else if (what == 14)
        mr_session_pause(rig->session, much & 1, rig->now_ns);
    else if (what == 15)
        mr_session_reconnect(rig->session, "operator", rig->now_ns);
    else if (what == 16)
        (void)mr_session_resubscribe(rig->session, rig->venue->channel, rig->venue->symbol, rig->now_ns);
    else if (s->ms < MS_MAX) { /* mostly little, sometimes long */
        uint32_t ms = 1u + (what == 19 ? much * 100u : what == 18 ? much : much % 4);
        s->ms += ms;
        rig_run(rig, ms);
    }
}

static void behave(struct rig *rig)
{
    rig->refuse = rig->hang_tls = rig->hang_upgrade = rig->take = 0;
    rig->blocked = rig->broken = rig->no_acks = rig->no_pongs = rig->keep_open = false;
    mr_session_pause(rig->session, false, rig->now_ns);
    mr_session_reconnect(rig->session, "the script is over", rig->now_ns);
    (void)rig_until(rig, MR_SESSION_LIVE, 90000); /* a minute for the budget of dials, half of one for the back-off */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data + 1, data + size, 0};
    if (size < 1 || size > 4096)
        return 0;
    struct rig *rig = rig_open(&rig_venues[data[0] % rig_venue_count], NULL);
    rig->tick_ms = 10;
    rig->split = data[0] & 0x80 ? UINT32_MAX : 0;
    for (int i = 0; i < STEPS_MAX && script.at < script.end; i++)
        step(rig, &script);
    behave(rig);
    rig_close(rig);
    return 0;
}
