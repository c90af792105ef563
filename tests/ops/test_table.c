/* The walk over the op table: every sample of samples/ against PyTorch's answer in tests/reference/ops/. Shape, dtype,
 * strides, grad_fn and error texts are the same; values the same to the last bit, but for the records named below; gradients
 * within 1e-5 (float32) or 1e-12 (float64) of the largest. Inputs are as they were. And every record has a sample. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/random.h"
#include "reference.h"
#include "tests/support.h"

#ifndef OPS_REFERENCE
#define OPS_REFERENCE "tests/reference/ops"
#endif

/* Not to the last bit: functions that PyTorch takes from Sleef (the COSTLY rows), and what is made of them; products, whose
 * order of summing is the BLAS's; variances and norms, which we sum up in double, and PyTorch sometimes by Welford's recurrence or in float. */
/* clang-format off */
static const char *const rounded[] = {
    "embedding_renorm_", "linalg_inv", "linalg_solve", "linalg_solve_triangular", "linalg_det", "linalg_slogdet",
    "linalg_cholesky", "cholesky", "linalg_cholesky_ex", "cholesky_solve", "cholesky_inverse", "linalg_matrix_exp", "linalg_qr", "linalg_svd", "linalg_eigh", "linalg_pinv", "linalg_lstsq",
    "euclidean_dist", "cdist", "cdist_backward", "rrelu", "pow", "pow_scalar", "mm", "bmm", "mv", "dot", "addmm",
    "linear", "linear_no_bias", "linear_folded", "squeeze_dim_", "soft_margin_loss", "soft_margin",
    "binary_cross_entropy", "bce", "binary_cross_entropy_with_logits", "bce_with_logits",
    "bce_with_logits_weighted", "nll_loss", "ctc_loss", "ctc_loss_backward", "embedding_bag", "nll_loss2d", "native_layer_norm", "native_batch_norm",
    "native_group_norm", "norm_backward", "attention", "attention_backward", "recurrent", "recurrent_backward", "vdot", "addmm_", "baddbmm", "baddbmm_", "addbmm", "addbmm_", "addmv",
    "addmv_", "addr", "addr_", "linalg_cross", "var", "std", "var_mean", "std_mean", "norm", "norm_dtype",
    "linalg_vector_norm", "dist", "softmax", "log_softmax", "softmax_backward", "log_softmax_backward", "logsumexp",
    "logcumsumexp", "recurrence", "div_number", "convolution", "conv_transposed", "conv_weight",
    "upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d",
    "upsample_linear1d_backward", "upsample_bilinear2d_backward", "upsample_trilinear3d_backward",
    "upsample_bicubic2d_backward"};
/* clang-format on */

static const struct {
    const char *name, *types;
} rows[] = {
#define ROW(name, types, ...) {#name, #types},
#define LOOP1 ROW
#define LOOP2 ROW
#define LOOP3 ROW
#include "ops/pointwise.def"
#undef ROW
};

static bool is_rounded(const char *record)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, record) == 0 && strcmp(rows[i].types, "COSTLY") == 0) return true;
    for (size_t i = 0; i < sizeof rounded / sizeof *rounded; i++)
        if (strcmp(rounded[i], record) == 0) return true;
    return false;
}

/* With a fused product and sum: PyTorch's bits where the CPU has one, its baseline build's otherwise. */
static bool is_fused(const char *record)
{
    static const char *const fused[] = {"add_scaled", "sub_scaled", "index_add", "addcmul", "lerp", "tanh_backward"};
    for (size_t i = 0; i < sizeof fused / sizeof *fused; i++)
        if (strcmp(record, fused[i]) == 0) return true;
    return false;
}

static bool is_rough(const Sample *s)
{
    bool fused = is_fused(s->record) || strstr(s->python, "torch.arange(");
    return is_rounded(s->record) || (fused && strcmp(cer_kernels()->name, "baseline") == 0) ||
           strstr(s->python, "grad_of(torch.tanh") || strstr(s->python, "grad_of(torch.sigmoid");
}

/* ---- complaints: all of a sample's, then the test fails ---------------------------------------------------------- */

static char complaints[16384];
static size_t complained;
static int n_complaints;

