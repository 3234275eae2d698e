/* The bytes of a journal: hashes, heads, records, names of files. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "controlplane/journal/journal_priv.h"

static const char *const kind_names[MR_JOURNAL_KIND_COUNT] = {
    [MR_JOURNAL_BEGIN] = "begin",     [MR_JOURNAL_DECISION] = "decision", [MR_JOURNAL_ORDER] = "order",
    [MR_JOURNAL_FILL] = "fill",       [MR_JOURNAL_STATE] = "state",       [MR_JOURNAL_CONFIG] = "config",
    [MR_JOURNAL_COMMAND] = "command", [MR_JOURNAL_ACCOUNT] = "account",   [MR_JOURNAL_SIGNAL] = "signal",
    [MR_JOURNAL_END] = "end",
};

const char *mr_journal_kind_name(unsigned kind)
{
    return kind > 0 && kind < MR_JOURNAL_KIND_COUNT ? kind_names[kind] : "?";
}

unsigned mr_journal_kind_of(const char *name)
{
    for (unsigned kind = 1; kind < MR_JOURNAL_KIND_COUNT; kind++)
        if (strcmp(kind_names[kind], name) == 0)
            return kind;
    return 0;
}

/* ---- hashes ---- */

void journal_hasher_open(struct journal_hasher *h)
{
    h->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->context = EVP_MD_CTX_new();
    MR_ASSERT(h->algorithm && h->context); /* a libcrypto without SHA-256 is none */
}

void journal_hasher_close(struct journal_hasher *h)
{
    EVP_MD_CTX_free(h->context);
    EVP_MD_free(h->algorithm);
    *h = (struct journal_hasher){0};
}

void journal_hash(const struct journal_hasher *h, const uint8_t *before, const void *data, size_t bytes,
                  uint8_t out[JOURNAL_HASH])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    bool good = EVP_DigestInit_ex2(h->context, h->algorithm, NULL) == 1;
    if (before)
        good &= EVP_DigestUpdate(h->context, before, JOURNAL_HASH) == 1;
    good &= EVP_DigestUpdate(h->context, data, bytes) == 1 && EVP_DigestFinal_ex(h->context, whole, NULL) == 1;
    MR_ASSERT(good);
    memcpy(out, whole, JOURNAL_HASH);
}

/* ---- records ---- */

uint32_t journal_encode(const struct journal_hasher *h, uint8_t chain[JOURNAL_HASH], uint8_t *out,
                        const struct journal_record_head *head, const void *payload)
{
    MR_ASSERT(head->bytes <= MR_JOURNAL_PAYLOAD_MAX);
    uint32_t bytes = journal_record_bytes(head->bytes), body = bytes - JOURNAL_HASH;
    memcpy(out, head, sizeof *head);
    memcpy(out + sizeof *head, payload, head->bytes);
    memset(out + sizeof *head + head->bytes, 0, body - sizeof *head - head->bytes);
    journal_hash(h, chain, out, body, chain);
    memcpy(out + body, chain, JOURNAL_HASH);
    return bytes;
}

int journal_check(const struct journal_hasher *h, const uint8_t before[JOURNAL_HASH], const uint8_t *at, uint64_t have,
                  uint32_t *bytes, const char **why)
{
    struct journal_record_head head;
    uint8_t hash[JOURNAL_HASH];
    *why = "the file ends in the middle of it";
    if (have < sizeof head)
        return MR_E_TRUNCATED;
    memcpy(&head, at, sizeof head);
    *why = "no record begins here";
    if (head.mark != JOURNAL_MARK)
        return MR_E_CORRUPT;
    *why = "its length is beyond the largest";
    if (head.bytes > MR_JOURNAL_PAYLOAD_MAX)
        return MR_E_CORRUPT;
    *bytes = journal_record_bytes(head.bytes);
    *why = "the file ends in the middle of it";
    if (have < *bytes)
        return MR_E_TRUNCATED;
    journal_hash(h, before, at, *bytes - JOURNAL_HASH, hash);
    *why = "its hash does not match its bytes and the record before";
    return memcmp(hash, at + *bytes - JOURNAL_HASH, JOURNAL_HASH) == 0 ? MR_OK : MR_E_CORRUPT;
}

