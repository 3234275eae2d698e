/* Configuration text into structs: what is refused and how it is said, what is taken, the documented example, the way back. */
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "controlplane/config/config.h"
#include "controlplane/config/config_priv.h"
#include "controlplane/config/nearest.h"
#include "tests/support/support.h"

static struct mr_config config, other;
static char said[65536], shown[MR_CONFIG_SHOW_BYTES];
static unsigned told;

static void tell(void *arg, const char *sentence)
{
    size_t len = strlen(said);
    (void)arg;
    told++;
    snprintf(said + len, sizeof said - len, "%s\n", sentence);
}

static int parse_len(const char *text, size_t len)
{
    told = 0;
    said[0] = 0;
    return mr_config_parse(&config, "f.yaml", text, len, tell, NULL);
}
static int parse(const char *text) { return parse_len(text, strlen(text)); }

#define FEED "feeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n"

/* Each is one error: its place, then pieces of its sentence. */
static const struct {
    const char *text, *place, *pieces[3];
} refused[] = {
    /* integers */
    {"plane:\n  connect_s: 5000ms\n",
     "f.yaml:2:14: plane.connect_s: ",
     {"\"5000ms\": a plain number, without a unit", "want an integer from 1 to 120 (s)"}},
    {"plane:\n  feed_tiles: 010\n", "f.yaml:2:15: plane.feed_tiles: ", {"\"010\": leading zeros", "from 1 to 7"}},
    {"plane:\n  feed_tiles: 5.9\n", "f.yaml:2:15: ", {"\"5.9\": not a whole number"}},
    {"plane:\n  feed_tiles: 0x5\n", "f.yaml:2:15: ", {"decimal digits only"}},
    {"plane:\n  feed_tiles: 1_0\n", "f.yaml:2:15: ", {"no separators"}},
    {"plane:\n  feed_tiles: 1e1\n", "f.yaml:2:15: ", {"without a unit or exponent"}},
    {"plane:\n  feed_tiles: -1\n", "f.yaml:2:15: ", {"\"-1\": negative"}},
    {"plane:\n  feed_tiles: +1\n", "f.yaml:2:15: ", {"no sign is wanted"}},
    {"plane:\n  feed_tiles: 0\n", "f.yaml:2:15: ", {"out of range; want an integer from 1 to 7"}},
    {"plane:\n  feed_tiles: 8\n", "f.yaml:2:15: ", {"out of range"}},
    {"plane:\n  feed_tiles: 18446744073709551617\n", "f.yaml:2:15: ", {"out of range"}},
    {"plane:\n  feed_tiles: two\n", "f.yaml:2:15: ", {"\"two\": not a number"}},
    {"plane:\n  feed_tiles: \"2\"\n", "f.yaml:2:15: ", {"\"2\": a text in quotes"}},
    {"plane:\n  feed_tiles:\n", "f.yaml:2:14: ", {"no value (leave the key out for its default)"}},
    {"plane:\n  feed_tiles: ~\n", "f.yaml:2:15: ", {"no value"}},
    {"plane:\n  feed_tiles: null\n", "f.yaml:2:15: ", {"no value"}},
    {"plane:\n  feed_tiles: [1]\n", "f.yaml:2:15: ", {"a list where an integer from 1 to 7 (tiles) is wanted"}},
    {"plane:\n  feed_tiles: {a: 1}\n", "f.yaml:2:15: ", {"a mapping where an integer"}},
    {"plane:\n  ring_slots: 65535\n", "f.yaml:2:15: plane.ring_slots: ", {"not a power of two"}},
    {"plane:\n  ring_slots: 4096\n", "f.yaml:2:15: ", {"out of range", "a power of two from 8192"}},
    {"signal:\n  cascade_usd: 1.5\n", "f.yaml:2:16: ", {"not a whole number"}},
    /* numbers */
    {"volatility:\n  ewma_lambda: 1\n",
     "f.yaml:2:16: volatility.ewma_lambda: ",
     {"out of range; want a number from 0.5 to 0.9999"}},
    {"volatility:\n  ewma_lambda: nan\n", "f.yaml:2:16: ", {"not a number"}},
    {"volatility:\n  ewma_lambda: .9\n", "f.yaml:2:16: ", {"not a number"}},
    {"volatility:\n  ewma_lambda: 0,9\n", "f.yaml:2:16: ", {"not a number"}},
    {"volatility:\n  ewma_lambda: 0.9.9\n", "f.yaml:2:16: ", {"not a number"}},
    {"volatility:\n  ewma_lambda: 00.9\n", "f.yaml:2:16: ", {"leading zeros"}},
    {"volatility:\n  ewma_lambda: 0x1p-1\n", "f.yaml:2:16: ", {"not a number"}},
    /* booleans and choices */
    {"plane:\n  flow: yes\n", "f.yaml:2:9: plane.flow: ", {"\"yes\": neither true nor false; want true or false"}},
    {"plane:\n  flow: True\n", "f.yaml:2:9: ", {"neither true nor false"}},
    {"plane:\n  flow: 1\n", "f.yaml:2:9: ", {"neither true nor false"}},
    {"plane:\n  flow: \"true\"\n", "f.yaml:2:9: ", {"a text in quotes"}},
    {"plane:\n  source: urin\n",
     "f.yaml:2:11: plane.source: ",
     {"did you mean uring?", "one of auto, dpdk, uring, socket"}},
    {"plane:\n  wait: sleep\n", "f.yaml:2:9: ", {"no such word", "one of auto, spin, yield, park"}},
    {"plane:\n  wait: Spin\n", "f.yaml:2:9: ", {"did you mean spin?"}},
    /* sizes and durations */
    {"plane:\n  message_max: 4194304\n",
     "f.yaml:2:16: plane.message_max: ",
     {"the unit is missing", "from 64KiB to 64MiB, with its unit: B, KiB, MiB, GiB"}},
    {"plane:\n  message_max: 4MB\n", "f.yaml:2:16: ", {"not a unit known here"}},
    {"plane:\n  message_max: 4 MiB\n", "f.yaml:2:16: ", {"not a unit known here"}},
    {"plane:\n  message_max: 1.5MiB\n", "f.yaml:2:16: ", {"not a whole number"}},
    {"plane:\n  message_max: 1GiB\n", "f.yaml:2:16: ", {"out of range"}},
    {"plane:\n  message_max: 9999999999999999999GiB\n", "f.yaml:2:16: ", {"out of range"}},
    {"signal:\n  fall: 30\n",
     "f.yaml:2:9: signal.fall: ",
     {"the unit is missing", "a duration from 0ms to 1h, with its unit: ms, s, m, h"}},
    {"signal:\n  fall: 30sec\n", "f.yaml:2:9: ", {"not a unit known here"}},
    {"signal:\n  fall: 2h\n", "f.yaml:2:9: ", {"out of range"}},
    /* texts */
    {"instance: a/b\n", "f.yaml:1:11: instance: ", {"\"a/b\": not a name", "letters, digits"}},
    {"instance: ..\n", "f.yaml:1:11: ", {"not a name"}},
    {"instance: \"\"\n", "f.yaml:1:11: ", {"0 bytes long; want 1 to 31"}},
    {"instance: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "f.yaml:1:11: ", {"36 bytes long"}},
    {"run: \"a\\nb\"\n", "f.yaml:1:6: run: ", {"a control character (byte 1)"}},
    {"run: \"a\\0b\"\n", "f.yaml:1:6: run: ", {"a control character (byte 1)"}},
    {"plane:\n  reference: BTCUSDT\n", "f.yaml:2:14: plane.reference: ", {"want VENUE:PRODUCT:SYMBOL"}},
    {"plane:\n  reference: binance:sopt:BTCUSDT\n", "f.yaml:2:14: ", {"known:"}},
    /* lists */
    {"plane:\n  cores: 2\n", "f.yaml:2:10: plane.cores: ", {"a single value where a list"}},
    {"plane:\n  cores: [2, x]\n", "f.yaml:2:14: plane.cores[1]: ", {"\"x\": not a number"}},
    {"plane:\n  cores: [0,1,2,3,4,5,6,7,8]\n", "f.yaml:2:27: plane.cores[8]: ", {"more than 8 elements"}},
    {"plane:\n  cores: [2, 2]\n", "f.yaml:2: plane.cores: ", {"core 2 is there twice"}},
    {"plane:\n  cores: [1, 2, 3]\n", "f.yaml:2: plane.cores: ", {"3 cores for 2 tiles"}},
    {"signal:\n  velocity: [1, 2, 3]\n", "f.yaml:2:13: signal.velocity: ", {"3 elements where 4 are wanted"}},
    {"signal:\n  velocity: [100, 50, 20, 10]\n", "f.yaml: signal: ", {""}},
    /* keys */
    {"plane:\n  conect_s: 5\n", "f.yaml:2:3: plane.conect_s: ", {"no such key; did you mean connect_s?"}},
    {"plan:\n  connect_s: 5\n", "f.yaml:1:1: plan: ", {"did you mean plane?"}},
    {"connect_s: 5\n", "f.yaml:1:1: connect_s: ", {"no such key; it belongs under plane"}},
    {"plane:\n  instance: x\n", "f.yaml:2:3: plane.instance: ", {"it belongs at the top"}},
    {"plane:\n  zzz: 5\n", "f.yaml:2:3: ", {"no such key; millrace config keys lists all"}},
    {"plane:\n  connect_s: 5\n  connect_s: 6\n",
     "f.yaml:3:3: plane.connect_s: ",
     {"this key stands twice; first in line 2"}},
    {"plane:\n  flow: true\nplane:\n  flow: true\n", "f.yaml:3:1: plane: ", {"stands twice; first in line 1"}},
    {"instance: a\ninstance: b\n", "f.yaml:2:1: instance: ", {"stands twice"}},
    {"? [a, b]\n: c\n", "f.yaml:1:3: ", {"a list where a key is wanted"}},
    {"plane: 5\n", "f.yaml:1:8: plane: ", {"a single value where a mapping of keys is wanted"}},
    {"plane: [a]\n", "f.yaml:1:8: plane: ", {"a list where a mapping"}},
    {"feeds: {a: 1}\n", "f.yaml:1:8: feeds: ", {"a mapping where a list of feeds"}},
    {"feeds: [x]\n", "f.yaml:1:9: feeds[0]: ", {"a single value where a mapping (product: binance:usdm"}},
    /* feeds */
    {"feeds:\n  - product: binanse:usdm\n    symbols: [A]\n",
     "f.yaml:2:14: feeds[0].product: ",
     {"no venue \"binanse:usdm\"", "hyperliquid:perp"}},
    {"feeds:\n  - product: binance\n    symbols: [A]\n", "f.yaml:2:14: feeds[0].product: ", {"want VENUE:PRODUCT"}},
    {"feeds:\n  - symbols: [A]\n", "f.yaml:2: feeds[0]: ", {"the product is missing"}},
    {"feeds:\n  - product: okx:public\n", "f.yaml:2: feeds[0]: ", {"the symbols are missing"}},
    {"feeds:\n  - product: okx:public\n    symbols: []\n",
     "f.yaml:3:14: feeds[0].symbols: ",
     {"0 elements where at least 1 are wanted"}},
    {"feeds:\n  - product: okx:public\n    symbols: [\"A B\"]\n",
     "f.yaml:3:15: feeds[0].symbols[0]: ",
     {"not a symbol"}},
    {"feeds:\n  - product: okx:public\n    symbols: [A, B, A]\n",
     "f.yaml:3: feeds[0].symbols[2]: ",
     {"okx:public A is in feeds[0] already"}},
    {FEED "  - product: binance:usdm\n    symbols: [BTCUSDT]\n",
     "f.yaml:5: feeds[1].symbols[0]: ",
     {"is in feeds[0] already"}},
    {FEED "    liquidators: [\"0xa15099a30bbf2e68942d6f4c43d70d04faeab0a0\"]\n",
     "f.yaml:4: feeds[0].liquidators: ",
     {"binance:usdm does not say who traded"}},
    {"feeds:\n  - product: hyperliquid:perp\n    symbols: [BTC]\n    liquidators: "
     "[\"0xa15099a30bbf2e68942d6f4c43d70d04faeab0aG\"]\n",
     "f.yaml:4: feeds[0].liquidators: ",
     {"want an address, 0x and 40 hex digits"}},
    {"feeds:\n  - product: hyperliquid:perp\n    symbols: [BTC]\n    liquidators: [\"0x12\"]\n",
     "f.yaml:4:19: feeds[0].liquidators[0]: ",
     {"42"}},
    /* kernel bypass */
    {"freshness:\n  floor: 20s\n  depth: 10s\n",
     "f.yaml:3: freshness: depth: ",
     {"want freshness.floor (20000 ms) to 1 h"}},
    {"freshness:\n  factor: 0.5\n", "f.yaml:2: freshness: factor: ", {"below 1 every thousandth gap is stale"}},
    {"freshness:\n  floor: 5ms\n", "f.yaml:2:10: freshness.floor: ", {"10ms"}},
    {"plane:\n  source: dpdk\n", "f.yaml:2: plane.source: ", {"no port is named: dpdk.interface or dpdk.device"}},
    {"dpdk:\n  interface: eth1\n", "f.yaml: dpdk.address: ", {"mode own wants an address", "mode: shared"}},
    {"dpdk:\n  interface: eth1\n  device: net_ring0\n  address: 192.0.2.1\n",
     "f.yaml:3: dpdk.device: ",
     {"dpdk.interface is given too"}},
    {"record:\n  keep: 511MiB\n", "f.yaml:2: record.keep: ", {"less than two segments"}},
    {"record:\n  segment: 1MiB\n  rotate: 2h\n  keep_age: 1h\n",
     "f.yaml:4: record.keep_age: ",
     {"less than record.rotate"}},
    {"record:\n  full: later\n", "f.yaml:2:9: record.full: ", {"stop, wait, oldest"}},
    {"quarantine:\n  segment: 64MiB\n", "f.yaml:2: quarantine.keep: ", {"less than two segments"}},
    {"dpdk:\n  device: net_ring0\n  mode: shared\n", "f.yaml:3: dpdk.mode: ", {"shared is for AF_XDP"}},
    {"dpdk:\n  interface: eth1\n  mode: shared\n  address: 192.0.2.1\n",
     "f.yaml:4: dpdk.address: ",
     {"mode shared takes the interface's own"}},
    {"dpdk:\n  port_first: 60000\n  port_last: 50000\n", "f.yaml:2: dpdk.port_first: ", {"60000 is above"}},
    {"dpdk:\n  address: 192.0.2.256\n", "f.yaml:2:12: dpdk.address: ", {"not an address", "192.0.2.1"}},
    {"dpdk:\n  address: 2001:db8::1\n", "f.yaml:2:12: ", {"not an address"}},
    {"dpdk:\n  neighbours: [\"192.0.2.1\"]\n", "f.yaml:2:16: dpdk.neighbours[0]: ", {"not an address", "=02:00:"}},
    {"dpdk:\n  neighbours: [\"192.0.2.1=02:00:00:00:00\"]\n", "f.yaml:2:16: ", {"not an address"}},
    {"dpdk:\n  neighbours: [\"192.0.2.1=02:00:00:00:00:01:02\"]\n", "f.yaml:2:16: ", {"not an address"}},
    {"dpdk:\n  rx_descriptors: 1000\n", "f.yaml:2:19: ", {"a power of two"}},
    {FEED "    lines: [\"239.1.1.1\"]\n", "f.yaml:4:13: feeds[0].lines[0]: ", {"not an address", "ADDRESS:PORT"}},
    {FEED "    lines: [\"239.1.1.1:0\"]\n", "f.yaml:4:13: ", {"not an address"}},
    {FEED "    lines: [\"239.1.1.1:5000@x\"]\n", "f.yaml:4:13: ", {"not an address"}},
    {FEED "    lines: [\"239.1.1.1:5000\"]\n    source: dpdk\n", "f.yaml:4: feeds[0].lines: ", {"name its port"}},
    {FEED "    lines: [\"239.1.1.1:5000\"]\n    source: uring\n",
     "f.yaml:4: feeds[0].lines: ",
     {"by source dpdk or socket; this feed's is uring"}},
    {FEED "    lines: [\"10.1.1.1:5000\"]\ndpdk:\n  device: net_ring0\n  address: 192.0.2.1\n",
     "f.yaml:4: feeds[0].lines: ",
     {"neither to a group"}},
    {FEED "    lines: [\"239.1.1.1:5000\"]\n    number_width: 3\ndpdk:\n  device: net_ring0\n  address: 192.0.2.1\n",
     "f.yaml:5: feeds[0].number_width: ",
     {"want 1, 2, 4 or 8"}},
    {FEED "    chanels: [trades]\n", "f.yaml:4:5: feeds[0].chanels: ", {"did you mean channels?"}},
    {FEED "    channels: [trade]\n", "f.yaml:4:16: feeds[0].channels[0]: ", {"did you mean trades?", "candles"}},
    {FEED "    channels: [trades, trades]\n", "f.yaml:4:24: feeds[0].channels[1]: ", {"stands there twice"}},
    {"feeds:\n  - product: binance:spot\n    symbols: [A]\n    channels: [trades, liquidations]\n",
     "f.yaml:4: feeds[0].channels: ",
     {"binance:spot has no liquidations; it has trades"}},
    {FEED "    tile: 1\n", "f.yaml:4: feeds[0].tile: ", {"no feed tile 1; plane.feed_tiles is 1"}},
    {FEED "    port: 65536\n", "f.yaml:4:11: feeds[0].port: ", {"out of range"}},
    {FEED "    rest: ftp://x\n", "f.yaml:4:11: feeds[0].rest: ", {"not such a URL", "https://127.0.0.1:8443"}},
    {FEED "    rest: https://x/y\n", "f.yaml:4:11: feeds[0].rest: ", {"not such a URL"}},
    {FEED "    rest: https://u:p@x\n", "f.yaml:4:11: feeds[0].rest: ", {"not such a URL"}},
    {FEED "    rest: https://x:99999\n", "f.yaml:4:11: feeds[0].rest: ", {"not such a URL"}},
    {FEED "    address: 1.2.3\n", "f.yaml:4:14: feeds[0].address: ", {"not an address", "192.0.2.1"}},
    {FEED "    address: 1.2.3.004\n", "f.yaml:4:14: feeds[0].address: ", {"not an address"}},
    {FEED "    address: 1.2.3.4:0\n", "f.yaml:4:14: feeds[0].address: ", {"not an address"}},
    {FEED "    source_addresses: [host]\n", "f.yaml:4:24: feeds[0].source_addresses[0]: ", {"not an address"}},
    {FEED "    host: a b\n", "f.yaml:4:11: feeds[0].host: ", {"not a host"}},
    {FEED "    interface: aaaaaaaaaaaaaaaa\n", "f.yaml:4:16: feeds[0].interface: ", {"16 bytes long; want 0 to 15"}},
    /* what must fit */
    {"plane:\n  instruments_max: 100\n  books_max: 101\n",
     "f.yaml:3: plane.books_max: ",
     {"101 books for 100 instruments"}},
    {"plane:\n  merged: true\n  feed_tiles: 2\n", "f.yaml:2: plane.merged: ", {"only where there is one feed tile"}},
    {"velocity:\n  slope_ms: 10050\n", "f.yaml:2: velocity.slope_ms: ", {"no multiple of 100"}},
    {"control:\n  operate_uids: [7]\n  administer_uids: [7]\n",
     "f.yaml:2: control.operate_uids: ",
     {"user 7 is in administer_uids too"}},
    {"control:\n  socket: "
     "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaa\n",
     "f.yaml:2:11: control.socket: ",
     {"bytes long; want 0 to 107"}},
    /* what YAML has, and a config has not */
    {"plane: &p\n  flow: true\n", "f.yaml:1:8: plane: ", {"an anchor (&p) has no place in a config"}},
    {"instance: &i a\n", "f.yaml:1:11: instance: ", {"an anchor (&i)"}},
    {"instance: *i\n", "f.yaml:1:11: instance: ", {"an alias (*i) has no place in a config"}},
    {"instance: !!str a\n", "f.yaml:1:11: instance: ", {"a tag (tag:yaml.org,2002:str)"}},
    {"plane: !x {flow: true}\n", "f.yaml:1:8: plane: ", {"a tag (!x)"}},
    {"%YAML 1.1\n---\ninstance: a\n", "f.yaml:1:1: ", {"a directive (%YAML, %TAG)"}},
    {"instance: a\n---\ninstance: b\n", "f.yaml:2:1: ", {"a second document (---)"}},
    {"- a\n", "f.yaml:1:1: ", {"a list where a mapping (instance: default) is wanted"}},
    {"text\n", "f.yaml:1:1: ", {"a single value where a mapping"}},
    /* no YAML at all */
    {"plane:\n\tflow: true\n", "f.yaml:2:1: ", {"not YAML:", "indent with blanks, not tabs"}},
    {"plane: {flow: true\n", "f.yaml:2:1: ", {"not YAML:", "that began at line 1"}},
    {"instance: a: b\n", "f.yaml:1:12: ", {"not YAML: mapping values are not allowed"}},
    {"instance: \"a\n", "f.yaml:2:1: ", {"not YAML:"}},
    {"instance: a\x01\n", "f.yaml:1:", {"not YAML: control characters are not allowed"}},
    {"instance: \xff\n", "f.yaml:1:11: ", {"byte 0xff: not UTF-8"}},
    {"a\n\n  \xc3\x28\n", "f.yaml:3:3: ", {"byte 0xc3: not UTF-8"}},
};

static void each_mistake_is_told_with_its_place_and_the_way_out(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        int status = parse(refused[i].text);
        bool placed = strncmp(said, refused[i].place, strlen(refused[i].place)) == 0;
        if (status != MR_E_INVALID || told != 1 || !placed) {
            print_error("%s-> %d, %u errors, want %s\n%s", refused[i].text, status, told, refused[i].place, said);
            wrong++;
        }
        for (size_t k = 0; k < 3 && refused[i].pieces[k]; k++)
            if (!strstr(said, refused[i].pieces[k])) {
                print_error("%s-> no \"%s\" in: %s", refused[i].text, refused[i].pieces[k], said);
                wrong++;
            }
    }
    assert_int_equal(wrong, 0);
}

