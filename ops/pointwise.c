/* The rows of pointwise.def as records: each row's vjp, the op, its in-place twin, and the public functions. */
#include "ops/ops_internal.h"

#define NONE 0
#define A CER_SAVE(0)
#define B CER_SAVE(1)
#define C CER_SAVE(2)
#define Y CER_SAVE_OUTPUT(0)
#define NO_FORMULA (cer_no_formula(node), NULL)

/* What a vjp expression may name. Each is looked up where it is used, so nothing is unpacked in vain. */
#define g (gradients[0])
#define y (cer_saved_output(node, 0))
#define SLOPE(name, gradient, x) cer_slope(&cer_op_##name, node, gradient, TORCH_SCALAR(x)) /* with the same options */
#define p(i) (((const torch_Scalar *)cer_attrs(node))[i])

#define VJP(name, ...)                                                            \
    static void vjp_##name(cer_Node *node, Tensor *const *gradients, Tensor **in) \
    {                                                                             \
        (void)gradients;                                                          \
        __VA_ARGS__                                                               \
    }
#define INPUT(i, vjp) \
    if (cer_needs(node, i)) in[i] = vjp;

/* ---- what a rule means ------------------------------------------------------------------------------------------- */

/* Has the op itself a gradient? One of the two arguments stays. */
#define DIFFERENTIABLE_SAME(yes, no) yes
#define DIFFERENTIABLE_PAIR(yes, no) yes
#define DIFFERENTIABLE_FLOAT(yes, no) yes
#define DIFFERENTIABLE_COMPARE(yes, no) no
#define DIFFERENTIABLE_LOGICAL(yes, no) no
#define DIFFERENTIABLE_INTEGER(yes, no) no
#define DIFFERENTIABLE_INTEGER_PAIR(yes, no) no
#define DIFFERENTIABLE_ROUNDING(yes, no) yes
#define DIFFERENTIABLE_DIVIDE(yes, no) yes
#define DIFFERENTIABLE_HIDDEN(yes, no) yes
#define DIFFERENTIABLE_HIDDEN1(yes, no) yes
#define DIFFERENTIABLE_HIDDEN2(yes, no) yes
#define DIFFERENTIABLE_HIDDEN3(yes, no) yes
#define DIFFERENTIABLE_HIDDEN_FLOAT(yes, no) yes
#define DIFFERENTIABLE_HIDDEN_FLOAT1(yes, no) yes
#define DIFFERENTIABLE_FLOAT_PAIR(yes, no) yes
#define DIFFERENTIABLE_ROWS(yes, no) yes
#define DIFFERENTIABLE_GELU(yes, no) yes
#define DIFFERENTIABLE_ELU(yes, no) yes
#define DIFFERENTIABLE_OPTIONS1(yes, no) yes
#define DIFFERENTIABLE_OPTIONS2(yes, no) yes
#define DIFFERENTIABLE_OPTIONS3(yes, no) yes
#define DIFFERENTIABLE_MASKED(yes, no) yes
#define DIFFERENTIABLE_FILL(yes, no) yes
#define DIFFERENTIABLE_CORE(yes, no) yes

/* The fields of its record. */
#define FIELDS_OF(result, params, form, run)                                                                 \
    .rule = CER_##result, .n_params = params, .attrs_bytes = (params) * sizeof(torch_Scalar), .shape = form, \
    .kernel = run
