/* Fuzz: all kernels say what the plain reference says, and any order of calls gives the same on all of them.
 *
 * The input up to its first 0xff (which no legal text holds) is the text; what follows chooses the calls of the
 * walk, one a byte. Without a 0xff the text chooses them itself. The text ends at an unmapped page. */
#include "tests/codecs/json/reference.h"
#include "tests/support/support.h"

enum { TEXT_MAX = 1 << 16, CALLS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that a walk said, mixed into one number, and how it ended. */
struct walked {
    uint64_t said;
    struct verdict verdict;
    bool of_a_number; /* the error is about a number's value, not about the text */
};

static void say(struct walked *w, uint64_t value)
{
    w->said = (w->said ^ value) * 0x9e3779b97f4a7c15u;
    w->said ^= w->said >> 29;
}

static void say_span(struct walked *w, const struct mr_json *j, struct mr_span s)
{
    say(w, (uint64_t)(s.data - j->data) << 32 | s.len);
    MR_ASSERT(s.data >= j->data && s.len <= j->len && s.data + s.len <= j->data + j->len);
}

/* A string that was let pass: its plain bytes are UTF-8, no longer than it, and the name of itself. */
static void check_string(struct walked *w, const struct mr_json *j, struct mr_span raw)
{
    static uint8_t plain[TEXT_MAX + 1];
    int64_t n = mr_json_unescape(raw, plain, TEXT_MAX);
    MR_ASSERT(n >= 0 && n <= raw.len);
    MR_ASSERT(j->escaped == (memchr(raw.data, '\\', raw.len) != NULL));
    MR_ASSERT(j->escaped || (uint32_t)n == raw.len);
    say(w, (uint64_t)n);
    plain[n] = 0;
    if (strlen((const char *)plain) == (size_t)n)
        MR_ASSERT(mr_json_key_is(j, raw, (const char *)plain));
    /* between quotes and with what needs an escape made harmless it is a legal text again */
    static uint8_t again[TEXT_MAX + 2];
    again[0] = again[n + 1] = '"';
    for (int64_t i = 0; i < n; i++)
        again[i + 1] = plain[i] < ' ' || plain[i] == '"' || plain[i] == '\\' ? '.' : plain[i];
    MR_ASSERT(reference_check(again, (uint32_t)n + 2).status == MR_OK);
}

static bool number_call(struct walked *w, struct mr_json *j, uint8_t which)
{
    int64_t value = 0;
    uint64_t u = 0;
    struct mr_decimal d = {0, 0};
    struct mr_json before = *j;
    struct mr_span text;
    bool done = which == 0   ? mr_json_fixed(j, 8, &value)
                : which == 1 ? mr_json_i64(j, &value)
                : which == 2 ? mr_json_u64(j, &u)
                             : mr_json_decimal(j, &d);
    if (done) {
        say(w, (uint64_t)value ^ u ^ (uint64_t)d.mantissa ^ (uint64_t)d.exponent);
    } else if (before.status == MR_OK) {
        w->of_a_number = mr_json_text(&before, &text); /* the text was fine, so the number was not */
        MR_ASSERT(w->of_a_number || (before.status == j->status && before.at == j->at));
    }
    return done;
}

/* One call, chosen by `choice`. Half of the time the one that fits what stands there, so that walks get far. */
static void one_call(struct walked *w, struct mr_json *j, uint8_t choice)
{
    struct mr_span s = {j->data, 0};
    bool flag = false, done = true;
    bool object = j->depth && j->nest[(j->depth - 1) / 64] >> (j->depth - 1) % 64 & 1;
    if (choice & 0x80) {
        enum mr_json_type type = mr_json_peek(j);
        static const uint8_t fitting[] = {
            [MR_JSON_OBJECT] = 1, [MR_JSON_ARRAY] = 3, [MR_JSON_STRING] = 5, [MR_JSON_NUMBER] = 6,
            [MR_JSON_TRUE] = 8,   [MR_JSON_FALSE] = 8, [MR_JSON_NULL] = 9};
        choice = type == MR_JSON_NONE ? (object ? 2 : 4) : fitting[type];
    }
    uint8_t conversion = choice & 0x10 ? 0 : choice & 3;
    choice &= 0x0f;
    switch (choice) {
    case 0:
        say(w, mr_json_peek(j));
        break;
    case 1:
        done = mr_json_object(j);
        break;
    case 2:
        done = mr_json_key(j, &s);
        break;
    case 3:
        done = mr_json_array(j);
        break;
    case 4:
        done = mr_json_next(j);
        break;
    case 5:
        done = mr_json_string(j, &s);
        break;
    case 6:
        done = mr_json_number(j, &s);
        break;
    case 7:
        done = mr_json_text(j, &s);
        break;
    case 8:
        done = mr_json_bool(j, &flag);
        break;
    case 9:
        done = mr_json_null(j);
        break;
    case 10:
        done = mr_json_skip(j);
        break;
    case 11:
        done = mr_json_raw(j, &s);
        break;
    case 12:
        done = mr_json_leave(j);
        break;
    default:
        done = number_call(w, j, conversion);
        break;
    }
    if (done && (choice == 2 || choice == 5))
        check_string(w, j, s);
    if (done && choice == 11)
        MR_ASSERT(reference_check(s.data, s.len).status == MR_OK);
    say_span(w, j, s);
    say(w, (uint64_t)done | (uint64_t)flag << 1 | (uint64_t)j->escaped << 2 | (uint64_t)j->depth << 3);
    say(w, (uint64_t)j->pos << 32 | (uint32_t)j->status);
    MR_ASSERT(j->pos <= j->len && j->at <= j->len && j->depth <= MR_JSON_DEPTH);
}

static struct walked random_walk(enum mr_kernel kernel, const uint8_t *text, uint32_t len, const uint8_t *calls,
                                 size_t count)
{
    struct walked w = {.said = len};
    struct mr_json j;
    mr_json_open_kernel(&j, text, len, kernel);
    int after_error = 4; /* enough to see that nothing moves any more */
    for (size_t i = 0; i < count && i < CALLS_MAX && after_error; i++) {
        after_error -= j.status != MR_OK;
        one_call(&w, &j, calls[i]);
    }
    say(&w, (uint64_t)(uint32_t)mr_json_close(&j) << 32 | j.at);
    w.verdict = (struct verdict){j.status, j.at};
    return w;
}

static void check_walks(const uint8_t *text, uint32_t len, const uint8_t *calls, size_t count, struct verdict want)
{
    struct walked first = random_walk(MR_KERNEL_SCALAR, text, len, calls, count);
    FOR_EACH_KERNEL(kernel)
    {
        struct walked w = random_walk(kernel, text, len, calls, count);
        MR_ASSERT(w.said == first.said && same_verdict(w.verdict, first.verdict));
    }
    int status = first.verdict.status;
    if (status == MR_OK) /* whatever was asked, all of the text has been verified */
        MR_ASSERT(want.status == MR_OK);
    bool of_the_text = status == MR_E_MALFORMED || status == MR_E_TRUNCATED || status == MR_E_DEPTH;
    if (of_the_text && !first.of_a_number)
        MR_ASSERT(same_verdict(first.verdict, want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_guard guard;
    if (!guard.map)
        guard = mr_guard_open(TEXT_MAX);
    const uint8_t *split = size ? memchr(data, 0xff, size) : NULL;
    size_t len = split ? (size_t)(split - data) : size;
    if (len > TEXT_MAX)
        return 0;
    uint8_t *text = guard.data + TEXT_MAX - len;
    if (len)
        memcpy(text, data, len);
    struct verdict want = reference_check(text, (uint32_t)len);
    FOR_EACH_KERNEL(kernel)
    {
        MR_ASSERT(same_verdict(check_by(kernel, text, (uint32_t)len), want));
        MR_ASSERT(same_verdict(walk_by(kernel, text, (uint32_t)len), want));
    }
    if (split)
        check_walks(text, (uint32_t)len, split + 1, size - len - 1, want);
    else
        check_walks(text, (uint32_t)len, data, size, want);
    return 0;
}