static void all_mistakes_of_a_file_are_told_and_the_rest_is_taken(void **state)
{
    (void)state;
    assert_int_equal(parse("instance: ok\nplane:\n  feed_tiles: x\n  data_s: 77\n  nope: [1, {a: b}]\nfeeds:\n  - "
                           "product: x\n    symbols: [A]\n  - product: okx:public\n    symbols: [B, \"\"]\n"),
                     MR_E_INVALID);
    assert_int_equal(told, 4);
    assert_string_equal(config.plane.instance, "ok");
    assert_int_equal(config.plane.feed_tiles, 1);
    assert_int_equal(config.plane.data_s, 77);
    assert_string_equal(config.plane.feeds[1].symbols[0].name, "B");
}

static void a_flood_of_mistakes_is_cut(void **state)
{
    (void)state;
    static char text[100000];
    size_t len = 0;
    for (int i = 0; i < 5000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "zz%d: 1\n", i);
    assert_int_equal(parse(text), MR_E_INVALID);
    assert_int_equal(told, MR_CONFIG_ERRORS_MAX + 1);
    assert_non_null(strstr(said, "more than 100 errors"));
}

/* ---- what is taken ---- */

static void values_land_in_their_fields(void **state)
{
    (void)state;
    int status = parse(
        "# a comment\ninstance: eu-1\nrun: /tmp/r\ndata: \"/tmp/d \xc3\xa4\"\n"
        "plane:\n  source: socket\n  blocking: true\n  wait: park\n  feed_tiles: 2\n  cores: [1, 2, 3]\n  "
        "message_max: 64KiB\n  ring_slots: 131072\n  flow: true\n  seed: 9007199254740992\n"
        "volatility: {ewma_lambda: 9.5e-1}\n"
        "signal:\n  velocity: [1, 2.5, 3, 4]\n  fall: 1500ms\n  cascade_usd: 250000\n  use_funding: false\n"
        "control:\n  operate_uids: [1000, 1001]\n  others: refuse\n  line_max: 1KiB\n"
        "record:\n"
        "feeds:\n"
        "  - product: bybit:linear\n    symbols: [BTCUSDT, 'ON', null_x]\n    channels: [trades, best]\n    "
        "host: sim.example\n    port: 8443\n    rest: http://[::1]:80\n"
        "    address: \"[2001:db8::1]:443\"\n    source_addresses: [192.0.2.7, 192.0.2.8]\n    interface: eth0\n    "
        "connections: 2\n    tile: 1\n    paused: true\n"
        "  - {product: okx:public, symbols: [BTC-USDT-SWAP]}\n");
    if (status != MR_OK)
        fail_msg("%s", said);
    const struct mr_plane_config *p = &config.plane;
    assert_string_equal(p->instance, "eu-1");
    assert_string_equal(p->workspace, "/tmp/r/eu-1/workspace");
    assert_string_equal(config.control.socket, "/tmp/r/eu-1/admin.sock");
    assert_string_equal(p->data, "/tmp/d \xc3\xa4/eu-1");
    assert_int_equal(p->source, MR_PLANE_SOCKET);
    assert_true(p->blocking && p->flow);
    assert_int_equal(p->wait, MR_WAIT_PARK);
    assert_int_equal(p->core_count, 3);
    assert_int_equal(p->cores[2], 3);
    assert_int_equal(p->message_max, 65536);
    assert_int_equal(p->ring_slots, 131072);
    assert_int_equal(p->seed, 9007199254740992);
    assert_true(p->volatility.ewma_lambda == 0.95 && p->signal.level_velocity[MR_LEVEL_ALERT] == 2.5 &&
                p->signal.level_velocity[MR_LEVEL_EXTREME] == 4);
    assert_int_equal(p->signal.fall_ns, 1500000000);
    assert_int_equal(p->signal.cascade_micro_usd, 250000000000);
    assert_false(p->signal.use_funding);
    assert_int_equal(config.control.operate_count, 2);
    assert_int_equal(config.control.operate_uids[1], 1001);
    assert_int_equal(config.control.others, MR_OTHERS_REFUSE);
    assert_int_equal(p->feed_count, 2);
    const struct mr_plane_feed *f = &p->feeds[0];
    assert_int_equal(f->symbol_count, 3);
    assert_string_equal(f->symbols[1].name, "ON"); /* no truth value here */
    assert_int_equal(f->channels, MR_TRADES | MR_BEST);
    assert_int_equal(f->port, 8443);
    assert_int_equal(f->fixed.family, 6);
    assert_int_equal(f->fixed.port, 443);
    assert_memory_equal(f->fixed.ip, "\x20\x01\x0d\xb8", 4);
    assert_int_equal(f->from_count, 2);
    assert_int_equal(f->from[1].family, 4);
    assert_memory_equal(f->from[1].ip, "\xc0\x00\x02\x08", 4);
    assert_true(f->paused && f->tile == 1 && f->connections == 2);
    assert_int_equal(p->feeds[1].connections, 1);
    assert_int_equal(p->feeds[1].channels,
                     MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS);
    assert_int_equal(config.line[MR_KEY_plane_wait], 8);
    assert_int_equal(config.line[MR_KEY_plane_tap_slots], 0);
}

