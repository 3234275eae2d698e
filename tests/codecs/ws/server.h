/* A server that runs the cases of cases.h over plain TCP with whatever client comes, one connection after the other, by the
 * protocol that other suites use too: /getCaseCount, /runCase?case=N&agent=NAME, /updateReports?agent=NAME. */
#ifndef MR_TESTS_WS_SERVER_H
#define MR_TESTS_WS_SERVER_H

#include "tests/codecs/ws/judge.h"

struct ws_result {
    bool run;
    enum ws_verdict verdict;
    char why[160];
};
struct ws_server {
    int fd;
    uint16_t port;
    const struct ws_cases *cases;
    struct ws_result *results; /* one a case */
    char agent[64];
    bool reported; /* /updateReports came */
};

int ws_server_open(struct ws_server *s, const struct ws_cases *cases, uint16_t port); /* on loopback; 0, or -1 */
/* Until the client has asked for its report, or nothing came for `idle_ms`. */
void ws_server_serve(struct ws_server *s, int idle_ms);
void ws_server_close(struct ws_server *s);

#endif
