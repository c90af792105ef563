/* isin: which elements are among others. Those are sorted once and then searched. */
#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/sort.h"

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

static Tensor *sorted(Tensor *tests)
{
    bool before = torch_set_grad_enabled(false);
    Tensor *in_order = tests ? torch_sort(torch_view(tests, -1), 0) : NULL;
    torch_set_grad_enabled(before);
    return in_order;
}

static int64_t without_nans(const Tensor *sorted) /* which come last, and are equal to nothing */
{
    int64_t n = sorted->numel;
    if (sorted->dtype == torch_float32)
        for (const float *x = (const float *)(const void *)sorted->data; n > 0 && x[n - 1] != x[n - 1];) n--;
    if (sorted->dtype == torch_float64)
        for (const double *x = (const double *)(const void *)sorted->data; n > 0 && x[n - 1] != x[n - 1];) n--;
    return n;
}

static bool kernel(cer_Call *c)
{
    torch_dtype type = c->common == torch_float16 ? torch_float32 : (torch_dtype)c->common;
    int64_t mark = cer_context()->pool.length;
    const Tensor *x = plain(c->in[0], type), *tests = x ? sorted(plain(c->in[1], type)) : NULL;
    if (!tests) return false;
    cer_kernels()->member[type](x->numel, x->data, without_nans(tests), tests->data, (bool *)(void *)c->out[0]->data);
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