static void nothing_is_the_defaults(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "", "\n", "# only a comment\n", "---\n", "plane:\nfeeds:\n", "{}\n", "\xef\xbb\xbf# a byte order mark\n"};
    mr_config_default(&other);
    for (size_t i = 0; i < MR_COUNT_OF(empty); i++) {
        if (parse(empty[i]) != MR_OK)
            fail_msg("\"%s\": %s", empty[i], said);
        assert_memory_equal(&config.plane, &other.plane, sizeof config.plane);
    }
    assert_int_equal(other.plane.instruments_max, 256);
    assert_int_equal(other.plane.message_max, 4 << 20);
    assert_int_equal(other.plane.feed_count, 0);
    assert_int_equal(other.plane.source, MR_PLANE_AUTO);
    assert_int_equal(other.plane.velocity.slope_ms, 10000);
}

static void what_is_shown_parses_to_the_same(void **state)
{
    (void)state;
    values_land_in_their_fields(NULL);
    for (int origin = 1; origin >= 0; origin--) {
        struct mr_text t;
        mr_text_init(&t, shown, sizeof shown);
        mr_config_show(&config, origin, &t);
        assert_false(t.cut);
        if (origin) {
            assert_non_null(strstr(shown, "# f.yaml:8"));
            assert_non_null(strstr(shown, "# default"));
        }
        other = config;
        if (parse(shown) != MR_OK)
            fail_msg("%s\n%s", said, shown);
        assert_memory_equal(&config.plane, &other.plane, sizeof config.plane);
        assert_memory_equal(&config.control, &other.control, sizeof config.control);
        assert_string_equal(config.data, other.data);
    }
    uint32_t at;
    struct mr_text t;
    mr_text_init(&t, shown, sizeof shown);
    mr_config_show_json(&config, true, &t);
    assert_int_equal(mr_json_check((const uint8_t *)shown, (uint32_t)t.len, &at), MR_OK);
    mr_text_init(&t, shown, sizeof shown);
    mr_config_keys(true, &t);
    assert_int_equal(mr_json_check((const uint8_t *)shown, (uint32_t)t.len, &at), MR_OK);
}