static void complain(const Case *c, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n_complaints++ < 24)
        complained +=
            (size_t)snprintf(complaints + complained, sizeof complaints - complained, "\n  %s: %.480s", c->key, text);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static int64_t offset_of(const Tensor *t, int64_t i) /* of element i in row order, in elements */
{
    torch_Size size = torch_shape(t);
    int64_t offset = 0;
    for (int64_t d = size.ndim; d-- > 0; i /= size.dim[d]) offset += i % size.dim[d] * torch_stride(t, d);
    return offset;
}

static uint64_t bits_at(const Tensor *t, int64_t i)
{
    uint64_t bits = 0;
    size_t size = torch_dtype_size(torch_dtype_of(t));
    memcpy(&bits, (const char *)torch_data_ptr(t) + offset_of(t, i) * (int64_t)size, size);
    return bits;
}

static double double_of_bits(uint64_t bits, torch_dtype dtype)
{
    double d;
    float f;
    uint32_t half = (uint32_t)bits;
    if (dtype == torch_float64) return memcpy(&d, &bits, sizeof d), d;
    if (dtype == torch_bfloat16) half <<= 16;
    return memcpy(&f, &half, sizeof f), (double)f;
}

/* One number of an answer as bits of the dtype. */
static uint64_t expected_bits(const char **at, torch_dtype dtype, bool *nan)
{
    char *end;
    *nan = strncmp(*at, "nan", 3) == 0;
    uint64_t v = *nan                                   ? 0
                 : torch_dtype_is_floating_point(dtype) ? strtoull(*at, &end, 16)
                                                        : (uint64_t)strtoll(*at, &end, 10);
    *at = *nan ? *at + 3 : end;
    if (**at == ' ') ++*at;
    size_t size = torch_dtype_size(dtype);
    return size < 8 ? v & (((uint64_t)1 << 8 * size) - 1) : v;
}

static bool is_nan_bits(uint64_t bits, torch_dtype dtype)
{
    if (dtype == torch_float16) return (bits & 0x7fff) > 0x7c00;
    return torch_dtype_is_floating_point(dtype) && isnan(double_of_bits(bits, dtype));
}

static double largest(const char *values, torch_dtype dtype)
{
    double top = 0;
    for (bool nan; *values;) {
        double v = fabs(double_of_bits(expected_bits(&values, dtype, &nan), dtype));
        if (!nan && isfinite(v)) top = fmax(top, v);
    }
    return top;
}

/* tolerance 0: to the last bit; else of the largest expected value. */
static void compare_values(const Case *c, const char *what, const Tensor *t, const char *expected, double tolerance)
{
    torch_dtype dtype = torch_dtype_of(t);
    int64_t n = torch_numel(t), wrong = 0, steps = n > 200 ? 64 : n;
    double scale = tolerance > 0 ? largest(expected, dtype) : 0;
    char first[200] = "";
    for (int64_t k = 0; k < steps; k++) {
        bool nan;
        if (!*expected) {
            complain(c, "%s: more elements than expected (%lld)", what, (long long)n);
            return;
        }
        int64_t i = n > 200 ? k * n / 64 : k;
        uint64_t want = expected_bits(&expected, dtype, &nan), have = bits_at(t, i);
        if (nan ? is_nan_bits(have, dtype) : have == want) continue;
        double w = double_of_bits(want, dtype), h = double_of_bits(have, dtype);
        if (!nan && tolerance > 0 && fabs(h - w) <= tolerance * scale) continue;
        if (wrong++ == 0)
            snprintf(first, sizeof first, "element %lld is %.17g (%" PRIx64 "), expected %.17g (%" PRIx64 ")",
                     (long long)i, torch_dtype_is_floating_point(dtype) ? h : (double)(int64_t)have, have,
                     nan                                    ? (double)NAN
                     : torch_dtype_is_floating_point(dtype) ? w
                                                            : (double)(int64_t)want,
                     want);
    }
    if (*expected) complain(c, "%s: fewer elements than expected (%lld)", what, (long long)n);
    if (wrong) complain(c, "%s: %lld of %lld wrong: %s", what, (long long)wrong, (long long)steps, first);
}

