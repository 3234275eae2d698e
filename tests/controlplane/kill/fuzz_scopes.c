/* Whatever KILL.scopes holds: it is either kept to the letter (what is loaded and saved again loads to the same), or everything is killed. */
#include "controlplane/kill/kill.h"
#include "controlplane/kill/kill_priv.h"
#include "tests/support/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct disk {
    const uint8_t *data;
    size_t size;
    bool there, written;
    char text[65536];
};
static int disk_read(void *self, enum mr_kill_file file, char *out, uint32_t bytes)
{
    struct disk *d = self;
    if (file == MR_KILL_FILE || !d->there)
        return MR_E_EMPTY;
    size_t n = d->size < bytes ? d->size : bytes;
    memcpy(out, d->data, n);
    return (int)n;
}
static int disk_write(void *self, enum mr_kill_file file, const char *text, uint32_t len, struct mr_err *err)
{
    struct disk *d = self;
    (void)err;
    if (file == MR_KILL_FILE)
        return MR_OK;
    MR_ASSERT(len < sizeof d->text);
    memcpy(d->text, text, len);
    d->data = (const uint8_t *)d->text;
    d->size = len;
    d->there = d->written = true;
    return MR_OK;
}
static int disk_erase(void *self, enum mr_kill_file file, struct mr_err *err)
{
    struct disk *d = self;
    (void)err;
    if (file == MR_KILL_FILE_SCOPES)
        d->there = false;
    return MR_OK;
}

static const char *const names[] = {"fader", "maker"};
static struct mr_kill first, second;
static _Alignas(64) char mem[2][MR_KILL_PAGE_BYTES];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct disk disk;
    struct mr_err err;
    if (size > 60000)
        return 0;
    disk = (struct disk){.data = data, .size = size, .there = true};
    const struct mr_kill_disk port = {&disk, disk_read, disk_write, disk_erase};
    mr_kill_init(&first, mr_kill_page_init(mem[0]), port, names, 2, NULL, NULL, 1);
    if (mr_kill_read(first.page, 0, 0) == MR_KILL_SCOPE_ALL) {
        MR_ASSERT(atomic_load(&first.page->word) & MR_KILL_DAMAGED);
        return 0;
    }
    MR_ASSERT(mr_kill_scopes_save(&first, NULL, &err) == MR_OK);
    mr_kill_init(&second, mr_kill_page_init(mem[1]), port, names, 2, NULL, NULL, 1);
    MR_ASSERT(!mr_kill_read(second.page, 255, 1023) == !mr_kill_read(first.page, 255, 1023));
    for (unsigned i = 0; i < MR_COUNT_OF(first.page->venues); i++)
        MR_ASSERT(atomic_load(&first.page->venues[i]) == atomic_load(&second.page->venues[i]));
    for (unsigned i = 0; i < MR_COUNT_OF(first.page->strategies); i++)
        MR_ASSERT(atomic_load(&first.page->strategies[i]) == atomic_load(&second.page->strategies[i]));
    MR_ASSERT(strcmp(first.absent, second.absent) == 0);
    return 0;
}
