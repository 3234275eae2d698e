/* The structure of messages, for one venue (the build makes one program a row of the venue's fuzzer): every message kind, each of its fields doubled, moved,
 * missing, of another type, beside strangers (shapeshift.h); on every SIMD kernel, and with and without the fast path. What comes out is
 * the same meaning or a typed error.
 *
 * Messages are those of the venue's fuzz corpus, of the market generator, and of the recordings where there are any. */
#include <dirent.h>
#include <stdio.h>

#include "codecs/venue/rows.h"
#include "tests/codecs/venue/fuzz_venue.h"
#include "tests/codecs/venue/rig.h"
#include "tests/codecs/venue/shapeshift.h"
#include "tests/exchange/market/market.h"

enum { SEEDS_MAX = 512, SEEDS_A_KIND = 3, SEED_BYTES = 6000, PRODUCTS = 8, MARKET_MESSAGES = 6000 };

/* A message that decodes. */
struct seed {
    const char *product, *url; /* url: a REST body */
    char *text;
    uint32_t len;
    uint8_t kind;
};
static struct seed seeds[SEEDS_MAX];
static uint32_t seed_count;
static const struct mr_venue *venue;

/* One decoder a product with shapes, one without, opened once. */
static struct side {
    const char *product;
    struct rig plain, fast;
} sides[PRODUCTS];
static uint32_t side_count;

static struct side *side_of(const char *product)
{
    for (uint32_t i = 0; i < side_count; i++)
        if (strcmp(sides[i].product, product) == 0)
            return &sides[i];
    assert_true(side_count < PRODUCTS);
    struct side *s = &sides[side_count++];
    s->product = product;
    rig_open(&s->plain, product, 0, mr_kernel_active());
    rig_open(&s->fast, product, 64, mr_kernel_active());
    return s;
}

/* Decoded anew: nothing of an earlier message counts, and the table of instruments stays as it is. */
static int decode(struct rig *rig, const char *url, const char *text, uint32_t len)
{
    struct mr_frame frame = rig_frame(text, len);
    mr_decoder_reset(&rig->dec);
    if (url)
        return mr_decode_rest(&rig->dec, mr_span_of(url), &frame, NULL, rig->out, MR_DECODE_SLOTS);
    return mr_decode(&rig->dec, &frame, rig->out, MR_DECODE_SLOTS);
}

/* The same, for a message that may bring new instruments. */
static int decode_first(struct rig *rig, const char *url, const char *text, uint32_t len)
{
    struct mr_frame frame = rig_frame(text, len);
    mr_decoder_reset(&rig->dec);
    static const char *const names[] = {"instId", "symbol"}; /* a body need not say whose it is where the URL does */
    for (size_t i = 0; url && i < MR_COUNT_OF(names); i++) {
        struct mr_span symbol = mr_url_parameter(mr_span_of(url), names[i]);
        if (symbol.len)
            (void)mr_instruments_add_bare(rig->table, rig->dec.venue->id, rig->dec.product, symbol);
    }
    return url ? rig_rest(rig, url, (const uint8_t *)text, len) : rig_decode_frame(rig, &frame);
}

/* ---- messages ---- */

static void keep_if_it_decodes(const char *product, const char *url, const char *text, uint32_t len)
{
    struct rig *rig = &side_of(product)->plain;
    if (len == 0 || len > SEED_BYTES || decode_first(rig, url, text, len) < 0 || rig->dec.kind == 0)
        return;
    (void)decode_first(&side_of(product)->fast, url, text, len); /* the same instruments, under the same numbers */
    uint32_t alike = 0;
    for (uint32_t i = 0; i < seed_count; i++) {
        alike += seeds[i].kind == rig->dec.kind && strcmp(seeds[i].product, product) == 0;
        if (seeds[i].len == len && memcmp(seeds[i].text, text, len) == 0 && strcmp(seeds[i].product, product) == 0)
            return;
    }
    if (alike >= SEEDS_A_KIND || seed_count == SEEDS_MAX)
        return;
    struct seed *s = &seeds[seed_count++];
    *s = (struct seed){product, url, malloc(len + 1u), len, rig->dec.kind};
    memcpy(s->text, text, len);
    s->text[len] = 0;
}

