/* Faults on command: what they are called, when they are due, what they do to connections and messages. */
#include <stdlib.h>
#include <strings.h>

#include "codecs/json/json.h"
#include "tests/exchange/server/server_priv.h"

static const char *const names[] = {
#define MR_X(id, name) name,
    MR_FAULTS(MR_X)
#undef MR_X
};

const char *mr_fault_name(enum mr_fault_kind kind) { return (unsigned)kind < MR_FAULT_KINDS ? names[kind] : "?"; }

/* ---- text ---- */

static const struct {
    const char *name;
    uint32_t channel;
} channels[] = {
    {"book", MR_DEPTH},  {"trades", MR_TRADES},     {"best", MR_BEST},           {"liquidations", MR_LIQUIDATIONS},
    {"marks", MR_MARKS}, {"fundings", MR_FUNDINGS}, {"interests", MR_INTERESTS}, {"any", UINT32_MAX},
};

static int put_number(struct mr_span value, double most, double *out, const char *key, struct mr_err *err)
{
    char text[32], *end;
    memcpy(text, value.data, value.len < sizeof text ? value.len : sizeof text - 1);
    text[value.len < sizeof text ? value.len : sizeof text - 1] = 0;
    *out = strtod(text, &end);
    if (!value.len || *end || !(*out >= 0) || *out > most)
        return mr_err_set(err, MR_E_INVALID, "fault: %s \"%s\": want a number from 0 to %.0f", key, text, most);
    return MR_OK;
}

static int put_text(struct mr_span value, char *out, size_t room, const char *key, struct mr_err *err)
{
    if (value.len >= room)
        return mr_err_set(err, MR_E_INVALID, "fault: %s is too long", key);
    memcpy(out, value.data, value.len);
    out[value.len] = 0;
    return MR_OK;
}

static int no_such(struct mr_span value, struct mr_err *err)
{
    char known[400];
    struct mr_text t;
    mr_text_init(&t, known, sizeof known);
    for (uint8_t i = 0; i < MR_FAULT_KINDS; i++)
        mr_text_format(&t, "%s%s", i ? ", " : "", names[i]);
    return mr_err_set(err, MR_E_INVALID, "fault: no \"%.*s\"; known: %s", (int)(value.len < 40 ? value.len : 40),
                      (const char *)value.data, known);
}

static int put(struct mr_exchange_fault *f, struct mr_span key, struct mr_span value, struct mr_err *err)
{
    double number = 0;
    int status;
    if (mr_span_eq(key, "fault")) {
        for (uint8_t i = 0; i < MR_FAULT_KINDS; i++)
            if (mr_span_same(value, mr_span_of(names[i]))) {
                f->kind = i;
                return MR_OK;
            }
        return no_such(value, err);
    }
    if (mr_span_eq(key, "product"))
        return put_text(value, f->product, sizeof f->product, "product", err);
    if (mr_span_eq(key, "symbol"))
        return put_text(value, f->symbol, sizeof f->symbol, "symbol", err);
    if (mr_span_eq(key, "channel")) {
        for (size_t i = 0; i < MR_COUNT_OF(channels); i++)
            if (mr_span_same(value, mr_span_of(channels[i].name))) {
                f->channel = channels[i].channel;
                return MR_OK;
            }
        return mr_err_set(
            err, MR_E_INVALID,
            "fault: channel: known are book, trades, best, liquidations, marks, fundings, interests, any");
    }
    if (mr_span_eq(key, "count")) {
        status = put_number(value, 1e6, &number, "count", err);
        f->count = (uint32_t)number;
        return status;
    }
    if (mr_span_eq(key, "connections")) {
        status = put_number(value, 256, &number, "connections", err);
        f->connections = (uint32_t)number;
        return status;
    }
    if (mr_span_eq(key, "spared")) {
        status = put_number(value, 256, &number, "spared", err);
        f->spared = (uint32_t)number;
        return status;
    }
    if (mr_span_eq(key, "seconds"))
        return put_number(value, 86400, &f->seconds, "seconds", err);
    if (mr_span_eq(key, "after"))
        return put_number(value, 86400, &f->after_s, "after", err);
    if (mr_span_eq(key, "every"))
        return put_number(value, 86400, &f->every_s, "every", err);
    return mr_err_set(err, MR_E_INVALID,
                      "fault: no key \"%.*s\"; known: fault, product, symbol, channel, count, connections, spared, "
                      "seconds, after, every",
                      (int)(key.len < 40 ? key.len : 40), (const char *)key.data);
}