/* ---- files ---- */

static void the_documented_example_has_every_key_at_its_default(void **state)
{
    (void)state;
    said[0] = 0;
    if (mr_config_load(&config, "config/millrace.yaml", tell, NULL) != MR_OK)
        fail_msg("%s", said);
    for (unsigned i = 0; i < MR_KEY_COUNT; i++) {
        const struct mr_key *key = &mr_keys[i];
        char name[64];
        FILE *f = fopen("config/millrace.yaml", "r");
        bool there = false;
        snprintf(name, sizeof name, "%s:", key->name);
        for (char line[512]; fgets(line, sizeof line, f);) {
            size_t indent = strspn(line, " -");
            bool top = key->section == SECTION_top;
            there |= (indent == 0) == top && strncmp(line + indent, name, strlen(name)) == 0;
        }
        fclose(f);
        if (!there)
            fail_msg("%s.%s is not in config/millrace.yaml", mr_key_sections[key->section], key->name);
    }
    mr_config_default(&other);
    struct mr_plane_feed feed;
    mr_feed_default(&feed);
    const struct mr_plane_feed *given = &config.plane.feeds[0];
    assert_int_equal(config.plane.feed_count, 1);
    assert_int_equal(given->connections, feed.connections);
    assert_memory_equal(given->host, feed.host, sizeof feed.host);
    assert_memory_equal(&given->fixed, &feed.fixed, sizeof feed.fixed);
    other.plane.feeds[0] = config.plane.feeds[0];
    other.plane.feed_count = 1;
    assert_memory_equal(&config.plane, &other.plane, sizeof config.plane);
    assert_memory_equal(&config.control, &other.control, sizeof config.control);
}

