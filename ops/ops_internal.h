/* Between the files of this folder, and for nn's fused work: records and functions that are not public. */
#ifndef CERILLA_OPS_INTERNAL_H
#define CERILLA_OPS_INTERNAL_H

#include "core/op.h"
#include "ops/ops.h"

/* All records: what ops.def lists, in its order; for tests and docs. */
extern const cer_Op *const cer_ops[];
extern const int64_t cer_n_ops;

#define OP(name) extern const cer_Op cer_op_##name;
#include "ops/ops.def"
#undef OP
#define LOOP1(name, ...) extern const cer_Op cer_op_##name##_;
#define LOOP2(name, ...) extern const cer_Op cer_op_##name##_;
#define LOOP3(name, ...) extern const cer_Op cer_op_##name##_;
#include "ops/pointwise.def"

/* creation (create.c) */
Tensor *cer_factory(const char *op, const torch_FactoryArgs *args, torch_dtype fallback); /* uninitialised */
Tensor *cer_factory_done(Tensor *t, const torch_FactoryArgs *args);                       /* sets requires_grad */

/* views (slice.c) */
Tensor *cer_select(const cer_Op *op, Tensor *x, int64_t dim, int64_t index); /* op: select or select_sliced */

/* between files */
Tensor *cer_squeeze_fresh(Tensor *x, int64_t dim); /* without dimension dim >= 0, of size 1 (dims.c) */

/* vjps that are ops (arithmetic.c, loss.c) */
Tensor *cer_tanh_backward(Tensor *g, Tensor *y);    /* g (1 - y^2) */
Tensor *cer_sigmoid_backward(Tensor *g, Tensor *y); /* g (1 - y) y */
Tensor *cer_relu_backward(Tensor *g, Tensor *y);    /* g where y > 0 */
Tensor *cer_clamp_vjp(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max);
Tensor *cer_pow_vjp_base(Tensor *g, torch_Scalar base, torch_Scalar exponent);
Tensor *cer_pow_vjp_exponent(Tensor *g, torch_Scalar base, torch_Scalar exponent, Tensor *y);
Tensor *cer_squared_error_vjp(Tensor *g, torch_Scalar input, torch_Scalar target);
Tensor *cer_where(torch_Scalar condition, torch_Scalar yes, torch_Scalar no);
static inline Tensor *cer_tensor(torch_Scalar s)
{
    return s.kind == TORCH_KIND_TENSOR ? s.as.t : NULL;
}

#endif
