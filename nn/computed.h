/* Tensors of a module that are computed anew before every forward: what weight_norm, spectral_norm and parametrize put in the
 * place of a parameter. The fields of the struct that showed it show what was computed last. Never installed. */
#ifndef CERILLA_NN_COMPUTED_H
#define CERILLA_NN_COMPUTED_H

#include "module.h"

enum { CER_NAME = 128 };
typedef struct cer_Computed cer_Computed;
struct cer_Computed {
    /* its value from what m has registered; `training`: state may move on. NULL after raising */
    Tensor *(*compute)(nn_Module *m, const cer_Computed *c, bool training);
    char name[CER_NAME]; /* of the parameter in whose place it is */
    Tensor *shown;       /* one reference */
    int64_t dim, iterations;
    double eps; /* options of compute */
};

/* The parameter or buffer of that name, NULL for None or after raising a KeyError "'Linear' object has no attribute 'w'". */
cer_Item *cer_nn_original(nn_Module *m, const char *op, const char *name);
const char *cer_nn_suffixed(char text[CER_NAME + 8], const char *name, const char *suffix);

/* From now on c is computed before every forward; c->shown is what the fields show now. The copy in m, or NULL. */
cer_Computed *cer_nn_add_computed(nn_Module *m, const char *op, const cer_Computed *c);
cer_Computed *cer_nn_find_computed(nn_Module *m, Tensor *(*compute)(nn_Module *, const cer_Computed *, bool),
                                   const char *name);
Tensor *cer_nn_shown(const nn_Module *m,
                     const char *name); /* a parameter, or what is computed in its place; NULL: neither */
void cer_nn_show(nn_Module *m, cer_Computed *c, Tensor *now);            /* NULL: nothing changes */
void cer_nn_remove_computed(nn_Module *m, cer_Computed *c, Tensor *now); /* the fields show that */

/* ---- shared by both spectral norms (utils_norm.c) ---- */
Tensor *cer_nn_as_matrix(Tensor *weight, int64_t dim);                        /* (n, rest): dim's size first */
bool cer_nn_power_step(Tensor *to, Tensor *matrix, Tensor *from, double eps); /* to = normalize(matrix from) */
int64_t cer_nn_output_dim(const nn_Module *m);                                /* of the weight of such a layer */

#endif