int journal_head_check(const struct journal_hasher *h, const struct journal_head *head, const char **why)
{
    uint8_t hash[JOURNAL_HASH];
    *why = "not a journal file";
    if (memcmp(head->magic, JOURNAL_MAGIC, sizeof head->magic) != 0)
        return MR_E_MAGIC;
    *why = "the hash of its head does not match";
    journal_hash(h, NULL, head, offsetof(struct journal_head, hash), hash);
    if (memcmp(hash, head->hash, JOURNAL_HASH) != 0)
        return MR_E_CORRUPT;
    *why = "written in a version this build does not read";
    return head->version == JOURNAL_VERSION && head->head_bytes == sizeof *head ? MR_OK : MR_E_VERSION;
}

/* ---- names ---- */

void journal_file_name(char out[JOURNAL_NAME], uint32_t number)
{
    MR_ASSERT(number > 0 && number <= JOURNAL_FILES_MAX);
    snprintf(out, JOURNAL_NAME, "%08u.mrj", number);
}

uint32_t journal_file_number(const char *name)
{
    uint32_t number = 0;
    for (int i = 0; i < 8; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        number = number * 10 + (uint32_t)(name[i] - '0');
    }
    return strcmp(name + 8, ".mrj") == 0 ? number : 0;
}

static int take_name(void *arg, const char *name)
{
    struct journal_files *f = arg;
    uint32_t number = journal_file_number(name);
    if (!number)
        return 0;
    if (!f->count || number < f->first)
        f->first = number;
    if (number > f->last)
        f->last = number;
    f->count++;
    return 0;
}

int journal_files(const struct mr_disk *disk, const char *folder, struct journal_files *out, struct mr_err *err)
{
    *out = (struct journal_files){0};
    int r = disk->list(disk->self, folder, take_name, out);
    if (r < 0)
        return mr_err_set(err, MR_E_IO, "%s: cannot be listed: %s", folder, strerror(-r));
    if (out->count && out->last - out->first + 1 != out->count)
        return mr_err_set(err, MR_E_GAP,
                          "%s: of the files %08u.mrj to %08u.mrj %u are missing; put them back, or move all older than "
                          "the gap elsewhere",
                          folder, out->first, out->last, out->last - out->first + 1 - out->count);
    return MR_OK;
}

/* ---- whole buffers ---- */

int journal_pread(const struct mr_disk *disk, int handle, void *out, uint64_t bytes, uint64_t at)
{
    uint32_t interrupts = 0;
    for (uint64_t done = 0; done < bytes;) {
        int64_t n = disk->pread(disk->self, handle, (uint8_t *)out + done, bytes - done, at + done);
        if (n == -EINTR && ++interrupts < JOURNAL_INTERRUPTS_MAX)
            continue;
        if (n <= 0)
            return n < 0 ? (int)n : -ENODATA;
        done += (uint64_t)n;
    }
    return 0;
}

int journal_pwrite(const struct mr_disk *disk, int handle, const void *data, uint64_t bytes, uint64_t at,
                   uint64_t *interrupted)
{
    uint32_t interrupts = 0;
    for (uint64_t done = 0; done < bytes;) {
        int64_t n = disk->pwrite(disk->self, handle, (const uint8_t *)data + done, bytes - done, at + done);
        if (n == -EINTR && ++interrupts < JOURNAL_INTERRUPTS_MAX) {
            ++*interrupted;
            continue;
        }
        if (n <= 0)
            return n < 0 ? (int)n : -EIO; /* nothing written and no reason: as good as broken */
        done += (uint64_t)n;
        *interrupted += done < bytes;
    }
    return 0;
}

/* An interrupted fsync has answered nothing and is asked again. One that failed has lost pages that nobody knows of: the next might
 * well "succeed", so there is none. */
int journal_sync(const struct mr_disk *disk, int handle, uint64_t *interrupted)
{
    for (uint32_t interrupts = 0;; interrupts++) {
        int r = disk->fdatasync(disk->self, handle);
        if (r != -EINTR || interrupts == JOURNAL_INTERRUPTS_MAX)
            return r;
        ++*interrupted;
    }
}
