/* Joins of another form than cat and stack: hstack and its kin, which are cat of reshaped tensors, and block_diag. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* The tensors, each through `form`, in the innermost scope. NULL after an error. */
static Tensor **formed(const char *op, Tensor *const *tensors, int64_t n, Tensor *(*form)(Tensor *))
{
    if (cer_error_pending()) return NULL;
    if (n < 1 || !tensors) return cer_raise(TORCH_RUNTIME_ERROR, op, "%s expects a non-empty TensorList", op), NULL;
    Tensor **all = cer_list_room(op, n);
    for (int64_t i = 0; all && i < n; i++) {
        if (!cer_usable(tensors[i], op, (int)i + 1)) return NULL;
        all[i] = form(tensors[i]);
        if (!all[i]) return NULL;
    }
    return all;
}

static Tensor *column(Tensor *x)
{
    return x->ndim <= 1 ? torch_reshape(x, x->numel, 1) : x;
}

static Tensor *joined(const char *op, Tensor *const *tensors, int64_t n, Tensor *(*form)(Tensor *), int64_t dim)
{
    Tensor **all = formed(op, tensors, n, form);
    if (!all) return NULL;
    if (form == torch_atleast_1d) dim = all[0]->ndim == 1 ? 0 : 1; /* hstack: columns, where there are any */
    return torch_cat_n(all, n, dim);
}

Tensor *torch_hstack_n(Tensor *const *tensors, int64_t n)
{
    return joined("hstack", tensors, n, torch_atleast_1d, 1);
}

Tensor *torch_vstack_n(Tensor *const *tensors, int64_t n)
{
    return joined("vstack", tensors, n, torch_atleast_2d, 0);
}

Tensor *torch_dstack_n(Tensor *const *tensors, int64_t n)
{
    return joined("dstack", tensors, n, torch_atleast_3d, 2);
}

Tensor *torch_column_stack_n(Tensor *const *tensors, int64_t n)
{
    return joined("column_stack", tensors, n, column, 1);
}

/* ---- block_diag -------------------------------------------------------------------------------------------------- */

typedef struct BlockAttrs {
    uint8_t dtype;
    int64_t corner[][2]; /* row and column where each block begins; one more than blocks: the last is the size */
} BlockAttrs;

static bool block_shape(cer_Call *c)
{
    const BlockAttrs *a = c->attrs;
    return cer_form_checked(&c->form[0], "block_diag", a->dtype, 2, a->corner[c->n_in]);
}

static bool block_kernel(cer_Call *c)
{
    const BlockAttrs *a = c->attrs;
    Tensor *out = c->out[0], part = *out;
    memset(out->data, 0, out->storage->bytes);
    part.contiguous = false;
    for (int64_t i = 0; i < c->n_in; i++) {
        const Tensor *t = c->in[i].as.t;
        int64_t stride[2];
        for (int d = 0; d < 2; d++) part.shape[d] = a->corner[i + 1][d] - a->corner[i][d];
        part.data = out->data + (a->corner[i][0] * out->stride[0] + a->corner[i][1]) * cer_size_of(out->dtype);
        cer_expand_strides(t, 2, part.shape, stride);
        if (t->numel) cer_copy_elements(&part, t, stride);
    }
    return true;
}

static void block_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const BlockAttrs *a = cer_attrs(n);
    for (int64_t i = 0; i < cer_n_inputs(n); i++) {
        if (!cer_needs(n, i)) continue;
        torch_Size s = cer_input_size(n, i);
        const int64_t *from = a->corner[i], *to = a->corner[i + 1];
        Tensor *part = torch_narrow(torch_narrow(g[0], 0, from[0], to[0] - from[0]), 1, from[1], to[1] - from[1]);
        in[i] = torch_reshape_n(part, s.ndim, s.dim);
    }
}

const cer_Op cer_op_block_diag = {.name = "block_diag",
                                  .grad_name = "BlockDiagBackward0",
                                  .shape = block_shape,
                                  .kernel = block_kernel,
                                  .vjp = block_vjp,
                                  .n_outputs = 1};

static bool lay_blocks(Tensor *const *tensors, int64_t n, torch_Scalar *in, BlockAttrs *a)
{
    static const char op[] = "block_diag";
    a->corner[0][0] = a->corner[0][1] = 0;
    for (int64_t i = 0; i < n; i++) {
        const Tensor *t = tensors[i];
        if (!cer_usable(t, op, (int)i + 1)) return false;
        if (t->ndim > 2)
            return cer_raise(
                TORCH_RUNTIME_ERROR, op,
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input %lld has %d dimensions",
                (long long)i, t->ndim);
        in[i] = torch_scalar_tensor(t);
        const int64_t own[2] = {t->ndim == 2 ? t->shape[0] : 1, t->ndim ? t->shape[t->ndim - 1] : 1};
        for (int d = 0; d < 2; d++)
            if (__builtin_add_overflow(a->corner[i][d], own[d], &a->corner[i + 1][d])) a->corner[i + 1][d] = INT64_MAX;
        a->dtype = (uint8_t)torch_promote_types((torch_dtype)a->dtype, (torch_dtype)t->dtype);
    }
    return true;
}

Tensor *torch_block_diag_n(Tensor *const *tensors, int64_t n)
{
    static const char op[] = "block_diag";
    if (cer_error_pending()) return NULL;
    if (n == 0) return torch_empty_n(2, (const int64_t[]){1, 0}, torch_dtype_none);
    if (n < 0 || n > INT32_MAX || !tensors)
        return cer_raise(TORCH_VALUE_ERROR, op, "block_diag: %lld tensors", (long long)n), NULL;
    size_t operands = (size_t)n * sizeof(torch_Scalar),
           attrs = sizeof(BlockAttrs) + (size_t)(n + 1) * 2 * sizeof(int64_t);
    char *block = cer_alloc(operands + attrs);
    if (!block) return cer_raise_memory(op, (double)(operands + attrs)), NULL;
    torch_Scalar *in = (torch_Scalar *)(void *)block;
    BlockAttrs *a = (BlockAttrs *)(void *)(block + operands);
    memset(a, 0, attrs);
    Tensor *result = lay_blocks(tensors, n, in, a) ? cer_call_sized(&cer_op_block_diag, in, n, a, attrs) : NULL;
    cer_free(block, operands + attrs);
    return result;
}
