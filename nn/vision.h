/* torch.nn: resampling, pixels to channels and back. */
#ifndef CERILLA_NN_VISION_H
#define CERILLA_NN_VISION_H

#include "../ops/conv.h"
#include "machinery.h"

TORCH_BEGIN

/* nn.PixelShuffle(upscale_factor): (*, C r^2, H, W) -> (*, C, H r, W r);
 * nn.PixelUnshuffle(downscale_factor): the way back.      NULL */
typedef struct nn_PixelShuffle {
    nn_Module module;
    int64_t upscale_factor;
} nn_PixelShuffle;
typedef struct nn_PixelUnshuffle {
    nn_Module module;
    int64_t downscale_factor;
} nn_PixelUnshuffle;
TORCH_API nn_PixelShuffle *nn_PixelShuffle_new(int64_t upscale_factor);
TORCH_API nn_PixelUnshuffle *nn_PixelUnshuffle_new(int64_t downscale_factor);
#define nn_PixelShuffle(upscale_factor) nn_PixelShuffle_new(upscale_factor)
#define nn_PixelUnshuffle(downscale_factor) nn_PixelUnshuffle_new(downscale_factor)

/* nn.ChannelShuffle(groups): (N, C, *) -> (N, C, *): torch_channel_shuffle.      NULL */
typedef struct nn_ChannelShuffle {
    nn_Module module;
    int64_t groups;
} nn_ChannelShuffle;
TORCH_API nn_ChannelShuffle *nn_ChannelShuffle_new(int64_t groups);
#define nn_ChannelShuffle(groups) nn_ChannelShuffle_new(groups)

/* nn.Upsample(size=None, scale_factor=None, mode='nearest', align_corners=None): F_interpolate; .scale_factor = 2 or
 * .sizes = F_EACH(4, 6). nn.UpsamplingNearest2d(size, scale_factor);
 * nn.UpsamplingBilinear2d(size, scale_factor) aligns corners.      NULL */
typedef struct nn_UpsampleArgs {
    size_t struct_size;
    int64_t size;        /* TORCH_NONE: by scale_factor */
    double scale_factor; /* NaN: by size */
    const char *mode;    /* of Upsample only: "nearest", "linear", "bilinear", "bicubic", "trilinear" */
    bool align_corners;  /* of Upsample only */
    F_Each sizes;
} nn_UpsampleArgs;
typedef struct nn_Upsample {
    nn_Module module;
    int64_t size;
    double scale_factor;
    char mode[16];
    bool align_corners;
    F_Each sizes;
} nn_Upsample, nn_UpsamplingNearest2d, nn_UpsamplingBilinear2d;
TORCH_API nn_UpsampleArgs nn_UpsampleArgs_defaults(void);
TORCH_API nn_Upsample *nn_Upsample_new(const nn_UpsampleArgs *args);
TORCH_API nn_UpsamplingNearest2d *nn_UpsamplingNearest2d_new(const nn_UpsampleArgs *args);
TORCH_API nn_UpsamplingBilinear2d *nn_UpsamplingBilinear2d_new(const nn_UpsampleArgs *args);
#define NN_UPSAMPLE(...)                                        \
    (&(nn_UpsampleArgs){.size = TORCH_NONE,                     \
                        .scale_factor = TORCH_NAN,              \
                        .mode = "nearest",                      \
                        .struct_size = sizeof(nn_UpsampleArgs), \
                        __VA_ARGS__})
#define nn_Upsample(...) nn_Upsample_new(NN_UPSAMPLE(__VA_ARGS__))
#define nn_UpsamplingNearest2d(...) nn_UpsamplingNearest2d_new(NN_UPSAMPLE(__VA_ARGS__))
#define nn_UpsamplingBilinear2d(...) nn_UpsamplingBilinear2d_new(NN_UPSAMPLE(__VA_ARGS__))

TORCH_END

#endif
