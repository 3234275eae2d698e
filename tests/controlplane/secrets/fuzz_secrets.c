/* Whatever the bytes: they stay as they are, what is taken lies inside them, and no sentence quotes any of them. */
#include "controlplane/secrets/secrets.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct mr_guard *g, size_t size, const struct mr_secret *s)
{
    if (s->len)
        MR_ASSERT(s->bytes >= g->data && s->bytes + s->len <= g->data + size);
}

/* All it ever says, behind the place: so no byte of the text can be in it. */
static const char *const sentences[] = {
    "escapes are not taken; use single quotes",
    "a quote that is not closed on this line",
    "more after the closing quote",
    "only a plain or a quoted value is taken (no anchor, alias, tag, block or flow); quote it if it begins so",
    "a colon and a blank inside a plain value; quote it",
    "no value",
    "an empty value",
    "too long for a venue's name",
    "not a venue's name: small letters, digits and _ only",
    "want a key, a colon and a blank",
    "no such key; known: venue, key, secret, passphrase",
    "given twice",
    "not in line with the entries above",
    "too many entries",
    "want a blank after the dash",
    "a tab; indent with blanks",
    "a byte that is no text",
    "documents are not taken: one list, nothing before it",
    "the list begins on the next line",
    "not in line with the keys above",
    "want a list: each entry begins with \"- \"",
    "no venue",
    "no key",
    "no secret",
    "a second entry of the same venue",
    "no credentials in it",
};

static void quotes_nothing(const char *sentence)
{
    MR_ASSERT(sentence[0] == 'f' && sentence[1] == ':');
    const char *said = sentence + 2;
    said += strspn(said, "0123456789: ");
    if (strncmp(said, "credentials[", 12) == 0) {
        said += 12;
        said += strspn(said, "0123456789]: ");
    }
    size_t i = 0;
    while (i < MR_COUNT_OF(sentences) && strcmp(sentences[i], said) != 0)
        i++;
    MR_ASSERT(i < MR_COUNT_OF(sentences));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_secrets secrets = {0};
    struct mr_err err = {""};
    if (size > MR_CREDENTIALS_BYTES)
        return 0;
    struct mr_guard g = mr_guard_open(size);
    memcpy(g.data, data, size);
    int status = mr_secrets_parse(&secrets, "f", g.data, (uint32_t)size, &err);
    MR_ASSERT(memcmp(g.data, data, size) == 0);
    MR_ASSERT(secrets.count <= MR_CREDENTIALS_MAX && (status == MR_OK || status == MR_E_MALFORMED));
    for (uint32_t i = 0; i < secrets.count; i++) {
        const struct mr_credential *c = &secrets.credentials[i];
        inside(&g, size, &c->key);
        inside(&g, size, &c->secret);
        inside(&g, size, &c->passphrase);
        if (status == MR_OK)
            MR_ASSERT(*c->venue && c->key.len && c->secret.len && mr_secrets_of(&secrets, c->venue) == c);
    }
    if (status != MR_OK)
        quotes_nothing(err.text);
    mr_guard_close(&g);
    return 0;
}
