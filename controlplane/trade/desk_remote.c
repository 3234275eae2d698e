/* The way to an account of the paper exchange behind HTTPS: its credentials, its driver. */
#include "controlplane/trade/desk_priv.h"

/* The key is read before anything is connected; what the data plane's process is given names no such file. */
int desk_remote_open(struct mr_desk *d, struct mr_err *err)
{
    const struct mr_trading_config *t = &d->trading;
    if (!*t->url || !*t->credentials)
        return mr_err_set(err, MR_E_INVALID, "trade.exchange: remote wants trade.url and trade.credentials");
    int status = mr_secrets_harden(err);
    if (!status)
        status = mr_secrets_open(&d->secrets, t->credentials, err);
    if (status)
        return status;
    const struct mr_credential *who = mr_secrets_of(&d->secrets, "paper");
    if (!who)
        return mr_err_set(err, MR_E_MISSING, "trade.credentials: %s has no entry of the venue \"paper\"",
                          t->credentials);
    const struct mr_remote_config c = {.url = t->url,
                                       .ca_file = *t->ca_file ? t->ca_file : d->config.ca_file,
                                       .instruments = d->instruments,
                                       .key = {who->key.bytes, who->key.len},
                                       .secret = {who->secret.bytes, who->secret.len},
                                       .seed = (uint64_t)d->now_ns,
                                       .written = desk_written,
                                       .arg = d};
    status = mr_remote_open(&d->remote, &c, err);
    if (!status)
        d->driver = mr_remote_driver(d->remote);
    return status;
}

void desk_remote_close(struct mr_desk *d)
{
    mr_remote_close(d->remote);
    mr_secrets_close(&d->secrets);
}
