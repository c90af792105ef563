/* Walking a large tensor, an index and a small tensor together. */
#include "ops/moves.h"

#include <string.h>

Tensor *cer_as_long(Tensor *index)
{
    bool before = torch_set_grad_enabled(false);
    Tensor *t = cer_to(index, torch_int64);
    torch_set_grad_enabled(before);
    return t;
}

/* Indices are few where nothing is wrong: so first the range of all, then, if that is too wide, the first culprit. */
bool cer_index_within(const Tensor *index, int64_t low, int64_t high, int64_t *wrong)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    cer_Iterator it;
    char *data[1] = {index->data};
    const int64_t *stride[1] = {index->stride};
    size_t element[1] = {sizeof(int64_t)};
    if (index->numel == 0) return true;
    int64_t shape[TORCH_MAX_DIM]; /* what is repeated is looked at once */
    for (int d = 0; d < index->ndim; d++) shape[d] = index->stride[d] ? index->shape[d] : 1;
    cer_iterator_init(&it, 1, index->ndim, shape, data, stride, element, false);
    int64_t at[TORCH_MAX_DIM] = {0};
    const char *run = it.data[0];
    for (int64_t d = 0; d < it.ndim;) {
        cer_kernels()->index_range(it.shape[0], run, it.stride[0][0], &least, &most);
        for (d = 1; d < it.ndim; d++) {
            run += it.stride[d][0];
            if (++at[d] < it.shape[d]) break;
            run -= it.stride[d][0] * it.shape[d];
            at[d] = 0;
        }
    }
    if (least >= low && most < high) return true;
    for (int64_t i = 0; i < index->numel; i++) {
        int64_t left = i, offset = 0;
        for (int d = index->ndim; d-- > 0; left /= index->shape[d]) offset += left % index->shape[d] * index->stride[d];
        *wrong = ((const int64_t *)(const void *)index->data)[offset];
        if (*wrong < low || *wrong >= high) break;
    }
    return false;
}

Tensor *cer_in_rows(Tensor *t, int64_t ndim, const int64_t *shape)
{
    if (t->contiguous && t->ndim == ndim && cer_same_sizes(ndim, t->shape, shape)) return t;
    int64_t stride[TORCH_MAX_DIM];
    Tensor *rows = cer_empty((torch_dtype)t->dtype, ndim, shape);
    if (!rows) return NULL;
    cer_expand_strides(t, ndim, shape, stride);
    cer_copy_elements(rows, t, stride);
    return rows;
}

void cer_start_from_self(cer_Call *c)
{
    if (!c->self) cer_copy_elements(c->out[0], c->in[0].as.t, c->in[0].as.t->stride);
}

/* ---- setting up -------------------------------------------------------------------------------------------------- */

static int64_t stride_of(const Tensor *t, int64_t d) /* a 0-d tensor counts as one dimension */
{
    return d < t->ndim ? t->stride[d] : 0;
}

static void begin(cer_Moves *m, const Tensor *large, int64_t dim, const Tensor *index, const torch_Scalar *small)
{
    m->dtype = large->dtype;
    m->large = large->data;
    m->index = index->data;
    m->step = stride_of(large, dim);
    for (int64_t d = 0; d < m->ndim; d++) m->large_stride[d] = d == dim ? 0 : stride_of(large, d);
    const Tensor *t = small->kind == TORCH_KIND_TENSOR ? small->as.t : NULL;
    for (int64_t d = 0; d < m->ndim; d++) m->small_stride[d] = t ? stride_of(t, d) : 0;
    m->small = t ? t->data : NULL;
    if (!t) cer_scalar_as(*small, large->dtype, m->number);
}

void cer_moves_along(cer_Moves *m, const Tensor *large, int64_t dim, const Tensor *index, const torch_Scalar *small)
{
    m->ndim = index->ndim ? index->ndim : 1;
    m->shape[0] = 1;
    for (int64_t d = 0; d < index->ndim; d++) m->shape[d] = index->shape[d];
    for (int64_t d = 0; d < m->ndim; d++) m->index_stride[d] = stride_of(index, d);
    begin(m, large, dim, index, small);
}

void cer_moves_slices(cer_Moves *m, const Tensor *large, int64_t dim, const Tensor *index, const torch_Scalar *small)
{
    m->ndim = large->ndim ? large->ndim : 1;
    for (int64_t d = 0; d < m->ndim; d++) {
        m->shape[d] = d == dim ? index->numel : large->shape[d];
        m->index_stride[d] = d == dim ? stride_of(index, 0) : 0;
    }
    begin(m, large, dim, index, small);
}

/* ---- moving ------------------------------------------------------------------------------------------------------ */

static void walk(const cer_Moves *m, cer_Loop loop, bool large_first, const void *factor)
{
    size_t size = torch_dtype_size(m->dtype);
    cer_IndexStep step = {.bytes = m->step * (int64_t)size};
    if (factor) memcpy(step.number, factor, size);
    char *small = m->small ? m->small : (char *)(uintptr_t)m->number;
    char *data[3] = {large_first ? m->large : small, large_first ? small : m->large, m->index};
    const int64_t *stride[3] = {large_first ? m->large_stride : m->small_stride,
                                large_first ? m->small_stride : m->large_stride, m->index_stride};
    size_t element[3] = {size, size, sizeof(int64_t)};
    cer_Iterator it;
    cer_iterator_init(&it, 3, m->ndim, m->shape, data, stride, element, false);
    cer_iterator_run(&it, loop, &step);
}

void cer_pick(const cer_Moves *m)
{
    walk(m, cer_kernels()->pick[m->dtype], false, NULL);
}

void cer_put(const cer_Moves *m, int how, const void *factor)
{
    walk(m, cer_kernels()->put[how][m->dtype], true, factor);
}

/* ---- joint indices ----------------------------------------------------------------------------------------------- */

Tensor *cer_offsets(const Tensor *x, uint32_t dims, const Tensor *joint)
{
    int64_t size = 1;
    Tensor *offsets = cer_empty(torch_int64, joint->ndim, joint->shape);
    if (!offsets) return NULL;
    for (int d = 0; d < x->ndim; d++)
        if (dims >> d & 1) size *= x->shape[d];
    cer_copy_elements(offsets, joint, joint->stride);
    int64_t *at = (int64_t *)(void *)offsets->data;
    if (x->contiguous && dims == cer_all_dims(x->ndim)) { /* positions are offsets */
        for (int64_t i = 0; i < offsets->numel; i++) at[i] += at[i] < 0 ? size : 0;
        return offsets;
    }
    for (int64_t i = 0; i < offsets->numel; i++) {
        int64_t left = at[i] < 0 ? at[i] + size : at[i], offset = 0;
        for (int d = x->ndim; d-- > 0;) {
            if (!(dims >> d & 1)) continue;
            offset += left % x->shape[d] * x->stride[d];
            left /= x->shape[d];
        }
        at[i] = offset;
    }
    return offsets;
}
