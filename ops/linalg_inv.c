/* Inverses. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct InvAttrs {
    bool check; /* inv_ex: raise as inv does */
} InvAttrs;

static bool inv_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_square("linalg.inv", a) || !cer_is_real("linalg.inv", a, NULL)) return false;
    cer_form(&c->form[0], a->dtype, a->ndim, a->shape);
    cer_form_columns(&c->form[0]);
    if (c->op->n_outputs == 2) cer_form(&c->form[1], torch_int32, a->ndim - 2, a->shape);
    return true;
}

static bool inv_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    int64_t n = CER_ROWS(a), mark = cer_context()->pool.length;
    cer_Lu d;
    int *info;
    bool fine = cer_lu("linalg.inv", a, &d, &info);
    if (fine) cer_set_identity(c->out[0]);
    if (fine && c->op->n_outputs == 2) memcpy(c->out[1]->data, info, sizeof(int) * (size_t)cer_batch(a));
    for (int64_t i = 0; fine && n && i < cer_batch(a); i++) {
        if (info[i] && ((const InvAttrs *)c->attrs)->check)
            fine =
                cer_refuse_matrix(c->op->name, a, i,
                                  "The diagonal element %d is zero, the inversion could not be completed because the "
                                  "input matrix is singular.",
                                  info[i]);
        else
            cer_getrs(a->dtype, d.turned ? 'T' : 'N', (int)n, (int)n, cer_matrix_at(d.lu, i), d.pivot + i * n,
                      cer_matrix_at(c->out[0], i));
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void inv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *turned = cer_mT(cer_saved_output(n, 0));
    in[0] = torch_neg(torch_matmul(turned, torch_matmul(g[0], turned)));
}

#define INV(id, text, outputs)                                       \
    const cer_Op cer_op_##id = {.name = text,                        \
                                .grad_name = "LinalgInvExBackward0", \
                                .shape = inv_shape,                  \
                                .kernel = inv_kernel,                \
                                .vjp = inv_vjp,                      \
                                .saves = {CER_SAVE_OUTPUT(0)},       \
                                .n_outputs = outputs,                \
                                .indices = 2 * (outputs > 1),        \
                                .attrs_bytes = sizeof(InvAttrs)};
INV(linalg_inv, "linalg.inv", 1)
INV(linalg_inv_ex, "linalg.inv_ex", 2)

Tensor *torch_linalg_inv(Tensor *a)
{
    return cer_call1(&cer_op_linalg_inv, a, &(InvAttrs){true});
}

Tensor *torch_inverse(Tensor *a)
{
    return torch_linalg_inv(a);
}

Tensor *torch_linalg_inv_ex(Tensor *a, bool check_errors, Tensor **info)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    Tensor *second = NULL, *inverse = cer_call_two(&cer_op_linalg_inv_ex, in, 1, &(InvAttrs){check_errors}, &second);
    if (info) *info = second;
    return inverse;
}
