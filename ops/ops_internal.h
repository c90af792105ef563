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
extern const cer_Op cer_op_floor_divide_, cer_op_pow_scalar_; /* in-place twins of ops that are no rows */
#define LOOP1(name, ...) extern const cer_Op cer_op_##name##_;
#define LOOP2(name, ...) extern const cer_Op cer_op_##name##_;
#define LOOP3(name, ...) extern const cer_Op cer_op_##name##_;
#include "ops/pointwise.def"

/* creation (create.c) */
Tensor *cer_factory(const char *op, const torch_FactoryArgs *args, torch_dtype fallback); /* uninitialised */
Tensor *cer_factory_done(Tensor *t, const torch_FactoryArgs *args);                       /* sets requires_grad */
Tensor *cer_filled(Tensor *t, torch_Scalar value);            /* t, every element being that number */
bool cer_is_number(const char *op, torch_Scalar *value);      /* makes a 0-d tensor one; raises for None */
Tensor *cer_like(const char *op, const torch_LikeArgs *args); /* uninitialised */
Tensor *cer_like_done(Tensor *t, const torch_LikeArgs *args); /* sets requires_grad */

/* views (slice.c) */
Tensor *cer_select(const cer_Op *op, Tensor *x, int64_t dim, int64_t index); /* op: select or select_sliced */

/* views */
void cer_form_of(cer_Form *f, const Tensor *t);    /* t's own sizes and strides (view.c) */
Tensor *cer_squeeze_fresh(Tensor *x, int64_t dim); /* without dimension dim >= 0, of size 1 (squeeze.c) */

/* for kernels: t as a contiguous tensor of that dtype and without history; t itself where it is one. Borrowed (nll.c) */
Tensor *cer_plain(Tensor *t, torch_dtype dtype);

/* x.pad(...) with a constant: n paddings, the last dimension's first (pad.c) */
Tensor *cer_constant_pad(Tensor *x, const int64_t *pad, int64_t n, torch_Scalar value);

/* embedding (embedding.c, embedding_renorm.c); both raise */
bool cer_embedding_in_range(const Tensor *index, int64_t rows);
Tensor *cer_embedding_backward(Tensor *g, Tensor *index, int64_t rows, int64_t padding_idx, bool by_freq);
bool cer_embedding_renorm(Tensor *weight, Tensor *index, double max_norm, double norm_type);

/* losses (loss.c, nll.c) */
enum { CER_REDUCE_NONE, CER_REDUCE_MEAN, CER_REDUCE_SUM };
bool cer_reduction(const char *op, const char *text, int32_t *reduction);       /* "mean" -> CER_REDUCE_MEAN; raises */
bool cer_plain_reduction(const char *op, const char *text, int32_t *reduction); /* the same in other words */
bool cer_losses_usable(const char *op, const Tensor *a, const Tensor *b, const Tensor *c);
bool cer_no_gradient(const char *op, const char *argument, const Tensor *t); /* raises if t requires grad */
bool cer_fits(const char *op, const Tensor *x,
              const Tensor *other); /* raises unless other broadcasts to x's own shape */
Tensor *cer_reduce_loss(Tensor *losses, int32_t reduction);
/* *total, if not NULL: the sum of the weights of the items that are not ignored */
Tensor *cer_nll_loss(Tensor *x, Tensor *t, Tensor *weight, int64_t ignored, int32_t reduction, Tensor **total);
/* A row of pointwise.def over the first n_in operands, times the weight if there is one, then reduced: for records. */
bool cer_loss_shape(cer_Call *c, const cer_Op *row, int64_t n_in, const char *kernel, int32_t reduction);
bool cer_loss_kernel(cer_Call *c, const cer_Op *row, int64_t n_in, torch_Scalar weight, int32_t reduction);