static int parse_json(struct mr_span text, struct mr_exchange_fault *out, bool *named, struct mr_err *err)
{
    struct mr_json j;
    struct mr_span key, value;
    int status = MR_OK;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (status == MR_OK && mr_json_key(&j, &key))
            if (mr_json_text(&j, &value)) {
                status = put(out, key, value, err);
                *named |= mr_span_eq(key, "fault");
            }
    if (status == MR_OK && mr_json_close(&j) != MR_OK)
        status = mr_err_set(err, MR_E_INVALID, "fault: not a JSON object of strings and numbers, at byte %u", j.at);
    return status;
}

int mr_exchange_fault_parse(const char *text, struct mr_exchange_fault *out, struct mr_err *err)
{
    struct mr_span rest = mr_span_of(text), item, value;
    const struct mr_venue *venue;
    uint8_t product;
    bool named = false;
    int status = MR_OK;
    *out = (struct mr_exchange_fault){0};
    if (*text == '{') {
        status = parse_json(rest, out, &named, err);
    } else {
        item = mr_span_cut(rest, ',', &rest);
        status = put(out, mr_span_of("fault"), item, err);
        named = true;
        while (status == MR_OK && rest.len) {
            item = mr_span_cut(rest, ',', &rest);
            struct mr_span key = mr_span_cut(item, '=', &value);
            status = put(out, key, value, err);
        }
    }
    if (status == MR_OK && !named)
        status = mr_err_set(err, MR_E_INVALID, "fault: which? {\"fault\":\"gap\",...}");
    if (status == MR_OK && out->product[0])
        status = mr_venue_parse(out->product, &venue, &product, err);
    return status;
}

/* ---- whom it concerns ---- */

static bool of_product(const struct fault *f, uint8_t venue, uint8_t product)
{
    return !f->venue || (f->venue == venue && f->product == product);
}

/* Without case: Binance's streams name their symbols in lower case. */
static bool of_symbol(const struct fault *f, struct mr_span symbol)
{
    size_t len = strlen(f->what.symbol);
    return !len || (symbol.len == len && strncasecmp((const char *)symbol.data, f->what.symbol, len) == 0);
}

static bool among(const struct fault *f, uint32_t id)
{
    for (uint32_t i = 0; i < f->only_count; i++)
        if (f->only[i] == id)
            return true;
    return false;
}

static bool concerns(const struct fault *f, const struct conn *c)
{
    if (c->state != CONN_SOCKET || !of_product(f, c->talk.place.venue, c->talk.place.product))
        return false;
    if (f->only_count && !among(f, c->id))
        return false;
    for (uint32_t i = 0; f->what.symbol[0] && i < c->talk.sub_count; i++)
        if (of_symbol(f, mr_span_of(c->talk.subs[i].symbol)))
            return true;
    return !f->what.symbol[0];
}

static bool hits(const struct fault *f, const struct mr_letter *l)
{
    uint32_t wanted = f->what.channel ? f->what.channel : f->what.kind == MR_FAULT_SILENCE ? UINT32_MAX : MR_DEPTH;
    return of_product(f, l->venue, l->product) && (l->channel & wanted) && of_symbol(f, l->symbol);
}

/* ---- at work ---- */

