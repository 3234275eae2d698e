/* V-01 to V-16: the venue's messages, of the market generator and of the fuzz corpus (formats old and new), as they are and changed. */
#include "tests/conformance/venue.h"

#include <dirent.h>
#include <stdio.h>

#include "tests/codecs/venue/rig.h"
#include "tests/codecs/venue/shapeshift.h"
#include "tests/conformance/wire.h"

#define V(number, where, function, what) where(function)
#define MEMORY(function) void venue_##function(const struct venue_subject *subject);
#define TLS(function)
#include "tests/conformance/venue.def"
#undef V

enum { SEEDS_MAX = 256, SEEDS_A_KIND = 3, SEED_BYTES = 4000, MARKET_MESSAGES = 3000 };

struct seed {
    char *text;
    uint32_t len;
    uint8_t kind;
};
struct seeds {
    const char *product;
    uint32_t count;
    struct seed seed[SEEDS_MAX];
    struct rig rig;
    struct stand *stand; /* over TLS: what brings each message; else NULL */
};

/* ---- messages ---- */

static int decode_here(void *arg, const void *text, uint32_t len)
{
    struct rig *rig = arg;
    const struct mr_frame frame = rig_frame(text, len);
    mr_decoder_reset(&rig->dec);
    return mr_decode(&rig->dec, &frame, rig->out, MR_DECODE_SLOTS);
}

/* The message, or what a session of ours has got of it as a frame of the exchange's. */
static int decode(struct seeds *s, struct rig *rig, const char *text, uint32_t len)
{
    return s->stand ? wire_carry(s->stand->wire, text, len, decode_here, rig) : decode_here(rig, text, len);
}

static void keep(struct seeds *s, const char *text, uint32_t len)
{
    const struct mr_frame frame = rig_frame(text, len);
    uint32_t alike = 0;
    mr_decoder_reset(&s->rig.dec);
    if (len == 0 || len > SEED_BYTES || s->count == SEEDS_MAX || rig_decode_frame(&s->rig, &frame) < 0 ||
        s->rig.dec.kind == 0)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        alike += s->seed[i].kind == s->rig.dec.kind;
    if (alike >= SEEDS_A_KIND)
        return;
    struct seed *mine = &s->seed[s->count++];
    *mine = (struct seed){malloc(len + 1u), len, s->rig.dec.kind};
    memcpy(mine->text, text, len);
    mine->text[len] = 0;
}

static void from_corpus(struct seeds *s)
{
    char path[128];
    snprintf(path, sizeof path, "tests/codecs/venue/%s/corpus", s->rig.dec.venue->name);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t len = 0;
        uint8_t *data = entry->d_name[0] == '.' ? NULL : mr_test_read(path, entry->d_name, &len);
        char *save = NULL;
        for (char *line = len ? strtok_r((char *)data + 1, "\n", &save) : NULL; line;
             line = strtok_r(NULL, "\n", &save))
            keep(s, line, (uint32_t)strlen(line));
        free(data);
    }
    closedir(folder);
}

static void from_market(struct seeds *s, uint32_t venues)
{
    const struct mr_market_config config = {.seed = 5,
                                            .start_ns = 1791273600000000000,
                                            .duration_ns = 600000000000,
                                            .warm_up_ns = 1000000000,
                                            .venues = venues,
                                            .full = true};
    void *mem = aligned_alloc(64, (mr_market_bytes(&config) + 63) / 64 * 64);
    struct mr_market *market = mr_market_init(mem, &config);
    struct mr_piece p;
    for (uint32_t i = 0; i < MARKET_MESSAGES && mr_market_next(market, &p) == MR_OK; i++)
        if (p.kind == MR_PIECE_FRAME && p.venue == s->rig.dec.venue->id && p.product == s->rig.dec.product)
            keep(s, (const char *)p.data, p.len);
    free(mem);
}

static struct seeds *open_seeds(const struct venue_subject *subject)
{
    struct seeds *s = calloc(1, sizeof *s);
    s->product = subject->product;
    rig_open(&s->rig, subject->product, 0, mr_kernel_active());
    from_market(s, subject->market);
    assert_true(s->count > 0);
    from_corpus(s);
    s->stand = stand_is_over_tls() ? stand_open(subject->product, subject->market, 20) : NULL;
    return s;
}

static void close_seeds(struct seeds *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        free(s->seed[i].text);
    if (s->stand)
        stand_close(s->stand);
    rig_close(&s->rig);
    free(s);
}

/* ---- changed ones ---- */

