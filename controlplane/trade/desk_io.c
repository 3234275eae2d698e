/* On the io thread: what the trade tile told becomes messages on the bus; lines for the log and rows of the store are its subscribers. */
#include <stdio.h>

#include "controlplane/trade/desk_priv.h"

#define NOTES_A_ROUND 128u /* so that a subscriber's queue holds what one round publishes */
#define DEPTH 256u
#define SUBSCRIBERS 8u
static_assert(NOTES_A_ROUND * 2 <= DEPTH, "a fill is two messages");

/* ---- what is published ---- */

static enum mr_topic order_topic(const struct mr_order *o)
{
    return o->state == MR_STATE_FILLED    ? MR_TOPIC_order_filled
           : mr_order_ended(o->state)     ? MR_TOPIC_order_cancelled
           : o->state == MR_STATE_CREATED ? MR_TOPIC_order_created
                                          : MR_TOPIC_order_updated;
}

static enum mr_topic position_topic(const struct mr_position *p)
{
    return !p->size                        ? MR_TOPIC_position_closed
           : p->opened_ns == p->updated_ns ? MR_TOPIC_position_opened
                                           : MR_TOPIC_position_updated;
}

static enum mr_topic topic_of(const struct mr_trade_told *w)
{
    switch (w->kind) {
    case MR_TOLD_SIGNAL:
    case MR_TOLD_INTENT:
        return MR_TOPIC_signal_generated;
    case MR_TOLD_DECISION:
        return w->severity ? MR_TOPIC_risk_rejected : MR_TOPIC_risk_approved;
    case MR_TOLD_ORDER:
        return order_topic(w->order);
    case MR_TOLD_FILL:
        return MR_TOPIC_order_filled;
    case MR_TOLD_POSITION:
        return position_topic(w->position);
    case MR_TOLD_ALERT:
        return MR_TOPIC_risk_alert;
    case MR_TOLD_LIFE:
        return w->severity > 1 ? MR_TOPIC_emergency_stop : MR_TOPIC_state_changed;
    default:
        return w->severity ? MR_TOPIC_health_degraded : MR_TOPIC_order_updated;
    }
}

static const struct mr_risk_limits *limits_of(const struct mr_desk *d, const struct mr_risk_verdict *v)
{
    return v && v->limits < d->io_limits[0].version ? &d->io_limits[1] : &d->io_limits[0];
}

static void publish(struct mr_desk *d, const struct mr_trade_told *w, enum mr_topic topic)
{
    struct mr_message m = {.kind = MR_MESSAGE_EVENT, .topic = (uint8_t)topic, .bytes = sizeof(struct mr_desk_event)};
    struct mr_desk_event *e = (void *)m.payload;
    m.priority = topic == MR_TOPIC_emergency_stop ? MR_PRIORITY_CRITICAL : MR_PRIORITY_NORMAL;
    *e = (struct mr_desk_event){.kind = w->kind, .severity = w->severity, .at_ns = w->now_ns};
    if (w->intent) {
        e->has |= MR_DESK_HAS_INTENT;
        e->intent = *w->intent;
    }
    if (w->order) {
        e->has |= MR_DESK_HAS_ORDER;
        e->order = *w->order;
    }
    if (w->fill) {
        e->has |= MR_DESK_HAS_FILL;
        e->fill = *w->fill;
    }
    if (w->position) {
        e->has |= MR_DESK_HAS_POSITION;
        e->position = *w->position;
    }
    if (w->verdict) {
        e->has |= MR_DESK_HAS_VERDICT;
        e->score = w->verdict->score;
    }
    mr_trade_told_text(w, limits_of(d, w->verdict), e->said);
    desk_words(d, w, e->said, e->line);
    mr_bus_publish(d->bus, &m, w->now_ns);
}

static void metadata(struct mr_desk *d, const struct mr_instrument *it)
{
    for (uint32_t i = 0; i < d->trading.instrument_count; i++)
        if (d->ids[i] == it->id)
            d->shown[i] = *it;
}

/* ---- who takes them ---- */

static int take_line(void *arg, const struct mr_message *m, uint32_t attempt, int64_t now_ns)
{
    struct mr_desk *d = arg;
    const struct mr_desk_event *e = (const void *)m->payload;
    struct mr_trade_show_line *line = &d->show.line[d->show.lines % MR_TRADE_SHOW_LINES];
    (void)attempt, (void)now_ns;
    if (e->kind == MR_TOLD_ALERT && e->has & MR_DESK_HAS_VERDICT)
        return MR_OK; /* said as the decision it is */
    *line = (struct mr_trade_show_line){.at_ns = e->at_ns, .kind = e->kind, .severity = e->severity};
    memcpy(line->text, e->line, sizeof line->text);
    d->show.lines++;
    if (d->line_head - d->line_tail == LINES) { /* nobody reads them: the newest are worth most */
        d->line_tail++;
        d->lines_lost++;
    }
    struct mr_desk_line *out = &d->line[d->line_head++ % LINES];
    *out = (struct mr_desk_line){.at_ns = e->at_ns, .kind = e->kind, .severity = e->severity};
    memcpy(out->text, e->line, sizeof out->text);
    return MR_OK;
}

