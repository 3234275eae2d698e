#include "codecs/json/json_priv.h"
#include "codecs/number/number.h"

static const struct mr_json_kernel *const kernels[MR_KERNEL_COUNT] = {
    [MR_KERNEL_SCALAR] = &mr_json_kernel_scalar,
#if defined(__x86_64__)
    [MR_KERNEL_SSE42] = &mr_json_kernel_sse42,
    [MR_KERNEL_AVX2] = &mr_json_kernel_avx2,
    [MR_KERNEL_AVX512] = &mr_json_kernel_avx512,
#endif
};

void mr_json_open_kernel(struct mr_json *j, const uint8_t *data, uint32_t len, enum mr_kernel kernel)
{
    MR_DCHECK((unsigned)kernel < MR_KERNEL_COUNT && kernels[kernel]);
    /* `nest` is not cleared: a level's bit is written when the level opens */
    j->data = data;
    j->len = len;
    j->pos = j->at = j->depth = j->start = 0;
    j->status = MR_OK;
    j->expect = MR_JSON_EXPECT_VALUE;
    j->after = MR_JSON_EXPECT_END;
    j->escaped = false;
    j->block = 1; /* none: blocks begin at multiples of 64 */
    j->kernel = kernels[kernel];
}

void mr_json_open(struct mr_json *j, const uint8_t *data, uint32_t len)
{
    mr_json_open_kernel(j, data, len, mr_kernel_active());
}

void mr_json_set_error(struct mr_json *j, int status, uint32_t at)
{
    if (j->expect == MR_JSON_EXPECT_FAILED)
        return;
    j->status = status;
    j->at = at;
    j->expect = MR_JSON_EXPECT_FAILED;
}

bool mr_json_fail(struct mr_json *j, int status) { return mr_json_error(j, status, j->start); }

/* ---- the kernel's calls ---- */

enum mr_json_type mr_json_peek(struct mr_json *j) { return j->kernel->peek(j); }

bool mr_json_object(struct mr_json *j) { return j->kernel->object(j); }

bool mr_json_key(struct mr_json *j, struct mr_span *key) { return j->kernel->key(j, key); }

bool mr_json_array(struct mr_json *j) { return j->kernel->array(j); }

bool mr_json_next(struct mr_json *j) { return j->kernel->next(j); }

bool mr_json_string(struct mr_json *j, struct mr_span *text) { return j->kernel->string(j, text); }

bool mr_json_number(struct mr_json *j, struct mr_span *text) { return j->kernel->number(j, text); }

bool mr_json_text(struct mr_json *j, struct mr_span *text) { return j->kernel->text(j, text); }

bool mr_json_bool(struct mr_json *j, bool *value) { return j->kernel->boolean(j, value); }

bool mr_json_null(struct mr_json *j) { return j->kernel->null(j); }

bool mr_json_skip(struct mr_json *j) { return j->kernel->skip(j); }

bool mr_json_leave(struct mr_json *j) { return j->kernel->leave(j); }

int mr_json_close(struct mr_json *j) { return j->kernel->close(j); }

bool mr_json_raw(struct mr_json *j, struct mr_span *text)
{
    if (mr_unlikely(!j->kernel->skip(j)))
        return false;
    *text = (struct mr_span){j->data + j->start, j->pos - j->start};
    return true;
}

int mr_json_check(const uint8_t *data, uint32_t len, uint32_t *at)
{
    struct mr_json j;
    mr_json_open(&j, data, len);
    int status = mr_json_close(&j);
    *at = j.at;
    return status;
}

/* ---- numbers ---- */

/* The text of a number, or of a string that should hold one. Escapes in it ("\u0031" is 1) are legal and
 * never seen: they are undone into `plain`, which holds any number worth having. */
enum { NUMBER_TEXT_MAX = 256 };
static MR_COLD bool undo_escapes(struct mr_json *j, struct mr_span *text, uint8_t *plain)
{
    int64_t n = mr_json_unescape(*text, plain, NUMBER_TEXT_MAX);
    if (n < 0)
        return mr_json_fail(j, n == MR_E_FULL ? MR_E_OVERFLOW : (int)n);
    *text = (struct mr_span){plain, (uint32_t)n};
    return true;
}

MR_INLINE bool number_text(struct mr_json *j, struct mr_span *text, uint8_t *plain)
{
    if (mr_unlikely(!j->kernel->text(j, text)))
        return false;
    return mr_likely(!j->escaped) || undo_escapes(j, text, plain);
}

MR_INLINE bool number_done(struct mr_json *j, int status)
{
    return mr_likely(status == MR_OK) ? true : mr_json_fail(j, status);
}

bool mr_json_fixed(struct mr_json *j, int scale, int64_t *out)
{
    struct mr_span text;
    uint8_t plain[NUMBER_TEXT_MAX];
    return number_text(j, &text, plain) && number_done(j, mr_number_fixed(text.data, text.len, scale, out));
}

bool mr_json_decimal(struct mr_json *j, struct mr_decimal *out)
{
    struct mr_span text;
    uint8_t plain[NUMBER_TEXT_MAX];
    return number_text(j, &text, plain) && number_done(j, mr_number_decimal(text.data, text.len, out));
}

bool mr_json_u64(struct mr_json *j, uint64_t *out)
{
    struct mr_span text;
    uint8_t plain[NUMBER_TEXT_MAX];
    return number_text(j, &text, plain) && number_done(j, mr_number_u64(text.data, text.len, out));
}

bool mr_json_i64(struct mr_json *j, int64_t *out)
{
    struct mr_span text;
    uint8_t plain[NUMBER_TEXT_MAX];
    return number_text(j, &text, plain) && number_done(j, mr_number_i64(text.data, text.len, out));
}
