/* Subscriptions: asked for, acknowledged or refused, and proven by data: an ack alone proves nothing. */
#include <stdio.h>

#include "dataplane/session/session_priv.h"

/* A stream that spoke and fell silent is given this many times the patience of one that never spoke. */
#define SPOKE_PATIENCE 4

/* So many failures in a row that the next dial waits as long as any. */
#define FAILURES_MOST 32

static uint64_t hash_text(const char *text, uint64_t seed)
{
    uint64_t h = 14695981039346656037u ^ seed;
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 1099511628211u;
    return h ^ h >> 32;
}

/* ---- the table, made once ---- */

static void add_key(struct mr_session *s, const struct mr_stream *stream, uint32_t sub)
{
    uint32_t at = (uint32_t)hash_text(stream->symbol, stream->channel) & s->key_mask;
    while (s->keys[at].sub)
        at = (at + 1) & s->key_mask;
    s->keys[at] = (struct mr_sub_key){stream->symbol, stream->channel, sub + 1};
}

int mr_session_name(const struct mr_session_config *config, uint32_t stream, char *name, size_t bytes)
{
    struct mr_text text;
    mr_text_init(&text, name, bytes);
    int status = mr_dialect_of(config->venue)->name(config->product, &config->streams[stream], &text);
    return status == MR_OK && text.cut ? MR_E_INVALID : status;
}

void mr_session_streams_init(struct mr_session *s)
{
    uint32_t quiet = s->dialect->products[s->config.product].quiet;
    for (uint32_t i = 0; i < s->config.stream_count; i++) {
        const struct mr_stream *stream = &s->config.streams[i];
        char name[256];
        if (mr_session_name(&s->config, i, name, sizeof name) < 0) {
            MR_COUNT(s->metrics, rejected, 1); /* the venue has no such thing: nobody need ask */
            continue;
        }
        uint64_t hash = hash_text(name, 0);
        uint32_t at = 0;
        while (at < s->sub_count && s->subs[at].name_hash != hash)
            at++;
        if (at == s->sub_count) {
            s->wanted[s->sub_count] = *stream;
            s->subs[s->sub_count++] = (struct mr_sub){.name_hash = hash, .quiet = true};
        }
        s->subs[at].channels |= stream->channel;
        s->subs[at].quiet &= (stream->channel & quiet) != 0;
        add_key(s, stream, at);
    }
    MR_ASSERT(s->sub_count <= s->route->streams_max);
    MR_GAUGE_SET(s->metrics, streams, s->sub_count);
}

struct mr_sub *mr_session_find(struct mr_session *s, uint32_t channel, const char *symbol)
{
    uint32_t at = (uint32_t)hash_text(symbol, channel) & s->key_mask;
    for (; s->keys[at].sub; at = (at + 1) & s->key_mask)
        if (s->keys[at].channel == channel && strcmp(s->keys[at].symbol, symbol) == 0)
            return &s->subs[s->keys[at].sub - 1];
    return NULL;
}

void mr_session_streams_begin(struct mr_session *s)
{
    for (uint32_t i = 0; i < s->sub_count; i++) {
        const struct mr_sub was = s->subs[i];
        s->subs[i] = (struct mr_sub){.name_hash = was.name_hash,
                                     .channels = was.channels,
                                     .mute = was.mute,
                                     .quiet = was.quiet,
                                     .suspect = was.suspect,
                                     .strikes = was.strikes,
                                     .proven = was.proven,
                                     .holds = was.holds,
                                     .held_until_ns = was.held_until_ns,
                                     .state = was.state == MR_SUB_HELD ? MR_SUB_HELD : MR_SUB_WANTED};
    }
    s->live_count = 0;
    s->next_check_ns = s->now_ns;
}

/* ---- asking ---- */

/* Streams [i, *end) may go into one message: all are wanted, and all with or all without an unsubscribe first. */
static uint32_t run_end(const struct mr_session *s, uint32_t i)
{
    uint32_t end = i + 1;
    while (end < s->sub_count && s->subs[end].state == MR_SUB_WANTED && !s->subs[end].alone && !s->subs[i].alone &&
           s->subs[end].suspect < MR_SUSPECT_GROUP && s->subs[end].unsubscribe == s->subs[i].unsubscribe)
        end++;
    return end;
}

/* What is asked for next, [i, *end); sub_count: nothing now. Suspects come last, when all else is answered. */
static uint32_t next_wanted(const struct mr_session *s, uint32_t *end)
{
    uint32_t i = 0, suspects = 0;
    for (; i < s->sub_count && (s->subs[i].state != MR_SUB_WANTED || s->subs[i].suspect >= MR_SUSPECT_GROUP); i++)
        suspects += s->subs[i].state == MR_SUB_WANTED;
    if (i == s->sub_count)
        return suspects ? mr_session_probe(s, end) : i;
    *end = run_end(s, i);
    return i;
}