static int take_row(void *arg, const struct mr_message *m, uint32_t attempt, int64_t now_ns)
{
    struct mr_desk *d = arg;
    const struct mr_desk_event *e = (const void *)m->payload;
    const struct mr_risk_verdict verdict = {.score = e->score};
    const struct mr_trade_told told = {.kind = e->kind,
                                       .severity = e->severity,
                                       .now_ns = e->at_ns,
                                       .intent = e->has & MR_DESK_HAS_INTENT ? &e->intent : NULL,
                                       .order = e->has & MR_DESK_HAS_ORDER ? &e->order : NULL,
                                       .fill = e->has & MR_DESK_HAS_FILL ? &e->fill : NULL,
                                       .position = e->has & MR_DESK_HAS_POSITION ? &e->position : NULL,
                                       .verdict = e->has & MR_DESK_HAS_VERDICT ? &verdict : NULL};
    (void)now_ns;
    return mr_trade_rows_told(&d->rows, &told, e->said, attempt > 1);
}

static void lost(void *arg, const char *subscriber, const struct mr_message *message, enum mr_lost_why why)
{
    struct mr_desk *d = arg;
    (void)subscriber, (void)message, (void)why;
    d->messages_lost++;
}

void desk_io_open(struct mr_desk *d)
{
    const struct mr_bus_config config = {SUBSCRIBERS, DEPTH, lost, d};
    desk_life_open(d, d->now_ns);
    d->notes_mem = desk_memory(mr_notes_bytes());
    mr_notes_init(&d->notes, d->notes_mem);
    d->state_image = mr_image_init(desk_memory(mr_image_bytes(sizeof d->state)), sizeof d->state);
    memcpy(d->show.journal, d->journal_folder, sizeof d->show.journal);
    if (d->trading.exchange == MR_EXCHANGE_REMOTE)
        snprintf(d->show.url, sizeof d->show.url, "%s", d->trading.url);
    for (uint32_t i = 0; i < d->trading.instrument_count; i++)
        d->shown[i] = *mr_instruments_get(d->instruments, d->ids[i]);
    d->bus = mr_bus_init(desk_memory(mr_bus_bytes(&config)), &config);
    mr_bus_subscribe(d->bus,
                     &(struct mr_subscription){.name = "lines", .topics = MR_TOPICS_ALL, .take = take_line, .arg = d});
    if (d->config.store)
        mr_bus_subscribe(
            d->bus, &(struct mr_subscription){.name = "store", .topics = MR_TOPICS_ALL, .take = take_row, .arg = d});
}

void desk_health(struct mr_desk *d, const char *sentence, bool good, int64_t now_ns)
{
    publish(
        d,
        &(struct mr_trade_told){
            .kind = MR_TOLD_ALERT, .severity = good ? 0 : 2, .say = MR_SAY_TEXT, .now_ns = now_ns, .text = sentence},
        MR_TOPIC_health_degraded);
}

struct mr_bus *mr_desk_bus(struct mr_desk *d) { return d->bus; }

/* ---- each round ---- */

static uint32_t take_notes(struct mr_desk *d)
{
    struct mr_trade_told told;
    uint32_t n = 0;
    for (; n < NOTES_A_ROUND && mr_notes_next(&d->notes, &told); n++) {
        if (told.kind == MR_TOLD_METADATA)
            metadata(d, told.instrument);
        else
            publish(d, &told, topic_of(&told));
        mr_notes_done(&d->notes);
    }
    return n;
}

uint32_t mr_desk_io(struct mr_desk *d, int64_t now_ns)
{
    uint32_t n = take_notes(d);
    if (d->config.store)
        atomic_store_explicit(&d->store_well, mr_store_well(d->config.store), memory_order_release);
    desk_life_poll(d, now_ns);
    mr_bus_step(d->bus, now_ns, SUBSCRIBERS * DEPTH);
    desk_show(d);
    return n;
}

bool mr_desk_line(struct mr_desk *d, struct mr_desk_line *out)
{
    if (d->line_tail == d->line_head)
        return false;
    *out = d->line[d->line_tail++ % LINES];
    return true;
}

void mr_desk_io_counts(const struct mr_desk *d, struct mr_desk_io_counts *out)
{
    mr_bus_counts(d->bus, &out->bus);
    out->lost = d->messages_lost;
    out->lines_lost = d->lines_lost;
}
