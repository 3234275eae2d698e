/* Any bytes as the name of a quarantined frame: what is understood, written again, is understood as the same. */
#include <stdlib.h>

#include "dataplane/record/quarantine.h"
#include "dataplane/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_quarantined first, again;
    char text[4096];
    struct mr_text out;
    struct mr_json_out j;
    if (size > 65536 || mr_quarantine_read((struct mr_span){data, (uint32_t)size}, &first) != MR_OK)
        return 0;
    mr_text_init(&out, text, sizeof text);
    mr_json_out_init(&j, &out);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "reason", first.reason);
    mr_json_out_u64(&j, "at", first.at);
    mr_json_out_string(&j, "field", first.field);
    mr_json_out_string(&j, "kind", first.kind);
    mr_json_out_u64(&j, "bytes", first.bytes);
    mr_json_out_u64(&j, "seen", first.seen);
    mr_json_out_end(&j);
    if (out.cut || mr_quarantine_read((struct mr_span){(const uint8_t *)text, (uint32_t)out.len}, &again) != MR_OK ||
        strcmp(first.reason, again.reason) != 0 || strcmp(first.field, again.field) != 0 ||
        strcmp(first.kind, again.kind) != 0 || first.at != again.at || first.bytes != again.bytes ||
        first.seen != again.seen)
        abort();
    return 0;
}
