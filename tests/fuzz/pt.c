/* Fuzz target: any bytes as a .pt file, of both formats. */
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_one(data, size, cer_load);
}
