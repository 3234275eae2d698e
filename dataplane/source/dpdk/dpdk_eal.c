/* EAL, DPDK's own run time: started once a process, quiet, with no thread of ours moved.
 *
 * It is global state of the process by its nature, so what is known of it stands in one static here. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "dataplane/source/dpdk/dpdk_priv.h"

#define ARGS_MAX 24
#define REST_MIB 16u /* of EAL, the driver and the rings beside the pool */

static struct {
    pthread_mutex_t lock;
    bool started, failed, huge_pages, pci;
    bool taken; /* by a port: the drivers' sockets are told apart by there being one */
    uint32_t memory_mib;
    pthread_key_t thread_key;
    uint32_t said_len;
    char said[240];
    char why[512]; /* what the failed start told: EAL cannot be started twice */
} eal = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Errors are kept for our own sentence; all else of EAL's chatter is below the level that is set. Only the first line counts: those
 * after it are consequences. */
static ssize_t keep(void *cookie, const char *text, size_t len)
{
    (void)cookie;
    for (size_t i = 0; i < len && eal.said_len < sizeof eal.said - 1; i++) {
        if (text[i] == '\n') {
            if (eal.said_len == 0)
                continue;
            eal.said[eal.said_len] = 0;
            eal.said_len = sizeof eal.said; /* no more */
            break;
        }
        eal.said[eal.said_len++] = text[i];
    }
    if (eal.said_len < sizeof eal.said)
        eal.said[eal.said_len] = 0;
    return (ssize_t)len;
}

void mr_dpdk_eal_listen(void)
{
    eal.said_len = 0;
    eal.said[0] = 0;
}

const char *mr_dpdk_eal_says(void) { return eal.said[0] ? eal.said : "the driver gives no reason"; }

uint32_t mr_dpdk_memory_mib(uint32_t pool_buffers)
{
    uint64_t buffer = sizeof(struct rte_mempool_objhdr) + sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM +
                      MR_DPDK_FRAME_BYTES + 320; /* the private area, rounding */
    return (uint32_t)((pool_buffers * buffer + (1u << 20) - 1) >> 20) + REST_MIB;
}

/* The CPUs of this thread as EAL writes them: one lcore, 0, that may run on all of them, so that no thread is made for others. */
static void lcore_text(char *text, size_t room, const cpu_set_t *cpus)
{
    size_t n = (size_t)snprintf(text, room, "--lcores=0@(");
    const char *comma = "";
    for (unsigned i = 0; i < RTE_MAX_LCORE && n < room - 8; i++)
        if (CPU_ISSET(i, cpus)) {
            n += (size_t)snprintf(text + n, room - n, "%s%u", comma, i);
            comma = ",";
        }
    snprintf(text + n, room - n, ")");
}

struct words {
    char *at[ARGS_MAX];
    char text[ARGS_MAX][640];
    int count;
};

static MR_PRINTF(2, 3) void word(struct words *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    MR_ASSERT(w->count < ARGS_MAX - 1);
    vsnprintf(w->text[w->count], sizeof w->text[0], format, args);
    w->at[w->count] = w->text[w->count];
    w->at[++w->count] = NULL;
    va_end(args);
}

static void arguments(struct words *w, const struct mr_dpdk_config *config, const struct mr_dpdk_device *device,
                      const cpu_set_t *cpus)
{
    word(w, "millrace");
    word(w, "--log-level=error");
    word(w, "--no-telemetry");
    word(w, "--file-prefix=millrace");
    if (config->huge_pages) {
        word(w, "--in-memory"); /* nothing of it is left when we are killed */
    } else {
        word(w, "--no-huge"); /* refuses --in-memory beside it */
        word(w, "--no-shconf");
    }
    word(w, "-m"); /* with huge pages it may grow later */
    word(w, "%u", eal.memory_mib);
    if (device->kind == MR_DPDK_PCI) {
        word(w, "-a");
        word(w, "%s", device->name);
    } else {
        word(w, "--no-pci");
    }
    word(w, "%s", "");
    lcore_text(w->text[w->count - 1], sizeof w->text[0], cpus);
}

static void forget_thread(void *unused)
{
    (void)unused;
    rte_thread_unregister();
}

