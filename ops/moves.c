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

/* The least and the largest of some indices, what is repeated looked at once. */
static bool all_within(char *index, int64_t ndim, const int64_t *sizes, const int64_t *strides, int64_t low,
                       int64_t high)
{
    int64_t least = INT64_MAX, most = INT64_MIN, shape[TORCH_MAX_DIM], at[TORCH_MAX_DIM] = {0};
    cer_Iterator it;
    char *data[1] = {index};
    const int64_t *stride[1] = {strides};
    size_t element[1] = {sizeof(int64_t)};
    for (int64_t d = 0; d < ndim; d++) shape[d] = strides[d] || sizes[d] == 0 ? sizes[d] : 1;
    cer_iterator_init(&it, 1, ndim, shape, data, stride, element, false);
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
    return least >= low && most < high;
}

/* Culprits are rare: so first the range of all, then, if that is too wide, the first one. */
bool cer_index_within(const Tensor *index, int64_t low, int64_t high, int64_t *wrong)
{
    if (index->numel == 0 || all_within(index->data, index->ndim, index->shape, index->stride, low, high)) return true;
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

/* ---- in slabs ------------------------------------------------------------------------------------------------------
 * Rows of the first dimension, so few that an index just checked is still in the cache when it is followed. */
enum { SLAB = 1 << 12 }; /* elements */

static bool next_slab(const cer_Moves *m, int64_t *row, cer_Moves *slab)
{
    int64_t width = 1, size = (int64_t)torch_dtype_size(m->dtype), left = m->shape[0] - *row;
    for (int64_t d = 1; d < m->ndim; d++) width *= m->shape[d];
    int64_t rows = width > 0 && width < SLAB ? SLAB / width : 1;
    if (left <= 0) return false;
    *slab = *m;
    slab->shape[0] = rows < left ? rows : left;
    slab->large += *row * m->large_stride[0] * size;
    slab->index += *row * m->index_stride[0] * (int64_t)sizeof(int64_t);
    if (m->small) slab->small += *row * m->small_stride[0] * size;
    *row += slab->shape[0];
    return true;
}

static bool slab_within(const cer_Moves *m, int64_t size)
{
    return all_within(m->index, m->ndim, m->shape, m->index_stride, 0, size);
}

static void copy_rows(const Tensor *to, const Tensor *from, int64_t row, int64_t n)
{
    Tensor there = *to, here = *from;
    int64_t size = (int64_t)torch_dtype_size(to->dtype);
    there.shape[0] = here.shape[0] = n;
    there.numel = here.numel = to->numel / to->shape[0] * n;
    there.data += row * to->stride[0] * size;
    here.data += row * from->stride[0] * size;
    cer_copy_elements(&there, &here, here.stride);
}

bool cer_pick_checked(const cer_Moves *m, int64_t size)
{
    cer_Moves slab;
    for (int64_t row = 0; next_slab(m, &row, &slab);) {
        if (!slab_within(&slab, size)) return false;
        cer_pick(&slab);
    }
    return true;
}

bool cer_put_checked(cer_Call *c, const cer_Moves *m, int64_t dim, int how, int64_t size)
{
    Tensor *out = c->out[0];
    bool by_rows = dim != 0 && m->shape[0] == out->shape[0];
    cer_Moves slab;
    if (!by_rows) cer_start_from_self(c);
    for (int64_t row = 0, from = 0; next_slab(m, &row, &slab); from = row) {
        if (!slab_within(&slab, size)) return false;
        if (by_rows) copy_rows(out, c->in[0].as.t, from, row - from);
        cer_put(&slab, how, NULL);
    }
    return true;
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
