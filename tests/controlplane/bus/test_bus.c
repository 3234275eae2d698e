/* The bus: who gets what in which order, what a failing subscriber does to others, what overflows, on virtual time. */
#include <stdio.h>

#include "controlplane/bus/bus.h"
#include "tests/support/support.h"

#define NOW 1000000000ll
#define S 1000000000ll

struct taker {
    int status;    /* what it answers */
    uint32_t fail; /* the first so many deliveries fail */
    uint32_t calls, last_attempt, got_count;
    uint64_t got[4096]; /* ids that were taken, in order */
    int64_t at[16];     /* times of its calls */
    struct mr_message last;
    int handle;
    /* what it does from inside */
    bool unsubscribes, publishes, subscribes;
};
static struct mr_bus *bus;
static void *mem;
static struct taker takers[40];
static struct {
    uint32_t count[3];
    uint64_t last_id;
    char last_name[32];
} gone;

static void on_lost(void *arg, const char *subscriber, const struct mr_message *message, enum mr_lost_why why)
{
    (void)arg;
    gone.count[why]++;
    gone.last_id = message->id;
    snprintf(gone.last_name, sizeof gone.last_name, "%s", subscriber);
}

static int take(void *arg, const struct mr_message *message, uint32_t attempt, int64_t now_ns);
static int join(struct taker *t, uint16_t module, uint32_t topics)
{
    t->handle = mr_bus_subscribe(bus, &(struct mr_subscription){"taker", module, topics, take, t});
    return t->handle;
}
static int publish(enum mr_topic topic, enum mr_priority priority, uint16_t to, int64_t now_ns)
{
    struct mr_message m = {.topic = (uint8_t)topic,
                           .kind = MR_MESSAGE_EVENT,
                           .priority = (uint8_t)priority,
                           .to = to,
                           .bytes = 8,
                           .action = "act"};
    memcpy(m.payload, "payload", 8);
    return mr_bus_publish(bus, &m, now_ns);
}
static int take(void *arg, const struct mr_message *message, uint32_t attempt, int64_t now_ns)
{
    struct taker *t = arg;
    if (t->calls < MR_COUNT_OF(t->at))
        t->at[t->calls] = now_ns;
    t->calls++;
    t->last_attempt = attempt;
    if (t->unsubscribes)
        assert_int_equal(mr_bus_unsubscribe(bus, t->handle), MR_OK);
    if (t->subscribes)
        assert_true(join(&takers[39], 0, MR_TOPICS_ALL) > 0);
    if (t->publishes)
        for (int i = 0; i < 100; i++)
            publish(message->topic, message->priority, 0, now_ns);
    t->last = *message; /* still whole, whatever was done above */
    if (t->calls <= t->fail)
        return MR_E_IO;
    if (t->status == MR_OK)
        t->got[t->got_count++ % MR_COUNT_OF(t->got)] = message->id;
    return t->status;
}

static void open_with(uint32_t subscribers, uint32_t depth)
{
    struct mr_bus_config config = {subscribers, depth, on_lost, NULL};
    free(mem);
    mem = aligned_alloc(64, (mr_bus_bytes(&config) + 63) / 64 * 64);
    assert_non_null(mem);
    bus = mr_bus_init(mem, &config);
    memset(takers, 0, sizeof takers);
    memset(&gone, 0, sizeof gone);
}
static int up(void **state)
{
    (void)state;
    open_with(8, 16);
    return 0;
}
static int down(void **state)
{
    (void)state;
    free(mem);
    mem = NULL;
    return 0;
}
static struct mr_bus_counts counts(void)
{
    struct mr_bus_counts c;
    mr_bus_counts(bus, &c);
    return c;
}

static void each_subscriber_of_a_topic_gets_each_message_once(void **state)
{
    (void)state;
    for (unsigned topic = 0; topic < MR_TOPIC_COUNT; topic++) {
        open_with(8, 16);
        join(&takers[0], 0, 1u << topic);
        join(&takers[1], 0, MR_TOPICS_ALL);
        join(&takers[2], 0, MR_TOPICS_ALL & ~(1u << topic));
        assert_int_equal(publish(topic, MR_PRIORITY_NORMAL, 0, NOW), 2);
        assert_int_equal(mr_bus_step(bus, NOW, 100), 2);
        assert_int_equal(mr_bus_step(bus, NOW, 100), 0);
        assert_int_equal(takers[0].got_count, 1);
        assert_int_equal(takers[1].got_count, 1);
        assert_int_equal(takers[2].calls, 0);
        assert_int_equal(counts().published[topic], 1);
        assert_int_equal(counts().waiting, 0);
    }
}

