/* Whatever the bytes: they stay as they are, what is taken lies inside them, and a sentence never quotes a run of them. */
#include "controlplane/secrets/secrets.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct mr_guard *g, size_t size, const struct mr_secret *s)
{
    if (s->len)
        MR_ASSERT(s->bytes >= g->data && s->bytes + s->len <= g->data + size);
}

/* No eight bytes of the text in a row, other than our own words. */
static void quotes_nothing(const struct mr_guard *g, size_t size, const char *sentence)
{
    static const char ours[] = "credentials venue secret passphrase key";
    for (size_t i = 0; i + 8 <= size; i++) {
        char run[9] = "";
        memcpy(run, g->data + i, 8);
        bool told = strlen(run) == 8 && strstr(sentence, run);
        for (const char *word = ours; told && *word; word++)
            told = !(strncmp(word, run, 8) == 0 || strstr("credentials: credentials[", run));
        static const char *const fixed[] = {
            "want a key, a colon and a blank", "no such key; known: venue, key, secret, passphrase",
            "want a list: each entry begins with \"- \"", "documents are not taken: one list, nothing before it",
            "only a plain or a quoted value is taken (no anchor, alias, tag, block or flow); quote it if it begins so"};
        for (size_t k = 0; told && k < MR_COUNT_OF(fixed); k++)
            told = !strstr(fixed[k], run);
        MR_ASSERT(!told);
    }
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
        quotes_nothing(&g, size, err.text);
    mr_guard_close(&g);
    return 0;
}
