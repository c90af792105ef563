/* Finding, counting and telling apart. Results are int64 and take no gradient where the line says nothing else. */
#ifndef CERILLA_OPS_SEARCH_H
#define CERILLA_OPS_SEARCH_H

#include "../core/autograd.h"

TORCH_BEGIN

TORCH_API Tensor *torch_nonzero(Tensor *x);  /* [n, x.dim()]: the indices of what is not 0, in row order */
TORCH_API Tensor *torch_argwhere(Tensor *x); /* the same */

TORCH_END

#endif