static void the_live_config_is_good_and_has_the_four_venues(void **state)
{
    (void)state;
    said[0] = 0;
    if (mr_config_load(&config, "config/live.yaml", tell, NULL) != MR_OK)
        fail_msg("%s", said);
    static const char *const venues[] = {"binance:", "bybit:", "okx:", "hyperliquid:"};
    for (size_t v = 0; v < MR_COUNT_OF(venues); v++) {
        bool there = false;
        for (uint32_t i = 0; i < config.plane.feed_count; i++)
            there |= strncmp(config.plane.feeds[i].product, venues[v], strlen(venues[v])) == 0;
        assert_true(there);
    }
}

/* config/live-VENUE.yaml: loads, and is of that venue alone. */
static void each_venues_own_live_config_is_good(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("config/live-*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char venue[64];
        assert_int_equal(sscanf(found.gl_pathv[i], "config/live-%60[a-z].yaml", venue), 1);
        strcat(venue, ":");
        said[0] = 0;
        if (mr_config_load(&config, found.gl_pathv[i], tell, NULL) != MR_OK)
            fail_msg("%s", said);
        assert_true(config.plane.feed_count > 0);
        for (uint32_t k = 0; k < config.plane.feed_count; k++)
            assert_int_equal(strncmp(config.plane.feeds[k].product, venue, strlen(venue)), 0);
    }
    globfree(&found);
}