static void from_corpus(void)
{
    char path[128];
    uint32_t products = 0, urls = 0;
    snprintf(path, sizeof path, "tests/codecs/venue/%s/corpus", venue->name);
    while (mr_fuzz_products[products])
        products++;
    while (mr_fuzz_urls[urls])
        urls++;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t len = 0;
        uint8_t *data = entry->d_name[0] == '.' ? NULL : mr_test_read(path, entry->d_name, &len);
        if (!data)
            continue;
        uint32_t pick = len ? data[0] % (products + urls) : 0; /* as fuzz_venue.c has it */
        char *save = NULL;
        for (char *line = strtok_r((char *)data + 1, "\n", &save); line && len; line = strtok_r(NULL, "\n", &save))
            keep_if_it_decodes(mr_fuzz_products[pick < products ? pick : 0],
                               pick < products ? NULL : mr_fuzz_urls[pick - products], line, (uint32_t)strlen(line));
        free(data);
    }
    closedir(folder);
}

static const char *name_of(uint8_t product)
{
    for (size_t i = 0; mr_fuzz_products[i]; i++)
        if (strcmp(mr_fuzz_products[i] + strlen(venue->name) + 1, venue->products[product].name) == 0)
            return mr_fuzz_products[i];
    return NULL;
}

static void from_market(void)
{
    const struct mr_market_config config = {
        .seed = 5, .start_ns = 1791273600000000000, .duration_ns = 600000000000, .full = true};
    void *mem = aligned_alloc(64, (mr_market_bytes(&config) + 63) / 64 * 64);
    struct mr_market *market = mr_market_init(mem, &config);
    struct mr_piece piece;
    for (uint32_t i = 0; i < MARKET_MESSAGES && mr_market_next(market, &piece) == MR_OK;) {
        const char *product = piece.venue == venue->id ? name_of(piece.product) : NULL;
        i += piece.venue == venue->id || i % 16 == 0;
        if (product && piece.kind == MR_PIECE_FRAME)
            keep_if_it_decodes(product, NULL, (const char *)piece.data, piece.len);
    }
    free(mem);
}

static void recorded(void *arg, const uint8_t *line, size_t len)
{
    uint32_t *left = arg;
    if (*left == 0)
        return;
    --*left;
    for (size_t i = 0; mr_fuzz_products[i]; i++)
        keep_if_it_decodes(mr_fuzz_products[i], NULL, (const char *)line, (uint32_t)len);
}

static void from_recordings(void)
{
    const char *root = mr_test_captures();
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root ? root : "", venue->name);
    DIR *folder = root ? opendir(path) : NULL;
    if (!folder) {
        mr_test_skip_line("no recordings: messages of the corpus and the generator only");
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        uint32_t left = 2000;
        char file[512];
        snprintf(file, sizeof file, "%s/%.200s", venue->name, entry->d_name);
        if (strstr(entry->d_name, ".jsonl"))
            rig_lines(file, recorded, &left);
    }
    closedir(folder);
}

/* Kinds that differ in their name only ("candle1m" and "candle3m"): a message of the one, renamed. */
static void renamed(const struct seed *s, const char *from, const char *to)
{
    char text[SEED_BYTES + 64];
    struct mr_span was = mr_span_before(mr_span_of(from), ' '), name = mr_span_before(mr_span_of(to), ' ');
    uint32_t n = 0;
    for (const char *at = s->text; *at && n < SEED_BYTES;) {
        if (strncmp(at, (const char *)was.data, was.len) == 0) {
            memcpy(text + n, name.data, name.len);
            n += name.len;
            at += was.len;
        } else {
            text[n++] = *at++;
        }
    }
    keep_if_it_decodes(s->product, s->url, text, n);
}

static bool has_kind(uint8_t kind)
{
    for (uint32_t i = 0; i < seed_count; i++)
        if (seeds[i].kind == kind)
            return true;
    return false;
}

static void from_renaming(void)
{
    uint32_t found = seed_count;
    for (uint8_t k = 1; venue->kinds[k].name; k++)
        for (uint32_t i = 0; i < found && !has_kind(k); i++)
            renamed(&seeds[i], venue->kinds[seeds[i].kind].name, venue->kinds[k].name);
}

static void collect(void)
{
    uint8_t product;
    assert_int_equal(mr_venue_parse(mr_fuzz_products[0], &venue, &product, NULL), MR_OK);
    from_corpus();
    from_market();
    from_recordings();
    from_renaming();
}

/* Venues all of whose kinds have a message; of the others the missing ones are printed. */
static bool complete(void)
{
    static const char *const names[] = {"binance", "okx", "bybit", "hyperliquid"};
    for (size_t i = 0; i < MR_COUNT_OF(names); i++)
        if (strcmp(names[i], venue->name) == 0)
            return true;
    return false;
}

