#include "dataplane/log/redact.h"

static const char *const secrets[] = {"key", "secret", "passphrase", "password", "token", "signature"};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool word(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Does the word [start, end) end in the name of a secret? */
static bool names_secret(const char *start, const char *end)
{
    for (size_t s = 0; s < MR_COUNT_OF(secrets); s++) {
        size_t n = strlen(secrets[s]), i = 0;
        if ((size_t)(end - start) < n)
            continue;
        while (i < n && lower(end[(ptrdiff_t)i - (ptrdiff_t)n]) == secrets[s][i])
            i++;
        if (i == n)
            return true;
    }
    return false;
}

/* Where the value begins after a name that ends at `at`: behind quotes, blanks and one ':' or '='. NULL: none
 * follows. */
static const char *value_of(const char *at, const char *end)
{
    while (at < end && (*at == '"' || *at == '\'' || *at == ' '))
        at++;
    if (at == end || (*at != ':' && *at != '='))
        return NULL;
    at++;
    while (at < end && (*at == '"' || *at == '\'' || *at == ' '))
        at++;
    return at < end ? at : NULL;
}

static size_t put(char *out, size_t out_bytes, size_t used, const char *from, size_t n)
{
    if (n > out_bytes - used)
        n = out_bytes - used;
    memcpy(out + used, from, n);
    return used + n;
}

size_t mr_redact(char *out, size_t out_bytes, const char *in, size_t len)
{
    const char *at = in, *end = in + len;
    size_t used = 0;
    while (at < end) {
        const char *start = at;
        while (at < end && word(*at))
            at++;
        const char *value = at > start && names_secret(start, at) ? value_of(at, end) : NULL;
        if (value) {
            used = put(out, out_bytes, used, start, (size_t)(value - start));
            used = put(out, out_bytes, used, "***", 3);
            while (value < end && !strchr(" ,&\"'}])\n", *value))
                value++;
            at = value;
            continue;
        }
        if (at < end)
            at++; /* the byte between two words */
        used = put(out, out_bytes, used, start, (size_t)(at - start));
    }
    return used;
}