static void files_that_cannot_be_read_are_named(void **state)
{
    (void)state;
    char path[] = "/tmp/millrace-config-XXXXXX", fifo[64];
    int fd = mkstemp(path);
    static const struct {
        const char *path, *piece;
    } cases[] = {{"/tmp/millrace-no-such.yaml", "/tmp/millrace-no-such.yaml: no such file"},
                 {"/tmp", "/tmp: a folder where a file is wanted"}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        told = 0;
        said[0] = 0;
        assert_int_equal(mr_config_load(&config, cases[i].path, tell, NULL), MR_E_IO);
        assert_int_equal(told, 1);
        assert_non_null(strstr(said, cases[i].piece));
    }
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    said[0] = 0;
    assert_int_equal(mr_config_load(&config, fifo, tell, NULL), MR_E_IO); /* and does not wait for a writer */
    assert_non_null(strstr(said, "not a regular file"));
    unlink(fifo);
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    said[0] = 0;
    assert_int_equal(mr_config_load(&config, path, tell, NULL), MR_E_INVALID);
    assert_non_null(strstr(said, "a config has at most 1048576"));
    chmod(path, 0);
    if (geteuid() != 0) { /* root reads all */
        said[0] = 0;
        assert_int_equal(mr_config_load(&config, path, tell, NULL), MR_E_IO);
        assert_non_null(strstr(said, "no permission to read it"));
    }
    close(fd);
    unlink(path);
}

