/* What can be asked of tensors and dtypes, beyond core/tensor.h. */
#ifndef CERILLA_OPS_INFO_H
#define CERILLA_OPS_INFO_H

#include "../core/autograd.h"

TORCH_BEGIN

#define torch_ndimension torch_dim
#define torch_nelement torch_numel
TORCH_API torch_Size torch_strides(const Tensor *x);   /* x.stride(), all of them;      ndim -1 */
TORCH_API int64_t torch_element_size(const Tensor *x); /* x.element_size(): bytes of one element;      -1 */
TORCH_API int64_t torch_nbytes(const Tensor *x);       /* x.nbytes of later versions: numel times that;      -1 */
TORCH_API const char *torch_type(const Tensor *x);     /* x.type(): "torch.FloatTensor";      "" */
TORCH_API bool torch_is_tensor(const Tensor *x);       /* is x a tensor that can be used? Never an error */
TORCH_API bool torch_is_signed(const Tensor *x);       /* x.is_signed();      false */
TORCH_API bool torch_is_complex(const Tensor *x);      /* false: there are no complex types */
/* x.is_same_size(other);      false */
TORCH_API bool torch_is_same_size(const Tensor *x, const Tensor *other);
/* torch.is_nonzero(x), bool(x): "Boolean value of Tensor with more than one value is ambiguous";      false */
TORCH_API bool torch_is_nonzero(const Tensor *x);

/* torch.can_cast(from, to): not to a lower kind (floating, integer, bool) */
TORCH_API bool torch_can_cast(torch_dtype from, torch_dtype to);
/* torch.result_type(a, b), tensors or numbers: the dtype of a + b;      none */
TORCH_API torch_dtype torch_result_type_Scalar(torch_Scalar a, torch_Scalar b);
#define torch_result_type(a, b) torch_result_type_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))

/* torch.finfo(dtype), torch.iinfo(dtype). bits 0 and TypeError "torch.finfo() requires a floating point input type. ..." */
typedef struct torch_Finfo {
    int32_t bits;
    double eps, max, min, tiny, smallest_normal, resolution;
} torch_Finfo;
typedef struct torch_Iinfo {
    int32_t bits;
    int64_t max, min;
} torch_Iinfo;
TORCH_API torch_Finfo torch_finfo(torch_dtype dtype);
TORCH_API torch_Iinfo torch_iinfo(torch_dtype dtype);

TORCH_END

#endif