#define FIELDS(result, params, run) FIELDS_OF(result, params, cer_pointwise_shape, run)
#define FIELDS_SAME(row) FIELDS(SAME, 0, cer_pointwise_kernel)
#define FIELDS_PAIR FIELDS_SAME
#define FIELDS_FLOAT(row) FIELDS(FLOAT, 0, cer_pointwise_kernel)
#define FIELDS_COMPARE(row) FIELDS(COMPARE, 0, cer_pointwise_kernel)
#define FIELDS_LOGICAL FIELDS_COMPARE
#define FIELDS_INTEGER FIELDS_SAME
#define FIELDS_INTEGER_PAIR FIELDS_SAME
#define FIELDS_ROUNDING(row) FIELDS_SAME(row), .dispatch = #row "_vml_cpu"
#define FIELDS_DIVIDE(row) FIELDS(SAME, 0, cer_divide_kernel)
#define FIELDS_HIDDEN FIELDS_SAME
#define FIELDS_HIDDEN1(row) FIELDS(SAME, 1, cer_pointwise_kernel)
#define FIELDS_HIDDEN2(row) FIELDS(SAME, 2, cer_pointwise_kernel)
#define FIELDS_HIDDEN3(row) FIELDS(SAME, 3, cer_pointwise_kernel)
#define FIELDS_HIDDEN_FLOAT FIELDS_FLOAT
#define FIELDS_HIDDEN_FLOAT1(row) FIELDS(FLOAT, 1, cer_pointwise_kernel)
#define FIELDS_FLOAT_PAIR FIELDS_FLOAT
#define FIELDS_ROWS(row) FIELDS_SAME(row), .in_rows = true
#define FIELDS_GELU(row) FIELDS_SAME(row), .dispatch = "GeluKernelImpl"
#define FIELDS_ELU(row) FIELDS_OPTIONS3(row), .dispatch = "elu_cpu"
#define FIELDS_OPTIONS1(row) FIELDS(SILENT, 1, cer_pointwise_kernel)
#define FIELDS_OPTIONS2(row) FIELDS(SILENT, 2, cer_pointwise_kernel)
#define FIELDS_OPTIONS3(row) FIELDS(SILENT, 3, cer_pointwise_kernel)
#define FIELDS_MASKED(row) FIELDS_SAME(row), .mask = 1
#define FIELDS_FILL(row) FIELDS_OF(SAME, 0, cer_fill_shape, cer_pointwise_kernel), .mask = 2
#define FIELDS_CORE FIELDS_SAME

/* ---- vjps: unary rows see a as a tensor, the others see operands that may be numbers ----------------------------- */
#define a (cer_saved_tensor(node, 0))
#define LOOP1(name, types, expression, grad, rule, saves_a, vjp_a) DIFFERENTIABLE_##rule(VJP(name, INPUT(0, vjp_a)), )
#include "ops/pointwise.def"
#undef a

#define a (cer_saved(node, 0))
#define b (cer_saved(node, 1))
#define c (cer_saved(node, 2))
#define LOOP2(name, types, expression, grad, rule, saves_a, vjp_a, saves_b, vjp_b) \
    DIFFERENTIABLE_##rule(VJP(name, INPUT(0, vjp_a) INPUT(1, vjp_b)), )
#define LOOP3(name, types, expression, grad, rule, saves_a, vjp_a, saves_b, vjp_b, saves_c, vjp_c) \
    DIFFERENTIABLE_##rule(VJP(name, INPUT(0, vjp_a) INPUT(1, vjp_b) INPUT(2, vjp_c)), )
#include "ops/pointwise.def"
#undef a
#undef b
#undef c
#undef g
#undef y
#undef p

