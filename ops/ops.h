/* The tensor functions: torch.* and Tensor.*. Shapes are given as in PyTorch's documentation; "same" is the input's own.
 *
 * Common to all: results are borrowed (see cerilla.h); dtypes promote as in PyTorch; operands written `Tensor or number` take
 * either, on either side; an in-place function ends in `_`, returns its first argument and raises RuntimeError for a leaf that
 * requires grad. Functions with several results of one kind return a torch_TensorList (core/tensor.h); those that return two or
 * three of different kinds (max with a dim) return the first and take pointers, which may be NULL, for the others. Lists of
 * tensors (a pointer and a count) and of numbers (a count and a pointer) are written torch_tensors(a, b), TORCH_DIMS(1, 2). Errors are named where they are not obvious. */
#ifndef CERILLA_OPS_H
#define CERILLA_OPS_H

#include "activation.h"
#include "along.h"
#include "compare.h"
#include "create.h"
#include "functional.h"
#include "gather.h"
#include "index.h"
#include "info.h"
#include "linalg.h"
#include "matrix.h"
#include "norm.h"
#include "packed.h"
#include "pointwise.h"
#include "random.h"
#include "rearrange.h"
#include "reduce.h"
#include "search.h"
#include "sort.h"
#include "transcendental.h"
#include "vector_norm.h"
#include "view.h"

#endif