static int start(const struct mr_dpdk_config *config, const struct mr_dpdk_device *device, struct mr_err *err)
{
    cookie_io_functions_t io = {.write = keep};
    FILE *stream = fopencookie(NULL, "w", io);
    if (!stream)
        return mr_err_set(err, MR_E_NOMEM, "source dpdk: no memory for EAL's messages");
    setvbuf(stream, NULL, _IONBF, 0);
    rte_openlog_stream(stream);
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof cpus, &cpus))
        return mr_err_set(err, MR_E_IO, "source dpdk: sched_getaffinity: %s", strerror(errno));
    struct words *w = calloc(1, sizeof *w);
    if (!w)
        return mr_err_set(err, MR_E_NOMEM, "source dpdk: no memory for EAL's arguments");
    arguments(w, config, device, &cpus);
    mr_dpdk_eal_listen();
    int status = rte_eal_init(w->count, w->at);
    free(w);
    sched_setaffinity(0, sizeof cpus, &cpus);
    if (status < 0)
        return mr_err_set(err, MR_E_UNSUPPORTED, "source dpdk: EAL does not start: %s%s", mr_dpdk_eal_says(),
                          config->huge_pages
                              ? ": are there huge pages (`sysctl vm.nr_hugepages`)? else set `huge_pages: false`"
                              : "");
    rte_log_set_global_level(RTE_LOG_ERR);
    pthread_key_create(&eal.thread_key, forget_thread);
    return MR_OK;
}

/* EAL runs: is what it was started with enough for this port? */
static int fits(const struct mr_dpdk_config *config, const struct mr_dpdk_device *device, uint32_t need_mib,
                struct mr_err *err)
{
    if (config->huge_pages != eal.huge_pages)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: EAL of this process runs %s huge pages already: restart the process to change "
                          "`huge_pages`",
                          eal.huge_pages ? "with" : "without");
    if (device->kind == MR_DPDK_PCI && !eal.pci)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: EAL of this process was started without PCI: restart the process to use %s",
                          device->name);
    if (!eal.huge_pages && need_mib > eal.memory_mib)
        return mr_err_set(err, MR_E_UNSUPPORTED,
                          "source dpdk: needs %u MiB and EAL of this process has %u: set `memory_mib: %u` and restart",
                          need_mib, eal.memory_mib, need_mib);
    return MR_OK;
}

int mr_dpdk_eal_start(const struct mr_dpdk_config *config, const struct mr_dpdk_device *device, uint32_t pool_buffers,
                      struct mr_err *err)
{
    uint32_t need_mib = mr_dpdk_memory_mib(pool_buffers);
    struct mr_err why = {""};
    int status = MR_OK;
    pthread_mutex_lock(&eal.lock);
    if (eal.failed) {
        status = mr_err_set(&why, MR_E_UNSUPPORTED, "%s (EAL starts once a process: restart it)", eal.why);
    } else if (eal.started) {
        status = fits(config, device, need_mib, &why);
    } else {
        eal.memory_mib = config->memory_mib > need_mib ? config->memory_mib : need_mib;
        eal.huge_pages = config->huge_pages;
        eal.pci = device->kind == MR_DPDK_PCI;
        status = start(config, device, &why);
        eal.started = status == MR_OK;
        eal.failed = status != MR_OK;
        memcpy(eal.why, why.text, sizeof eal.why);
    }
    pthread_mutex_unlock(&eal.lock);
    if (status)
        return mr_err_set(err, status, "%s", why.text);
    return MR_OK;
}

int mr_dpdk_eal_take(struct mr_err *err)
{
    pthread_mutex_lock(&eal.lock);
    bool taken = eal.taken;
    eal.taken = true;
    pthread_mutex_unlock(&eal.lock);
    return taken ? mr_err_set(err, MR_E_UNSUPPORTED,
                              "source dpdk: this process has a port already: a second one needs a second data plane")
                 : MR_OK;
}

void mr_dpdk_eal_give(void)
{
    pthread_mutex_lock(&eal.lock);
    eal.taken = false;
    pthread_mutex_unlock(&eal.lock);
}

void mr_dpdk_eal_thread(void)
{
    if (rte_lcore_id() != LCORE_ID_ANY)
        return;
    if (rte_thread_register() == 0) /* where it fails, buffers come from the common ring: slower, no worse */
        pthread_setspecific(eal.thread_key, &eal); /* given back when the thread ends */
}
