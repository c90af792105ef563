/* torch.nn: dropout. In training mode each draws what to drop; in eval mode they give x itself. */
#ifndef CERILLA_NN_DROPOUT_H
#define CERILLA_NN_DROPOUT_H

#include "machinery.h"

TORCH_BEGIN

/* nn.Dropout(p=0.5, inplace=False) and kin; with inplace, x itself is overwritten. AlphaDropout and FeatureAlphaDropout
 * do not heed it, as in PyTorch. ValueError "dropout probability has to be between 0 and 1, but got 1.5".      NULL */
typedef struct nn_DropoutArgs {
    size_t struct_size;
    double p;
    bool inplace;
} nn_DropoutArgs;
typedef struct nn_Dropout {
    nn_Module module;
    double p;
    bool inplace;
} nn_Dropout, nn_Dropout1d, nn_Dropout2d, nn_Dropout3d, nn_AlphaDropout, nn_FeatureAlphaDropout;
TORCH_API nn_DropoutArgs nn_DropoutArgs_defaults(void);
#define NN_DROPOUT(...) (&(nn_DropoutArgs){.p = 0.5, .struct_size = sizeof(nn_DropoutArgs), __VA_ARGS__})

/* Zeroes each element with probability p and divides the others by 1 - p. (*) -> (*) */
TORCH_API nn_Dropout *nn_Dropout_new(const nn_DropoutArgs *args);
#define nn_Dropout(...) nn_Dropout_new(NN_DROPOUT(__VA_ARGS__))
/* The same with whole channels: (N, C, L) or (C, L); (N, C, H, W); (N, C, D, H, W) or (C, D, H, W). */
TORCH_API nn_Dropout1d *nn_Dropout1d_new(const nn_DropoutArgs *args);
TORCH_API nn_Dropout2d *nn_Dropout2d_new(const nn_DropoutArgs *args);
TORCH_API nn_Dropout3d *nn_Dropout3d_new(const nn_DropoutArgs *args);
#define nn_Dropout1d(...) nn_Dropout1d_new(NN_DROPOUT(__VA_ARGS__))
#define nn_Dropout2d(...) nn_Dropout2d_new(NN_DROPOUT(__VA_ARGS__))
#define nn_Dropout3d(...) nn_Dropout3d_new(NN_DROPOUT(__VA_ARGS__))
/* To what SELU saturates to instead of 0, and scaled so that mean and variance stay; the second, whole channels. */
TORCH_API nn_AlphaDropout *nn_AlphaDropout_new(const nn_DropoutArgs *args);
TORCH_API nn_FeatureAlphaDropout *nn_FeatureAlphaDropout_new(const nn_DropoutArgs *args);
#define nn_AlphaDropout(...) nn_AlphaDropout_new(NN_DROPOUT(__VA_ARGS__))
#define nn_FeatureAlphaDropout(...) nn_FeatureAlphaDropout_new(NN_DROPOUT(__VA_ARGS__))

TORCH_END

#endif
