/* torch.nn: the blocks under a sliding window as columns, and back. */
#ifndef CERILLA_NN_FOLD_H
#define CERILLA_NN_FOLD_H

#include "../ops/conv.h"
#include "machinery.h"

TORCH_BEGIN

/* nn.Unfold(kernel_size, dilation=1, padding=0, stride=1): F_unfold, (N, C, H, W) -> (N, C k, L);
 * nn.Fold(output_size, kernel_size, dilation=1, padding=0, stride=1): F_fold, the way back, adding where blocks overlap.
 * A pair stands in the option of that name with an s: .kernel_sizes = F_EACH(2, 3), .output_sizes = F_EACH(4, 5).
 * TypeError for what is required and missing.      NULL */
typedef struct nn_UnfoldArgs {
    size_t struct_size;
    int64_t kernel_size, dilation, padding, stride;
    F_Each kernel_sizes, dilations, paddings, strides;
} nn_UnfoldArgs;
typedef struct nn_FoldArgs {
    size_t struct_size;
    int64_t output_size, kernel_size, dilation, padding, stride;
    F_Each output_sizes, kernel_sizes, dilations, paddings, strides;
} nn_FoldArgs;
typedef struct nn_Fold {
    nn_Module module;
    nn_FoldArgs options; /* output_size: of Fold only */
} nn_Fold, nn_Unfold;
TORCH_API nn_UnfoldArgs nn_UnfoldArgs_defaults(void);
TORCH_API nn_FoldArgs nn_FoldArgs_defaults(void);
TORCH_API nn_Unfold *nn_Unfold_new(const nn_UnfoldArgs *args);
TORCH_API nn_Fold *nn_Fold_new(const nn_FoldArgs *args);
#define nn_Unfold(...)              \
    nn_Unfold_new(&(nn_UnfoldArgs){ \
        .kernel_size = TORCH_NONE, .dilation = 1, .stride = 1, .struct_size = sizeof(nn_UnfoldArgs), __VA_ARGS__})
#define nn_Fold(...)                                               \
    nn_Fold_new(&(nn_FoldArgs){.output_size = TORCH_NONE,          \
                               .kernel_size = TORCH_NONE,          \
                               .dilation = 1,                      \
                               .stride = 1,                        \
                               .struct_size = sizeof(nn_FoldArgs), \
                               __VA_ARGS__})

TORCH_END

#endif
