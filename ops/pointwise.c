/* The rows of pointwise.def as records: each row's vjp, the op, its in-place twin, and the public functions. */
#include "ops/ops_internal.h"

#define NONE 0
#define A CER_SAVE(0)
#define B CER_SAVE(1)
#define C CER_SAVE(2)
#define Y CER_SAVE_OUTPUT(0)

/* What a vjp expression may name. Each is looked up where it is used, so nothing is unpacked in vain. */
#define g (gradients[0])
#define y (cer_saved_output(node, 0))
#define p(i) (((const torch_Scalar *)cer_attrs(node))[i])

#define VJP_HEAD(name) static void vjp_##name(cer_Node *node, Tensor *const *gradients, Tensor **in)
#define INPUT(i, vjp) \
    if (cer_needs(node, i)) in[i] = vjp;

/* ---- vjps: unary rows see a as a tensor, the others see operands that may be numbers ----------------------------- */
#define a (cer_saved_tensor(node, 0))
#define LOOP1(name, types, expression, grad, rule, saves_a, vjp_a) \
    VJP_HEAD(name)                                                 \
    {                                                              \
        (void)gradients;                                           \
        INPUT(0, vjp_a)                                            \
    }
#include "ops/pointwise.def"
#undef a

#define a (cer_saved(node, 0))
#define b (cer_saved(node, 1))
#define c (cer_saved(node, 2))
#define VJP2_SAME(name, vjp_a, vjp_b) \
    VJP_HEAD(name)                    \
    {                                 \
        INPUT(0, vjp_a)               \
        INPUT(1, vjp_b)               \
    }
#define VJP2_FLOAT VJP2_SAME
#define VJP2_HIDDEN VJP2_SAME
#define VJP2_HIDDEN1 VJP2_SAME
#define VJP2_HIDDEN2 VJP2_SAME
#define VJP2_COMPARE(...)
#define VJP2_CORE(...)
#define LOOP2(name, types, expression, grad, rule, saves_a, vjp_a, saves_b, vjp_b) VJP2_##rule(name, vjp_a, vjp_b)
#define LOOP3(name, types, expression, grad, rule, saves_a, vjp_a, saves_b, vjp_b, saves_c, vjp_c) \
    VJP_HEAD(name)                                                                                 \
    {                                                                                              \
        INPUT(0, vjp_a)                                                                            \
        INPUT(1, vjp_b)                                                                            \
        INPUT(2, vjp_c)                                                                            \
    }
#include "ops/pointwise.def"
#undef a
#undef b
#undef c
#undef g
#undef y
#undef p

/* ---- records ----------------------------------------------------------------------------------------------------- */
#define PARAMS_SAME 0
#define PARAMS_FLOAT 0
#define PARAMS_COMPARE 0
#define PARAMS_HIDDEN 0
#define PARAMS_HIDDEN1 1
#define PARAMS_HIDDEN2 2
#define CER_HIDDEN1 CER_HIDDEN
#define CER_HIDDEN2 CER_HIDDEN
#define RECORD(op_name, text, grad, rule_, row, vjp_, flags_, saves_a, saves_b, saves_c)   \
    const cer_Op cer_op_##op_name = {.name = text,                                         \
                                     .grad_name = #grad,                                   \
                                     .shape = cer_pointwise_shape,                         \
                                     .kernel = cer_pointwise_kernel,                       \
                                     .vjp = vjp_,                                          \
                                     .saves = {saves_a, saves_b, saves_c},                 \
                                     .n_outputs = 1,                                       \
                                     .flags = flags_,                                      \
                                     .rule = CER_##rule_,                                  \
                                     .n_params = PARAMS_##rule_,                           \
                                     .attrs_bytes = PARAMS_##rule_ * sizeof(torch_Scalar), \
                                     .loop = KERNEL_##row};
#define BOTH(name, grad, rule, sa, sb, sc)                           \
    RECORD(name, #name, grad, rule, name, vjp_##name, 0, sa, sb, sc) \
    RECORD(name##_, #name "_", grad, rule, name, vjp_##name, CER_INPLACE, sa, sb, sc)
#define RECORD2_SAME BOTH
#define RECORD2_FLOAT BOTH
#define RECORD2_HIDDEN BOTH
#define RECORD2_HIDDEN1 BOTH
#define RECORD2_HIDDEN2 BOTH
#define RECORD2_COMPARE(name, grad, rule, sa, sb, sc) \
    RECORD(name, #name, NotDifferentiable, rule, name, NULL, CER_NONDIFFERENTIABLE, 0, 0, 0)
#define RECORD2_CORE(name, grad, rule, sa, sb, sc)                                \
    static void vjp_##name(cer_Node *node, Tensor *const *gradients, Tensor **in) \
    {                                                                             \
        (void)node;                                                               \
        in[0] = in[1] = gradients[0];                                             \
    }                                                                             \
    RECORD(name##_, #name "_", grad, SAME, name, vjp_##name, CER_INPLACE, sa, sb, sc)
#define LOOP1(name, types, expression, grad, rule, sa, va) RECORD2_##rule(name, grad, rule, sa, 0, 0)
#define LOOP2(name, types, expression, grad, rule, sa, va, sb, vb) RECORD2_##rule(name, grad, rule, sa, sb, 0)
#define LOOP3(name, types, expression, grad, rule, sa, va, sb, vb, sc, vc) RECORD2_##rule(name, grad, rule, sa, sb, sc)
#include "ops/pointwise.def"

/* ---- public functions -------------------------------------------------------------------------------------------- */
#define PUBLIC1_HIDDEN(name)
#define PUBLIC1_HIDDEN2(name)
#define PUBLIC1_SAME(name)                         \
    Tensor *torch_##name(Tensor *x)                \
    {                                              \
        return cer_call1(&cer_op_##name, x, NULL); \
    }
#define PUBLIC1_FLOAT PUBLIC1_SAME
#define PUBLIC2_HIDDEN(name)
#define PUBLIC2_HIDDEN1(name)
#define PUBLIC2_HIDDEN2(name)
#define PUBLIC2_SAME(name)                                               \
    Tensor *torch_##name##_Scalar(torch_Scalar left, torch_Scalar right) \
    {                                                                    \
        torch_Scalar in[2] = {left, right};                              \
        return cer_call(&cer_op_##name, in, 2, NULL);                    \
    }
#define PUBLIC2_CORE PUBLIC2_SAME
#define PUBLIC2_COMPARE PUBLIC2_SAME
#define PUBLIC2_FLOAT(name) /* division has PyTorch's way with a number on the left: arithmetic.c */
#define LOOP1(name, types, expression, grad, rule, ...) PUBLIC1_##rule(name)
#define LOOP2(name, types, expression, grad, rule, ...) PUBLIC2_##rule(name)
#include "ops/pointwise.def"

#define IN_PLACE1(name)                               \
    Tensor *torch_##name##_(Tensor *x)                \
    {                                                 \
        return cer_call1(&cer_op_##name##_, x, NULL); \
    }
IN_PLACE1(neg)
IN_PLACE1(exp)
IN_PLACE1(sqrt)
IN_PLACE1(tanh)
IN_PLACE1(sigmoid)
