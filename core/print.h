/* Printing, byte for byte as PyTorch does. Strings are borrowed like tensors: they end with the innermost scope. */
#ifndef CERILLA_PRINT_H
#define CERILLA_PRINT_H

#include "tensor.h"

TORCH_BEGIN

/* str(x): "tensor([1., 2.])"; "None" for NULL without an error */
TORCH_API const char *torch_str(const Tensor *x);
TORCH_API void torch_print(const Tensor *x); /* print(x), to stdout */
/* repr(float): the shortest text that reads back the same, "0.1" */
TORCH_API const char *torch_repr(double value);
TORCH_API const char *torch_size_str(torch_Size size); /* "torch.Size([2, 3])" */

/* torch.set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
 * for the process. Negative or NULL: as it was. profile: "default", "short" or "full". sci_mode: 0, 1, or anything else for
 * automatic, which every call sets anew, as in PyTorch. ValueError "precision too big" beyond 1100 digits. */
typedef struct torch_PrintOptions {
    size_t struct_size;
    int64_t precision, threshold, edgeitems, linewidth;
    const char *profile;
    int64_t sci_mode;
} torch_PrintOptions;
TORCH_API torch_PrintOptions torch_PrintOptions_defaults(void);
TORCH_API int torch_set_printoptions_args(const torch_PrintOptions *options);
#define torch_set_printoptions(...)                                                              \
    torch_set_printoptions_args(&(torch_PrintOptions){.precision = -1,                           \
                                                      .threshold = -1,                           \
                                                      .edgeitems = -1,                           \
                                                      .linewidth = -1,                           \
                                                      .sci_mode = -1,                            \
                                                      .struct_size = sizeof(torch_PrintOptions), \
                                                      __VA_ARGS__})

TORCH_END

#endif
