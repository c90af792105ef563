/* Out of the graph: detach shares memory and version, .data memory only. */
#include <string.h>

#include "impl.h"

static bool look(const Tensor *x, const char *what)
{
    return !cer_error_pending() && cer_usable(x, what, 1) && cer_fresh((Tensor *)(uintptr_t)x);
}

Tensor *torch_detach(Tensor *x)
{
    return cer_call1(&cer_op_detach, x, NULL);
}

Tensor *torch_detach_(Tensor *x)
{
    if (!look(x, "detach_")) return NULL;
    if (x->base) {
        cer_raise(TORCH_RUNTIME_ERROR, "detach_",
                  "Can't detach views in-place. Use detach() instead. If you are using "
                  "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as True, gradients "
                  "are views of DDP buckets, "
                  "and hence detach_() cannot be called on these gradients. To fix this error, please refer to the "
                  "Optimizer.zero_grad() "
                  "function in torch/optim/optimizer.py as the solution.");
        return NULL;
    }
    if (x->node && !x->node->leaf) {
        if (x->node->hooks && !cer_hooks_follow(x)) return NULL;
        cer_take_history(x, NULL, 0);
    }
    x->flags &= (uint8_t) ~(CER_REQUIRES_GRAD | CER_RETAINS_GRAD);
    return x;
}

/* ---- .data ------------------------------------------------------------------------------------------------------- */

static void keeper_release(void *data, void *keeper)
{
    (void)data;
    cer_storage_release(keeper);
}

/* The same memory with a version of its own. */
static cer_Storage *second_storage(cer_Storage *of)
{
    cer_Storage *s = cer_storage_foreign(of->data, of->bytes, keeper_release, of);
    if (!s) return NULL;
    cer_count_up(&of->refs, of->shared);
    s->shared = of->shared;
    return s;
}

Tensor *torch_data(Tensor *x)
{
    torch_Context *c = cer_context();
    if (!look(x, "data") || !cer_pool_reserve(c, 1)) return NULL;
    Tensor *t = cer_alias(x);
    cer_Storage *own = t ? second_storage(x->storage) : NULL;
    if (!own) {
        cer_release(t);
        cer_raise_memory("data", sizeof *t);
        return NULL;
    }
    cer_storage_release(t->storage);
    t->storage = own;
    t->flags |= x->flags & (CER_SHARED | CER_INFERENCE);
    cer_pool_put(c, t);
    return t;
}

int torch_set_data(Tensor *x, Tensor *y)
{
    if (!look(x, "data") || !cer_usable(y, "data", 2)) return torch_error_code();
    if (x->flags & CER_REQUIRES_GRAD && !torch_dtype_is_floating_point(y->dtype))
        return torch_error_raise(TORCH_RUNTIME_ERROR, "data",
                                 "data set to a tensor that requires gradients must be floating point or complex "
                                 "dtype");
    cer_Storage *own = second_storage(y->storage);
    if (!own) return cer_raise_memory("data", sizeof *own), torch_error_code();
    atomic_store_explicit(&own->version, cer_version(x), memory_order_relaxed);
    own->shared |= x->storage->shared;
    cer_Storage *old = x->storage;
    Tensor *base = x->base; /* x is a view no longer */
    x->storage = own;
    x->base = NULL;
    x->flags &= (uint8_t)~CER_VIEWS;
    x->data = y->data;
    x->dtype = y->dtype;
    x->ndim = y->ndim;
    x->contiguous = y->contiguous;
    x->numel = y->numel;
    memcpy(x->shape, y->shape, sizeof x->shape);
    memcpy(x->stride, y->stride, sizeof x->stride);
    if (x->node && x->node->leaf == x) { /* gradients have the new form from now on */
        Tensor *arriving = x->node->outputs[0].gradient;
        cer_describe_output(&x->node->outputs[0], x);
        x->node->outputs[0].gradient = arriving;
    }
    cer_storage_release(old);
    if (base) cer_release(base);
    return TORCH_OK;
}