static void every_kind_has_a_message(void **state)
{
    (void)state;
    uint32_t kinds = 0, missing = 0;
    for (uint8_t k = 1; venue->kinds[k].name; k++) {
        bool found = has_kind(k);
        kinds++;
        bool bare = strcmp(venue->kinds[k].name, "greeting") == 0; /* a text without any structure */
        missing += !found && !bare;
        if (!found && !bare)
            printf("# no message of kind \"%s\"\n", venue->kinds[k].name);
    }
    printf("# %s: %u messages of %u kinds of %u\n", venue->name, seed_count, kinds - missing, kinds);
    assert_true(missing <= kinds / 4);
    if (complete())
        assert_int_equal(missing, 0);
}

/* ---- changed ---- */

static struct tally {
    uint64_t tried, refused, same, less, other; /* less: as if the field were not there, as it may */
} tally[MR_SHIFT_COUNT];

struct meaning {
    int n;
    uint8_t kind;
    union mr_slot *slots;
};

static struct meaning look(struct rig *rig, int n) { return (struct meaning){n, rig->dec.kind, rig->out}; }

static bool equal(struct meaning a, struct meaning b)
{
    return a.n == b.n && (a.n < 0 || a.kind == b.kind) &&
           (a.n <= 0 || memcmp(a.slots, b.slots, (size_t)a.n * sizeof *a.slots) == 0);
}

static void all_kernels_say(const struct seed *s, struct rig *rig, const char *text, uint32_t len, struct meaning want,
                            const char *says)
{
    int chosen = mr_kernel_chosen;
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        if (!mr_kernel_available((enum mr_kernel)k) || k == chosen)
            continue;
        mr_kernel_chosen = k;
        int n = decode(rig, s->url, text, len);
        if (!equal(look(rig, n), want))
            fail_msg("%s, %s, %s: %d, elsewhere %d: %.*s", s->product, says, mr_kernel_name((enum mr_kernel)k), n,
                     want.n, (int)(len < 400 ? len : 400), text);
    }
    mr_kernel_chosen = chosen;
}

static union mr_slot *copy_of(struct meaning m)
{
    union mr_slot *slots = aligned_alloc(64, (size_t)(m.n > 0 ? m.n : 1) * sizeof *slots);
    if (m.n > 0)
        memcpy(slots, m.slots, (size_t)m.n * sizeof *slots);
    return slots;
}

static bool shift_is_absence(enum mr_shift shift) { return shift == MR_SHIFT_MISSING || shift == MR_SHIFT_NOTHING; }

static bool or_none(int64_t now, int64_t was) { return now == was || now == 0; }

/* What stands behind a group's first slot: levels, a candle. */
static bool rest_thinner(const union mr_slot *now, const union mr_slot *was, uint32_t slots)
{
    for (uint32_t i = 1; i < slots; i++) {
        uint32_t a[16], b[16];
        memcpy(a, &now[i], sizeof a);
        memcpy(b, &was[i], sizeof b);
        for (int k = 0; k < 16; k++)
            if (!or_none(a[k], b[k]))
                return false;
    }
    return true;
}

static bool group_thinner(const union mr_slot *a, const union mr_slot *b)
{
    const struct mr_event *now = &a->event, *was = &b->event;
    uint32_t slots = mr_event_slots(a);
    bool book = now->kind == MR_EVENT_BOOK || now->kind == MR_EVENT_BBO;
    if (now->kind != was->kind || now->instrument != was->instrument || slots != mr_event_slots(b) ||
        !or_none((int64_t)now->seq, (int64_t)was->seq))
        return false;
    /* a number that stands in for another, and says so: an order's price for that of its fills, contracts for coins */
    bool flagged = now->kind == MR_EVENT_LIQUIDATION && now->flags & MR_FLAG_CAUTION;
    bool unit = now->kind == MR_EVENT_OPEN_INTEREST;
    bool same =
        book || (or_none(now->price, was->price) && or_none(now->size, was->size) && or_none(now->aux, was->aux));
    return (same || flagged || unit) && rest_thinner(a, b, slots);
}

/* Is every group of `now` one of `was`, in that order, with no number changed but those that are not there any more? */
static bool thinner(struct meaning now, struct meaning was)
{
    int at = 0;
    for (int i = 0; i < now.n; i += (int)mr_event_slots(&now.slots[i])) {
        while (at < was.n && !group_thinner(&now.slots[i], &was.slots[at]))
            at += (int)mr_event_slots(&was.slots[at]);
        if (at >= was.n)
            return false;
        at += (int)mr_event_slots(&was.slots[at]);
    }
    return true;
}

