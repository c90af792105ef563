/* How every pointwise op runs: the result type by PyTorch's promotion, the result shape by broadcasting, then the row's loop
 * over runs. Numbers stay numbers: they enter the loop as an operand of stride 0. */
#include <string.h>

#include "impl.h"

static torch_dtype compute_type(torch_dtype t) /* half types compute in float32 */
{
    return t == torch_float16 || t == torch_bfloat16 ? torch_float32 : t;
}

static torch_dtype result_dtype(const cer_Call *c, torch_dtype common)
{
    if (c->op->rule == CER_COMPARE) return torch_bool;
    if (c->op->rule == CER_FLOAT && !torch_dtype_is_floating_point(common)) return torch_get_default_dtype();
    return common;
}

static bool is_mask(const cer_Op *op, int64_t i)
{
    return op->mask == i + 1;
}

/* The type that operands are brought to. */
static torch_dtype common_dtype(const cer_Call *c)
{
    torch_dtype common;
    const torch_Scalar *param = c->attrs; /* clamp(x, 0.5) of an integer tensor is a float tensor */
    if (c->op->n_params || c->op->mask) {
        torch_Scalar with[8];
        int64_t n = 0;
        for (int64_t i = 0; i < c->n_in && i < 4; i++)
            if (!is_mask(c->op, i)) with[n++] = c->in[i];
        for (int i = 0; i < c->op->n_params && i < 4 && c->op->rule != CER_SILENT; i++) with[n++] = param[i];
        common = cer_result_type(with, n);
    } else {
        common = cer_result_type(c->in, c->n_in);
    }
    return c->op->rule == CER_FLOAT && !torch_dtype_is_floating_point(common) ? torch_get_default_dtype() : common;
}

/* The result's dimensions are in the order of the first operand's strides; where that one is broadcast, the next decides. */
static void result_strides(const cer_Call *c, cer_Form *f)
{
    int64_t own[3][TORCH_MAX_DIM];
    const int64_t *stride[3];
    int n = 0;
    for (int64_t i = 0; i < c->n_in && n < 3; i++) {
        if (c->in[i].kind != TORCH_KIND_TENSOR) continue;
        const Tensor *t = c->in[i].as.t;
        bool full = t->ndim == f->ndim && cer_same_sizes(f->ndim, t->shape, f->shape);
        if (n == 0 && full && t->contiguous) return;
        if (!full) cer_expand_strides(t, f->ndim, f->shape, own[n]);
        stride[n] = full ? t->stride : own[n];
        n++;
    }
    cer_form_strides_of(f, n, stride);
}

static bool no_loop(const cer_Call *c, torch_dtype t)
{
    const char *name = c->op->dispatch ? c->op->dispatch : c->op->name;
    int length = (int)strlen(name); /* without the _ of the in-place twin */
    if (!c->op->dispatch && c->op->flags & CER_INPLACE && name[length - 1] == '_') length--;
    return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"%.*s%s\" not implemented for '%s'", length, name,
                     c->op->dispatch ? "" : "_cpu", cer_type_name(t));
}

/* In place: does the result fit into the tensor that is written? */
static bool fits_self(const cer_Call *c, const cer_Form *f, torch_dtype result)
{
    char want[128], have[128];
    const Tensor *self = c->self;
    if (f->ndim != self->ndim || memcmp(f->shape, self->shape, sizeof(int64_t) * f->ndim) != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "output with shape %s doesn't match the broadcast shape %s",
                         cer_shape_text(self->ndim, self->shape, have, sizeof have),
                         cer_shape_text(f->ndim, f->shape, want, sizeof want));
    bool floating = torch_dtype_is_floating_point(result), into_floating = torch_dtype_is_floating_point(self->dtype);
    if ((floating && !into_floating) || (result != torch_bool && self->dtype == torch_bool))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "result type %s can't be cast to the desired output type %s",
                         cer_type_name(result), cer_type_name(self->dtype));
    return true;
}