/* Half of what the venue allows in an hour: any hour has parts of two of ours. */
static bool within_hour(struct mr_session *s)
{
    if (s->now_ns - s->hour_ns >= 3600 * MR_NS_PER_S) {
        s->hour_ns = s->now_ns;
        s->hour_requests = 0;
    }
    return !s->route->requests_per_hour || s->hour_requests < s->route->requests_per_hour / 2;
}

/* How many of `want` subscriptions the venue allows us now. */
static uint32_t room_for(struct mr_session *s, uint32_t want)
{
    if (!s->config.budgets)
        return want;
    uint32_t room = mr_stock_take(&s->config.budgets->subscriptions, want);
    if (room == 0)
        mr_session_waits(s, MR_BUDGET_SUBSCRIPTIONS);
    else if (s->waits == MR_BUDGET_SUBSCRIPTIONS)
        mr_session_waits(s, MR_BUDGET_NONE);
    return room;
}

/* Of them so many are held at the venue now. */
static void keep(struct mr_session *s, uint32_t taken, uint32_t held)
{
    if (!s->config.budgets)
        return;
    mr_stock_give(&s->config.budgets->subscriptions, taken - held);
    s->subscribed += held;
}

static void let_go(struct mr_session *s, uint32_t unsubscribed)
{
    uint32_t n = unsubscribed < s->subscribed ? unsubscribed : s->subscribed; /* 0 without budgets */
    if (n)
        mr_stock_give(&s->config.budgets->subscriptions, n);
    s->subscribed -= n;
}

bool mr_session_ask(struct mr_session *s)
{
    struct mr_text text;
    uint32_t at = 0, last = 0;
    if (mr_unlikely(s->state == MR_SESSION_WELCOME))
        return false;
    uint32_t i = next_wanted(s, &last);
    if (i == s->sub_count || !within_hour(s))
        return false;
    bool reverse = s->subs[i].unsubscribe;
    uint32_t most = reverse ? last - i : room_for(s, last - i);
    if (most == 0)
        return false;
    mr_text_init(&text, s->text, MR_SESSION_TEXT_BYTES);
    int status = (reverse ? s->dialect->unsubscribe : s->dialect->subscribe)(s->config.product, s->wanted + i, most,
                                                                             &at, s->id + 1, &text);
    MR_ASSERT(status == MR_OK && at > 0); /* names were tried at init */
    bool sent = mr_session_send_text(s, (uint32_t)text.len);
    if (!reverse)
        keep(s, most, sent ? at : 0);
    else if (sent)
        let_go(s, at); /* until it is asked for again, at once */
    if (!sent)
        return false;
    s->id++;
    s->hour_requests++;
    for (uint32_t end = i + at; i < end; i++) {
        struct mr_sub *sub = &s->subs[i];
        sub->unsubscribe = false;
        if (reverse)
            continue;
        sub->state = MR_SUB_ASKED;
        sub->request = s->id;
        sub->asked_ns = s->now_ns;
    }
    return true;
}

static void ask_again(struct mr_sub *sub)
{
    sub->state = MR_SUB_WANTED;
    sub->unsubscribe = true;
}

static int renew(struct mr_session *s, struct mr_sub *sub)
{
    if (!s->dialect->unsubscribe)
        return MR_E_UNSUPPORTED;
    if (!sub || sub->state == MR_SUB_HELD)
        return MR_E_INVALID;
    if (!mr_session_open(s)) /* the next connection asks for it anyway */
        return MR_OK;
    if (!within_hour(s))
        return MR_E_FULL;
    if (sub->state != MR_SUB_WANTED)
        ask_again(sub);
    mr_session_pump(s);
    return MR_OK;
}

int mr_session_resubscribe(struct mr_session *s, uint32_t channel, const char *symbol, int64_t now_ns)
{
    uint8_t sequencing = s->config.venue->products[s->config.product].sequencing;
    s->now_ns = now_ns;
    if (sequencing == MR_SEQ_FIRST_FINAL || sequencing == MR_SEQ_FIRST_FINAL_PREV)
        return MR_E_UNSUPPORTED; /* a snapshot comes by REST */
    return renew(s, mr_session_find(s, channel, symbol));
}

int mr_session_renew(struct mr_session *s, uint32_t channel, const char *symbol, int64_t now_ns)
{
    struct mr_sub *sub = mr_session_find(s, channel, symbol);
    s->now_ns = now_ns;
    if (sub && sub->state == MR_SUB_REFUSED) /* the venue does not want it, and has said so */
        return MR_E_INVALID;
    int status = renew(s, sub);
    if (status == MR_OK)
        sub->again = true; /* data_s without an answer makes it mute */
    return status;
}

/* ---- answers ---- */

