/* A build without lwIP: the stack cannot be opened, and says why. */
#include "dataplane/tcp/tcp.h"

MR_METRICS_DEFINE(mr_tcp, MR_TCP_METRICS);

const char *mr_tcp_flavour(void) { return "none"; }

size_t mr_tcp_bytes(const struct mr_tcp_config *config)
{
    (void)config;
    return sizeof(uint64_t);
}

int mr_tcp_open(struct mr_tcp **tcp, void *mem, const struct mr_tcp_config *config, int64_t now_ns, struct mr_err *err)
{
    (void)tcp, (void)mem, (void)config, (void)now_ns;
    return mr_err_set(err, MR_E_UNSUPPORTED,
                      "this build has no user-space TCP: lwIP's source could not be had when it was configured "
                      "(meson setup -Dlwip=source says why)");
}

/* Nothing can be open, so nothing can come here. */
static _Noreturn void never(void) { mr_panic(__FILE__, __LINE__, "a user-space stack in a build without one"); }

void mr_tcp_close(struct mr_tcp *tcp)
{
    (void)tcp;
    never();
}
void mr_tcp_take(struct mr_tcp *tcp, const struct mr_net_packet *segment, int64_t now_ns)
{
    (void)tcp, (void)segment, (void)now_ns;
    never();
}
int mr_tcp_connect(struct mr_tcp *tcp, uint16_t connection, const struct mr_dial *dial, int64_t now_ns)
{
    (void)tcp, (void)connection, (void)dial, (void)now_ns;
    return MR_E_UNSUPPORTED;
}
int64_t mr_tcp_send(struct mr_tcp *tcp, uint16_t connection, const uint8_t *data, uint32_t len)
{
    (void)tcp, (void)connection, (void)data, (void)len;
    return MR_E_UNSUPPORTED;
}
void mr_tcp_drop(struct mr_tcp *tcp, uint16_t connection)
{
    (void)tcp, (void)connection;
    never();
}
int mr_tcp_poll(struct mr_tcp *tcp, struct mr_piece *pieces, uint32_t max)
{
    (void)tcp, (void)pieces, (void)max;
    return MR_E_UNSUPPORTED;
}
void mr_tcp_release(struct mr_tcp *tcp, const struct mr_piece *piece)
{
    (void)tcp, (void)piece;
    never();
}
void mr_tcp_flush(struct mr_tcp *tcp, int64_t now_ns)
{
    (void)tcp, (void)now_ns;
    never();
}
void mr_tcp_housekeep(struct mr_tcp *tcp, int64_t now_ns)
{
    (void)tcp, (void)now_ns;
    never();
}
