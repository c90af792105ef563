/* An index as Python has it, x[...]: its items, and what they do. */
#ifndef CERILLA_OPS_INDEX_ITEMS_H
#define CERILLA_OPS_INDEX_ITEMS_H

#include <stdarg.h>

#include "ops/moves.h"

typedef enum cer_ItemKind { ITEM_INT, ITEM_SLICE, ITEM_NONE, ITEM_ELLIPSIS, ITEM_TENSOR, ITEM_BOOL } cer_ItemKind;
typedef struct cer_Item {
    cer_ItemKind kind;
    int64_t start, end, step; /* an integer, or a bool, is in start */
    Tensor *tensor;
} cer_Item;

enum { CER_ITEMS = 2 * TORCH_MAX_DIM + 1 };

/* Reads the text; each T in it is the next of n tensors. False with an error. */
bool cer_read_index(const char *text, va_list args, Tensor *const *tensors, int64_t n_tensors, cer_Item *items, int *n);

/* x[index[0], index[1], ...] by tensors of int64, bool and uint8; NULL is a whole dimension. And its assignment. */
Tensor *cer_index(Tensor *x, Tensor *const *index, int64_t n);
Tensor *cer_index_put(const cer_Op *op, Tensor *x, Tensor *const *index, int64_t n, torch_Scalar values,
                      bool accumulate);

/* Positions in row order where a mask of bytes is true, as int64 [n] (nonzero.c). */
Tensor *cer_true_positions(Tensor *mask);

#endif