/* "f[2,3]/1,2 MulBackward0" */
static void describe(const Tensor *t, char *text, size_t bytes)
{
    torch_Size size = torch_shape(t);
    int at = snprintf(text, bytes, "%c[", letter_of_dtype(torch_dtype_of(t)));
    for (int64_t d = 0; d < size.ndim; d++)
        at += snprintf(text + at, bytes - (size_t)at, d ? ",%lld" : "%lld", (long long)size.dim[d]);
    at += snprintf(text + at, bytes - (size_t)at, "]");
    for (int64_t d = 0; d < size.ndim && !torch_is_contiguous(t); d++)
        at += snprintf(text + at, bytes - (size_t)at, d ? ",%lld" : "/%lld", (long long)torch_stride(t, d));
    const char *grad_fn = torch_grad_fn(t);
    snprintf(text + at, bytes - (size_t)at, " %s", grad_fn ? grad_fn : torch_requires_grad(t) ? "leaf" : "-");
}

/* ---- one case ---------------------------------------------------------------------------------------------------- */

static void check_error(const Case *c, const Answer *a)
{
    const char *text, *have = torch_error();
    torch_Code code = reference_code(a->error, &text);
    if (!have)
        complain(c, "no error; expected: %s", a->error);
    else if (strcmp(have, text) != 0)
        complain(c, "error: %s\n        expected: %s", have, text);
    else if (torch_error_code() != code)
        complain(c, "error code %d, expected %d: %s", torch_error_code(), code, a->error);
    torch_error_clear();
}

static void check_gradients(const Case *c, const Answer *a, Tensor *r, const Inputs *in)
{
    torch_Size size = torch_shape(r);
    torch_backward(r, made('g', letter_of_dtype(torch_dtype_of(r)), size.ndim, size.dim));
    if (torch_error()) {
        if (a->gradients) complain(c, "backward: %s", torch_error());
        torch_error_clear();
        return;
    }
    for (int k = 0; k < INPUTS && a->gradients; k++) {
        if (!in->t[k] || !a->gradient[k]) continue;
        Tensor *g = torch_grad(in->t[k]);
        char what[] = "gradient of ?";
        what[12] = INPUT_NAMES[k];
        if (strcmp(a->gradient[k], "none") == 0 || !g) {
            if (g || strcmp(a->gradient[k], "none") != 0)
                complain(c, "%s: %s", what, g ? "there should be none" : "missing");
            continue;
        }
        compare_values(c, what, g, a->gradient[k],
                       torch_dtype_of(g) == torch_float64 && torch_dtype_of(r) == torch_float64 ? 1e-12 : 1e-5);
    }
}

/* All bytes of the inputs, summed up: to see that nothing wrote them. */
static uint64_t fingerprint(const Inputs *in)
{
    uint64_t sum = 14695981039346656037u;
    for (int k = 0; k < INPUTS; k++)
        for (int64_t i = 0; in->t[k] && i < torch_numel(in->t[k]); i++)
            sum = (sum ^ bits_at(in->t[k], i)) * 1099511628211u;
    for (int k = 0; k < INPUTS; k++)
        if (in->t[k]) sum = (sum ^ (uint64_t)torch_version_of(in->t[k])) * 1099511628211u;
    return sum;
}

typedef struct Walk {
    Reference reference;
    const Sample *sample;
    int cases;
    bool named; /* some result had the record's grad_fn */
} Walk;