/* For how long it is at work. */
static bool lasting(uint8_t kind)
{
    switch (kind) {
    case MR_FAULT_SILENCE:
    case MR_FAULT_DRIP:
    case MR_FAULT_STALL:
    case MR_FAULT_CERTIFICATE:
    case MR_FAULT_TOKEN:
    case MR_FAULT_LIMIT:
    case MR_FAULT_UNAVAILABLE:
    case MR_FAULT_TIMEOUT:
    case MR_FAULT_STALE:
    case MR_FAULT_UNKNOWN:
        return true;
    default:
        return false;
    }
}

static void garbage(const struct fault *f, struct conn *c)
{
    for (uint32_t i = 0; i < f->left && c->state == CONN_SOCKET; i++) {
        char text[64];
        struct mr_text t;
        mr_text_init(&t, text, sizeof text);
        mr_text_format(&t, "}{garbage %u of connection %u\\\"", i, c->id);
        mr_conn_frame(c, MR_WS_TEXT, &(struct mr_span){(const uint8_t *)text, (uint32_t)t.len}, 1);
    }
}

static void on_connection(const struct fault *f, struct conn *c)
{
    switch (f->what.kind) {
    case MR_FAULT_DISCONNECT:
    case MR_FAULT_CERTIFICATE:
        mr_conn_end(c);
        break;
    case MR_FAULT_HALF_FRAME:
        mr_conn_half_frame(c);
        break;
    case MR_FAULT_CLOSE:
        mr_conn_close(c, 1012, "service restart");
        break;
    case MR_FAULT_PLANNED:
        mr_conn_notice(c);
        break;
    case MR_FAULT_RESET:
        mr_conn_reset(c);
        break;
    case MR_FAULT_OVERSIZE:
        mr_conn_oversize(c);
        break;
    default:
        garbage(f, c);
    }
}

static bool has_channel(const struct conn *c, uint32_t bits)
{
    for (uint32_t i = 0; i < c->talk.sub_count; i++)
        if (c->talk.subs[i].channel & bits)
            return true;
    return false;
}

static bool older(const struct conn *a, const struct conn *b)
{
    return a->since_ns != b->since_ns ? a->since_ns < b->since_ns : a->id < b->id;
}

/* Of those that it could be for (bits: with a subscription to one of these channels; 0: any) the one with so many older ones, or NULL. */
static struct conn *by_age(const struct mr_exchange *x, const struct fault *f, uint32_t bits, uint32_t rank)
{
    for (uint32_t i = 0; i < x->open_count; i++) {
        uint32_t before = 0;
        if (!concerns(f, x->open[i]) || (bits && !has_channel(x->open[i], bits)))
            continue;
        for (uint32_t k = 0; k < x->open_count; k++)
            before +=
                concerns(f, x->open[k]) && (!bits || has_channel(x->open[k], bits)) && older(x->open[k], x->open[i]);
        if (before == rank)
            return x->open[i];
    }
    return NULL;
}

/* The youngest of them first: what ends changes no rank of the older ones. */
static void on_oldest(struct mr_exchange *x, const struct fault *f)
{
    for (uint32_t n = f->what.connections; n-- > 0;) {
        struct conn *c = by_age(x, f, 0, f->what.spared + n);
        if (c)
            on_connection(f, c);
    }
}

/* A gap, a drip, a stall, a silence for some connections only: the oldest that could feel it now. */
static void choose(struct mr_exchange *x, struct fault *f)
{
    const uint32_t want = f->what.connections < FAULT_CONNECTIONS ? f->what.connections : FAULT_CONNECTIONS;
    const uint32_t bits = f->what.channel ? f->what.channel : f->what.kind == MR_FAULT_GAP ? MR_DEPTH : UINT32_MAX;
    uint32_t chosen[FAULT_CONNECTIONS], count = 0;
    f->only_count = 0;
    for (uint32_t n = 0; n < want; n++) {
        const struct conn *c = by_age(x, f, bits, f->what.spared + n);
        if (c)
            chosen[count++] = c->id;
    }
    memcpy(f->only, chosen, count * sizeof *chosen);
    f->only_count = count;
}

