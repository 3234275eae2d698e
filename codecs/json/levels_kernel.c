/* One kernel of levels.h; compiled once for each, see meson.build. */
#include "codecs/json/levels_priv.h"

#include "codecs/json/levels_walk.h"

#if defined(MR_KERNEL_avx512) || defined(MR_KERNEL_avx2)
#include "codecs/json/levels_few.h"
#include "codecs/json/levels_vector.h"
#define VECTOR 1
#else
#define VECTOR 0
#endif

#define NAME_OF_(kernel) mr_levels_##kernel
#define NAME_OF(kernel) NAME_OF_(kernel)

/* Inlined with the form known, so that its texts are constants. */
MR_INLINE int64_t decode(struct mr_levels_walk *w, const struct mr_levels_spelling *s, struct mr_level *out,
                         uint32_t out_max, uint32_t *count)
{
    int opened = mr_levels_enter(w, s);
    if (opened < 0)
        return opened;
    if (opened == 1) {
        *count = 0;
        return w->pos;
    }
#if VECTOR
    if (w->scan->price_scale <= MR_LEVELS_SCALE_MAX && w->scan->size_scale <= MR_LEVELS_SCALE_MAX)
        return mr_levels_fast(w, s, out, out_max, count);
    return mr_levels_walk_on(w, s, out, out_max, 0, count);
#else
    return mr_levels_rest(w, s, out, out_max, 0, count);
#endif
}

#define FORM(form)                                                                                                     \
    case form:                                                                                                         \
        return decode(&w, &mr_levels_spellings[form], out, out_max, count)

/* Apart, so that the few need not make room for its lists. */
static __attribute__((noinline, hot)) int64_t general(const uint8_t *data, uint32_t len, uint32_t pos,
                                                      const struct mr_levels_scan *scan, struct mr_level *out,
                                                      uint32_t out_max, uint32_t *count)
{
    struct mr_levels_walk w = {data, len, pos, scan};
    switch (scan->form) {
        FORM(MR_LEVELS_PAIR);
        FORM(MR_LEVELS_QUAD);
        FORM(MR_LEVELS_OBJECT);
        FORM(MR_LEVELS_NAMED);
        FORM(MR_LEVELS_BARE);
        FORM(MR_LEVELS_MIXED);
        FORM(MR_LEVELS_DUO);
        FORM(MR_LEVELS_SPACED);
    default:
        return MR_E_AGAIN;
    }
}

#if VECTOR
static __attribute__((noinline)) int64_t few(const uint8_t *data, uint32_t len, uint32_t pos,
                                             const struct mr_levels_scan *scan, struct mr_level *out, uint32_t out_max,
                                             uint32_t *count)
{
    int64_t end = mr_levels_few(data, len, pos, scan, out, out_max, count);
    return mr_likely(end) ? end : general(data, len, pos, scan, out, out_max, count);
}
#endif

int64_t NAME_OF(MR_KERNEL)(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                           struct mr_level *out, uint32_t out_max, uint32_t *count)
{
#if VECTOR
    if (scan->form == MR_LEVELS_BARE && len - pos <= MR_LEVELS_FEW)
        return few(data, len, pos, scan, out, out_max, count);
#endif
    return general(data, len, pos, scan, out, out_max, count);
}

#if VECTOR
#define BOOK_NAME_OF_(kernel) mr_levels_book_##kernel
#define BOOK_NAME_OF(kernel) BOOK_NAME_OF_(kernel)
#define BOOK(form)                                                                                                     \
    case form:                                                                                                         \
        return mr_levels_sides(&w, &mr_levels_spellings[form], book, out, out_max, count)

/* The forms that changes of books have. */
__attribute__((hot)) int64_t BOOK_NAME_OF(MR_KERNEL)(const uint8_t *data, uint32_t len, uint32_t pos,
                                                     const struct mr_levels_scan *scan,
                                                     const struct mr_levels_book *book, struct mr_level *out,
                                                     uint32_t out_max, uint32_t count[2])
{
    struct mr_levels_walk w = {data, len, pos, scan};
    if (mr_unlikely(scan->price_scale > MR_LEVELS_SCALE_MAX || scan->size_scale > MR_LEVELS_SCALE_MAX))
        return MR_E_AGAIN;
    if (scan->form == MR_LEVELS_BARE && len - pos <= MR_LEVELS_FEW) /* see above */
        return MR_E_AGAIN;
    switch (scan->form) {
        BOOK(MR_LEVELS_PAIR);
        BOOK(MR_LEVELS_QUAD);
        BOOK(MR_LEVELS_BARE);
    default:
        return MR_E_AGAIN;
    }
}
#endif
