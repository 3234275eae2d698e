/* What ethtool sets, as paths and values: /ethtool/IF/KEY (pinning/host.h). Live only; below another root these are files.
 *
 *   rx           frames in the receive ring          ethtool -G IF rx N
 *   rx-max       the most it can hold (read only)
 *   rx-usecs     microseconds an interrupt waits     ethtool -C IF rx-usecs N
 *   adaptive-rx  on, off: the driver moves rx-usecs  ethtool -C IF adaptive-rx off
 *   lro          on, off: the NIC joins segments     ethtool -K IF lro off
 *
 * Errors  MR_E_EMPTY: no such interface, or its driver has no such knob. MR_E_IO: refused; errno says why. */
#ifndef MR_PINNING_NIC_H
#define MR_PINNING_NIC_H

#include "dataplane/base/base.h"

#define MR_NIC_PREFIX "/ethtool/"
/* `path` begins with MR_NIC_PREFIX. The text with a newline, as a file has it: its length, or a status. */
int mr_nic_read(const char *path, char *out, size_t bytes);
int mr_nic_write(const char *path, const char *text);
/* "ethtool -C eth0 rx-usecs 0" of such a path and value. False: it is no path of a NIC's setting. */
bool mr_nic_command(const char *path, const char *value, char *out, size_t bytes);

#endif
