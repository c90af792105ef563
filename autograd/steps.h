/* The steps that the functions of functional.h are made of (functional.c). All raise, and return false or NULL. */
#ifndef CERILLA_AUTOGRAD_STEPS_H
#define CERILLA_AUTOGRAD_STEPS_H

#include "autograd/functional.h"
#include "core/op.h"

typedef enum cer_Stage { CER_BACK, CER_BACK_TRICK, CER_DOUBLE_BACK, CER_DOUBLE_BACK_TRICK } cer_Stage;
typedef enum cer_InputType { CER_OUTPUTS_OF, CER_GRAD_INPUTS, CER_JACOBIAN, CER_HESSIAN } cer_InputType;

Tensor **cer_tensors(int64_t n);                      /* NULLs, for the innermost scope */
Tensor **cer_prepared(const torch_FunctionalArgs *a); /* the inputs, to be differentiated */
Tensor **cer_evaluated(const torch_FunctionalArgs *a, Tensor *const *in, const char *name);            /* the outputs */
Tensor **cer_vectors(const torch_FunctionalArgs *a, Tensor *const *like, int64_t n, const char *none); /* v, checked */
Tensor **cer_zeros_like(Tensor *const *like, int64_t n); /* which require grad */
bool cer_all_require_grad(const torch_FunctionalArgs *a, Tensor *const *t, int64_t n, cer_InputType type);
/* autograd.grad(out, in, v, allow_unused=True) of those outputs that require grad */
Tensor **cer_gradients(Tensor *const *out, int64_t n_out, Tensor *const *in, int64_t n_in, Tensor *const *v,
                       bool create_graph, bool retain_graph);
bool cer_fill_in_zeros(const torch_FunctionalArgs *a, Tensor **grad, Tensor *const *like, int64_t n, cer_Stage stage);
bool cer_one_element(const torch_FunctionalArgs *a, const Tensor *out, const char *name);
bool cer_hand_out(const torch_FunctionalArgs *a, Tensor **result, Tensor *const *t, int64_t n); /* past the scope */
void cer_clear(Tensor **result, int64_t n);

#endif