/* Those that it was for have ended. */
static bool gone(const struct mr_exchange *x, const struct fault *f)
{
    for (uint32_t i = 0; i < x->open_count; i++)
        if (among(f, x->open[i]->id))
            return false;
    return f->only_count > 0;
}

static void on_connections(struct mr_exchange *x, const struct fault *f)
{
    if (f->what.connections) {
        on_oldest(x, f);
        return;
    }
    for (uint32_t i = x->open_count; i-- > 0;)
        if (concerns(f, x->open[i]))
            on_connection(f, x->open[i]);
}

static void work(struct mr_exchange *x, struct fault *f)
{
    x->stats.faults[f->what.kind]++;
    f->left = f->what.count ? f->what.count : 1;
    f->due_ns = 0;
    double seconds = f->what.seconds > 0 ? f->what.seconds : f->what.kind == MR_FAULT_SILENCE ? 10 : 2;
    if (f->what.connections && (f->what.kind == MR_FAULT_GAP || f->what.kind == MR_FAULT_DRIP ||
                                f->what.kind == MR_FAULT_STALL || f->what.kind == MR_FAULT_SILENCE)) {
        choose(x, f);
        if (!f->only_count) {
            f->left = 0;
            return;
        }
    }
    if (lasting(f->what.kind)) {
        f->until_ns = x->now_ns + (int64_t)(seconds * 1e9);
        if (f->what.kind == MR_FAULT_CERTIFICATE)
            on_connections(x, f);
        return;
    }
    switch (f->what.kind) {
    case MR_FAULT_GAP:
    case MR_FAULT_DUPLICATE:
    case MR_FAULT_REORDER:
    case MR_FAULT_CHECKSUM:
        return; /* the next messages */
    case MR_FAULT_RESTART:
        mr_exchange_restart(x, seconds);
        break;
    default:
        on_connections(x, f);
    }
    f->left = 0;
}

/* Done: its place is free, or it waits for the next time. */
static void rest(struct mr_exchange *x, struct fault *f)
{
    if (f->what.every_s > 0) {
        f->due_ns = x->now_ns + (int64_t)(f->what.every_s * 1e9);
        f->until_ns = 0;
        return;
    }
    free(f->held);
    *f = (struct fault){0};
}

static bool at_work(const struct fault *f) { return f->used && !f->due_ns; }

int mr_fault_begin(struct mr_exchange *x, const struct mr_exchange_fault *what, struct mr_err *err)
{
    struct fault *f = NULL;
    const struct mr_venue *venue = NULL;
    uint8_t product = 0;
    int status = what->product[0] ? mr_venue_parse(what->product, &venue, &product, err) : MR_OK;
    for (uint32_t i = 0; i < FAULTS_MAX && !f; i++)
        if (!x->faults[i].used)
            f = &x->faults[i];
    if (status)
        return status;
    if (!f)
        return mr_err_set(err, MR_E_FULL, "fault: %d are at work already", FAULTS_MAX);
    *f = (struct fault){.what = *what, .used = true, .venue = venue ? venue->id : 0, .product = product};
    if (what->kind == MR_FAULT_CERTIFICATE && (status = mr_exchange_stranger(x, err)) != MR_OK) {
        f->used = false;
        return status;
    }
    if (what->after_s > 0)
        f->due_ns = x->now_ns + (int64_t)(what->after_s * 1e9);
    else
        work(x, f);
    if (at_work(f) && !f->left && f->until_ns <= x->now_ns)
        rest(x, f);
    return MR_OK;
}

void mr_fault_tick(struct mr_exchange *x)
{
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *f = &x->faults[i];
        if (f->used && f->due_ns && x->now_ns >= f->due_ns)
            work(x, f);
        bool lasts = lasting(f->what.kind), over = lasts ? x->now_ns >= f->until_ns : !f->left && !f->held_len;
        if (at_work(f) && (over || gone(x, f)))
            rest(x, f);
    }
}