static void a_message_arrives_as_it_was_sent(void **state)
{
    struct mr_message m = {.correlation = 77,
                           .from = 3,
                           .to = 5,
                           .topic = MR_TOPIC_risk_alert,
                           .kind = MR_MESSAGE_REQUEST,
                           .bytes = MR_MESSAGE_PAYLOAD,
                           .action = "reconcile"};
    (void)state;
    memset(m.payload, 0xa5, sizeof m.payload);
    join(&takers[0], 5, MR_TOPICS_ALL);
    assert_int_equal(mr_bus_publish(bus, &m, NOW), 1);
    assert_int_equal(m.id, 1);
    assert_int_equal(m.now_ns, NOW);
    mr_bus_step(bus, NOW + 1, 1);
    assert_memory_equal(&takers[0].last, &m, sizeof m);
    assert_int_equal(takers[0].last_attempt, 1);
}

static void a_message_to_one_module_reaches_that_one_alone(void **state)
{
    (void)state;
    join(&takers[0], 1, MR_TOPICS_ALL);
    join(&takers[1], 2, MR_TOPICS_ALL);
    join(&takers[2], 0, MR_TOPICS_ALL);
    assert_int_equal(publish(MR_TOPIC_risk_alert, MR_PRIORITY_HIGH, 2, NOW), 1);
    assert_int_equal(publish(MR_TOPIC_risk_alert, MR_PRIORITY_HIGH, 9, NOW), 0);
    mr_bus_step(bus, NOW, 10);
    assert_int_equal(takers[1].got_count, 1);
    assert_int_equal(takers[0].calls + takers[2].calls, 0);
}

static void higher_priorities_overtake_and_within_one_the_order_holds(void **state)
{
    static const uint8_t order[] = {3, 2, 0, 1, 0, 3, 2, 1}, want[] = {3, 5, 4, 8, 2, 7, 1, 6};
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    for (size_t i = 0; i < sizeof order; i++)
        publish(MR_TOPIC_signal_generated, order[i], 0, NOW);
    mr_bus_step(bus, NOW, 100);
    for (size_t i = 0; i < sizeof want; i++)
        assert_int_equal(takers[0].got[i], want[i]);
}

static void a_failure_is_tried_again_after_1_2_and_4_seconds_then_given_up(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    takers[0].status = MR_E_IO;
    publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
    assert_int_equal(mr_bus_due(bus), INT64_MAX);
    for (int64_t t = NOW; t < NOW + 20 * S; t += S / 10)
        mr_bus_step(bus, t, 100);
    assert_int_equal(takers[0].calls, 4);
    assert_int_equal(takers[0].last_attempt, 4);
    assert_int_equal(takers[0].at[1] - NOW, 1 * S);
    assert_int_equal(takers[0].at[2] - takers[0].at[1], 2 * S);
    assert_int_equal(takers[0].at[3] - takers[0].at[2], 4 * S);
    assert_int_equal(gone.count[MR_LOST_GIVEN_UP], 1);
    assert_int_equal(counts().given_up, 1);
    assert_int_equal(counts().failed, 4);
    assert_int_equal(counts().waiting, 0);
}

static void one_that_comes_round_gets_it_at_the_next_attempt_and_in_order(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    takers[0].fail = 2;
    for (int i = 0; i < 3; i++)
        publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
    mr_bus_step(bus, NOW, 100);
    assert_int_equal(mr_bus_due(bus), NOW + S);
    assert_int_equal(mr_bus_step(bus, NOW + S - 1, 100), 0);
    mr_bus_step(bus, NOW + S, 100);
    assert_int_equal(mr_bus_due(bus), NOW + 3 * S);
    mr_bus_step(bus, NOW + 3 * S, 100);
    assert_int_equal(takers[0].got_count, 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(takers[0].got[i], i + 1);
    assert_int_equal(gone.count[MR_LOST_GIVEN_UP], 0);
}

static void a_failing_subscriber_harms_no_other(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    join(&takers[1], 0, MR_TOPICS_ALL);
    takers[0].status = MR_E_IO;
    for (int i = 0; i < 1000; i++) {
        publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
        mr_bus_step(bus, NOW, 100);
    }
    assert_int_equal(takers[1].got_count, 1000);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(takers[1].got[i], i + 1);
    assert_int_equal(takers[0].calls, 1);
    assert_int_equal(gone.count[MR_LOST_FULL], 1000 - 16); /* its own queue, its own loss */
    assert_int_equal(counts().full, 1000 - 16);
}

static void where_only_the_last_word_counts_the_oldest_gives_way(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(publish(MR_TOPIC_market_data, MR_PRIORITY_NORMAL, 0, NOW), 1);
    mr_bus_step(bus, NOW, 100);
    assert_int_equal(takers[0].got_count, 16);
    assert_int_equal(takers[0].got[0], 5);
    assert_int_equal(takers[0].got[15], 20);
    assert_int_equal(gone.count[MR_LOST_FULL], 4);
}

static void where_each_counts_what_waits_stays(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW), i < 16);
    mr_bus_step(bus, NOW, 100);
    assert_int_equal(takers[0].got_count, 16);
    assert_int_equal(takers[0].got[15], 16);
    assert_int_equal(gone.last_id, 20);
    assert_string_equal(gone.last_name, "taker");
}

