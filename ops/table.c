/* The table of all records, for tests and docs, and what the public headers declare as data. */
#include "ops/ops_internal.h"

const cer_Op *const cer_ops[] = {
#define OP(name) &cer_op_##name,
#include "ops/ops.def"
};
const int64_t cer_n_ops = sizeof cer_ops / sizeof *cer_ops;

const char torch_no_array[1][1] = {{0}};

const char *torch_version(void)
{
    return CERILLA_VERSION;
}
