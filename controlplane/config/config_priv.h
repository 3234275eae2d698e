/* Shared by the files of this folder. */
#ifndef MR_CONFIG_CONFIG_PRIV_H
#define MR_CONFIG_CONFIG_PRIV_H

#include <stdio.h>

#include "controlplane/config/config.h"
#include "dataplane/text/text.h"

enum mr_key_section {
    SECTION_top,
    SECTION_plane,
    SECTION_tls,
    SECTION_dpdk,
    SECTION_record,
    SECTION_quarantine,
    SECTION_freshness,
    SECTION_velocity,
    SECTION_volatility,
    SECTION_signal,
    SECTION_control,
    SECTION_trade,
    SECTION_journal,
    SECTION_store,
    SECTION_feeds,
    SECTION_COUNT
};

enum mr_key_type {
    KEY_INT,    /* whole number; 1 to 8 bytes unsigned, or int where the least is below 0 */
    KEY_POWER,  /* the same, a power of two */
    KEY_MICRO,  /* whole number, kept in millionths */
    KEY_REAL,   /* double */
    KEY_BOOL,   /* true, false */
    KEY_CHOICE, /* one of `unit`, kept as its place there */
    KEY_FLAGS,  /* list of `unit`, kept as bits of their places */
    KEY_SIZE,   /* 64KiB */
    KEY_TIME,   /* 30s, kept in ns */
    KEY_PATH,   /* text */
    KEY_NAME,   /* letters, digits, '.', '_', '-' */
    KEY_HOST,
    KEY_URL,
    KEY_ADDRESS,   /* struct mr_address */
    KEY_IPV4,      /* four bytes */
    KEY_NEIGHBOUR, /* struct mr_dpdk_neighbour */
    KEY_LINE,      /* struct mr_plane_line */
    KEY_PRODUCT,   /* venue:product, known */
    KEY_STREAM,    /* venue:product:symbol */
    KEY_SYMBOL,
};

struct mr_key {
    const char *name, *fallback, *unit, *help;
    uint8_t section, type;
    bool list, live;    /* live: a reload takes it */
    uint32_t at, bytes; /* of the value, or of a list's first element */
    uint32_t count_at;  /* of a list's count; 0: always `most_elements` */
    uint32_t fewest, most_elements;
    double least, most;
};
extern const struct mr_key mr_keys[MR_KEY_COUNT];
extern const char *const mr_key_sections[SECTION_COUNT];

struct mr_why {
    char text[400];
};

/* One scalar into its place; false with the reason, and nothing changed. `plain`: not quoted. */
bool mr_value_set(const struct mr_key *key, void *place, const char *text, size_t len, bool plain, struct mr_why *why);
/* One scalar as YAML that reads back to the same; as JSON. */
void mr_value_yaml(const struct mr_key *key, const void *place, struct mr_text *out);
void mr_value_json(const struct mr_key *key, const char *name, const void *place, struct mr_json_out *out);
/* "an integer from 1 to 8 (tiles)" */
void mr_value_want(const struct mr_key *key, struct mr_why *why);
void mr_value_default(const struct mr_key *key, void *base);
uint32_t mr_value_count(const struct mr_key *key, const void *base);
/* The whole value, a list too, as `config show` has it. */
void mr_value_whole(const struct mr_key *key, const void *base, struct mr_text *out);

/* The file's text, malloc'd, MR_CONFIG_BYTES_MAX + 1 bytes at most; MR_E_IO and one sentence. */
int mr_config_read(const char *path, char **text, size_t *len, mr_config_error_fn *each, void *arg);

/* What no single key can say. Each complaint names the line of the key it is about. */
typedef void mr_complain_fn(void *arg, uint32_t line, const char *path, const char *sentence);
void mr_config_check(struct mr_config *config, mr_complain_fn *complain, void *arg);
/* Defaults as keys.def has them; then folders and files that were not named. */
void mr_config_bare(struct mr_config *config);
void mr_config_resolve(struct mr_config *config);
void mr_feed_default(struct mr_plane_feed *feed);

#endif
