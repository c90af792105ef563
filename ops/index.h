/* Indexing. */
#ifndef CERILLA_OPS_INDEX_H
#define CERILLA_OPS_INDEX_H

#include "../core/autograd.h"

TORCH_BEGIN

/* x[...] in Python's own slice text with printf arguments (%d %ld %lld %i %zu %%): torch_index(x, ":, -1, :"),
 * torch_index(x, "%d, None, ..., ::2", i). Integers, slices, None, Ellipsis. IndexError "too many indices for tensor of dimension
 * 2", "index 5 is out of bounds for dimension 0 with size 3"; ValueError "slice step must be positive"; SyntaxError as ValueError. */
TORCH_API Tensor *torch_index(Tensor *x, const char *text, ...) TORCH_PRINTF(2, 3);

TORCH_END

#endif