bool cer_pointwise_shape(cer_Call *c)
{
    cer_Form *f = &c->form[0];
    const Tensor *first = NULL;
    bool alike = true; /* all tensors contiguous, of one shape */
    for (int64_t i = 0; i < c->n_in; i++) {
        if (c->in[i].kind == TORCH_KIND_NONE)
            return cer_raise(TORCH_TYPE_ERROR, c->op->name, "%s(): argument (position %d) must be Tensor, not NoneType",
                             c->op->name, (int)i + 1);
        if (c->in[i].kind != TORCH_KIND_TENSOR) continue;
        const Tensor *t = c->in[i].as.t;
        if (!first) {
            first = t;
            cer_form(f, t->dtype, t->ndim, t->shape);
            alike = t->contiguous;
            continue;
        }
        bool same = cer_same_shape(t, first);
        alike = alike && same && t->contiguous;
        if (same) continue;
        int64_t ndim = f->ndim;
        if (!cer_broadcast(c->op->name, &ndim, f->shape, t->ndim, t->shape)) return false;
        f->ndim = (uint8_t)ndim;
    }
    if (!first)
        return cer_raise(TORCH_TYPE_ERROR, c->op->name, "%s(): expected a Tensor, got numbers only", c->op->name);
    if (!alike && !c->op->in_rows) result_strides(c, f);
    torch_dtype common = common_dtype(c), result = result_dtype(c, common);
    f->dtype = (uint8_t)result;
    c->common = (uint8_t)common;
    if (c->op->flags & CER_INPLACE && !fits_self(c, f, result)) return false;
    return cer_kernels()->loop[c->op->loop][compute_type(common)] || no_loop(c, common);
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

typedef struct Operand {
    char *data;
    const int64_t *stride; /* in elements */
    int64_t own[TORCH_MAX_DIM];
    char number[8]; /* the value of a number operand */
} Operand;

static torch_dtype operand_type(const cer_Call *c, int64_t i, torch_dtype type)
{
    return is_mask(c->op, i) ? torch_bool : type;
}

/* Brings input i to the compute type and the result's shape. A tensor of another type is converted first, which is rare. */
static bool prepare(cer_Call *c, int64_t i, const Tensor *out, torch_dtype type, Operand *o)
{
    if (c->in[i].kind != TORCH_KIND_TENSOR) {
        cer_scalar_as(c->in[i], type, o->number);
        o->data = o->number;
        for (int d = 0; d < out->ndim; d++) o->own[d] = 0;
        o->stride = o->own;
        return true;
    }
    Tensor *t = c->in[i].as.t;
    if (t->dtype != type) {
        bool before = torch_set_grad_enabled(false);
        t = cer_to(t, type);
        torch_set_grad_enabled(before);
        if (!t) return false;
    }
    o->data = t->data;
    o->stride = t->stride;
    if (cer_same_shape(t, out)) return true;
    cer_expand_strides(t, out->ndim, out->shape, o->own);
    o->stride = o->own;
    return true;
}

/* Does b reach into a's memory without being exactly a? Then writing a would change what is still to be read of b. */
static bool overlaps(const Tensor *a, const torch_Scalar *b)
{
    if (b->kind != TORCH_KIND_TENSOR || b->as.t->storage != a->storage || b->as.t == a) return false;
    const Tensor *t = b->as.t;
    return t->data != a->data || t->ndim != a->ndim || memcmp(t->stride, a->stride, sizeof(int64_t) * a->ndim) != 0 ||
           memcmp(t->shape, a->shape, sizeof(int64_t) * a->ndim) != 0;
}

static bool all_plain(const cer_Call *c, const Tensor *out, torch_dtype type, const Operand *o)
{
    if (!out->contiguous) return false;
    for (int64_t i = 0; i < c->n_in; i++) {
        if (c->in[i].kind != TORCH_KIND_TENSOR || o[i].stride == o[i].own) {
            if (c->in[i].kind == TORCH_KIND_TENSOR) return false;
            continue;
        }
        const Tensor *t = c->in[i].as.t;
        if (!t->contiguous || t->dtype != operand_type(c, i, type)) return false;
    }
    return true;
}

/* x.eq_(y) of integers: the results have another type than x. A block at a time is computed beside it and cast while it is in the cache. */
static void in_blocks(cer_Loop loop, torch_dtype made, const Tensor *out, char *const *first, const int64_t *run,
                      const void *param)
{
    enum { BLOCK = 512 };
    char block[BLOCK * 8];
    int64_t to = cer_size_of(out->dtype), from = cer_size_of((uint8_t)made);
    char *data[4] = {block, first[1], first[2], first[3]};
    for (int64_t i = 0; i < out->numel; i += BLOCK) {
        int64_t n = out->numel - i < BLOCK ? out->numel - i : BLOCK;
        loop(n, data, run, param);
        cer_kernels()->cast[out->dtype][made](n, (char *[]){out->data + i * to, block}, (const int64_t[]){to, from},
                                              NULL);
        for (int k = 1; k < 4 && data[k]; k++) data[k] += n * run[k];
    }
}

bool cer_pointwise_kernel(cer_Call *c)
{
    Tensor *out = c->out[0], *target = out;
    torch_dtype type = compute_type(c->common);
    cer_Loop loop = cer_kernels()->loop[c->op->loop][type], same = cer_kernels()->same[c->op->loop][type];
    torch_dtype made = c->op->rule == CER_COMPARE ? torch_bool : type;
    if (same && out->dtype == type) loop = same, made = type; /* x.eq_(y), both of one type */
    Operand operand[3];
    double param[4];
    int64_t mark = cer_context()->pool.length;
    bool cast = out->dtype != made, overlap = false;
    for (int64_t i = 0; i < c->n_in && c->self; i++) overlap |= overlaps(out, &c->in[i]);
    for (int64_t i = 0; i < c->n_in; i++)
        if (!prepare(c, i, out, operand_type(c, i, type), &operand[i])) return false;
    bool plain = all_plain(c, out, type, operand), blocks = cast && !overlap && plain;
    bool detour = (cast || overlap) && !blocks;
    if (detour && !(target = cer_empty(made, out->ndim, out->shape))) return false;
    size_t size = (size_t)cer_size_of((uint8_t)type), made_size = (size_t)cer_size_of((uint8_t)made);
    for (int i = 0; i < c->op->n_params; i++)
        cer_scalar_as(((const torch_Scalar *)c->attrs)[i], type, (char *)param + (size_t)i * size);
    char *data[4] = {target->data};
    const int64_t *stride[4] = {target->stride};
    size_t element[4] = {made_size, size, size, size};
    for (int64_t i = 0; i < c->n_in; i++) {
        data[i + 1] = operand[i].data;
        stride[i + 1] = operand[i].stride;
        if (is_mask(c->op, i)) element[i + 1] = 1;
    }
    if (detour ? all_plain(c, target, type, operand) : plain) {
        int64_t run[4] = {(int64_t)made_size, 0, 0, 0};
        for (int64_t i = 0; i < c->n_in; i++)
            run[i + 1] = c->in[i].kind == TORCH_KIND_TENSOR ? (int64_t)element[i + 1] : 0;
        if (blocks)
            in_blocks(loop, made, out, data, run, param);
        else
            loop(target->numel, data, run, param);
    } else {
        cer_Iterator it;
        cer_iterator_init(&it, (int)c->n_in + 1, target->ndim, target->shape, data, stride, element, false);
        cer_iterator_run(&it, loop, param);
    }
    if (detour) cer_copy_elements(out, target, target->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}
