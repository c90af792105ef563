/* The globals that a file of tensors may name, and what calling them makes. */
#include <string.h>

#include "io/pickle.h"

static const struct {
    const char *name;
    torch_dtype dtype;
} storages[] = {{"torch.FloatStorage", torch_float32},
                {"torch.DoubleStorage", torch_float64},
                {"torch.HalfStorage", torch_float16},
                {"torch.BFloat16Storage", torch_bfloat16},
                {"torch.LongStorage", torch_int64},
                {"torch.IntStorage", torch_int32},
                {"torch.ShortStorage", torch_int16},
                {"torch.CharStorage", torch_int8},
                {"torch.ByteStorage", torch_uint8},
                {"torch.BoolStorage", torch_bool},
                {"torch.storage.UntypedStorage", torch_uint8},
                {"torch.storage._UntypedStorage", torch_uint8}};
enum { N_STORAGES = sizeof storages / sizeof *storages };
static const char *const callable[] = {"collections.OrderedDict",         "torch._utils._rebuild_tensor",
                                       "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
                                       "torch.nn.parameter.Parameter",    "torch.Size"};
enum { N_CALLABLE = sizeof callable / sizeof *callable };

static torch_dtype storage_type(const cer_Value *v)
{
    if (v->kind != CER_VALUE_GLOBAL) return torch_dtype_none;
    for (int i = 0; i < N_STORAGES; i++)
        if (strcmp(v->as.text.at, storages[i].name) == 0) return storages[i].dtype;
    return torch_dtype_none;
}

static bool known(const char *name)
{
    for (int i = 0; i < N_STORAGES; i++)
        if (strcmp(name, storages[i].name) == 0) return true;
    for (int i = 0; i < N_CALLABLE; i++)
        if (strcmp(name, callable[i]) == 0) return true;
    return false;
}

cer_Value *cer_rebuild_global(cer_Pickle *p, const char *module, size_t n, const char *name, size_t n_name)
{
    char full[128] = "";
    int shown = (int)(n < 200 ? n : 200), shown_name = (int)(n_name < 200 ? n_name : 200);
    if (n + n_name + 2 <= sizeof full) snprintf(full, sizeof full, "%.*s.%.*s", shown, module, shown_name, name);
    if (!known(full)) {
        bool is_module = n >= 8 && memcmp(module, "torch.nn", 8) == 0;
        cer_raise(TORCH_RUNTIME_ERROR, p->op, "Unsupported class %.*s.%.*s%s", shown, module, shown_name, name,
                  is_module ? ": save the model's state_dict() instead" : "");
        return NULL;
    }
    cer_Value *v = cer_pickle_new(p, CER_VALUE_GLOBAL);
    char *copy = v ? cer_pickle_alloc(p, n + n_name + 2) : NULL;
    if (!copy) return NULL;
    strcpy(copy, full);
    v->as.text.at = copy;
    v->as.text.n = strlen(full);
    return v;
}

static cer_Value *broken(const cer_Pickle *p, const char *what)
{
    cer_raise(TORCH_RUNTIME_ERROR, p->op, "pickle: %s", what);
    return NULL;
}

/* ---- ('storage', torch.FloatStorage, '0', 'cpu', 6[, view]) ---------------------------------------------------------
 * */

/* view: None, or (key, offset, size) of a storage that shows a part of another (legacy) */
static bool read_view(cer_Value *storage, const cer_Value *view)
{
    if (view->kind == CER_VALUE_NONE) return true;
    if (view->kind != CER_VALUE_TUPLE || view->as.list.n != 3) return false;
    cer_Value *const *v = view->as.list.item;
    if (v[1]->kind != CER_VALUE_INT || v[2]->kind != CER_VALUE_INT || v[1]->as.i < 0) return false;
    storage->as.storage.view = v[1]->as.i;
    storage->as.storage.numel = v[2]->as.i;
    return true;
}

