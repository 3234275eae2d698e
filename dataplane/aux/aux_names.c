/* Addresses of names. getaddrinfo may hang for half a minute, so it runs on helper threads that share one locked table
 * with the tile; nobody but those two ever takes the lock. The threads are detached and the table is counted: a look-up
 * that hangs while the tile is halted keeps nobody waiting. */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/aux/aux_priv.h"

#define NAMES_MAX 64
#define STALE_NS (5 * SECOND_NS) /* an outdated answer serves so long until the name servers are asked again */

enum name_state { NAME_NONE, NAME_ASKED, NAME_TAKEN, NAME_FOUND, NAME_LOST, NAME_KNOWN };

/* FOUND and LOST are a helper's; the tile turns them into KNOWN or NONE at its next poll. */
struct name {
    char host[HOST_BYTES];
    uint8_t state;
    bool outdated;
    uint32_t waiting; /* tickets */
    int64_t expires_ns, used_ns;
    uint32_t count;
    int status;
    struct mr_address addresses[MR_AUX_ADDRESSES_MAX];
    char why[96];
};

struct mr_aux_names {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    uint32_t holders; /* the tile and its helpers: the last one frees */
    bool halt;
    mr_aux_lookup_fn *lookup;
    struct mr_aux_metrics *metrics;
    int64_t cache_ns;
    void (*wake)(void *arg);
    void *arg;
    struct name names[NAMES_MAX];
};

/* ---- looking up: on a helper ---- */

static void put_address(struct mr_address *out, const struct sockaddr *sa)
{
    *out = (struct mr_address){.family = sa->sa_family == AF_INET6 ? 6 : 4};
    if (sa->sa_family == AF_INET6)
        memcpy(out->ip, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    else
        memcpy(out->ip, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
}

/* IPv4 first: nothing here races the two families, and a half-configured IPv6 is the commoner trouble. */
static int system_lookup(const char *host, struct mr_address *out, uint32_t max, char why[96])
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc) {
        snprintf(why, 96, "%s", gai_strerror(rc));
        return rc == EAI_NONAME ? MR_E_MISSING : MR_E_IO;
    }
    uint32_t n = 0;
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t f = 0; f < MR_COUNT_OF(families); f++)
        for (const struct addrinfo *a = list; a && n < max; a = a->ai_next)
            if (a->ai_family == families[f])
                put_address(&out[n++], a->ai_addr);
    freeaddrinfo(list);
    if (n == 0)
        snprintf(why, 96, "no address of a known family");
    return n ? (int)n : MR_E_MISSING;
}

static struct name *next_asked(struct mr_aux_names *names)
{
    for (uint32_t i = 0; i < NAMES_MAX; i++)
        if (names->names[i].state == NAME_ASKED)
            return &names->names[i];
    return NULL;
}

/* The table is locked before and after, not during. */
static void look_up(struct mr_aux_names *names, struct name *name)
{
    char host[HOST_BYTES], why[96] = "";
    struct mr_address found[MR_AUX_ADDRESSES_MAX];
    memcpy(host, name->host, sizeof host);
    name->state = NAME_TAKEN;
    pthread_mutex_unlock(&names->lock);
    int n = names->lookup(host, found, MR_AUX_ADDRESSES_MAX, why);
    pthread_mutex_lock(&names->lock);
    name->status = n < 0 ? n : n == 0 ? MR_E_MISSING : MR_OK;
    name->state = n > 0 ? NAME_FOUND : NAME_LOST;
    if (n > 0) {
        name->count = (uint32_t)n;
        memcpy(name->addresses, found, (size_t)n * sizeof found[0]);
    }
    memcpy(name->why, why, sizeof why);
    if (!names->halt)
        names->wake(names->arg);
}

/* Called locked; returns unlocked. */
static void let_go(struct mr_aux_names *names)
{
    bool last = --names->holders == 0;
    pthread_mutex_unlock(&names->lock);
    if (!last)
        return;
    pthread_cond_destroy(&names->asked);
    pthread_mutex_destroy(&names->lock);
    free(names);
}

static void *helper(void *arg)
{
    struct mr_aux_names *names = arg;
    pthread_mutex_lock(&names->lock);
    while (!names->halt) {
        struct name *name = next_asked(names);
        if (name)
            look_up(names, name);
        else
            pthread_cond_wait(&names->asked, &names->lock);
    }
    let_go(names);
    return NULL;
}

