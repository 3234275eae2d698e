/* ws_agent ws://host:port NAME: runs each case of a conformance suite's server over our own WebSocket client. */
#include <stdio.h>

#include "tests/codecs/ws/agent.h"

int main(int argc, char **argv)
{
    struct mr_err err = {""};
    if (argc != 3) {
        fprintf(stderr, "usage: ws_agent ws://host:port NAME\n");
        return 2;
    }
    int count = ws_agent_run(argv[1], argv[2], &err);
    if (count < 0) {
        fprintf(stderr, "ws_agent: %s\n", err.text);
        return count == MR_E_INVALID ? 2 : 4;
    }
    printf("%d cases\n", count);
    return 0;
}
