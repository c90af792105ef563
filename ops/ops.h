/* The tensor functions: torch.* and Tensor.*. Shapes are given as in PyTorch's documentation; "same" is the input's own.
 *
 * Common to all: results are borrowed (see cerilla.h); dtypes promote as in PyTorch; operands written `Tensor or number` take
 * either, on either side; an in-place function ends in `_`, returns its first argument and raises RuntimeError for a leaf that
 * requires grad. Errors are named where they are not obvious. */
#ifndef CERILLA_OPS_H
#define CERILLA_OPS_H

#include "compare.h"
#include "create.h"
#include "functional.h"
#include "gather.h"
#include "index.h"
#include "matrix.h"
#include "pointwise.h"
#include "random.h"
#include "reduce.h"
#include "search.h"
#include "view.h"

#endif
