/* tls_probe [--source socket|uring|dpdk:INTERFACE] [--connect ADDRESS] [--crl FILE] [--deadline-ms N] HOST PORT CAFILE
 *
 * Dials HOST with the product's own client stack and prints the outcome as one word (the list: probe.h), on standard error
 * the sentence. CAFILE "-": the system's store. --connect: this address, whatever the name says.
 * Exit: 0 for ok and open, 1 for every other outcome, 2 for wrong usage. */
#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/dataplane/tls/probe.h"

struct options {
    const char *source, *connect, *crl;
    long deadline_ms;
};

static int usage(void)
{
    fprintf(stderr, "usage: tls_probe [--source socket|uring|dpdk:INTERFACE] [--connect ADDRESS] [--crl FILE] "
                    "[--deadline-ms N] HOST PORT "
                    "CAFILE|-\n");
    return 2;
}

/* 0: no number from 1 to `most`. */
static long number(const char *text, long most)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *text && !*end && n >= 1 && n <= most ? n : 0;
}

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {{"source", required_argument, NULL, 's'},
                                          {"connect", required_argument, NULL, 'c'},
                                          {"crl", required_argument, NULL, 'r'},
                                          {"deadline-ms", required_argument, NULL, 'd'},
                                          {0}};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 's')
            o->source = optarg;
        else if (c == 'c')
            o->connect = optarg;
        else if (c == 'r')
            o->crl = optarg;
        else if (c == 'd')
            o->deadline_ms = number(optarg, 3600000);
        else
            return -1;
    }
    return argc - optind == 3 && o->deadline_ms > 0 ? optind : -1;
}

static bool resolve(const char *name, uint16_t port, struct mr_address *out)
{
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return false;
    *out = (struct mr_address){.port = port, .family = list->ai_family == AF_INET ? 4 : 6};
    if (out->family == 4)
        memcpy(out->ip, &((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr, 4);
    else
        memcpy(out->ip, &((const struct sockaddr_in6 *)(const void *)list->ai_addr)->sin6_addr, 16);
    freeaddrinfo(list);
    return true;
}

static void probe(const struct options *o, char **argv, uint16_t port, struct mr_probe_result *out)
{
    struct mr_probe p;
    struct mr_tls_context *context = NULL;
    struct mr_err err = {""};
    struct mr_probe_dial dial = {.host = argv[0], .deadline_ms = o->deadline_ms};
    const struct mr_tls_config config = {.ca_file = strcmp(argv[2], "-") ? argv[2] : NULL,
                                         .crl_file = o->crl,
                                         .connections_max = 1,
                                         .output_bytes = 65536};
    if (!resolve(o->connect ? o->connect : argv[0], port, &dial.address)) {
        out->word = "network";
        snprintf(out->sentence, sizeof out->sentence, "no address of %s", argv[0]);
        return;
    }
    if (mr_probe_open(&p, o->source, &err) == MR_OK && mr_tls_context_open(&context, &config, &err) == MR_OK) {
        mr_probe_run(&p, context, &dial, out);
    } else {
        out->word = "config";
        snprintf(out->sentence, sizeof out->sentence, "%s", err.text);
    }
    mr_tls_context_close(context);
    mr_probe_close(&p);
}

int main(int argc, char **argv)
{
    struct options o = {.source = "socket", .deadline_ms = 5000};
    int at = parse(argc, argv, &o);
    long port = at > 0 ? number(argv[at + 1], 65535) : 0;
    if (!port)
        return usage();
    struct mr_probe_result result = {0};
    probe(&o, argv + at, (uint16_t)port, &result);
    printf("%s\n", result.word);
    fprintf(stderr, "%s\n", result.sentence);
    return strcmp(result.word, "ok") != 0 && strcmp(result.word, "open") != 0;
}
