/* What LBFGS and its line search share. */
#ifndef CERILLA_LBFGS_H
#define CERILLA_LBFGS_H

#include "mixed.h"
#include "optimizer.h"

/* One running step. */
typedef struct cer_Lbfgs {
    cer_OptimGroup *group;
    optim_Closure *closure;
    void *data;
    Tensor *flat_grad, *d; /* all gradients as one vector; the direction. One reference each, or NULL */
    Tensor **start;        /* copies of the parameters, for the line search; the scope's */
    cer_Mixed t;           /* how far along d */
    double loss;
} cer_Lbfgs;

/* slot holds t from now on. False when t is NULL: an error is pending */
static inline bool cer_hold(Tensor **slot, Tensor *t)
{
    if (!t) return false;
    cer_retain(t);
    cer_release(*slot);
    *slot = t;
    return true;
}

bool cer_lbfgs_move(cer_Lbfgs *s, cer_Mixed t);                          /* all parameters by t d */
bool cer_lbfgs_evaluate(cer_Lbfgs *s, double *loss, Tensor **flat_grad); /* calls the closure; holds the gradient */
/* Finds t that satisfies the strong Wolfe conditions: sets loss, flat_grad and t. Evaluations, or -1 */
int64_t cer_strong_wolfe(cer_Lbfgs *s, cer_Mixed gtd, double tolerance_change);

#endif