static void folders_follow_config_then_environment_and_the_instance(void **state)
{
    (void)state;
    struct mr_err err;
    setenv("MILLRACE_RUN", "/tmp/env-run", 1);
    setenv("MILLRACE_DATA", "/tmp/env-data", 1);
    assert_int_equal(parse("instance: a\n"), MR_OK);
    assert_string_equal(config.run, "/tmp/env-run");
    assert_int_equal(config.line[MR_KEY_top_run], MR_FROM_ENVIRONMENT);
    assert_string_equal(config.plane.record_folder, "/tmp/env-data/a/recordings");
    assert_int_equal(mr_config_instance(&config, "b", &err), MR_OK);
    assert_string_equal(config.plane.workspace, "/tmp/env-run/b/workspace");
    assert_string_equal(config.plane.data, "/tmp/env-data/b");
    assert_int_equal(mr_config_instance(&config, "b/c", &err), MR_E_INVALID);
    assert_int_equal(parse("run: /tmp/own\nplane: {workspace: /tmp/w}\n"), MR_OK);
    assert_string_equal(config.run, "/tmp/own");
    assert_string_equal(config.control.socket, "/tmp/own/default/admin.sock");
    assert_int_equal(mr_config_instance(&config, "b", &err), MR_OK);
    assert_string_equal(config.plane.workspace, "/tmp/w");
    static char long_path[300];
    memset(long_path, 'x', 299);
    setenv("MILLRACE_RUN", long_path, 1);
    assert_int_equal(parse(""), MR_E_INVALID);
    assert_non_null(strstr(said, "f.yaml: run: "));
    unsetenv("MILLRACE_RUN");
    unsetenv("MILLRACE_DATA");
}