/* What a venue's page says of the absence of a field, beside the rule; and a list of rows may be empty. */
static bool documented(const struct seed *s, struct meaning was, struct meaning now, enum mr_shift shift)
{
    static const struct {
        const char *venue, *field, *why;
    } rows[] = {
        {"binance", "\"st\":2", "older frames have no st: such symbols decode as inverse contracts"},
        {"polymarket", "\"full_accuracy_value\"", "older frames have only the value for display"},
    };
    if (shift == MR_SHIFT_LIST)
        return now.n == 0 && now.kind == was.kind;
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        if (shift_is_absence(shift) && strcmp(rows[i].venue, venue->name) == 0 && strstr(s->text, rows[i].field))
            return true;
    return false;
}

/* With shapes and without, behind the message as it was, twice: the fast path has learnt it then. */
static void fast_path_says(const struct seed *s, const char *text, uint32_t len, const char *says)
{
    struct side *side = side_of(s->product);
    struct rig *rigs[] = {&side->plain, &side->fast};
    struct mr_frame was = rig_frame(s->text, s->len), frame = rig_frame(text, len);
    int n[2];
    for (int i = 0; i < 2; i++) {
        mr_decoder_reset(&rigs[i]->dec);
        (void)mr_decode(&rigs[i]->dec, &was, rigs[i]->out, MR_DECODE_SLOTS);
        (void)mr_decode(&rigs[i]->dec, &was, rigs[i]->out, MR_DECODE_SLOTS);
        n[i] = mr_decode(&rigs[i]->dec, &frame, rigs[i]->out, MR_DECODE_SLOTS);
    }
    if (!equal(look(rigs[0], n[0]), look(rigs[1], n[1])))
        fail_msg("%s, %s: %d, by the fast path %d: %.*s", s->product, says, n[0], n[1], (int)(len < 400 ? len : 400),
                 text);
}

static void change(const struct seed *s, struct meaning was, const struct mr_place *place, enum mr_shift shift,
                   char *out)
{
    struct side *side = side_of(s->product);
    struct tally *t = &tally[shift];
    uint32_t len = mr_shift(s->text, s->len, place, shift, out);
    if (len == 0)
        return;
    struct meaning now = look(&side->plain, decode(&side->plain, s->url, out, len));
    t->tried++;
    if (now.n < 0)
        t->refused++;
    else if (equal(now, was))
        t->same++;
    else if ((shift_is_absence(shift) && thinner(now, was)) || documented(s, was, now, shift))
        t->less++;
    else if (t->other++ < 3)
        printf("# another meaning: %s, %s: %.*s\n", s->product, mr_shift_says[shift], (int)(len < 300 ? len : 300),
               out);
    now.slots = copy_of(now);
    all_kernels_say(s, &side->plain, out, len, now, mr_shift_says[shift]);
    if (!s->url)
        fast_path_says(s, out, len, mr_shift_says[shift]);
    free(now.slots);
}

static void changed_messages_mean_the_same_or_are_refused(void **state)
{
    (void)state;
    char *out = malloc(MR_SHIFT_ROOM);
    for (uint32_t i = 0; i < seed_count; i++) {
        const struct seed *s = &seeds[i];
        struct mr_place places[MR_PLACES_MAX];
        uint32_t count = mr_places(s->text, s->len, places);
        struct rig *rig = &side_of(s->product)->plain;
        struct meaning was = look(rig, decode(rig, s->url, s->text, s->len));
        was.slots = copy_of(was);
        for (uint32_t p = 0; p < count; p++)
            for (int shift = 0; shift < MR_SHIFT_COUNT; shift++) {
                if (shift == MR_SHIFT_LONG && p % 8 != 0)
                    continue;
                change(s, was, &places[p], (enum mr_shift)shift, out);
            }
        free(was.slots);
    }
    uint64_t tried = 0, other = 0;
    for (int i = 0; i < MR_SHIFT_COUNT; i++) {
        const struct tally *t = &tally[i];
        printf("# %-46s %6llu: %5llu refused, %5llu the same, %4llu less, %3llu another\n", mr_shift_says[i],
               (unsigned long long)t->tried, (unsigned long long)t->refused, (unsigned long long)t->same,
               (unsigned long long)t->less, (unsigned long long)t->other);
        assert_true(i != MR_SHIFT_TOO_DEEP || t->refused == t->tried);
        tried += t->tried;
        other += t->other;
    }
    printf("# %s: %llu changed messages, %llu with another meaning\n", venue->name, (unsigned long long)tried,
           (unsigned long long)other);
    assert_true(tried > 100);
    assert_int_equal(other, 0);
    free(out);
}

int main(void)
{
    collect();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_message),
        cmocka_unit_test(changed_messages_mean_the_same_or_are_refused),
    };
    return MR_TEST_MAIN(tests);
}