static const struct {
    const char *says;
    struct mr_message message;
} refused[] = {
    {"no such topic", {.topic = MR_TOPIC_COUNT}},
    {"no such kind", {.kind = MR_MESSAGE_KIND_COUNT}},
    {"no such priority", {.priority = MR_PRIORITY_COUNT}},
    {"a payload that does not fit", {.bytes = MR_MESSAGE_PAYLOAD + 1}},
    {"a payload of 4 GB", {.bytes = UINT32_MAX}},
};
static void a_message_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_message m = refused[i].message;
        if (mr_bus_publish(bus, &m, NOW) != MR_E_INVALID)
            fail_msg("%s", refused[i].says);
    }
    assert_int_equal(counts().waiting, 0);
}

static void handles_that_are_no_ones_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mr_bus_unsubscribe(bus, 0), MR_E_INVALID);
    assert_int_equal(mr_bus_unsubscribe(bus, -5), MR_E_INVALID);
    assert_int_equal(mr_bus_unsubscribe(bus, 7), MR_E_INVALID);
    assert_int_equal(mr_bus_unsubscribe(bus, 32767), MR_E_INVALID);
    int handle = join(&takers[0], 0, MR_TOPICS_ALL);
    assert_int_equal(mr_bus_unsubscribe(bus, handle), MR_OK);
    assert_int_equal(mr_bus_unsubscribe(bus, handle), MR_E_INVALID);
    assert_true(join(&takers[1], 0, MR_TOPICS_ALL) != handle); /* the same place, another handle */
    assert_int_equal(mr_bus_unsubscribe(bus, handle), MR_E_INVALID);
}

static void there_are_as_many_subscribers_as_there_is_room_for(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_true(join(&takers[i], 0, MR_TOPICS_ALL) > 0);
    assert_int_equal(join(&takers[8], 0, MR_TOPICS_ALL), MR_E_FULL);
    assert_int_equal(counts().subscribers, 8);
    assert_int_equal(mr_bus_unsubscribe(bus, takers[3].handle), MR_OK);
    assert_true(join(&takers[8], 0, MR_TOPICS_ALL) > 0);
}

static void ten_thousand_comings_and_goings_leak_nothing(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    for (int i = 0; i < 10000; i++) {
        takers[1].status = i % 2 ? MR_OK : MR_E_IO;
        assert_true(join(&takers[1], 0, MR_TOPICS_ALL) > 0);
        for (int n = 0; n < i % 20; n++) /* it goes with messages waiting, some of them failed */
            publish(n % 2 ? MR_TOPIC_market_data : MR_TOPIC_order_filled, (enum mr_priority)(n % 4), 0, NOW + i);
        mr_bus_step(bus, NOW + i, (uint32_t)i % 7);
        assert_int_equal(mr_bus_unsubscribe(bus, takers[1].handle), MR_OK);
        mr_bus_step(bus, NOW + i, 1000);
        assert_int_equal(counts().waiting, 0);
    }
    assert_int_equal(counts().subscribers, 1);
    for (int i = 0; i < 64; i++) /* and all room is there still */
        assert_int_equal(publish(MR_TOPIC_order_filled, (enum mr_priority)(i % 4), 0, NOW), 1);
    assert_int_equal(counts().waiting, 64);
}

