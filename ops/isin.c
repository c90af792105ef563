/* isin: which elements are among others. Those are sorted once and then searched. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* Elements in one order: integers as they are, floats so that the bits of their doubles can be compared like integers. */
static bool key_of(const char *at, torch_dtype type, int64_t *key)
{
    double d;
    if (!torch_dtype_is_floating_point(type)) return cer_convert(key, torch_int64, at, type, 1);
    cer_convert(&d, torch_float64, at, type, 1);
    if (d != d) return false; /* NaN is nowhere */
    if (d == 0) d = 0;        /* -0 is 0 */
    memcpy(key, &d, sizeof *key);
    return true;
}

static void sift(int64_t *keys, int64_t root, int64_t n)
{
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && keys[child + 1] > keys[child]) child++;
        if (keys[root] >= keys[child]) return;
        int64_t larger = keys[child];
        keys[child] = keys[root];
        keys[root] = larger;
    }
}

static void sort(int64_t *keys, int64_t n)
{
    for (int64_t i = n / 2; i-- > 0;) sift(keys, i, n);
    for (int64_t last = n; last-- > 1;) {
        int64_t largest = keys[0];
        keys[0] = keys[last];
        keys[last] = largest;
        sift(keys, 0, last);
    }
}

static bool found(const int64_t *keys, int64_t n, int64_t key)
{
    int64_t low = 0;
    while (n > 0) {
        int64_t half = n / 2;
        if (keys[low + half] == key) return true;
        if (keys[low + half] < key)
            low += half + 1, n -= half + 1;
        else
            n = half;
    }
    return false;
}

static bool shape(cer_Call *c)
{
    for (int i = 0; i < 2; i++) {
        torch_dtype type = cer_result_type(&c->in[i], 1);
        if (type == torch_bool || type == torch_bfloat16)
            return cer_raise(TORCH_RUNTIME_ERROR, "isin", "Unsupported input type encountered for isin(): %s",
                             cer_type_name(type));
    }
    c->common = (uint8_t)cer_result_type(c->in, 2);
    torch_Size size = {.ndim = 0};
    if (c->in[0].kind == TORCH_KIND_TENSOR) size = torch_shape(c->in[0].as.t);
    cer_form(&c->form[0], torch_bool, size.ndim, size.dim);
    return true;
}

/* An operand as a contiguous tensor of the common type. */
static Tensor *plain(torch_Scalar s, torch_dtype type)
{
    if (s.kind == TORCH_KIND_TENSOR) return cer_plain(s.as.t, type);
    Tensor *t = cer_empty(type, 0, NULL);
    if (t) cer_fill_elements(t, s);
    return t;
}

static bool kernel(cer_Call *c)
{
    torch_dtype type = (torch_dtype)c->common;
    int64_t mark = cer_context()->pool.length, n = 0, key;
    const Tensor *x = plain(c->in[0], type), *tests = x ? plain(c->in[1], type) : NULL;
    if (!tests) return false;
    size_t bytes = (size_t)tests->numel * sizeof(int64_t), element = torch_dtype_size(type);
    int64_t *keys = cer_alloc(bytes ? bytes : 1);
    if (!keys) return cer_raise_memory("isin", (double)bytes);
    for (int64_t i = 0; i < tests->numel; i++) n += key_of(tests->data + (size_t)i * element, type, &keys[n]);
    sort(keys, n);
    for (int64_t i = 0; i < x->numel; i++)
        c->out[0]->data[i] = key_of(x->data + (size_t)i * element, type, &key) && found(keys, n, key);
    cer_free(keys, bytes ? bytes : 1);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_isin = {
    .name = "isin",
    .schema = "isin.Tensor_Tensor(Tensor elements, Tensor test_elements) -> Tensor",
    .shape = shape,
    .kernel = kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
};

Tensor *torch_isin_Scalar(torch_Scalar elements, torch_Scalar test_elements)
{
    torch_Scalar in[2] = {elements, test_elements};
    for (int i = 0; i < 2 && !cer_error_pending(); i++)
        if (in[i].kind == TORCH_KIND_NONE) cer_usable(NULL, "isin", i + 1);
    return cer_call(&cer_op_isin, in, 2, NULL);
}