static void check_case(const Case *c, void *data)
{
    Walk *w = data;
    Answer a;
    torch_scope();
    Inputs in;
    w->cases++;
    if (!reference_next(&w->reference, &a) || strcmp(a.key, c->key) != 0)
        ck_abort_msg("%s: PyTorch's answers are not of these samples: run tests/reference/make_ops.py", c->key);
    ck_assert_msg(case_inputs(c, &in), "%s: inputs: %s", c->key, torch_error());
    uint64_t before = fingerprint(&in);
    torch_manual_seed(7);
    Tensor *r = c->sample->call(&in);
    if (r && torch_error()) complain(c, "a result and an error: %s", torch_error());
    if (!r && !torch_error()) complain(c, "neither a result nor an error");
    if (a.error || !r) {
        if (!a.error) complain(c, "error: %s", torch_error());
        if (a.error) check_error(c, &a);
        torch_error_clear();
        if (fingerprint(&in) != before) complain(c, "inputs were changed");
        return;
    }
    if (fingerprint(&in) != before) complain(c, "inputs were changed");
    char head[256];
    describe(r, head, sizeof head);
    if (strcmp(head, a.head) != 0) complain(c, "is %s, expected %s", head, a.head);
    bool rough = is_rough(c->sample) && torch_dtype_is_floating_point(torch_dtype_of(r));
    double tolerance = !rough ? 0 : torch_dtype_of(r) == torch_float64 ? 1e-14 : 1e-6;
    if (strncmp(head, a.head, strcspn(a.head, "/ ")) == 0) compare_values(c, "value", r, a.values, tolerance);
    if (torch_requires_grad(r) && !strstr(a.head, " -")) check_gradients(c, &a, r, &in);
}

START_TEST(agrees_with_pytorch)
{
    Walk w = {.sample = &samples[_i]};
    complained = 0;
    n_complaints = 0;
    torch_set_warning_handler(NULL);
    char path[256];
    snprintf(path, sizeof path, OPS_REFERENCE "/%s.txt", samples[_i].theme);
    int number = 0; /* within the theme */
    while (number < _i && strcmp(samples[_i - number - 1].theme, samples[_i].theme) == 0) number++;
    ck_assert_msg(reference_open(&w.reference, path, number, samples[_i].python),
                  "%s: not sample %d of %s: run tests/reference/make_ops.py %s", samples[_i].python, number, path,
                  samples[_i].theme);
    each_case(&samples[_i], check_case, &w);
    Answer more;
    bool left = reference_next(&w.reference, &more);
    reference_close(&w.reference);
    ck_assert_msg(!left, "%s: there are answers to more cases: run tests/reference/make_ops.py", samples[_i].python);
    ck_assert_int_gt(w.cases, 0);
    if (n_complaints)
        ck_abort_msg("%s (%s): %d wrong of %d:%s", samples[_i].python, samples[_i].record, n_complaints, w.cases,
                     complaints);
}
END_TEST

/* ---- the table --------------------------------------------------------------------------------------------------- */

START_TEST(every_record_has_a_sample)
{
    for (int64_t i = 0; i < cer_n_ops; i++) {
        bool found = false;
        for (int k = 0; k < n_samples; k++) found |= samples[k].op == cer_ops[i];
        ck_assert_msg(found, "record %lld (%s, %s) has no sample in tests/ops/samples/", (long long)i, cer_ops[i]->name,
                      cer_ops[i]->grad_name ? cer_ops[i]->grad_name : "");
    }
}
END_TEST

START_TEST(every_record_is_complete)
{
    for (int64_t i = 0; i < cer_n_ops; i++) {
        const cer_Op *op = cer_ops[i];
        ck_assert_ptr_nonnull(op->name);
        if (op == &cer_op_copy_slices) continue; /* only its node exists: no call makes it */
        ck_assert_msg(op->shape != NULL, "%s has no shape rule", op->name);
        ck_assert_msg(op->kernel || op->flags & CER_VIEW || op->flags & CER_RESTRIDE || op == &cer_op_empty,
                      "%s has no kernel", op->name);
        bool stops = op->flags & CER_NONDIFFERENTIABLE;
        ck_assert_msg(stops != (op->vjp != NULL), "%s: either a vjp or NONDIFFERENTIABLE", op->name);
        ck_assert_msg(stops || op->grad_name, "%s has no grad_name", op->name);
        ck_assert_msg(op->n_outputs >= 1 && op->n_outputs <= CER_OUTPUTS, "%s: %d outputs", op->name, op->n_outputs);
    }
}
END_TEST

static TCase *table(void)
{
    return test_case("table", every_record_has_a_sample, every_record_is_complete);
}

static TCase *answers(void)
{
    TCase *c = support_case("answers", (const TTest *const[]){NULL});
    tcase_add_loop_test(c, agrees_with_pytorch, 0, n_samples);
    return c;
}

SUITE_MAIN("ops", table, answers)
