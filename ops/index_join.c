/* The joint index of several: masks turned to positions, all broadcast, then joined; and the result's shape and layout. */
#include <stdio.h>
#include <string.h>

#include "ops/advanced.h"

typedef struct Joining {
    Tensor *x;
    const char *op;
    Tensor *index[TORCH_MAX_DIM]; /* int64, for the dimensions from..to of x; a mask's are its positions */
    int from[TORCH_MAX_DIM], to[TORCH_MAX_DIM];
    int n;                              /* of them */
    int64_t shape[TORCH_MAX_DIM], ndim; /* of all, broadcast */
} Joining;

static bool mismatch(const Joining *j)
{
    char text[512], one[128];
    size_t at = 0;
    text[0] = '\0';
    for (int k = 0; k < j->n; k++)
        for (int d = j->from[k]; d < j->to[k] && at < sizeof text;
             d++) /* a mask counts as one index for each dimension */
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? ", " : "",
                                   cer_shape_text(j->index[k]->ndim, j->index[k]->shape, one, sizeof one));
    return cer_raise(TORCH_INDEX_ERROR, j->op,
                     "shape mismatch: indexing tensors could not be broadcast together with shapes %s", text);
}

static bool fits_mask(const Joining *j, const Tensor *mask, int dim)
{
    char have[128], want[128];
    for (int d = 0; d < mask->ndim; d++)
        if (dim + d >= j->x->ndim || mask->shape[d] != j->x->shape[dim + d])
            return cer_raise(
                TORCH_INDEX_ERROR, j->op,
                "The shape of the mask %s at index %d does not match the shape of the indexed tensor %s at "
                "index %d",
                cer_shape_text(mask->ndim, mask->shape, have, sizeof have), d,
                cer_shape_text(j->x->ndim, j->x->shape, want, sizeof want), dim + d);
    return true;
}

static bool collect(Joining *j, Tensor *const *index, int64_t n)
{
    int dim = 0;
    for (int64_t k = 0; k < n; k++) {
        Tensor *t = index[k];
        if (t && t->dtype != torch_int64 && t->dtype != torch_bool && t->dtype != torch_uint8)
            return cer_raise(TORCH_INDEX_ERROR, j->op, "tensors used as indices must be long, byte or bool tensors");
    }
    for (int64_t k = 0; k < n; k++) {
        Tensor *t = index[k];
        bool mask = t && t->dtype != torch_int64;
        int span = mask ? t->ndim : 1;
        if (mask && !fits_mask(j, t, dim)) return false;
        if (dim + span > j->x->ndim)
            return cer_raise(TORCH_INDEX_ERROR, j->op, "too many indices for tensor of dimension %d (got %lld)",
                             j->x->ndim, (long long)n);
        if (mask && !(t = cer_true_positions(t))) return false;
        if (t) {
            j->index[j->n] = t;
            j->from[j->n] = dim;
            j->to[j->n++] = dim + span;
        }
        dim += span;
    }
    return true;
}

static bool broadcast(Joining *j)
{
    for (int k = 0; k < j->n; k++) {
        const Tensor *t = j->index[k];
        int64_t ndim = j->ndim > t->ndim ? j->ndim : t->ndim;
        for (int64_t d = 1; d <= ndim; d++) {
            int64_t a = d <= j->ndim ? j->shape[j->ndim - d] : 1, b = d <= t->ndim ? t->shape[t->ndim - d] : 1;
            if (a != b && a != 1 && b != 1) return mismatch(j);
        }
        if (!cer_broadcast(j->op, &j->ndim, j->shape, t->ndim, t->shape)) return false;
    }
    return true;
}

/* Of an index as a view with a dimension of size 1 for each that is not indexed, broadcast to the result. */
static int64_t index_stride(const Joining *j, int k, const cer_IndexAttrs *a, int64_t d)
{
    const Tensor *t = j->index[k];
    int64_t own = d - a->at - (j->ndim - t->ndim);
    if (a->part.dim[d] != 1 && (own < 0 || own >= t->ndim || t->shape[own] == 1)) return 0;
    if (own >= 0 && own < t->ndim) return t->stride[own];
    if (t->ndim == 0) return 1;
    return own < 0 ? t->shape[0] * t->stride[0] : t->stride[t->ndim - 1];
}

