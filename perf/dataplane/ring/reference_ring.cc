// boost::lockfree::spsc_queue
#include <boost/lockfree/spsc_queue.hpp>

#include "perf/dataplane/ring/race.h"

namespace
{

using queue_type = boost::lockfree::spsc_queue<race_message, boost::lockfree::capacity<RACE_SLOTS>>;

struct pair {
    queue_type there, back;
};

pair *queues()
{
    static pair *made = new pair; // on first use: no static constructor
    return made;
}

void send(queue_type &q, uint64_t i)
{
    race_message m;
    race_fill(&m, i);
    while (!q.push(m))
        race_pause();
}

uint64_t receive(queue_type &q)
{
    race_message m;
    while (!q.pop(m))
        race_pause();
    return race_sum(&m);
}

void produce(void *queue, const race *r)
{
    for (uint64_t i = 0; i < r->messages; i++)
        send(static_cast<pair *>(queue)->there, i);
}

uint64_t consume(void *queue, const race *r)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < r->messages; i++)
        sum += receive(static_cast<pair *>(queue)->there);
    return sum;
}

void produce_batch(void *queue, const race *r)
{
    auto &q = static_cast<pair *>(queue)->there;
    for (uint64_t i = 0; i < r->messages; i += RACE_BATCH) {
        race_message m[RACE_BATCH];
        for (uint32_t k = 0; k < RACE_BATCH; k++)
            race_fill(&m[k], i + k);
        for (size_t done = 0; (done += q.push(m + done, RACE_BATCH - done)) < RACE_BATCH;)
            race_pause();
    }
}

uint64_t consume_batch(void *queue, const race *r)
{
    auto &q = static_cast<pair *>(queue)->there;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < r->messages;) {
        race_message m[RACE_BATCH];
        size_t got = q.pop(m, RACE_BATCH);
        if (got == 0)
            race_pause();
        for (size_t k = 0; k < got; k++)
            sum += race_sum(&m[k]);
        i += got;
    }
    return sum;
}

void produce_echo(void *queue, const race *r)
{
    auto *q = static_cast<pair *>(queue);
    for (uint64_t i = 0; i < r->messages; i++)
        send(q->back, receive(q->there));
}

uint64_t consume_echo(void *queue, const race *r)
{
    auto *q = static_cast<pair *>(queue);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < r->messages; i++) {
        send(q->there, i);
        sum += receive(q->back);
    }
    return sum;
}

} // namespace

uint64_t race_boost_single(void *arg) { return race_run(static_cast<race *>(arg), produce, queues(), consume); }

uint64_t race_boost_batch(void *arg)
{
    return race_run(static_cast<race *>(arg), produce_batch, queues(), consume_batch);
}

uint64_t race_boost_round_trip(void *arg)
{
    return race_run(static_cast<race *>(arg), produce_echo, queues(), consume_echo);
}
