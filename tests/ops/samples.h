/* The samples of samples/, their inputs, and PyTorch's answers to them. */
#ifndef CERILLA_TESTS_SAMPLES_H
#define CERILLA_TESTS_SAMPLES_H

#include "ops/ops_internal.h"
#include "ops/recurrent.h"

enum { INPUTS = 12 }; /* that a sample may name */
#define INPUT_NAMES "xyzwpqostibn"

typedef struct Inputs {
    Tensor *t[INPUTS]; /* by name; NULL where the case has none */
} Inputs;

typedef struct Sample {
    const char *theme, *record, *inputs, *python;
    const cer_Op *op;
    Tensor *(*call)(const Inputs *in);
} Sample;

extern const Sample samples[];
extern const int n_samples;

typedef struct Given { /* one input of a case */
    int which;         /* index into INPUT_NAMES */
    char letter;       /* its dtype */
    int64_t ndim, shape[TORCH_MAX_DIM];
} Given;

typedef struct Case {
    const Sample *sample;
    char key[160]; /* "f x[2,3] y[3] T", as in the reference */
    char layout;   /* C, T or S */
    bool mixed;    /* of two dtypes */
    int n;
    Given given[5];
} Case;

/* Calls visit for each case of the sample, in the order of the reference. */
void each_case(const Sample *sample, void (*visit)(const Case *c, void *data), void *data);

torch_dtype dtype_of_letter(char letter);
char letter_of_dtype(torch_dtype dtype);

/* The case's tensors, borrowed; floating ones require grad. False if one could not be made. */
bool case_inputs(const Case *c, Inputs *in);

/* Numbers for a tensor of that name and shape, contiguous: what a backward is fed is called g. */
Tensor *made(char name, char letter, int64_t ndim, const int64_t *shape);

/* Helpers that samples name. */
Tensor *grad_of(Tensor *out, Tensor *in,
                Tensor *gradient); /* torch.autograd.grad(out, in, gradient, create_graph=True)[0] */
Tensor *nth(torch_TensorList list, int64_t k);
Tensor *backwards(torch_TensorList list, int64_t dim); /* torch.cat(list[::-1], dim) */
torch_TensorList flat(torch_TensorList list);          /* [t.reshape(-1) for t in list] */
Tensor *second(Tensor *(*function)(Tensor *, int64_t, bool, Tensor **), Tensor *x, int64_t dim, bool keepdim);
Tensor *indices_of(Tensor *(*function)(Tensor *, int64_t, Tensor **), Tensor *x, int64_t dim);
Tensor *mean_of(Tensor *(*function)(const torch_VarArgs *), Tensor *x, int64_t dim); /* torch.var_mean(x, dim)[1] */
Tensor *largest_of(Tensor *x, int64_t dim, bool keepdim);                            /* torch.aminmax(x, dim=dim)[1] */
Tensor *topk_index(Tensor *x, int64_t k, int64_t dim, bool largest);
Tensor *unique_inverse(Tensor *x, int64_t dim, bool consecutive);
Tensor *unique_counts(Tensor *x, int64_t dim, bool consecutive);
Tensor *bin_edges(Tensor *x, int64_t bins);
Tensor *second_of_pack(Tensor *x); /* batch sizes of the lengths 3, 2 */
Tensor *kth_index(Tensor *x, int64_t k, int64_t dim);
Tensor *written_view(Tensor *x);                       /* b = x.clone(); v = b[1]; v.mul_(3); v */
Tensor *written_base(Tensor *x);                       /* the same; b */
Tensor *written_base_by(Tensor *x, Tensor *y);         /* with v.mul_(y) */
Tensor *pool_indices(const F_MaxPoolArgs *args);       /* of max_pool2d */
Tensor *unpooled(Tensor *x, int dims);                 /* max_unpool of max_pool by 2 */
Tensor *running(Tensor *x, Tensor *mean, Tensor *var); /* after a training batch_norm: the one that is not NULL */
Tensor *running_of_instances(Tensor *x, Tensor *var);
Tensor *norm_gradient(Tensor *out, Tensor *in, Tensor *gradient); /* torch.autograd.grad(out, in, gradient)[0] */
/* torch.rnn_tanh and kin: cell as in ops/recurrent.h, one layer. output 0: h of all steps, 1: c of the last */
Tensor *recurrent_of(int cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *w_ih, Tensor *w_hh, Tensor *bias,
                     int output);
Tensor *regular(Tensor *x);                                       /* x + 4 I */
Tensor *positive(Tensor *x);                                      /* x x^T + I */
Tensor *svd_of(Tensor *x, bool full, int output);                 /* U, S, V^T */
Tensor *qr_of(Tensor *x, const char *mode, int output);
Tensor *eigh_of(Tensor *x, const char *uplo, int output);
Tensor *logabsdet_of(Tensor *x);
Tensor *lu_factor_of(Tensor *x, bool check_errors, int output); /* LU, pivots, info */
Tensor *lu_of(Tensor *x, int output);                           /* P, L, U */
Tensor *lu_unpacked(Tensor *x, int output);                     /* the same, of lu_factor(x) */
Tensor *lu_solved(Tensor *x, Tensor *y, bool left, bool adjoint);
Tensor *inv_ex_of(Tensor *x, bool check_errors, int output);
Tensor *solve_ex_of(Tensor *x, Tensor *y, bool left, bool check_errors, int output);
Tensor *cholesky_ex_of(Tensor *x, bool upper, bool check_errors, int output);
Tensor *coefficient_of(Tensor *y, Tensor *x); /* the second of triangular_solve(y, x) */
Tensor *rank_of(Tensor *x, Tensor *y);        /* of lstsq */
Tensor *number(const Tensor *x);              /* x.item() as a float64 tensor */

#endif
