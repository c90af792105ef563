/* trace */
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

static bool trace_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    if (t->ndim != 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "trace", "trace: expected a matrix, but got tensor with dim %d", t->ndim);
    if (t->dtype == torch_bool || t->dtype == torch_float16 || t->dtype == torch_bfloat16)
        return cer_raise(TORCH_RUNTIME_ERROR, "trace", "\"trace\" not implemented for '%s'", cer_type_name(t->dtype));
    cer_form(&c->form[0], torch_dtype_is_floating_point(t->dtype) ? t->dtype : torch_int64, 0, NULL);
    return true;
}

static bool trace_kernel(cer_Call *c) /* summed in double or int64 */
{
    enum { BLOCK = 128 };
    const Tensor *t = c->in[0].as.t;
    int64_t n = t->shape[0] < t->shape[1] ? t->shape[0] : t->shape[1], whole[BLOCK], all = 0;
    int64_t step = (t->stride[0] + t->stride[1]) * cer_size_of(t->dtype);
    double number[BLOCK], sum = 0;
    bool floating = torch_dtype_is_floating_point(t->dtype);
    char *block = floating ? (char *)number : (char *)whole;
    cer_Loop cast = cer_kernels()->cast[floating ? torch_float64 : torch_int64][t->dtype];
    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t m = n - i < BLOCK ? n - i : BLOCK;
        cast(m, (char *[]){block, t->data + i * step}, (const int64_t[]){8, step}, NULL);
        for (int64_t k = 0; k < m && floating; k++) sum += number[k];
        for (int64_t k = 0; k < m && !floating; k++) all = (int64_t)((uint64_t)all + (uint64_t)whole[k]);
    }
    if (floating)
        cer_convert(c->out[0]->data, t->dtype, &sum, torch_float64, 1);
    else
        memcpy(c->out[0]->data, &all, sizeof all);
    return true;
}

static void trace_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Size size = cer_input_size(n, 0);
    in[0] = torch_mul(cer_to(torch_eye_m(size.dim[0], size.dim[1]), cer_input_dtype(n, 0)), g[0]);
}

const cer_Op cer_op_trace = {.name = "trace",
                             .grad_name = "TraceBackward0",
                             .schema = "trace(Tensor self) -> Tensor",
                             .shape = trace_shape,
                             .kernel = trace_kernel,
                             .vjp = trace_vjp,
                             .n_outputs = 1};

Tensor *torch_trace(Tensor *x)
{
    return cer_call1(&cer_op_trace, x, NULL);
}
