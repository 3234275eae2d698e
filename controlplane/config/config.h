/* Configuration: YAML against keys.def, into plain structs. Every error names file, line, column and key, and the way out.
 *
 * keys.def is the one list: name, type, unit, range, default, what it is for; docs, `config show`, completion and checks come from
 * it. `5000ms`, `010`, `5.9` for an integer, an unknown key (with the nearest known one), a key given twice are refused; all errors of a file are told, not just the first.
 * Units are in the key's name (`timeout_s`) or the value has one (`64KiB`, `5s`) where the key's type says so.
 *
 *     config file (--config, else ./millrace.yaml, else /etc/millrace/millrace.yaml; none: defaults) -> mr_config
 *
 * A config is plain data (about 150 KB: not for small stacks) without pointers to anything of this module.
 * Thread  boot only.   Memory  libyaml allocates while it parses; nothing is kept. */
#ifndef MR_CONFIG_CONFIG_H
#define MR_CONFIG_CONFIG_H

#include "dataplane/plane/plane.h"

#define MR_CONFIG_BYTES_MAX (1u << 20)  /* of a config file */
#define MR_CONFIG_ERRORS_MAX 100        /* told; then one that says there are more */
#define MR_CONFIG_SHOW_BYTES (1u << 20) /* room in which mr_config_show always fits */

/* One name for each row of keys.def: MR_KEY_plane_feed_tiles. */
enum mr_key_id {
#define MR_KEY(section, name, ...) MR_KEY_##section##_##name,
#define MR_LIST(section, name, ...) MR_KEY_##section##_##name,
#define MR_FIXED(section, name, ...) MR_KEY_##section##_##name,
#include "controlplane/config/keys.def"
#undef MR_KEY
#undef MR_LIST
#undef MR_FIXED
    MR_KEY_COUNT
};

/* What those who are named in no list may do: nothing, or look. Who may open the socket at all is the file's mode's business. */
enum mr_others { MR_OTHERS_REFUSE, MR_OTHERS_OBSERVE };
struct mr_control_config {
    char socket[256]; /* of the admin socket: in the instance's run folder */
    uint32_t operate_uids[16], operate_count, administer_uids[16], administer_count;
    uint8_t others; /* enum mr_others */
    uint32_t clients_max, line_max, output_max, half_s;
};
/* controlplane/journal/journal.h, controlplane/store/store.h say what each means. */
struct mr_journal_config {
    char folder[256];
    uint64_t file_bytes;
    uint32_t ring_bytes, group_bytes, idle_us;
    int64_t interval_ns;
    uint8_t fsync; /* enum mr_journal_fsync */
};
struct mr_store_config {
    char folder[256];
    uint64_t spill_bytes;
    uint32_t ring_bytes, batch_rows;
    int64_t retry_ns;
    bool enabled;
};
enum mr_trade_exchange { MR_EXCHANGE_PAPER, MR_EXCHANGE_REMOTE };
/* Trading: what the control plane makes of signals. Percent values are of equity, price or margin, as keys.def says. */
struct mr_trading_config {
    bool enabled, at_start;
    char instruments[32][128], strategies[8][24], settings[32][64];
    uint32_t instrument_count, strategy_count, setting_count;
    char limits[256], webhook[256];
    uint8_t exchange; /* enum mr_trade_exchange */
    char url[256], ca_file[256], credentials[256];
    uint32_t leverage, atr_bar_s, entry_level, idle_us;
    int cores[2]; /* trade tile, journal thread */
    uint32_t core_count;
    int64_t cash, latency_ns, sample_ns;
    double risk_pct, volatility_pct, target_pct, slippage_pct, taker_confidence, maker_fee_pct, taker_fee_pct,
        maintenance_pct;
    double trail_from_pct, trail_step_pct, trail_distance_pct;
};
struct mr_config {
    char file[256];           /* "" : defaults */
    char run[256], data[256]; /* folders: config, else environment, else as 0-definitions says */
    struct mr_plane_config plane;
    struct mr_control_config control;
    struct mr_trading_config trade;
    struct mr_journal_config journal;
    struct mr_store_config store;
    /* Where each value is from: 0 the default, MR_FROM_ENVIRONMENT, else the line of `file`. */
    uint32_t line[MR_KEY_COUNT],
        feed_line[MR_PLANE_FEEDS_MAX][MR_KEY_COUNT]; /* of a feed's keys; [MR_KEY_FEED_BEGIN]: where it begins */
};
#define MR_KEY_FEED_BEGIN 0
#define MR_FROM_ENVIRONMENT UINT32_MAX

/* Defaults, with the folders of this environment. Feeds: none. */
void mr_config_default(struct mr_config *config);
/* All errors of the file go to `each` (file:line:column: key: sentence); MR_E_INVALID if there was one, MR_E_IO if it cannot be read (then one
 * sentence). In either case `config` holds defaults and what was good: for showing, not for running. */
typedef void mr_config_error_fn(void *arg, const char *sentence);
int mr_config_load(struct mr_config *config, const char *path, mr_config_error_fn *each, void *arg);
int mr_config_parse(struct mr_config *config, const char *name, const char *text, size_t len, mr_config_error_fn *each,
                    void *arg);
/* Which file: as 0-definitions; "" none. */
void mr_config_find(const char *given, char path[256]);
/* Another instance than the file says (--instance): its folders and files follow, where the file does not name them. */
int mr_config_instance(struct mr_config *config, const char *instance, struct mr_err *err);
/* The whole config as YAML, which parses to the same config; with `origin`, a comment behind each value: default, file:line, or environment. */
struct mr_text;
void mr_config_show(const struct mr_config *config, bool origin, struct mr_text *out);
void mr_config_show_json(const struct mr_config *config, bool origin, struct mr_text *out);
/* One row of the reference; false past the last. Texts are the table's. */
struct mr_config_key {
    const char *section, *name, *fallback, *help; /* section "": the top of the file */
    char want[400];                               /* "an integer from 1 to 8 (tiles)"; of a list: each element */
    bool list, live;
};
bool mr_config_key(unsigned i, struct mr_config_key *out);
/* The reference: every key with type, range, default and help, as text or as a JSON list. */
void mr_config_keys(bool json, struct mr_text *out);
/* Of all keys that need a restart (those that a reload takes may differ between processes for a while). Equal in two processes: they were started
 * with the same configuration. Never 0. */
uint64_t mr_config_sum(const struct mr_config *config);
/* The instance's run folder is made (0750) if it is not there. */
int mr_config_run_folder(const struct mr_config *config, char path[256], struct mr_err *err);

#endif
