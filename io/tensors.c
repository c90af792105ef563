/* Tensors over memory that was read. */
#include <string.h>

#include "io/file.h"

static const cer_Op maker = {.name = "load"}; /* for messages about a dead tensor */

static void end_of_storage(void *data, void *map)
{
    (void)data;
    cer_map_release(map);
}

cer_Storage *cer_map_storage(cer_Map *map, size_t at, size_t bytes, size_t element, const char *op)
{
    uint8_t *data = bytes ? map->data + at : NULL;
    bool over = bytes && (uintptr_t)data % element == 0;
    cer_Storage *s = over ? cer_storage_foreign(data, bytes, end_of_storage, map) : cer_storage_new(bytes);
    if (!s) return cer_raise_memory(op, (double)bytes), NULL;
    if (over)
        atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
    else if (bytes)
        memcpy(s->data, data, bytes);
    return s;
}

/* The last element that the form reaches is inside. Sizes and strides are not negative. */
static bool inside(const cer_Storage *s, const cer_Form *f, int64_t offset, const char *op)
{
    int64_t last = offset, step, bytes;
    bool empty = false, overflow = offset < 0;
    for (int i = 0; i < f->ndim; i++) {
        if (f->shape[i] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "Trying to create tensor with negative dimension %lld",
                             (long long)f->shape[i]);
        if (f->stride[i] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "as_strided: Negative strides are not supported at the moment, got "
                             "strides: [%lld]",
                             (long long)f->stride[i]);
        empty |= f->shape[i] == 0;
        overflow |= __builtin_mul_overflow(f->stride[i], f->shape[i] ? f->shape[i] - 1 : 0, &step);
        overflow |= __builtin_add_overflow(last, step, &last);
    }
    overflow |= __builtin_add_overflow(last, empty ? 0 : 1, &last);
    overflow |= __builtin_mul_overflow(last, cer_size_of(f->dtype), &bytes);
    if (!overflow && (empty || (uint64_t)bytes <= s->bytes)) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "setStorage: sizes, strides and storage offset %lld are out of bounds for "
                     "storage of size %llu",
                     (long long)offset, (unsigned long long)s->bytes);
}

Tensor *cer_storage_tensor(cer_Storage *storage, const cer_Form *form, int64_t offset, const char *op)
{
    torch_Context *c = cer_context();
    int64_t numel;
    if (c->code || (form->strided && !inside(storage, form, offset, op)) ||
        !cer_numel_of(op, form->ndim, form->shape, (size_t)cer_size_of(form->dtype), &numel))
        return NULL;
    if (!cer_pool_reserve(c, 1)) return NULL;
    Tensor *t = cer_tensor_header();
    if (!t) return cer_raise_memory(op, sizeof *t), NULL;
    t->op = &maker;
    cer_count_up(&storage->refs, storage->shared);
    t->storage = storage;
    t->data = numel ? storage->data + offset * cer_size_of(form->dtype) : storage->data;
    cer_apply_form(t, form);
    cer_pool_put(c, t);
    return t;
}
