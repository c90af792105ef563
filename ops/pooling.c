/* What the pools have in common: the forms of their outputs, their options, and what an input must be. */
#include "ops/pooling.h"

#include <stdio.h>
#include <string.h>

bool cer_pool_form(cer_Call *c, int k, torch_dtype dtype, const int64_t *plane)
{
    const cer_PoolAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM];
    memcpy(shape, x->shape, sizeof shape);
    for (int d = 0; d < a->dims; d++) shape[x->ndim - 1 - d] = plane[2 - d];
    return cer_form_checked(&c->form[k], c->op->name, dtype, x->ndim, shape);
}

bool cer_pooled_shape(cer_Call *c) /* the pooled size */
{
    const cer_PoolAttrs *a = c->attrs;
    if (!cer_pool_form(c, 0, c->in[0].as.t->dtype, a->window.out)) return false;
    bool always_plain = c->op == &cer_op_avg_pool3d || c->op == &cer_op_adaptive_avg_pool3d ||
                        c->op == &cer_op_adaptive_max_pool3d || c->op == &cer_op_max_pool_pick;
    if (!always_plain && cer_channels_last(c->in[0].as.t, a->dims)) cer_form_channels_last(&c->form[0]);
    return true;
}

bool cer_unpooled_shape(cer_Call *c) /* the size before */
{
    return cer_pool_form(c, 0, c->in[0].as.t->dtype, ((const cer_PoolAttrs *)c->attrs)->window.in);
}

bool cer_pool_move(cer_Call *c, const Tensor *places, int64_t small, int64_t large, int how)
{
    Tensor *out = c->out[0];
    const Tensor *x = cer_plain(c->in[0].as.t, out->dtype);
    const cer_Spatial *s = &cer_kernels()->spatial[out->dtype];
    const int64_t *at = (const int64_t *)(const void *)places->data;
    if (!x) return false;
    if (how != CER_PICK) memset(out->data, 0, out->storage->bytes);
    if (places->numel == 0) return true;
    if (how == CER_PICK)
        s->pick(places->numel / small, large, small, at, x->data, out->data);
    else
        s->put(places->numel / small, large, small, at, x->data, out->data, how == CER_PUT_ADD);
    return true;
}

bool cer_pool_sizes(cer_Pooling *p, const char *name, int64_t one, const F_Each *each, int64_t *out)
{
    if (each->n > 1 && each->n != p->dims)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "%s: %s must %sbe a single int, or a tuple of %s ints", p->op,
                         name, strcmp(name, "kernel_size") == 0 ? "either " : "", p->dims == 2 ? "two" : "three");
    return cer_each(p->op, name, one, each, p->dims, out);
}

bool cer_pool_strides(cer_Pooling *p, int64_t one, const F_Each *each)
{
    if (each->n == 0 && one == TORCH_NONE) {
        memcpy(p->stride, p->kernel, sizeof p->stride);
        return true;
    }
    return cer_pool_sizes(p, "stride", one, each, p->stride);
}

bool cer_pool_begin(const char *op, const Tensor *x, Tensor **indices)
{
    if (indices) *indices = NULL;
    return !cer_error_pending() && cer_usable(x, op, 1);
}

bool cer_pool_of_one(const char *op, const Tensor *x)
{
    if (x->ndim == 2 || x->ndim == 3) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "Expected 2 to 3 dimensions, but got %d-dimensional tensor for argument #1 'self' (while checking "
                     "arguments for %s)",
                     (int)x->ndim, op);
}

cer_PoolAttrs cer_pool_attrs(const cer_Pooling *p, const Tensor *x)
{
    cer_PoolAttrs a = {.dims = p->dims};
    cer_window(&a.window, p->dims, x->shape + x->ndim - p->dims, p->out, p->kernel, p->stride, p->pad, p->dilation);
    return a;
}