static void refuse(struct mr_session *s, struct mr_sub *sub, const char *why)
{
    if (sub->state == MR_SUB_REFUSED)
        return;
    sub->state = MR_SUB_REFUSED;
    mr_session_acquit(s, sub); /* the venue can say so in words */
    MR_COUNT(s->metrics, rejected, 1);
    snprintf(s->why, sizeof s->why, "refused: %.80s", why);
}

/* The request `id` was refused. Where requests are answered as a whole, its other streams go again one by one, so that one bad
 * name does not keep out its neighbours. */
static void refuse_request(struct mr_session *s, uint64_t id, uint64_t blamed, const char *why)
{
    uint32_t of_it = 0;
    for (uint32_t i = 0; i < s->sub_count; i++)
        of_it += s->subs[i].request == id && s->subs[i].state == MR_SUB_ASKED;
    for (uint32_t i = 0; i < s->sub_count; i++) {
        struct mr_sub *sub = &s->subs[i];
        if (sub->request != id || sub->state != MR_SUB_ASKED)
            continue;
        if (sub->name_hash == blamed || of_it == 1) {
            refuse(s, sub, why);
        } else {
            sub->state = MR_SUB_WANTED;
            sub->alone = true;
        }
    }
}

static struct mr_sub *named(struct mr_session *s, const char *name)
{
    uint64_t hash = name[0] ? hash_text(name, 0) : 0;
    for (uint32_t i = 0; name[0] && i < s->sub_count; i++)
        if (s->subs[i].name_hash == hash)
            return &s->subs[i];
    return NULL;
}

