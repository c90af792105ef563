/* searchsorted and bucketize. */
#include "ops/search.h"

#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"

typedef struct SearchAttrs {
    bool right, int32;
} SearchAttrs;

static bool rows_match(const Tensor *bounds, const Tensor *values)
{
    char have[128], want[128];
    if (values->ndim == 0 && bounds->ndim != 1)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "searchsorted",
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, "
            "but we got boundaries tensor dim(%d) and input value's dim(0) numel(1)",
            bounds->ndim);
    if (bounds->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "searchsorted",
                         "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension");
    bool match = bounds->ndim == 1 ||
                 (bounds->ndim == values->ndim && cer_same_sizes(bounds->ndim - 1, bounds->shape, values->shape));
    return match ||
           cer_raise(TORCH_RUNTIME_ERROR, "searchsorted",
                     "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
                     "dimensions of boundaries tensor and input value tensor must match, but we got boundaries "
                     "tensor %s and input value tensor %s",
                     cer_shape_text(bounds->ndim, bounds->shape, have, sizeof have),
                     cer_shape_text(values->ndim, values->shape, want, sizeof want));
}

static bool search_shape(cer_Call *c)
{
    const SearchAttrs *a = c->attrs;
    const Tensor *bounds = c->in[0].as.t, *values = c->in[1].as.t;
    torch_dtype common = cer_result_type(c->in, 2);
    if (!rows_match(bounds, values)) return false;
    if (common == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, "searchsorted", "\"searchsorted_out_cpu\" not implemented for 'Bool'");
    if (!cer_kernels()->search[common]) common = torch_float32; /* the half types */
    c->common = (uint8_t)common;
    cer_form(&c->form[0], a->int32 ? torch_int32 : torch_int64, values->ndim, values->shape);
    return true;
}

static Tensor *plain(Tensor *t, torch_dtype dtype) /* in row order, of the dtype; the pool keeps what is made */
{
    if (t->dtype == dtype) return cer_in_rows(t, t->ndim, t->shape);
    Tensor *made = cer_empty(dtype, t->ndim, t->shape);
    if (made) cer_copy_elements(made, t, t->stride);
    return made;
}

static bool search_kernel(cer_Call *c)
{
    const SearchAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = c->out[0], *bounds = plain(c->in[0].as.t, c->common), *values = plain(c->in[1].as.t, c->common);
    Tensor *found = a->int32 ? cer_empty(torch_int64, out->ndim, out->shape) : out;
    if (!bounds || !values || !found) return false;
    int64_t n = bounds->shape[bounds->ndim - 1], size = cer_size_of(c->common);
    int64_t m = bounds->ndim > 1 ? values->shape[values->ndim - 1] : values->numel;
    for (int64_t i = 0, row = 0; m > 0 && i < values->numel; i += m, row += n)
        cer_kernels()->search[c->common](m, values->data + i * size, n,
                                         bounds->data + (bounds->ndim > 1 ? row : 0) * size, a->right,
                                         (int64_t *)(void *)found->data + i);
    if (found != out) cer_copy_elements(out, found, found->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_searchsorted = {
    .name = "searchsorted",
    .shape = search_shape,
    .kernel = search_kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(SearchAttrs),
};

torch_SearchsortedArgs torch_SearchsortedArgs_defaults(void)
{
    return (torch_SearchsortedArgs){.struct_size = sizeof(torch_SearchsortedArgs)};
}

/* What side says, if anything, and right: *right. */
static bool side_of(const torch_SearchsortedArgs *args, bool *right)
{
    *right = args->right;
    if (!args->side) return true;
    *right = strcmp(args->side, "right") == 0;
    if (!*right && strcmp(args->side, "left") != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "searchsorted",
                         "torch.searchsorted(): side can only be 'left' or 'right' but got %.100s", args->side);
    return *right || !args->right ||
           cer_raise(TORCH_RUNTIME_ERROR, "searchsorted",
                     "torch.searchsorted(): side and right can't be set to opposites, got side of left while right "
                     "was True");
}

static bool sorter_fits(const Tensor *bounds, const Tensor *sorter)
{
    char have[128], got[128];
    if (!cer_same_shape(bounds, sorter))
        return cer_raise(TORCH_RUNTIME_ERROR, "searchsorted",
                         "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
                         "%sand got sorter tensor %s",
                         cer_shape_text(bounds->ndim, bounds->shape, have, sizeof have),
                         cer_shape_text(sorter->ndim, sorter->shape, got, sizeof got));
    return sorter->dtype == torch_int64 ||
           cer_raise(TORCH_RUNTIME_ERROR, "searchsorted",
                     "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype %s",
                     cer_type_name(sorter->dtype));
}

/* The values as a tensor: a number takes part in the promotion as a number does. NULL: raised. */
static Tensor *values_of(const char *op, torch_Scalar values, Tensor *bounds, int position)
{
    torch_Scalar both[2] = {torch_scalar_tensor(bounds), values};
    Tensor *t = cer_tensor(values);
    if (values.kind == TORCH_KIND_TENSOR || values.kind == TORCH_KIND_NONE)
        return cer_usable(t, op, position) ? t : NULL;
    return torch_full_n(0, NULL, values, cer_result_type(both, 2));
}

Tensor *torch_searchsorted_args(const torch_SearchsortedArgs *args)
{
    SearchAttrs a = {.int32 = args->out_int32};
    Tensor *bounds = args->sorted;
    if (cer_error_pending() || !cer_usable(bounds, "searchsorted", 1)) return NULL;
    Tensor *values = values_of("searchsorted", args->values, bounds, 2);
    if (!values || !side_of(args, &a.right)) return NULL;
    if (args->sorter) {
        if (!cer_usable(args->sorter, "searchsorted", 3) || !sorter_fits(bounds, args->sorter) ||
            !rows_match(bounds, values))
            return NULL;
        bounds = torch_gather(torch_detach(bounds), -1, args->sorter);
    }
    return cer_call2(&cer_op_searchsorted, bounds, values, &a);
}

torch_BucketizeArgs torch_BucketizeArgs_defaults(void)
{
    return (torch_BucketizeArgs){.struct_size = sizeof(torch_BucketizeArgs)};
}

Tensor *torch_bucketize_args(const torch_BucketizeArgs *args)
{
    SearchAttrs a = {.right = args->right, .int32 = args->out_int32};
    Tensor *boundaries = args->boundaries;
    if (cer_error_pending() || !cer_usable(boundaries, "bucketize", 2)) return NULL;
    Tensor *x = values_of("bucketize", args->self, boundaries, 1);
    if (!x) return NULL;
    if (boundaries->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "bucketize", "boundaries tensor must be 1 dimension, but got dim(%d)",
                         boundaries->ndim),
               NULL;
    return cer_call2(&cer_op_searchsorted, boundaries, x, &a);
}