/* A comparison that has overwritten its operand: nothing of the old value is left, and it is flat in the other. */
static void vjp_overwritten(cer_Node *node, Tensor *const *gradients, Tensor **in)
{
    (void)gradients;
    for (int i = 0; i < 2; i++) {
        if (!cer_needs(node, i)) continue;
        torch_Size s = cer_input_size(node, i);
        in[i] = cer_zeros(cer_input_dtype(node, i), s.ndim, s.dim);
    }
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* One name, or a pair in parentheses: PAIRED brings a comma along only if a parenthesis follows. */
#define PAIRED(...) ~, TWO
#define SECOND(u, v, ...) v
#define SECOND_OF(...) SECOND(__VA_ARGS__)
#define JOIN_(u, v) u##v
#define JOIN(u, v) JOIN_(u, v)
#define NAMES_ONE(grad) .grad_name = #grad
#define NAMES_PAIR(tensor, number) .grad_name = #tensor, .grad_name_number = #number
#define NAMES_TWO(grad) NAMES_PAIR grad
#define NAMES(grad) JOIN(NAMES_, SECOND_OF(PAIRED grad, ONE, ~))(grad)

#define RECORD(op_name, text, grad, rule, row, vjp_, flags_, saves_a, saves_b, saves_c) \
    const cer_Op cer_op_##op_name = {.name = text,                                      \
                                     NAMES(grad),                                       \
                                     .vjp = vjp_,                                       \
                                     .saves = {saves_a, saves_b, saves_c},              \
                                     .n_outputs = 1,                                    \
                                     .flags = flags_,                                   \
                                     FIELDS_##rule(row),                                \
                                     .loop = KERNEL_##row};
#define FRESH(name, grad, rule, sa, sb, sc)                                                 \
    DIFFERENTIABLE_##rule(RECORD(name, #name, grad, rule, name, vjp_##name, 0, sa, sb, sc), \
                          RECORD(name, #name, grad, rule, name, NULL, CER_NONDIFFERENTIABLE, 0, 0, 0))
#define OVER(name, grad, rule, vjp, flags, sa, sb, sc) \
    RECORD(name##_, #name "_", grad, rule, name, vjp, CER_INPLACE | (flags), sa, sb, sc)
#define BOTH(name, grad, rule, sa, sb, sc) \
    FRESH(name, grad, rule, sa, sb, sc)    \
    OVER(name, grad, rule, vjp_##name, 0, sa, sb, sc)
#define CONSTANT(name, grad, rule, sa, sb, sc) \
    FRESH(name, grad, rule, sa, sb, sc)        \
    OVER(name, grad, rule, NULL, CER_NONDIFFERENTIABLE, 0, 0, 0)
#define RECORDS_SAME BOTH
#define RECORDS_PAIR BOTH
#define RECORDS_FLOAT BOTH
#define RECORDS_COMPARE(name, grad, rule, sa, sb, sc) \
    FRESH(name, grad, rule, sa, sb, sc)               \
    OVER(name, grad, rule, vjp_overwritten, 0, 0, 0, 0)
#define RECORDS_LOGICAL CONSTANT
#define RECORDS_INTEGER CONSTANT
#define RECORDS_INTEGER_PAIR CONSTANT
#define RECORDS_ROUNDING BOTH
#define RECORDS_DIVIDE BOTH
#define RECORDS_HIDDEN BOTH
#define RECORDS_HIDDEN1 BOTH
#define RECORDS_HIDDEN2 BOTH
#define RECORDS_HIDDEN3 BOTH
#define RECORDS_HIDDEN_FLOAT BOTH
#define RECORDS_HIDDEN_FLOAT1 BOTH
#define RECORDS_FLOAT_PAIR BOTH
#define RECORDS_ROWS BOTH
#define RECORDS_GELU BOTH
#define RECORDS_ELU BOTH
#define RECORDS_OPTIONS1 BOTH
#define RECORDS_OPTIONS2 BOTH
#define RECORDS_OPTIONS3 BOTH
#define RECORDS_MASKED BOTH
#define RECORDS_FILL BOTH
#define RECORDS_CORE(name, grad, rule, sa, sb, sc) OVER(name, grad, rule, vjp_##name, 0, sa, sb, sc)
#define LOOP1(name, types, expression, grad, rule, sa, va) RECORDS_##rule(name, grad, rule, sa, 0, 0)
#define LOOP2(name, types, expression, grad, rule, sa, va, sb, vb) RECORDS_##rule(name, grad, rule, sa, sb, 0)
#define LOOP3(name, types, expression, grad, rule, sa, va, sb, vb, sc, vc) RECORDS_##rule(name, grad, rule, sa, sb, sc)
#include "ops/pointwise.def"

/* ---- public functions; which of the in-place twins PyTorch has, the headers say ---------------------------------- */
#define UNARY_FUNCTION(name, op)                 \
    Tensor *torch_##name(Tensor *x)              \
    {                                            \
        return cer_call1(&cer_op_##op, x, NULL); \
    }
#define UNARY(name) UNARY_FUNCTION(name, name) UNARY_FUNCTION(name##_, name##_)
#define NUMBERS_FRESH(name)                                              \
    Tensor *torch_##name##_Scalar(torch_Scalar left, torch_Scalar right) \
    {                                                                    \
        torch_Scalar in[2] = {left, right};                              \
        return cer_call(&cer_op_##name, in, 2, NULL);                    \
    }
#define NUMBERS(name)                                             \
    NUMBERS_FRESH(name)                                           \
    Tensor *torch_##name##__Scalar(Tensor *x, torch_Scalar other) \
    {                                                             \
        torch_Scalar in[2] = {torch_scalar_tensor(x), other};     \
        return cer_call(&cer_op_##name##_, in, 2, NULL);          \
    }
#define TENSORS(name)                                        \
    Tensor *torch_##name(Tensor *x, Tensor *other)           \
    {                                                        \
        return cer_call2(&cer_op_##name, x, other, NULL);    \
    }                                                        \
    Tensor *torch_##name##_(Tensor *x, Tensor *other)        \
    {                                                        \
        return cer_call2(&cer_op_##name##_, x, other, NULL); \
    }
#define BY_HAND(name)
#define PUBLIC1_SAME UNARY
#define PUBLIC1_FLOAT UNARY
#define PUBLIC1_COMPARE(name) UNARY_FUNCTION(name, name)
#define PUBLIC1_LOGICAL UNARY
#define PUBLIC1_INTEGER UNARY
#define PUBLIC1_ROUNDING UNARY
#define PUBLIC1_HIDDEN BY_HAND
#define PUBLIC1_HIDDEN1 BY_HAND
#define PUBLIC1_HIDDEN2 BY_HAND
#define PUBLIC1_HIDDEN3 BY_HAND
#define PUBLIC1_HIDDEN_FLOAT BY_HAND
#define PUBLIC1_HIDDEN_FLOAT1 BY_HAND
#define PUBLIC1_ROWS BY_HAND
#define PUBLIC1_GELU BY_HAND
#define PUBLIC1_ELU BY_HAND
#define PUBLIC1_OPTIONS1 BY_HAND
#define PUBLIC1_OPTIONS2 BY_HAND
#define PUBLIC1_OPTIONS3 BY_HAND
#define PUBLIC2_SAME NUMBERS
#define PUBLIC2_PAIR TENSORS
#define PUBLIC2_FLOAT NUMBERS
#define PUBLIC2_FLOAT_PAIR TENSORS
#define PUBLIC2_ROWS BY_HAND
#define PUBLIC2_OPTIONS1 BY_HAND
#define PUBLIC2_OPTIONS2 BY_HAND
#define PUBLIC2_OPTIONS3 BY_HAND
#define PUBLIC2_COMPARE NUMBERS
#define PUBLIC2_LOGICAL TENSORS
#define PUBLIC2_INTEGER NUMBERS
#define PUBLIC2_INTEGER_PAIR TENSORS
#define PUBLIC2_DIVIDE NUMBERS
#define PUBLIC2_HIDDEN BY_HAND
#define PUBLIC2_HIDDEN1 BY_HAND
#define PUBLIC2_HIDDEN2 BY_HAND
#define PUBLIC2_HIDDEN_FLOAT BY_HAND
#define PUBLIC2_CORE NUMBERS_FRESH /* add_ has its alpha */
#define LOOP1(name, types, expression, grad, rule, ...) PUBLIC1_##rule(name)
#define LOOP2(name, types, expression, grad, rule, ...) PUBLIC2_##rule(name)
#include "ops/pointwise.def"