/* One of the blank-separated words of `text` is `word`. */
static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = text; n && (at = strstr(at, word)); at++)
        if ((at == text || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

/* The oldest one that was asked for and has this word in its name. */
static struct mr_sub *named_in_part(struct mr_session *s, const char *word)
{
    struct mr_sub *oldest = NULL;
    char name[256];
    for (uint32_t i = 0; i < s->sub_count; i++) {
        struct mr_sub *sub = &s->subs[i];
        struct mr_text text;
        if (sub->state != MR_SUB_ASKED || (oldest && sub->request >= oldest->request))
            continue;
        mr_text_init(&text, name, sizeof name);
        if (s->dialect->name(s->config.product, &s->wanted[i], &text) == MR_OK && has_word(name, word))
            oldest = sub;
    }
    return oldest;
}

/* Which request a refusal without an id is about: that of the stream it names, else the oldest one that nothing has answered. 0: none. */
static uint64_t batch_of(const struct mr_session *s, const struct mr_sub *named)
{
    uint64_t oldest = named ? named->request : 0;
    for (uint32_t i = 0; !named && i < s->sub_count; i++)
        if (s->subs[i].state == MR_SUB_ASKED && (!oldest || s->subs[i].request < oldest))
            oldest = s->subs[i].request;
    return oldest;
}

static struct mr_sub *meant(struct mr_session *s, const struct mr_control *said)
{
    return said->part ? named_in_part(s, said->stream) : named(s, said->stream);
}

static void acknowledged(struct mr_session *s, const struct mr_control *said)
{
    struct mr_sub *sub = meant(s, said);
    if (sub && sub->state == MR_SUB_ASKED) {
        sub->state = MR_SUB_ACKED;
        mr_session_acquit(s, sub);
    }
    for (uint32_t i = 0; !said->stream[0] && said->id && i < s->sub_count; i++)
        if (s->subs[i].request == said->id && s->subs[i].state == MR_SUB_ASKED) {
            s->subs[i].state = MR_SUB_ACKED;
            mr_session_acquit(s, &s->subs[i]);
        }
}

static bool all_refused(const struct mr_session *s)
{
    for (uint32_t i = 0; i < s->sub_count; i++)
        if (s->subs[i].state != MR_SUB_REFUSED && s->subs[i].state != MR_SUB_HELD)
            return false;
    return s->sub_count > 0;
}

void mr_session_control(struct mr_session *s, const struct mr_control *said)
{
    if (said->kind == MR_CONTROL_ACK) {
        acknowledged(s, said);
    } else {
        struct mr_sub *sub = meant(s, said);
        if (said->batch)
            refuse_request(s, batch_of(s, sub), sub ? sub->name_hash : 0, said->text);
        else if (sub && (s->dialect->acks_each || !said->id))
            refuse(s, sub, said->text);
        else if (said->id)
            refuse_request(s, said->id, sub ? sub->name_hash : 0, said->text);
        else
            snprintf(s->why, sizeof s->why, "the venue says: %.70s", said->text);
        if (all_refused(s)) { /* it would say the same again: nobody is in a hurry */
            char why[sizeof s->why];
            s->failures = FAILURES_MOST;
            snprintf(why, sizeof why, "every subscription was refused: %.60s", said->text);
            mr_session_send_close(s, 1000, NULL);
            mr_session_end(s, MR_END_PLAIN, why);
            return;
        }
        mr_session_pump(s);
    }
    mr_session_settle(s);
}

/* ---- data ---- */

/* Asked for, of a venue that acks by data alone, and need not speak: nothing will ever say that it stands. */
static bool silent_by_right(const struct mr_session *s, const struct mr_sub *sub)
{
    return s->dialect->acks_by_data && sub->quiet && sub->state == MR_SUB_ASKED;
}

/* Each is acked, refused, speaking or known to be mute; and some speak, unless none need to. */
void mr_session_settle(struct mr_session *s)
{
    bool speaking = false, must_speak = false;
    if (s->state != MR_SESSION_SUBSCRIBE)
        return;
    for (uint32_t i = 0; i < s->sub_count; i++) {
        const struct mr_sub *sub = &s->subs[i];
        if (sub->state == MR_SUB_REFUSED || sub->state == MR_SUB_HELD)
            continue;
        if (sub->state != MR_SUB_ACKED && !sub->data_ns && !sub->mute && !silent_by_right(s, sub))
            return;
        speaking |= sub->data_ns != 0;
        must_speak |= !sub->quiet;
    }
    if (speaking || !must_speak)
        mr_session_enter(s, MR_SESSION_LIVE, speaking ? "data comes" : "subscribed; these streams may be silent");
}

static MR_COLD void first_data(struct mr_session *s, struct mr_sub *sub)
{
    s->live_count += sub->data_ns == 0;
    sub->data_ns = s->now_ns;
    mr_session_acquit(s, sub);
    MR_GAUGE_SET(s->metrics, streams_live, s->live_count);
    if (sub->mute) {
        sub->mute = false;
        if (s->config.mute)
            s->config.mute(s->config.arg, s, &s->wanted[sub - s->subs], false);
    }
    mr_session_settle(s);
}

void mr_session_saw(struct mr_session *s, uint32_t channel, const char *symbol, int64_t now_ns)
{
    if (mr_unlikely(!mr_session_open(s)))
        return;
    s->now_ns = now_ns;
    for (; channel; channel &= channel - 1) {
        uint32_t bit = channel & -channel;
        struct mr_sub *sub = mr_session_find(s, bit, symbol);
        if (!sub)
            sub = mr_session_find(s, bit, ""); /* of the whole market */
        if (!sub)
            continue;
        if (s->dialect->acks_by_data) {
            sub->state = sub->state == MR_SUB_ASKED ? MR_SUB_ACKED : sub->state;
            sub->again = false; /* whenever it falls silent it is asked for anew, and must send a book */
        }
        if (mr_unlikely(!sub->data_ns || sub->mute))
            first_data(s, sub);
        sub->data_ns = now_ns;
    }
}

/* ---- silence of single streams ---- */

static void give_up_on(struct mr_session *s, struct mr_sub *sub)
{
    if (!sub->again) {
        sub->again = true;
        ask_again(sub);
        return;
    }
    if (sub->mute)
        return;
    sub->mute = true;
    MR_COUNT(s->metrics, mute, 1);
    if (s->config.mute)
        s->config.mute(s->config.arg, s, &s->wanted[sub - s->subs], true);
}

static bool none_speaks(const struct mr_session *s)
{
    bool mute = false;
    for (uint32_t i = 0; i < s->sub_count; i++) {
        const struct mr_sub *sub = &s->subs[i];
        if (sub->state == MR_SUB_REFUSED || sub->state == MR_SUB_HELD || sub->quiet)
            continue;
        if (!sub->mute || !sub->again || sub->data_ns)
            return false;
        mute = true;
    }
    return mute;
}

void mr_session_streams_check(struct mr_session *s)
{
    int64_t patience = (int64_t)s->config.data_s * MR_NS_PER_S;
    for (uint32_t i = 0; i < s->sub_count; i++) {
        struct mr_sub *sub = &s->subs[i];
        bool unheard = sub->state == MR_SUB_ASKED && !silent_by_right(s, sub); /* asked, and not even an ack */
        if ((sub->quiet && !unheard) || (sub->state != MR_SUB_ASKED && sub->state != MR_SUB_ACKED))
            continue;
        int64_t spoke = sub->data_ns > sub->asked_ns ? sub->data_ns : 0;
        if (s->now_ns - (spoke ? spoke : sub->asked_ns) >= (spoke ? SPOKE_PATIENCE * patience : patience))
            give_up_on(s, sub);
    }
    mr_session_blame_check(s);
    mr_session_settle(s);
    if (s->state == MR_SESSION_SUBSCRIBE && none_speaks(s)) {
        mr_session_send_close(s, 1000, NULL);
        mr_session_end(s, MR_END_SILENT, "subscribed twice, and no data came on any stream");
    }
}
