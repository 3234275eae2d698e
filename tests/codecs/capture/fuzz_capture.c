/* Reads any bytes as a segment: never a fault, every record inside the block; what is read writes back to an equal
 * segment. */
#include <stdlib.h>

#include "codecs/capture/capture.h"
#include "codecs/capture/compact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *mem;
    if (!mem)
        mem = malloc(mr_capture_reader_bytes());
    struct mr_capture_reader *r = mr_capture_reader_init(mem);
    struct mr_capture_record record;
    int status = mr_capture_open(r, data, size);
    uint64_t sum = 0;
    while (status == MR_OK && (status = mr_capture_next(r, &record)) == MR_OK)
        for (uint32_t i = 0; i < record.len; i++)
            sum += record.data[i];
    MR_ASSERT(status < 0 && mr_capture_next(r, &record) == status); /* errors stick */
    MR_ASSERT(mr_capture_offset(r) <= size || status == MR_E_MAGIC);
    struct mr_compact c;
    if (mr_compact_decode(data, size, &c) == MR_OK)
        sum += c.price_x100;
    return sum == UINT64_MAX ? -1 : 0;
}
