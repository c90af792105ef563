/* torch.nn: Linear, and what only passes on or reshapes. */
#ifndef CERILLA_NN_LINEAR_H
#define CERILLA_NN_LINEAR_H

#include "machinery.h"

TORCH_BEGIN

/* nn.Linear(in_features, out_features, bias=True, dtype=None): y = x W^T + b, (*, in) -> (*, out). weight (out, in)
 * and bias (out) are drawn in this order from U(-k, k), k = 1 / sqrt(in). Missing sizes: TypeError; negative
 * ones: RuntimeError.      NULL */
typedef struct nn_Linear {
    nn_Module module;
    int64_t in_features, out_features;
    Tensor *weight, *bias; /* bias: NULL without one */
} nn_Linear;
typedef struct nn_LinearArgs {
    size_t struct_size;
    int64_t in_features, out_features;
    bool bias;
    torch_dtype dtype;
} nn_LinearArgs;
TORCH_API nn_LinearArgs nn_LinearArgs_defaults(void);
TORCH_API nn_Linear *nn_Linear_new(const nn_LinearArgs *args);
#define nn_Linear(...)                                                   \
    nn_Linear_new(&(nn_LinearArgs){.in_features = TORCH_NONE,            \
                                   .out_features = TORCH_NONE,           \
                                   .bias = true,                         \
                                   .struct_size = sizeof(nn_LinearArgs), \
                                   __VA_ARGS__})

/* nn.Bilinear(in1_features, in2_features, out_features, bias=True, dtype=None): y = x1 W x2 + b,
 * nn_forward(m, x1, x2): (*, in1), (*, in2) -> (*, out). weight (out, in1, in2) and bias (out) are drawn in this order
 * from U(-k, k), k = 1 / sqrt(in1). Errors as of Linear; ValueError for in1_features 0.      NULL */
typedef struct nn_Bilinear {
    nn_Module module;
    int64_t in1_features, in2_features, out_features;
    Tensor *weight, *bias; /* bias: NULL without one */
} nn_Bilinear;
typedef struct nn_BilinearArgs {
    size_t struct_size;
    int64_t in1_features, in2_features, out_features;
    bool bias;
    torch_dtype dtype;
} nn_BilinearArgs;
TORCH_API nn_BilinearArgs nn_BilinearArgs_defaults(void);
TORCH_API nn_Bilinear *nn_Bilinear_new(const nn_BilinearArgs *args);
#define NN_BILINEAR(...)                                        \
    (&(nn_BilinearArgs){.in1_features = TORCH_NONE,             \
                        .in2_features = TORCH_NONE,             \
                        .out_features = TORCH_NONE,             \
                        .bias = true,                           \
                        .struct_size = sizeof(nn_BilinearArgs), \
                        __VA_ARGS__})
#define nn_Bilinear(...) nn_Bilinear_new(NN_BILINEAR(__VA_ARGS__))

/* nn.Identity(): x. */
typedef struct nn_Identity {
    nn_Module module;
} nn_Identity;
TORCH_API nn_Identity *nn_Identity_new(void);
#define nn_Identity() nn_Identity_new()

/* nn.Flatten(start_dim=1, end_dim=-1): those dimensions become one. */
typedef struct nn_Flatten {
    nn_Module module;
    int64_t start_dim, end_dim;
} nn_Flatten;
typedef struct nn_FlattenArgs {
    size_t struct_size;
    int64_t start_dim, end_dim;
} nn_FlattenArgs;
TORCH_API nn_FlattenArgs nn_FlattenArgs_defaults(void);
TORCH_API nn_Flatten *nn_Flatten_new(const nn_FlattenArgs *args);
#define nn_Flatten(...) \
    nn_Flatten_new(&(nn_FlattenArgs){.start_dim = 1, .end_dim = -1, .struct_size = sizeof(nn_FlattenArgs), __VA_ARGS__})

/* nn.Unflatten(dim, unflattened_size): that dimension becomes many; nn_Unflatten(1, TORCH_DIMS(2, 3)). At most
 * TORCH_MAX_DIM sizes: ValueError.      NULL */
typedef struct nn_Unflatten {
    nn_Module module;
    int64_t dim, n_sizes, unflattened_size[TORCH_MAX_DIM];
} nn_Unflatten;
TORCH_API nn_Unflatten *nn_Unflatten_new(int64_t dim, int64_t n, const int64_t *unflattened_size);
#define nn_Unflatten(...) nn_Unflatten_new(__VA_ARGS__)

TORCH_END

#endif
