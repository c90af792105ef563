/* Fuzz target: any bytes as a safetensors file. */
#include "target.h"

static torch_StateDict *load(cer_Map *file)
{
    return cer_safetensors_load(file, file->bytes % 2 == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_one(data, size, load);
}