static void a_handler_may_leave_join_and_publish(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    takers[0].unsubscribes = takers[0].subscribes = takers[0].publishes = true;
    publish(MR_TOPIC_market_data, MR_PRIORITY_NORMAL, 0, NOW);
    publish(MR_TOPIC_market_data, MR_PRIORITY_NORMAL, 0, NOW);
    assert_int_equal(mr_bus_step(bus, NOW, 1), 1);
    assert_int_equal(takers[0].calls, 1);
    assert_memory_equal(takers[0].last.payload, "payload", 8);
    assert_int_equal(counts().subscribers, 1);
    assert_int_equal(mr_bus_step(bus, NOW, 100), 16); /* the newcomer, with as many as its queue holds */
    assert_int_equal(takers[39].got_count, 16);
    assert_int_equal(counts().waiting, 0);
    /* with every other place of every queue taken there is room for what is published from inside */
    open_with(2, 4);
    join(&takers[0], 0, MR_TOPICS_ALL);
    join(&takers[1], 0, MR_TOPICS_ALL);
    for (int i = 0; i < 16; i++)
        publish(MR_TOPIC_market_data, (enum mr_priority)(i % 4), (uint16_t)0, NOW);
    takers[0].publishes = true;
    mr_bus_step(bus, NOW, 1);
    assert_memory_equal(takers[0].last.payload, "payload", 8);
    takers[0].publishes = false;
    mr_bus_step(bus, NOW, 1000);
    assert_int_equal(counts().waiting, 0);
}

static void a_step_is_bounded_and_fair(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        join(&takers[i], 0, MR_TOPICS_ALL);
    for (int i = 0; i < 16; i++)
        publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
    assert_int_equal(mr_bus_step(bus, NOW, 0), 0);
    assert_int_equal(mr_bus_step(bus, NOW, 10), 10);
    for (int i = 0; i < 4; i++)
        assert_in_range(takers[i].got_count, 2, 3);
    assert_int_equal(mr_bus_step(bus, NOW, 1000), 54);
}

static void shutdown_delivers_what_it_can_and_tells_the_rest(void **state)
{
    (void)state;
    join(&takers[0], 0, MR_TOPICS_ALL);
    join(&takers[1], 0, MR_TOPICS_ALL);
    takers[1].fail = 1;
    publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
    mr_bus_step(bus, NOW, 100); /* the second fails once, and waits */
    publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
    assert_int_equal(mr_bus_shutdown(bus, NOW, 100), 0);
    assert_int_equal(takers[0].got_count, 2);
    assert_int_equal(takers[1].got_count, 2);
    assert_int_equal(publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW), MR_E_END);
    assert_int_equal(join(&takers[2], 0, MR_TOPICS_ALL), MR_E_END);
    assert_int_equal(mr_bus_shutdown(bus, NOW, 100), 0);
    open_with(8, 16);
    join(&takers[0], 0, MR_TOPICS_ALL);
    takers[0].status = MR_E_IO;
    for (int i = 0; i < 5; i++)
        publish(MR_TOPIC_order_filled, MR_PRIORITY_NORMAL, 0, NOW);
    assert_int_equal(mr_bus_shutdown(bus, NOW, 100), 5);
    assert_int_equal(takers[0].calls, 1);
    assert_int_equal(gone.count[MR_LOST_SHUTDOWN], 5);
    assert_int_equal(counts().waiting, 0);
}

static void all_have_names(void **state)
{
    (void)state;
    assert_string_equal(mr_topic_name(MR_TOPIC_market_data), "market_data");
    assert_string_equal(mr_topic_name(MR_TOPIC_emergency_stop), "emergency_stop");
    assert_string_equal(mr_topic_name(MR_TOPIC_COUNT), "?");
    assert_int_equal(MR_TOPIC_COUNT, 16);
    assert_string_equal(mr_priority_name(MR_PRIORITY_LOW), "low");
    assert_string_equal(mr_priority_name(4), "?");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, up, down)
    const struct CMUnitTest tests[] = {
        T(each_subscriber_of_a_topic_gets_each_message_once),
        T(a_message_arrives_as_it_was_sent),
        T(a_message_to_one_module_reaches_that_one_alone),
        T(higher_priorities_overtake_and_within_one_the_order_holds),
        T(a_failure_is_tried_again_after_1_2_and_4_seconds_then_given_up),
        T(one_that_comes_round_gets_it_at_the_next_attempt_and_in_order),
        T(a_failing_subscriber_harms_no_other),
        T(where_only_the_last_word_counts_the_oldest_gives_way),
        T(where_each_counts_what_waits_stays),
        T(a_message_that_makes_no_sense_is_refused),
        T(handles_that_are_no_ones_are_refused),
        T(there_are_as_many_subscribers_as_there_is_room_for),
        T(ten_thousand_comings_and_goings_leak_nothing),
        T(a_handler_may_leave_join_and_publish),
        T(a_step_is_bounded_and_fair),
        T(shutdown_delivers_what_it_can_and_tells_the_rest),
        T(all_have_names),
    };
    return MR_TEST_MAIN(tests);
}