/* Signals are for the threads that expect them. */
static int start_helper(struct mr_aux_names *names)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    names->holders++;
    int rc = pthread_create(&thread, &attr, helper, names);
    if (rc)
        names->holders--;
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int mr_aux_names_open(struct mr_aux_names **out, const struct mr_aux_config *config, void (*wake)(void *arg), void *arg,
                      struct mr_err *err)
{
    struct mr_aux_names *names = calloc(1, sizeof *names);
    if (!names)
        return mr_err_set(err, MR_E_NOMEM, "aux: no memory for the table of names");
    pthread_mutex_init(&names->lock, NULL);
    pthread_cond_init(&names->asked, NULL);
    names->lookup = config->lookup ? config->lookup : system_lookup;
    names->metrics = config->metrics;
    names->cache_ns = config->cache_s * SECOND_NS;
    names->wake = wake;
    names->arg = arg;
    names->holders = 1;
    int rc = 0;
    pthread_mutex_lock(&names->lock);
    for (int i = 0; i < MR_AUX_LOOKUP_THREADS && !rc; i++)
        rc = start_helper(names);
    pthread_mutex_unlock(&names->lock);
    if (rc) {
        mr_aux_names_close(names);
        return mr_err_set(err, MR_E_IO, "aux: cannot start a thread that looks names up: %s", strerror(rc));
    }
    *out = names;
    return MR_OK;
}

void mr_aux_names_close(struct mr_aux_names *names)
{
    pthread_mutex_lock(&names->lock);
    names->halt = true;
    pthread_cond_broadcast(&names->asked);
    let_go(names);
}

/* ---- asking: on the tile ---- */

/* What a helper brought becomes known, or is over. */
static void settle(struct mr_aux_names *names, struct name *name, int64_t now_ns)
{
    if (name->state == NAME_FOUND) {
        name->state = NAME_KNOWN;
        name->outdated = false;
        name->expires_ns = now_ns + names->cache_ns;
    } else if (name->state == NAME_LOST && name->count && name->status != MR_E_MISSING) {
        name->state = NAME_KNOWN; /* the name servers are out: what was true a while ago serves */
        name->outdated = true;
        name->expires_ns = now_ns + STALE_NS;
    }
}

static bool evictable(const struct name *name)
{
    return name->waiting == 0 && name->state != NAME_ASKED && name->state != NAME_TAKEN;
}

/* The entry of this host, or the one it may have: an empty one, else the one used longest ago. */
static struct name *entry_for(struct mr_aux_names *names, const char *host)
{
    struct name *best = NULL;
    for (uint32_t i = 0; i < NAMES_MAX; i++) {
        struct name *name = &names->names[i];
        if (name->host[0] && strcasecmp(name->host, host) == 0)
            return name;
        if (evictable(name) && (!best || name->used_ns < best->used_ns))
            best = name;
    }
    if (best) {
        *best = (struct name){0};
        snprintf(best->host, sizeof best->host, "%s", host);
    }
    return best;
}

int mr_aux_names_ask(struct mr_aux_names *names, const char *host, int64_t now_ns)
{
    pthread_mutex_lock(&names->lock);
    struct name *name = entry_for(names, host);
    if (name) {
        settle(names, name, now_ns);
        if (name->state == NAME_KNOWN && now_ns < name->expires_ns) {
            MR_COUNT(names->metrics, cached, 1);
        } else if (name->state != NAME_ASKED && name->state != NAME_TAKEN) {
            name->state = NAME_ASKED;
            pthread_cond_signal(&names->asked);
        }
        name->used_ns = now_ns;
        name->waiting++;
    }
    pthread_mutex_unlock(&names->lock);
    return name ? (int)(name - names->names) : -1;
}

int mr_aux_names_poll(struct mr_aux_names *names, int ticket, int64_t now_ns, struct mr_address *out, char why[96])
{
    pthread_mutex_lock(&names->lock);
    struct name *name = &names->names[ticket];
    settle(names, name, now_ns);
    int status = MR_E_AGAIN;
    if (name->state == NAME_KNOWN) {
        status = (int)name->count;
        memcpy(out, name->addresses, name->count * sizeof out[0]);
        if (name->outdated)
            MR_COUNT(names->metrics, stale, 1);
    } else if (name->state == NAME_LOST) {
        status = name->status;
        memcpy(why, name->why, sizeof name->why);
    }
    if (status != MR_E_AGAIN)
        name->waiting--;
    pthread_mutex_unlock(&names->lock);
    return status;
}

void mr_aux_names_drop(struct mr_aux_names *names, int ticket)
{
    pthread_mutex_lock(&names->lock);
    names->names[ticket].waiting--;
    pthread_mutex_unlock(&names->lock);
}

bool mr_aux_literal(const char *host, struct mr_address *out)
{
    *out = (struct mr_address){.family = 4};
    if (inet_pton(AF_INET, host, out->ip) == 1)
        return true;
    out->family = 6;
    char inner[INET6_ADDRSTRLEN];
    size_t n = strlen(host);
    if (host[0] == '[' && n >= 2 && n - 2 < sizeof inner && host[n - 1] == ']') {
        memcpy(inner, host + 1, n - 2);
        inner[n - 2] = 0;
        host = inner;
    }
    return inet_pton(AF_INET6, host, out->ip) == 1;
}
