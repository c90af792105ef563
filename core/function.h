/* torch.autograd.Function: an op of yours, with a backward of your own.
 *
 *     class Cube(Function):                            static void cube(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
 *         @staticmethod                                {
 *         def forward(ctx, x):                             torch_ctx_save_for_backward(ctx, torch_tensors(in[0]));
 *             ctx.save_for_backward(x)                     out[0] = torch_pow(in[0], 3);
 *             return x ** 3                            }
 *         @staticmethod                                static int64_t cube_backward(torch_Ctx *ctx, Tensor *const *grad_out, Tensor **grad_in)
 *         def backward(ctx, grad):                     {
 *             x, = ctx.saved_tensors                       Tensor *x = torch_ctx_saved_tensor(ctx, 0);
 *             return grad * 3 * x ** 2                     grad_in[0] = torch_mul(grad_out[0], torch_mul(torch_pow(x, 2), 3));
 *                                                          return 1;
 *                                                      }
 *                                                      static const torch_Function Cube = {"Cube", cube, cube_backward};
 *     y = Cube.apply(x)                                Tensor *y = torch_Function_apply(&Cube, torch_tensors(x), NULL, NULL); */
#ifndef CERILLA_FUNCTION_H
#define CERILLA_FUNCTION_H

#include "tensor.h"

TORCH_BEGIN

/* A Python function of tensors: out[0..n_outputs) = f(*in), which stay with the innermost scope. data: what it closes over.
 * Taken by torch_checkpoint, torch_gradcheck, torch_autograd_functional_jacobian, ... */
typedef void (*torch_TensorFunction)(Tensor *const *in, int64_t n_in, Tensor **out, void *data);

typedef struct torch_Ctx torch_Ctx; /* lives as long as the graph */

/* A class. The record must outlive every graph with its nodes: make it static. */
typedef struct torch_Function {
    const char *name; /* grad_fn prints as <nameBackward> */
    /* Fills out[0..n_outputs). Runs without grad mode; an error that it raises ends apply. Inputs may be NULL: None. */
    void (*forward)(torch_Ctx *ctx, Tensor *const *in, int64_t n_in, Tensor **out);
    /* Fills grad_in, one for each input (NULL: None), and returns how many. Under create_graph what it does is recorded, so
     * that a backward in public ops can be differentiated again. */
    int64_t (*backward)(torch_Ctx *ctx, Tensor *const *grad_out, Tensor **grad_in);
    int64_t n_outputs; /* of forward; 0 stands for 1 */
    bool
        once_differentiable; /* @once_differentiable: backward runs without grad mode, and its results refuse to be differentiated */
} torch_Function;

/* Class.apply(*in): the first output; the others into others[0..n_outputs - 1), which may be NULL. data: what is no tensor,
 * for ctx. RuntimeError "function CubeBackward returned an incorrect number of gradients (expected 1, got 2)", "Function
 * CubeBackward returned an invalid gradient at index 0 - got [2] but expected shape compatible with [3]" in backward.      NULL */
TORCH_API Tensor *torch_Function_apply(const torch_Function *f, Tensor *const *in, int64_t n_in, void *data,
                                       Tensor **others);

/* In forward: what backward reads. Inputs and outputs only through this; NULL entries pass. A later call replaces the first. */
TORCH_API int torch_ctx_save_for_backward(torch_Ctx *ctx, Tensor *const *tensors, int64_t n);
TORCH_API int64_t torch_ctx_n_saved_tensors(const torch_Ctx *ctx);   /* len(ctx.saved_tensors) */
TORCH_API Tensor *torch_ctx_saved_tensor(torch_Ctx *ctx, int64_t i); /* ctx.saved_tensors[i]; IndexError.      NULL */
TORCH_API bool torch_ctx_needs_input_grad(const torch_Ctx *ctx, int64_t i); /* ctx.needs_input_grad[i] */
TORCH_API int torch_ctx_mark_non_differentiable(torch_Ctx *ctx, Tensor *const *outputs, int64_t n);
TORCH_API int torch_ctx_mark_dirty(torch_Ctx *ctx, Tensor *const *inputs, int64_t n); /* written in place */
/* false: backward gets NULL for outputs that took no part; else zeros */
TORCH_API void torch_ctx_set_materialize_grads(torch_Ctx *ctx, bool materialize);
TORCH_API void *torch_ctx_data(const torch_Ctx *ctx); /* apply's data, or what set_data put in its place */
TORCH_API void torch_ctx_set_data(torch_Ctx *ctx, void *data,
                                  void (*end)(void *data)); /* end, if any, when the graph ends */

TORCH_END

#endif