static void the_run_folder_is_made_for_owner_and_group(void **state)
{
    (void)state;
    char folder[] = "/tmp/millrace-run-XXXXXX", path[256];
    struct stat st;
    struct mr_err err;
    assert_non_null(mkdtemp(folder));
    mr_config_default(&config);
    snprintf(config.run, sizeof config.run, "%s/deep", folder);
    assert_int_equal(mr_config_run_folder(&config, path, &err), MR_OK);
    assert_int_equal(mr_config_run_folder(&config, path, &err), MR_OK); /* again */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    snprintf(config.run, sizeof config.run, "/proc/no/such");
    assert_int_equal(mr_config_run_folder(&config, path + 0, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "set MILLRACE_RUN"));
    snprintf(path, sizeof path, "%s/deep/default", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/deep", folder);
    rmdir(path);
    rmdir(folder);
}

static void the_config_in_the_working_folder_is_found(void **state)
{
    (void)state;
    char folder[] = "/tmp/millrace-find-XXXXXX", path[256], was[1024];
    assert_non_null(getcwd(was, sizeof was));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    mr_config_find("given.yaml", path);
    assert_string_equal(path, "given.yaml");
    FILE *f = fopen("millrace.yaml", "w");
    fclose(f);
    mr_config_find(NULL, path);
    assert_string_equal(path, "millrace.yaml");
    unlink("millrace.yaml");
    assert_int_equal(chdir(was), 0);
    rmdir(folder);
}

static void the_nearest_word_is_near(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {{"", "", 0},         {"a", "", 1},        {"kitten", "sitting", 3},
                 {"feed", "fede", 1}, {"same", "same", 0}, {"abc", "xyz", 3}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_edit_distance(cases[i].a, strlen(cases[i].a), cases[i].b, strlen(cases[i].b)),
                         cases[i].distance);
        assert_int_equal(mr_edit_distance(cases[i].b, strlen(cases[i].b), cases[i].a, strlen(cases[i].a)),
                         cases[i].distance);
    }
}

static void the_sum_tells_configurations_apart_but_for_what_a_reload_takes(void **state)
{
    (void)state;
    static const struct {
        const char *says, *text;
        bool same;
    } cases[] = {
        {"nothing", "", true},
        {"a default, written", "plane:\n  feed_tiles: 1\n", true},
        {"a key of the data plane", "plane:\n  feed_tiles: 2\n", false},
        {"a key of trading", "trade:\n  leverage: 11\n", false},
        {"an element of a list", "trade:\n  strategies: [fader]\n", false},
        {"a feed", "feeds:\n  - product: binance:spot\n    symbols: [BTCUSDT]\n", false},
        {"a key that a reload takes", "control:\n  clients_max: 7\n", true},
    };
    assert_int_equal(parse(""), MR_OK);
    uint64_t bare = mr_config_sum(&config);
    assert_true(bare != 0);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].text), MR_OK);
        if ((mr_config_sum(&config) == bare) != cases[i].same)
            fail_msg("%s", cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told_with_its_place_and_the_way_out),
        cmocka_unit_test(all_mistakes_of_a_file_are_told_and_the_rest_is_taken),
        cmocka_unit_test(a_flood_of_mistakes_is_cut),
        cmocka_unit_test(values_land_in_their_fields),
        cmocka_unit_test(nothing_is_the_defaults),
        cmocka_unit_test(what_is_shown_parses_to_the_same),
        cmocka_unit_test(the_documented_example_has_every_key_at_its_default),
        cmocka_unit_test(the_live_config_is_good_and_has_the_four_venues),
        cmocka_unit_test(each_venues_own_live_config_is_good),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
        cmocka_unit_test(folders_follow_config_then_environment_and_the_instance),
        cmocka_unit_test(the_run_folder_is_made_for_owner_and_group),
        cmocka_unit_test(the_config_in_the_working_folder_is_found),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test(the_sum_tells_configurations_apart_but_for_what_a_reload_takes),
    };
    return MR_TEST_MAIN(tests);
}
