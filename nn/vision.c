/* Resampling layers, and pixels to channels and back. */
#include <math.h>
#include <stdio.h>

#include "layer.h"

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

NN_UNARY(nn_PixelShuffle, shuffle_forward, F_pixel_shuffle(x, m->upscale_factor))
NN_UNARY(nn_PixelUnshuffle, unshuffle_forward, F_pixel_unshuffle(x, m->downscale_factor))
NN_UNARY(nn_ChannelShuffle, channels_forward, torch_channel_shuffle(x, m->groups))

#define PIXELS(name, which, factor)                                                                                    \
    static void which##_repr(const nn_Module *self, char *text, size_t bytes)                                          \
    {                                                                                                                  \
        cer_repr_int((cer_Repr){text, bytes}, #factor, ((const nn_##name *)self)->factor);                             \
    }                                                                                                                  \
    static const nn_Class which##_class = NN_CLASS(nn_##name, .forward = which##_forward, .extra_repr = which##_repr); \
    nn_##name *nn_##name##_new(int64_t factor)                                                                         \
    {                                                                                                                  \
        nn_##name *m = nn_new_class(nn_##name, &which##_class);                                                        \
        if (m) m->factor = factor;                                                                                     \
        return m;                                                                                                      \
    }
PIXELS(PixelShuffle, shuffle, upscale_factor)
PIXELS(PixelUnshuffle, unshuffle, downscale_factor)
PIXELS(ChannelShuffle, channels, groups)

/* ---- resampling -------------------------------------------------------------------------------------------------- */

nn_UpsampleArgs nn_UpsampleArgs_defaults(void)
{
    return *NN_UPSAMPLE(.align_corners = false);
}

NN_UNARY(nn_Upsample, upsample_forward,
         F_interpolate(x, m->size, m->scale_factor, m->mode, m->align_corners, .sizes = m->sizes))

static void upsample_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Upsample *m = (const nn_Upsample *)self;
    cer_Repr r = {text, bytes};
    if (!isnan(m->scale_factor))
        cer_repr_number(r, "scale_factor", m->scale_factor);
    else if (m->sizes.n)
        cer_repr_tuple(r, "size", m->sizes.n < 3 ? m->sizes.n : 3, m->sizes.size);
    else if (m->size == TORCH_NONE)
        cer_repr_text(r, "size", "None");
    else
        cer_repr_int(r, "size", m->size);
    cer_repr_text(r, "mode", m->mode);
}

/* mode NULL: as the caller says */
static void *upsample(const nn_Class *record, const nn_UpsampleArgs *args, const char *mode, bool align_corners)
{
    nn_UpsampleArgs a = nn_UpsampleArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_Upsample *m = nn_new_class(nn_Upsample, record);
    if (!m) return NULL;
    const char *text = mode ? mode : a.mode ? a.mode : "None";
    snprintf(m->mode, sizeof m->mode, "%s", text);
    m->align_corners = mode ? align_corners : a.align_corners;
    m->size = a.size;
    m->sizes = a.sizes;
    m->scale_factor = a.scale_factor;
    return m;
}

#define UPSAMPLE(name, mode, align_corners)                                            \
    static const nn_Class name##_class =                                               \
        NN_CLASS(nn_##name, .forward = upsample_forward, .extra_repr = upsample_repr); \
    nn_##name *nn_##name##_new(const nn_UpsampleArgs *args)                            \
    {                                                                                  \
        return upsample(&name##_class, args, mode, align_corners);                     \
    }
UPSAMPLE(Upsample, NULL, false)
UPSAMPLE(UpsamplingNearest2d, "nearest", false)
UPSAMPLE(UpsamplingBilinear2d, "bilinear", true)