struct meaning {
    int n;
    union mr_slot *slots;
};

static struct meaning meaning_of(struct seeds *s, const struct seed *seed)
{
    struct meaning m = {.n = decode(s, &s->rig, seed->text, seed->len)};
    assert_true(m.n >= 0);
    m.slots = aligned_alloc(64, ((uint32_t)m.n + 1) * sizeof *m.slots);
    memcpy(m.slots, s->rig.out, (uint32_t)m.n * sizeof *m.slots);
    return m;
}

static bool same(const struct seeds *s, int n, const struct meaning *was)
{
    return n == was->n && memcmp(s->rig.out, was->slots, (uint32_t)n * sizeof *was->slots) == 0;
}

/* A message with one value changed in some way, in `out`; its length, 0: this value cannot be. */
typedef uint32_t change_fn(const struct seed *seed, const struct mr_place *place, const void *arg, char *out);
/* What it means, or why it is refused, beside what the message meant: fails, or says whether it counts. */
typedef bool judge_fn(struct seeds *s, const struct meaning *was, int n, const char *text);

/* Each value of each message changed; at least one counts. */
static void each_change(const struct venue_subject *subject, change_fn *change, const void *arg, judge_fn *judge)
{
    struct seeds *s = open_seeds(subject);
    char *out = malloc(MR_SHIFT_ROOM + 1);
    uint32_t counted = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        struct mr_place places[MR_PLACES_MAX];
        uint32_t count = mr_places(s->seed[i].text, s->seed[i].len, places);
        struct meaning was = meaning_of(s, &s->seed[i]);
        for (uint32_t p = 0; p < count; p++) {
            uint32_t len = change(&s->seed[i], &places[p], arg, out);
            out[len] = 0;
            if (len)
                counted += judge(s, &was, decode(s, &s->rig, out, len), out);
        }
        free(was.slots);
    }
    assert_true(counted > 0);
    free(out);
    close_seeds(s);
}

static uint32_t shift(const struct seed *seed, const struct mr_place *place, const void *arg, char *out)
{
    return mr_shift(seed->text, seed->len, place, *(const enum mr_shift *)arg, out);
}

static uint32_t shift_member(const struct seed *seed, const struct mr_place *place, const void *arg, char *out)
{
    return place->key_end > place->key ? shift(seed, place, arg, out) : 0;
}

static MR_COLD bool wrong(const struct seeds *s, const struct meaning *was, int n, const char *text)
{
    fail_msg("%s: %d, was %d (%s): %.400s", s->product, n, was->n,
             n < 0 && s->rig.dec.error_field ? s->rig.dec.error_field : "", text);
    return false;
}

static bool means_the_same(struct seeds *s, const struct meaning *was, int n, const char *text)
{
    return same(s, n, was) || wrong(s, was, n, text);
}

static bool same_or_refused(struct seeds *s, const struct meaning *was, int n, const char *text)
{
    return n < 0 || means_the_same(s, was, n, text);
}

static bool is_refused(struct seeds *s, const struct meaning *was, int n, const char *text)
{
    return n < 0 || wrong(s, was, n, text);
}

static void shifted(const struct venue_subject *subject, enum mr_shift how, judge_fn *judge)
{
    each_change(subject, shift_member, &how, judge);
}

void venue_order_of_keys(const struct venue_subject *subject) { shifted(subject, MR_SHIFT_LAST, same_or_refused); }
void venue_unknown_fields(const struct venue_subject *subject) { shifted(subject, MR_SHIFT_STRANGER, means_the_same); }
void venue_too_deep(const struct venue_subject *subject) { shifted(subject, MR_SHIFT_TOO_DEEP, is_refused); }

void venue_fields_twice(const struct venue_subject *subject) { shifted(subject, MR_SHIFT_TWICE, same_or_refused); }

void venue_escapes_and_blanks(const struct venue_subject *subject)
{
    shifted(subject, MR_SHIFT_ESCAPED_NAME, same_or_refused);
    shifted(subject, MR_SHIFT_ESCAPED_TEXT, same_or_refused);
    shifted(subject, MR_SHIFT_BLANKS, same_or_refused);
}

/* No other number may come out: every event still there is one that was. */
static bool nothing_new(const struct seeds *s, int n, const struct meaning *was)
{
    for (int i = 0; i < n; i += (int)mr_event_slots(&s->rig.out[i])) {
        bool found = false;
        for (int k = 0; k < was->n && !found; k += (int)mr_event_slots(&was->slots[k]))
            found = s->rig.out[i].event.kind == was->slots[k].event.kind &&
                    s->rig.out[i].event.instrument == was->slots[k].event.instrument;
        if (!found)
            return false;
    }
    return true;
}