cer_Value *cer_rebuild_storage(cer_Pickle *p, const cer_Value *id)
{
    if (id->kind != CER_VALUE_TUPLE || id->as.list.n < 5 || !cer_value_is_text(id->as.list.item[0], "storage"))
        return broken(p, "Only persistent_load of storage is allowed");
    cer_Value *const *v = id->as.list.item;
    torch_dtype dtype = storage_type(v[1]);
    int64_t bytes;
    if (!dtype || v[2]->kind != CER_VALUE_TEXT || !cer_utf8(v[2]->as.text.at, v[2]->as.text.n) ||
        v[3]->kind != CER_VALUE_TEXT || v[4]->kind != CER_VALUE_INT || v[4]->as.i < 0 ||
        __builtin_mul_overflow(v[4]->as.i, (int64_t)torch_dtype_size(dtype), &bytes))
        return broken(p, "a storage is not described as PyTorch does");
    cer_Blob *blob = cer_pickle_blob(p, v[2]->as.text.at, v[2]->as.text.n);
    cer_Value *s = blob ? cer_pickle_new(p, CER_VALUE_STORAGE) : NULL;
    if (!s) return NULL;
    if ((size_t)bytes > blob->bytes) {
        blob->bytes = (size_t)bytes;
        blob->element = torch_dtype_size(dtype);
    }
    blob->mentioned = true;
    s->as.storage.blob = blob;
    s->as.storage.dtype = dtype;
    s->as.storage.numel = v[4]->as.i;
    if (id->as.list.n > 5 && !read_view(s, v[5]))
        return broken(p, "a view of a storage is not described as PyTorch does");
    return s;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

static bool read_sizes(const cer_Value *tuple, int64_t *to)
{
    for (size_t i = 0; i < tuple->as.list.n; i++) {
        if (tuple->as.list.item[i]->kind != CER_VALUE_INT) return false;
        to[i] = tuple->as.list.item[i]->as.i;
    }
    return true;
}

/* (storage, storage_offset, size, stride[, requires_grad, backward_hooks[, metadata]]) */
static cer_Value *rebuild_tensor(cer_Pickle *p, const cer_Value *arguments)
{
    cer_Value *const *v = arguments->as.list.item;
    size_t n = arguments->as.list.n;
    if (n < 4 || v[0]->kind != CER_VALUE_STORAGE || v[1]->kind != CER_VALUE_INT || v[2]->kind != CER_VALUE_TUPLE ||
        v[3]->kind != CER_VALUE_TUPLE || v[2]->as.list.n != v[3]->as.list.n || (n > 4 && v[4]->kind != CER_VALUE_BOOL))
        return broken(p, "a tensor is not described as PyTorch does");
    if (v[2]->as.list.n > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "a tensor has at most %d dimensions here, got %llu", TORCH_MAX_DIM,
                         (unsigned long long)v[2]->as.list.n),
               NULL;
    cer_Value *result = cer_pickle_new(p, CER_VALUE_TENSOR);
    cer_TensorValue *t = result ? cer_pickle_alloc(p, sizeof *t) : NULL;
    if (!t) return NULL;
    result->as.tensor = t;
    t->blob = v[0]->as.storage.blob;
    t->form.ndim = (uint8_t)v[2]->as.list.n;
    t->form.strided = true;
    t->form.dtype = (uint8_t)v[0]->as.storage.dtype;
    t->requires_grad = n > 4 && v[4]->as.i;
    if (!read_sizes(v[2], t->form.shape) || !read_sizes(v[3], t->form.stride) || v[1]->as.i < 0 ||
        __builtin_add_overflow(v[0]->as.storage.view, v[1]->as.i, &t->offset))
        return broken(p, "sizes, strides and offset of a tensor must be integers");
    return result;
}

/* _rebuild_parameter(tensor, requires_grad, hooks); Parameter(tensor[, requires_grad]) */
static cer_Value *rebuild_parameter(cer_Pickle *p, const cer_Value *arguments)
{
    cer_Value *const *v = arguments->as.list.item;
    size_t n = arguments->as.list.n;
    if (n < 1 || v[0]->kind != CER_VALUE_TENSOR || (n > 1 && v[1]->kind != CER_VALUE_BOOL))
        return broken(p, "a Parameter is not described as PyTorch does");
    cer_Value *result = cer_pickle_new(p, CER_VALUE_TENSOR);
    cer_TensorValue *t = result ? cer_pickle_alloc(p, sizeof *t) : NULL;
    if (!t) return NULL;
    *t = *v[0]->as.tensor;
    t->requires_grad = n < 2 || v[1]->as.i;
    t->parameter = true;
    result->as.tensor = t;
    return result;
}

static cer_Value *rebuild_size(cer_Pickle *p, const cer_Value *arguments)
{
    bool one = arguments->as.list.n == 1 && arguments->as.list.item[0]->kind == CER_VALUE_TUPLE;
    return one ? arguments->as.list.item[0] : broken(p, "torch.Size takes a tuple");
}

/* OrderedDict(), and as Python 2 wrote it: OrderedDict([[key, value], ...]) */
static cer_Value *rebuild_dict(cer_Pickle *p, const cer_Value *arguments)
{
    cer_Value *dict = cer_pickle_new(p, CER_VALUE_DICT);
    if (!dict || arguments->as.list.n == 0) return dict;
    const cer_Value *items = arguments->as.list.item[0];
    if (arguments->as.list.n > 1 || items->kind != CER_VALUE_LIST)
        return broken(p, "OrderedDict takes a list of items");
    for (size_t i = 0; i < items->as.list.n; i++) {
        const cer_Value *pair = items->as.list.item[i];
        if ((pair->kind != CER_VALUE_LIST && pair->kind != CER_VALUE_TUPLE) || pair->as.list.n != 2)
            return broken(p, "an item of an OrderedDict is not a pair");
        if (!cer_value_add(p, dict, pair->as.list.item[0]) || !cer_value_add(p, dict, pair->as.list.item[1]))
            return NULL;
    }
    return dict;
}

cer_Value *cer_rebuild_call(cer_Pickle *p, const cer_Value *function, const cer_Value *arguments)
{
    const char *name = function->kind == CER_VALUE_GLOBAL ? function->as.text.at : "";
    if (strcmp(name, "collections.OrderedDict") == 0) return rebuild_dict(p, arguments);
    if (strstr(name, "._rebuild_tensor")) return rebuild_tensor(p, arguments);
    if (strstr(name, "arameter")) return rebuild_parameter(p, arguments);
    if (strcmp(name, "torch.Size") == 0) return rebuild_size(p, arguments);
    cer_raise(TORCH_RUNTIME_ERROR, p->op, "Trying to call reduce for unrecognized function %s", name);
    return NULL;
}
