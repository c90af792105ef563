/* torch.nn.functional: dropouts, and activations that draw. */
#ifndef CERILLA_OPS_DROPOUT_H
#define CERILLA_OPS_DROPOUT_H

#include "../core/autograd.h"

TORCH_BEGIN

/* F.dropout(x, p, training): x noise / (1 - p), noise from bernoulli_(1 - p); x itself when not training. ValueError "dropout
 * probability has to be between 0 and 1, but got 1.5". Those with a trailing _ write x, as inplace=True does. */
TORCH_API Tensor *F_dropout(Tensor *x, double p, bool training);
TORCH_API Tensor *F_dropout_(Tensor *x, double p, bool training);
/* whole channels: (N, C, L) or (C, L); (N, C, H, W); (N, C, D, H, W) or (C, D, H, W) */
TORCH_API Tensor *F_dropout1d(Tensor *x, double p, bool training);
TORCH_API Tensor *F_dropout2d(Tensor *x, double p, bool training);
TORCH_API Tensor *F_dropout3d(Tensor *x, double p, bool training);
TORCH_API Tensor *F_dropout1d_(Tensor *x, double p, bool training);
TORCH_API Tensor *F_dropout2d_(Tensor *x, double p, bool training);
TORCH_API Tensor *F_dropout3d_(Tensor *x, double p, bool training);
/* To what SELU saturates to instead of 0, and scaled so that mean and variance stay */
TORCH_API Tensor *F_alpha_dropout(Tensor *x, double p, bool training);
TORCH_API Tensor *F_alpha_dropout_(Tensor *x, double p, bool training);
TORCH_API Tensor *F_feature_alpha_dropout(Tensor *x, double p, bool training); /* whole channels */

/* F.rrelu(x, lower=1/8, upper=1/3, training=False): x times a slope from U[lower, upper) where x <= 0; their mean when not training */
typedef struct F_RreluArgs {
    size_t struct_size;
    Tensor *input;
    double lower, upper;
    bool training;
} F_RreluArgs;
TORCH_API F_RreluArgs F_RreluArgs_defaults(void);
TORCH_API Tensor *F_rrelu_args(const F_RreluArgs *args);
TORCH_API Tensor *F_rrelu__args(const F_RreluArgs *args);
#define F_RRELU(...) \
    (&(F_RreluArgs){.lower = 1.0 / 8, .upper = 1.0 / 3, .struct_size = sizeof(F_RreluArgs), .input = __VA_ARGS__})
#define F_rrelu(...) F_rrelu_args(F_RRELU(__VA_ARGS__))
#define F_rrelu_(...) F_rrelu__args(F_RRELU(__VA_ARGS__))

/* F.gumbel_softmax(logits, tau=1, hard=False, dim=-1): softmax((logits + noise) / tau); hard: one-hot, with that gradient */
typedef struct F_GumbelArgs {
    size_t struct_size;
    Tensor *logits;
    double tau;
    bool hard;
    int64_t dim;
} F_GumbelArgs;
TORCH_API F_GumbelArgs F_GumbelArgs_defaults(void);
TORCH_API Tensor *F_gumbel_softmax_args(const F_GumbelArgs *args);
#define F_gumbel_softmax(...) \
    F_gumbel_softmax_args(    \
        &(F_GumbelArgs){.tau = 1, .dim = -1, .struct_size = sizeof(F_GumbelArgs), .logits = __VA_ARGS__})

TORCH_END

#endif