static bool refused_or_nobody_looks(struct seeds *s, const struct meaning *was, int n, const char *text)
{
    if (n > 0 && !nothing_new(s, n, was))
        wrong(s, was, n, text);
    return n < 0;
}

void venue_other_types(const struct venue_subject *subject)
{
    each_change(subject, shift, &(enum mr_shift){MR_SHIFT_OBJECT}, refused_or_nobody_looks);
}

static bool refused_by_name(struct seeds *s, const struct meaning *was, int n, const char *text)
{
    refused_or_nobody_looks(s, was, n, text);
    if (n != MR_E_MISSING)
        return false;
    assert_non_null(s->rig.dec.error_field);
    assert_true(s->rig.dec.error_field[0] != 0);
    return true;
}

void venue_missing_fields(const struct venue_subject *subject)
{
    each_change(subject, shift, &(enum mr_shift){MR_SHIFT_MISSING}, refused_by_name);
}

/* One field of each message is enough: each is a megabyte. */
static uint32_t lengthen(const struct seed *seed, const struct mr_place *place, const void *arg, char *out)
{
    struct mr_place places[MR_PLACES_MAX];
    const struct mr_place *middle = &places[mr_places(seed->text, seed->len, places) / 2];
    return place->key == middle->key && place->value == middle->value ? shift_member(seed, place, arg, out) : 0;
}

void venue_long_fields(const struct venue_subject *subject)
{
    each_change(subject, lengthen, &(enum mr_shift){MR_SHIFT_LONG}, means_the_same);
}

/* ---- as they are ---- */

void venue_every_kind_decodes(const struct venue_subject *subject)
{
    struct seeds *s = open_seeds(subject);
    const struct mr_venue_kind *kinds = s->rig.dec.venue->kinds;
    uint32_t channels = 0, wanted = s->rig.dec.venue->products[s->rig.dec.product].channels;
    for (uint32_t i = 0; i < s->count; i++) {
        assert_true(decode(s, &s->rig, s->seed[i].text, s->seed[i].len) >= 0);
        assert_int_equal(s->rig.dec.kind, s->seed[i].kind);
        channels |= kinds[s->seed[i].kind].channel;
    }
    for (uint32_t bit = 1; bit < MR_CONTROL; bit <<= 1) {
        bool quiet =
            bit & (MR_INTERESTS | MR_FUNDINGS | MR_LIQUIDATIONS | MR_MARKS); /* by REST, or within another kind */
        if (wanted & bit && !(channels & bit) && !quiet)
            fail_msg("%s: no message of channel %u", s->product, bit);
    }
    close_seeds(s);
}

void venue_shapes_agree(const struct venue_subject *subject)
{
    struct seeds *s = open_seeds(subject);
    struct rig fast;
    rig_open(&fast, subject->product, 64, mr_kernel_active());
    for (uint32_t i = 0; i < mr_instruments_count(s->rig.table); i++)
        mr_instruments_add_bare(fast.table, s->rig.dec.venue->id, s->rig.dec.product,
                                mr_span_of(mr_instruments_get(s->rig.table, i)->symbol));
    for (uint32_t round = 0; round < 4; round++)
        for (uint32_t i = 0; i < s->count; i++) {
            struct meaning was = meaning_of(s, &s->seed[i]);
            int n = decode(s, &fast, s->seed[i].text, s->seed[i].len);
            if (n != was.n || memcmp(fast.out, was.slots, (uint32_t)n * sizeof *was.slots) != 0)
                fail_msg("%s: by the fast path: %s", s->product, s->seed[i].text);
            free(was.slots);
        }
    rig_close(&fast);
    close_seeds(s);
}

/* The digits `arg` in place of a number. */
static uint32_t other_number(const struct seed *seed, const struct mr_place *place, const void *arg, char *out)
{
    const char *v = seed->text + place->value;
    const bool quoted = *v == '"';
    if (strncmp(seed->text + place->key, "\"dp\"", 4) == 0)
        return 0; /* KuCoin's name of a depth, which is no number */
    if (v[quoted] < '0' || v[quoted] > '9' || place->value_end - place->value > 24)
        return 0;
    return (uint32_t)snprintf(out, MR_SHIFT_ROOM, "%.*s%s%s%s%s", (int)place->value, seed->text, quoted ? "\"" : "",
                              (const char *)arg, quoted ? "\"" : "", seed->text + place->value_end);
}

