/* keys.def as a table. */
#include "controlplane/config/config_priv.h"

const char *const mr_key_sections[SECTION_COUNT] = {[SECTION_top] = "",
                                                    [SECTION_plane] = "plane",
                                                    [SECTION_tls] = "tls",
                                                    [SECTION_dpdk] = "dpdk",
                                                    [SECTION_record] = "record",
                                                    [SECTION_quarantine] = "quarantine",
                                                    [SECTION_freshness] = "freshness",
                                                    [SECTION_velocity] = "velocity",
                                                    [SECTION_volatility] = "volatility",
                                                    [SECTION_signal] = "signal",
                                                    [SECTION_control] = "control",
                                                    [SECTION_trade] = "trade",
                                                    [SECTION_journal] = "journal",
                                                    [SECTION_store] = "store",
                                                    [SECTION_feeds] = "feeds"};

/* Which struct a section's fields are of. */
#define BASE_top struct mr_config
#define BASE_plane struct mr_config
#define BASE_tls struct mr_config
#define BASE_dpdk struct mr_config
#define BASE_record struct mr_config
#define BASE_quarantine struct mr_config
#define BASE_freshness struct mr_config
#define BASE_velocity struct mr_config
#define BASE_volatility struct mr_config
#define BASE_signal struct mr_config
#define BASE_control struct mr_config
#define BASE_trade struct mr_config
#define BASE_journal struct mr_config
#define BASE_store struct mr_config
#define BASE_feeds struct mr_plane_feed

#define WHEN_LIVE true
#define WHEN_RESTART false

/* clang-format off */
#define ROW(SECTION, NAME, TYPE, FIELD, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP, ...)                                                       \
    [MR_KEY_##SECTION##_##NAME] = {.name = #NAME, .fallback = DEFAULT, .unit = UNIT, .help = HELP, .section = SECTION_##SECTION,     \
                                   .type = KEY_##TYPE, .live = WHEN_##WHEN, .least = LEAST, .most = MOST, .at = offsetof(BASE_##SECTION, FIELD),          \
                                   .bytes = sizeof(((BASE_##SECTION *)0)->FIELD), __VA_ARGS__},
#define MR_KEY(SECTION, NAME, TYPE, FIELD, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP)                                                         \
    ROW(SECTION, NAME, TYPE, FIELD, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP, .list = KEY_##TYPE == KEY_FLAGS)
#define MR_LIST(SECTION, NAME, TYPE, FIELD, COUNT, FEWEST, MANY, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP)                                   \
    ROW(SECTION, NAME, TYPE, FIELD, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP, .list = true, .fewest = FEWEST, .most_elements = MANY,         \
        .count_at = offsetof(BASE_##SECTION, COUNT))
#define MR_FIXED(SECTION, NAME, TYPE, FIELD, MANY, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP)                                                 \
    ROW(SECTION, NAME, TYPE, FIELD, DEFAULT, LEAST, MOST, UNIT, WHEN, HELP, .list = true, .fewest = MANY, .most_elements = MANY)
/* clang-format on */

const struct mr_key mr_keys[MR_KEY_COUNT] = {
#include "controlplane/config/keys.def"
};
