/* The exponential of matrices: e^A = (e^(A / 2^s))^(2^s), the inner one by Taylor's polynomial of degree 16 in six products. */
#include "ops/linalg_internal.h"

static bool exp_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_square("linalg.matrix_exp", a) || !cer_is_real("matrix_exp", a, "log2_vml_cpu")) return false;
    cer_form_like(&c->form[0], a->dtype, a, false);
    return true;
}

/* Halvings of each matrix (*, 1, 1), until its largest column sum is at most what the polynomial is exact for; *most, the
 * largest. */
static Tensor *halvings(Tensor *a, int *most)
{
    Tensor *norm = torch_amax(torch_sum(torch_abs(a), -2, .keepdim = true), -1, .keepdim = true);
    double bound = norm && a->dtype == torch_float64 ? 0.75 : 2;
    Tensor *s = torch_ceil(torch_log2(torch_div(norm, bound)));
    s = torch_clamp(torch_nan_to_num(s, .nan = 0, .posinf = 0, .neginf = 0), .min = 0); /* not finite: nothing helps */
    Tensor *top = torch_max(s);
    *most = top ? (int)torch_item(top) : 0;
    return top ? s : NULL;
}

/* sum of A^k / k! for k up to 16: four terms at a time, in powers of A^4 */
static Tensor *taylor(Tensor *a)
{
    if (!a) return NULL;
    Tensor *power[5] = {torch_to(torch_eye(CER_COLS(a)), a->dtype), a, NULL, NULL, NULL}, *sum = NULL;
    double factor = 1; /* 1 / k! */
    for (int k = 2; k <= 4; k++) power[k] = torch_matmul(power[k - 1], a);
    for (int k = 1; k <= 16; k++) factor /= k;
    sum = torch_mul(power[4], factor);
    factor *= 16;
    for (int block = 3; block >= 0 && sum; block--) {
        if (block < 3) sum = torch_matmul(sum, power[4]);
        for (int k = 3; k >= 0; k--) {
            sum = torch_add(sum, torch_mul(power[k], factor));
            factor *= 4 * block + k;
        }
    }
    return sum;
}

static Tensor *exponential(Tensor *a)
{
    int most;
    Tensor *s = halvings(a, &most), *r = s ? taylor(torch_mul(a, torch_exp2(torch_neg(s)))) : NULL;
    for (int i = 0; i < most && r; i++) /* matrices of a batch that were halved less are ready earlier */
        r = torch_where(torch_gt(s, i), torch_matmul(r, r), r);
    return r;
}

static bool exp_kernel(cer_Call *c)
{
    Tensor *a = c->in[0].as.t;
    int64_t mark = cer_context()->pool.length;
    if (a->numel == 0) return true;
    bool before = torch_set_grad_enabled(false);
    Tensor *result = exponential(a);
    torch_set_grad_enabled(before);
    if (result) cer_copy_elements(c->out[0], result, result->stride);
    cer_pool_unwind(cer_context(), mark);
    return result != NULL;
}

/* The upper right block of exp [A^T G; 0 A^T] is the derivative of exp at A^T in direction G. */
static void exp_vjp(cer_Node *node, Tensor *const *g, Tensor **in)
{
    Tensor *turned = cer_mT(cer_saved_tensor(node, 0));
    if (!turned) return;
    if (turned->numel == 0) {
        in[0] = torch_zeros_like(turned);
        return;
    }
    int64_t n = CER_ROWS(turned);
    Tensor *upper = torch_cat(torch_tensors(turned, g[0]), -1);
    Tensor *lower = torch_cat(torch_tensors(torch_zeros_like(turned), turned), -1);
    Tensor *both = upper && lower ? torch_linalg_matrix_exp(torch_cat(torch_tensors(upper, lower), -2)) : NULL;
    if (both) in[0] = torch_narrow(torch_narrow(both, -2, 0, n), -1, n, n);
}

const cer_Op cer_op_linalg_matrix_exp = {.name = "linalg.matrix_exp",
                                         .grad_name = "LinalgMatrixExpBackward0",
                                         .schema = "linalg_matrix_exp(Tensor self) -> Tensor",
                                         .shape = exp_shape,
                                         .kernel = exp_kernel,
                                         .vjp = exp_vjp,
                                         .saves = {CER_SAVE(0)},
                                         .n_outputs = 1};

Tensor *torch_linalg_matrix_exp(Tensor *a)
{
    return cer_call1(&cer_op_linalg_matrix_exp, a, NULL);
}

Tensor *torch_matrix_exp(Tensor *a)
{
    return torch_linalg_matrix_exp(a);
}