static bool not_rounded(struct seeds *s, const struct meaning *was, int n, const char *text)
{
    for (int k = 0; k < n && n == was->n; k += (int)mr_event_slots(&s->rig.out[k]))
        if (s->rig.out[k].event.kind == MR_EVENT_TRADE)
            assert_true(s->rig.out[k].event.price == was->slots[k].event.price ||
                        s->rig.out[k].event.instrument != was->slots[k].event.instrument);
    return refused_or_nobody_looks(s, was, n, text);
}

void venue_numbers_beyond_any_scale(const struct venue_subject *subject)
{
    each_change(subject, other_number, "1234567890123456789012345678901234567890", not_rounded);
}

void venue_exact_or_refused(const struct venue_subject *subject)
{
    each_change(subject, other_number, "1.0000000000000000000000001", not_rounded);
}

void venue_cut_messages(const struct venue_subject *subject)
{
    struct seeds *s = open_seeds(subject);
    for (uint32_t i = 0; i < s->count; i++) {
        const char *text = s->seed[i].text;
        if (text[0] != '{' && text[0] != '[')
            continue; /* a bare word */
        for (uint32_t len = 0; len + 1 < s->seed[i].len; len += 1 + len / 64)
            if (decode(s, &s->rig, text, len) > 0)
                fail_msg("%s: %.*s", s->product, (int)len, text);
    }
    close_seeds(s);
}

void venue_unknown_kinds(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    static const struct {
        const char *venue, *text;
    } strangers[] = {
        {"okx", "{\"arg\":{\"channel\":\"no-such\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"a\":1}]}"},
        {"hyperliquid", "{\"channel\":\"noSuch\",\"data\":{\"coin\":\"BTC\"}}"},
        {"polymarket", "{\"market\":\"0x1\", \"asset_id\":\"1\", \"event_type\":\"no_such\"}"},
        {"", "{\"hello\":\"world\",\"n\":[1,2,{\"x\":null}]}"},
    };
    const uint64_t unknown = s->metrics->unknown, groups = s->groups;
    size_t i = 0;
    while (strangers[i].venue[0] && strcmp(strangers[i].venue, s->venue->name) != 0)
        i++;
    assert_int_equal(stand_frame(s, strangers[i].text, (uint32_t)strlen(strangers[i].text)), MR_E_UNKNOWN);
    assert_int_equal(s->metrics->unknown, unknown + 1);
    assert_int_equal(s->groups, groups);
    stand_close(s);
}

void venue_unknown_instruments(const struct venue_subject *subject)
{
    struct seeds *s = open_seeds(subject);
    struct rig bare;
    uint32_t named = 0;
    rig_open(&bare, subject->product, 0, mr_kernel_active());
    for (uint32_t i = 0; i < s->count; i++) {
        int n = decode(s, &bare, s->seed[i].text, s->seed[i].len);
        if (n > 0 && bare.out[0].event.kind != MR_EVENT_STATUS) /* nobody is in the table */
            fail_msg("%s: %d: %.300s", s->product, n, s->seed[i].text);
        if (n == MR_E_SYMBOL) {
            assert_true(bare.dec.name.len > 0);
            named++;
        }
    }
    assert_true(named > 0);
    rig_close(&bare);
    close_seeds(s);
}

void venue_malformed_frames(const struct venue_subject *subject)
{
    static const char *const texts[] = {"{", "}{", "{\"a\":}", "[1,2", "{\"a\":1}x", "nul", "{\"a\" 1}", "\xff\xfe"};
    /* the last is no text of WebSocket: there the session ends the connection (session/test_cases) */
    const size_t count = MR_COUNT_OF(texts) - stand_is_over_tls();
    struct stand *s = stand_open(subject->product, subject->market, 20);
    stand_run(s, 1500);
    assert_true(stand_equal(s));
    const uint64_t had = s->metrics->malformed + s->metrics->truncated + s->metrics->unknown;
    for (size_t i = 0; i < count; i++) {
        uint64_t rejected = s->rejected, groups = s->groups;
        assert_true(stand_frame(s, texts[i], (uint32_t)strlen(texts[i])) < 0);
        assert_int_equal(s->rejected, rejected + 1);
        assert_int_equal(s->groups, groups);
    }
    assert_int_equal(s->metrics->malformed + s->metrics->truncated + s->metrics->unknown - had, count);
    stand_run(s, 500);
    assert_true(stand_equal(s));
    assert_int_equal(s->gaps[0] + s->gaps[1], 0);
    stand_close(s);
}