/* The result's shape and the order of its dimensions in memory: x's own among those that stay, the indices' among theirs. */
static bool plan(const Joining *j, cer_IndexAttrs *a)
{
    const Tensor *x = j->x;
    int first = -1, last = -1, count = 0;
    *a = (cer_IndexAttrs){.whole = torch_shape(x), .n = j->ndim};
    for (int k = 0; k < j->n; k++) {
        for (int d = j->from[k]; d < j->to[k]; d++) a->dims |= 1u << d, count++;
        if (first < 0) first = j->from[k];
        last = j->to[k];
    }
    a->at = last - first == count ? first : 0;
    a->part.ndim = x->ndim - count + j->ndim;
    if (a->part.ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, j->op, "index: a tensor has at most %d dimensions here, not %lld",
                         TORCH_MAX_DIM, (long long)a->part.ndim);
    int64_t by[TORCH_MAX_DIM + 1]
              [TORCH_MAX_DIM]; /* strides of x and of the indices, as the result's dimensions see them */
    const int64_t *operand[TORCH_MAX_DIM + 1];
    for (int64_t d = 0; d < a->part.ndim; d++) {
        int64_t k = cer_index_source_dim(a, d);
        a->part.dim[d] = k < 0 ? j->shape[d - a->at] : x->shape[k];
    }
    cer_Form f;
    for (int o = 0; o <= j->n; o++) {
        for (int64_t d = 0; d < a->part.ndim; d++) {
            int64_t k = cer_index_source_dim(a, d);
            by[o][d] = o ? index_stride(j, o - 1, a, d) : k < 0 ? 0 : x->stride[k];
        }
        operand[o] = by[o];
    }
    if (!cer_form_checked(&f, j->op, x->dtype, a->part.ndim, a->part.dim)) return false;
    cer_form_strides_of(&f, j->n + 1, operand);
    memcpy(a->stride, f.stride, sizeof a->stride);
    return true;
}

static bool out_of_bounds(const Joining *j, int k, int64_t index, int64_t size)
{
    int at = 0; /* PyTorch counts the indexed dimensions only */
    for (int i = 0; i < k; i++) at += j->to[i] - j->from[i];
    return cer_raise(TORCH_INDEX_ERROR, j->op, "index %lld is out of bounds for dimension %d with size %lld",
                     (long long)index, at, (long long)size);
}

static int64_t size_of(const Joining *j, int k) /* of the dimensions that index k is about, together */
{
    int64_t size = 1;
    for (int d = j->from[k]; d < j->to[k]; d++) size *= j->x->shape[d];
    return size;
}

static Tensor *join(const Joining *j, const cer_IndexAttrs *a)
{
    int64_t weight = 1, wrong;
    if (j->n == 1 && cer_index_within(j->index[0], 0, size_of(j, 0), &wrong)) return j->index[0]; /* it is joint */
    Tensor *joint = cer_zeros(torch_int64, j->ndim, j->shape);
    if (!joint) return NULL;
    for (int k = 0; k < j->n; k++) /* PyTorch looks at no index where there is none to read */
        for (int d = j->from[k]; d < j->to[k]; d++)
            if (j->x->shape[d] == 0 && joint->numel)
                return cer_raise(TORCH_INDEX_ERROR, j->op, "index is out of bounds for dimension with size 0"), NULL;
    for (int k = j->n; k-- > 0;) {
        const Tensor *t = j->index[k];
        int64_t size = size_of(j, k), own[TORCH_MAX_DIM];
        cer_Joint param = {size, weight};
        weight *= size;
        if (joint->numel == 0) continue;
        bool empty = false; /* nothing is read: x has no elements beside the indexed dimensions */
        for (int64_t d = 0; d < a->part.ndim; d++) empty |= a->part.dim[d] == 0;
        if (!cer_index_within(t, -size, size, &wrong)) {
            if (!empty) return out_of_bounds(j, k, wrong, size), NULL;
            continue;
        }
        char *data[2] = {joint->data, t->data};
        cer_expand_strides(t, j->ndim, j->shape, own);
        const int64_t *stride[2] = {joint->stride, own};
        size_t element[2] = {sizeof(int64_t), sizeof(int64_t)};
        cer_Iterator it;
        cer_iterator_init(&it, 2, j->ndim, j->shape, data, stride, element, false);
        cer_iterator_run(&it, cer_kernels()->index_join, &param);
    }
    return joint;
}

Tensor *cer_index_join(const char *op, Tensor *x, Tensor *const *index, int64_t n, cer_IndexAttrs *a)
{
    Joining j = {.x = x, .op = op};
    if (!collect(&j, index, n) || !broadcast(&j) || !plan(&j, a)) return NULL;
    return join(&j, a);
}