/* reductions (reduce.c). Their attrs begin with a cer_SumAttrs */
bool cer_dims_mask(const char *op, int64_t ndim, int64_t n, const int64_t *dims, uint32_t *mask); /* n = 0: all */
bool cer_reduce_attrs(const char *op, const torch_ReduceArgs *a, cer_SumAttrs *s);                /* false: raised */
bool cer_reduces_all(const torch_ReduceArgs *a);                                                  /* no dim was given */
bool cer_reduce_shape(cer_Call *c);
/* out[0] by a loop of ops/kernels/blocks.def that writes the type `made` and begins with neutral */
bool cer_reduce_kernel(cer_Call *c, int block, const void *param, torch_dtype made, torch_Scalar neutral);
Tensor *cer_restored(const cer_Node *n, Tensor *g);     /* g or a saved output, as seen from the input */
Tensor *cer_beside_input(const cer_Node *n, Tensor *g); /* the same, not repeated: what is reduced has size 1 */
Tensor *cer_sum_kept(Tensor *x, uint32_t reduced);      /* what is reduced stays, with size 1 */
torch_dtype cer_computed_as(torch_dtype t);             /* float32 for half types */
Tensor *cer_typed(Tensor *t, torch_dtype type);         /* as cer_plain, but of any strides */
/* values and, in *indices, their places along dim (extreme.c); and their gradient, which goes there */
Tensor *cer_reduce_indexed(const cer_Op *op, Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
void cer_shared_vjp(cer_Node *n, Tensor *const *g, Tensor **in); /* of a value without index: shared among equals */
void cer_pick_reduced_vjp(cer_Node *n, Tensor *const *g, Tensor **in);
Tensor *cer_cumprod_backward(Tensor *g, Tensor *x, int64_t dim); /* scan.c */

/* vjps (arithmetic.c, bce.c, clamp.c, combine.c, difference_loss.c, soft_margin.c, power.c) */
Tensor *cer_tanh_backward(Tensor *g, Tensor *y);    /* g (1 - y^2) */
Tensor *cer_sigmoid_backward(Tensor *g, Tensor *y); /* g (1 - y) y */
Tensor *cer_relu_backward(Tensor *g, Tensor *y);    /* g where y > 0 */
Tensor *cer_clamp_vjp(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max);
Tensor *cer_pow_vjp_base(Tensor *g, torch_Scalar base, torch_Scalar exponent);
Tensor *cer_pow_vjp_exponent(Tensor *g, torch_Scalar base, torch_Scalar exponent, Tensor *y);
Tensor *cer_squared_error_vjp(Tensor *g, torch_Scalar input, torch_Scalar target);
Tensor *cer_smooth_l1_vjp(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar beta);
Tensor *cer_huber_vjp(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar delta);
Tensor *cer_curvature(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar c, torch_Scalar limit,
                      double slope);
double cer_ratio(torch_Scalar a, torch_Scalar b);
Tensor *cer_soft_margin_vjp(Tensor *g, torch_Scalar input, torch_Scalar target);
Tensor *cer_bce_vjp(Tensor *g, torch_Scalar input, torch_Scalar target);
Tensor *cer_bce_target_vjp(Tensor *g, torch_Scalar input);
Tensor *cer_bce_slope(Tensor *g, torch_Scalar x, torch_Scalar t, torch_Scalar c);
Tensor *cer_bce_target_slope(Tensor *g, torch_Scalar x, torch_Scalar c);
Tensor *cer_bce_share(Tensor *g, torch_Scalar x, torch_Scalar t);
Tensor *cer_bce_with_logits_vjp(Tensor *g, torch_Scalar x, torch_Scalar t, Tensor *w); /* w: pos_weight or NULL */
Tensor *cer_bce_with_logits_target_vjp(Tensor *g, torch_Scalar x, Tensor *w);
Tensor *cer_clamp_vjp_min(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max);
Tensor *cer_clamp_vjp_max(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max);
Tensor *cer_extreme_vjp(Tensor *g, torch_Scalar x, torch_Scalar y, Tensor *loses);
Tensor *cer_lerp_vjp(Tensor *g, torch_Scalar weight);
Tensor *cer_copysign_vjp(Tensor *g, torch_Scalar x, Tensor *y);
Tensor *cer_nextafter_vjp(void);

/* of transcendental.c */
Tensor *cer_atan2_vjp(Tensor *g, torch_Scalar y, torch_Scalar x, torch_Scalar other);
Tensor *cer_sinc_vjp(Tensor *g, Tensor *x);
Tensor *cer_erfinv_vjp(Tensor *g, Tensor *x);
Tensor *cer_logit_vjp(Tensor *g, Tensor *x, double eps);
Tensor *cer_xlogy_vjp(Tensor *g, torch_Scalar x, torch_Scalar y, int more); /* in x, of x log(y + more) */
Tensor *cer_i1_vjp(Tensor *g, Tensor *x, Tensor *y, bool scaled);

/* of activation.c */
Tensor *cer_slope(const cer_Op *op, const cer_Node *n, Tensor *g, torch_Scalar x); /* op(g, x) with n's options */
Tensor *cer_inside(Tensor *g, torch_Scalar x, double bound);                       /* g where |x| < bound, else 0 */
Tensor *cer_silu_vjp(Tensor *g, Tensor *x);
Tensor *cer_mish_vjp(Tensor *g, Tensor *x);
Tensor *cer_gelu_curve(Tensor *g, torch_Scalar x);
Tensor *cer_gelu_tanh_curve(Tensor *g, torch_Scalar x);
Tensor *cer_softplus_curve(Tensor *g, torch_Scalar x, torch_Scalar beta, torch_Scalar threshold);
Tensor *cer_elu_curve(Tensor *g, torch_Scalar x, const void *attrs);
Tensor *cer_prelu_backward(Tensor *g, torch_Scalar x, torch_Scalar weight);
Tensor *cer_prelu_weight_backward(Tensor *g, torch_Scalar x);
Tensor *cer_prelu_negative(Tensor *g, torch_Scalar x); /* 0 where x > 0, else g */

/* choosing by a mask that is bool (mask.c) */
Tensor *cer_where(torch_Scalar condition, torch_Scalar yes, torch_Scalar no);
Tensor *cer_kept(Tensor *g, Tensor *mask);        /* g where the mask is set, else 0 */
Tensor *cer_masked(Tensor *g, Tensor *mask);      /* 0 where the mask is set, else g */
Tensor *cer_or_nan(Tensor *mask, torch_Scalar x); /* mask, or x is NaN */
bool cer_fill_shape(cer_Call *c);                 /* masked_fill */
bool cer_divide_kernel(cer_Call *c);              /* pointwise, and refuses zero divisors of integers (divide.c) */
static inline bool cer_ready(const Tensor *x, const char *op, int position) /* no error is pending, x can be used */
{
    return !cer_error_pending() && cer_usable(x, op, position);
}
static inline Tensor *cer_tensor(torch_Scalar s)
{
    return s.kind == TORCH_KIND_TENSOR ? s.as.t : NULL;
}

#endif