bool mr_fault_mutes(const struct mr_exchange *x, const struct conn *c)
{
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *f = &x->faults[i];
        if (at_work(f) && f->what.kind == MR_FAULT_SILENCE && !f->what.symbol[0] && !f->what.channel &&
            x->now_ns < f->until_ns && concerns(f, c))
            return true;
    }
    return false;
}

bool mr_fault_lasts(const struct mr_exchange *x, enum mr_fault_kind kind, uint8_t venue, uint8_t product)
{
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *f = &x->faults[i];
        if (at_work(f) && f->what.kind == kind && x->now_ns < f->until_ns && (!venue || of_product(f, venue, product)))
            return true;
    }
    return false;
}

bool mr_fault_slows(const struct mr_exchange *x, enum mr_fault_kind kind, const struct conn *c)
{
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *f = &x->faults[i];
        if (at_work(f) && f->what.kind == kind && x->now_ns < f->until_ns && concerns(f, c))
            return true;
    }
    return false;
}

bool mr_fault_loses(struct mr_exchange *x, const struct conn *c, const struct mr_letter *l)
{
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *f = &x->faults[i];
        if (at_work(f) && f->what.kind == MR_FAULT_GAP && f->only_count && f->left && concerns(f, c) && hits(f, l)) {
            f->left--;
            x->stats.skipped++;
            return true;
        }
    }
    return false;
}

bool mr_fault_hides(const struct mr_exchange *x, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *f = &x->faults[i];
        if (at_work(f) && f->what.kind == MR_FAULT_UNKNOWN && x->now_ns < f->until_ns &&
            of_product(f, venue, product) && of_symbol(f, symbol))
            return true;
    }
    return false;
}

uint32_t mr_fault_checksum(const struct mr_letter *l)
{
    static const char key[] = "\"checksum\":";
    const uint8_t *at = memmem(l->data, l->len, key, sizeof key - 1), *end = l->data + l->len;
    if (!at)
        return 0;
    at += sizeof key - 1;
    at += at < end && *at == '-';
    const uint8_t *first = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at == first || (at == first + 1 && *first == '0') ? 0 : (uint32_t)(at - 1 - l->data);
}

/* Keeps the message back; false if another one is kept already and this one is of another stream. */
static bool hold(struct fault *f, const struct mr_letter *l)
{
    if (f->held_len)
        return false;
    f->held = realloc(f->held, l->len);
    MR_ASSERT(f->held);
    memcpy(f->held, l->data, l->len);
    f->held_len = l->len;
    f->held_key = l->key[0];
    return true;
}

struct fault_verdict mr_fault_judge(struct mr_exchange *x, const struct mr_letter *l)
{
    struct fault_verdict v = {.copies = 1};
    for (uint32_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *f = &x->faults[i];
        if (!at_work(f) || !hits(f, l) || (f->only_count && f->what.kind == MR_FAULT_GAP))
            continue;
        switch (f->what.kind) {
        case MR_FAULT_SILENCE:
            if ((f->what.symbol[0] || f->what.channel) && x->now_ns < f->until_ns) {
                v.copies = 0;
                x->stats.muted++;
            }
            break;
        case MR_FAULT_GAP:
            if (f->left) {
                f->left--;
                v.copies = 0;
                x->stats.skipped++;
            }
            break;
        case MR_FAULT_DUPLICATE:
            if (f->left) {
                f->left--;
                v.copies *= 2;
                x->stats.doubled++;
            }
            break;
        case MR_FAULT_CHECKSUM:
            if (f->left && mr_fault_checksum(l)) {
                f->left--;
                v.spoil = true;
            }
            break;
        case MR_FAULT_REORDER:
            if (f->held_len && f->held_key == l->key[0]) {
                v.then = f;
            } else if (f->left && v.copies && hold(f, l)) {
                f->left--;
                v.copies = 0;
            }
            break;
        default:
            break;
        }
    }
    return v;
}
