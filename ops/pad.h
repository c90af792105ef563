/* torch.nn.functional: padding and resampling. */
#ifndef CERILLA_OPS_PAD_H
#define CERILLA_OPS_PAD_H

#include "conv.h"
#include "view.h"

TORCH_BEGIN

typedef struct F_PadArgs {
    size_t struct_size;
    Tensor *input;
    int64_t n_pad; /* written together: TORCH_DIMS(left, right, top, bottom) */
    const int64_t *pad;
    const char *mode; /* "constant", "reflect", "replicate" or "circular" */
    double value;
} F_PadArgs;
TORCH_API F_PadArgs F_PadArgs_defaults(void);
TORCH_API Tensor *F_pad_args(const F_PadArgs *args);
/* F_pad(x, TORCH_DIMS(1, 2), .value = 3): last dimension first; negative numbers cut off. All modes but the constant one take
 * float32 and float64 */
#define F_pad(...) F_pad_args(&(F_PadArgs){.mode = "constant", .struct_size = sizeof(F_PadArgs), .input = __VA_ARGS__})

typedef struct F_InterpolateArgs {
    size_t struct_size;
    Tensor *input;       /* (N, C, d...) */
    int64_t size;        /* TORCH_NONE: by scale_factor */
    double scale_factor; /* NaN: by size */
    const char *mode;    /* "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area" */
    bool align_corners, recompute_scale_factor;
    F_Each sizes;            /* one for each dimension */
    double scale_factors[3]; /* 0: not given */
} F_InterpolateArgs;
TORCH_API F_InterpolateArgs F_InterpolateArgs_defaults(void);
TORCH_API Tensor *F_interpolate_args(const F_InterpolateArgs *args);
/* F_interpolate(x, 8), F_interpolate(x, .scale_factor = 2, .mode = "bilinear"), F_interpolate(x, .sizes = F_EACH(4, 6)) */
#define F_interpolate(...)                                                            \
    F_interpolate_args(&(F_InterpolateArgs){.size = TORCH_NONE,                       \
                                            .scale_factor = TORCH_NAN,                \
                                            .mode = "nearest",                        \
                                            .struct_size = sizeof(F_InterpolateArgs), \
                                            .input = __VA_ARGS__})

/* channel_shuffle(x, groups): the channels (dimension 1) of each group one after the other, as if (groups, C / groups) were
 * transposed. RuntimeError "Number of channels must be divisible by groups. Got 3 channels and 2 groups." */
TORCH_API Tensor *torch_channel_shuffle(Tensor *x, int64_t groups);
#define F_channel_shuffle torch_channel_shuffle
TORCH_API Tensor *F_pixel_shuffle(Tensor *x, int64_t upscale_factor);     /* (*, C r^2, H, W) -> (*, C, H r, W r) */
TORCH_API Tensor *F_pixel_unshuffle(Tensor *x, int64_t downscale_factor); /* the way back */

TORCH_END

#endif
