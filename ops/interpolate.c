/* interpolate, by the maps of resample.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/each.h"
#include "ops/ops_internal.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/resample.h"

F_InterpolateArgs F_InterpolateArgs_defaults(void)
{
    return (F_InterpolateArgs){
        .struct_size = sizeof(F_InterpolateArgs), .size = TORCH_NONE, .scale_factor = (double)NAN, .mode = "nearest"};
}

typedef struct Mode {
    const char *name;
    int kind, dims; /* dims 0: any */
    const cer_Op *op[3];
} Mode;

enum { AREA = -1 };

static const Mode modes[] = {
    {"nearest", CER_NEAREST, 0, {&cer_op_upsample_nearest1d, &cer_op_upsample_nearest2d, &cer_op_upsample_nearest3d}},
    {"nearest-exact",
     CER_NEAREST_EXACT,
     0,
     {&cer_op_upsample_nearest_exact1d, &cer_op_upsample_nearest_exact2d, &cer_op_upsample_nearest_exact3d}},
    {"area", AREA, 0, {NULL, NULL, NULL}},
    {"linear", CER_LINEAR, 1, {&cer_op_upsample_linear1d, NULL, NULL}},
    {"bilinear", CER_LINEAR, 2, {NULL, &cer_op_upsample_bilinear2d, NULL}},
    {"trilinear", CER_LINEAR, 3, {NULL, NULL, &cer_op_upsample_trilinear3d}},
    {"bicubic", CER_CUBIC, 2, {NULL, &cer_op_upsample_bicubic2d, NULL}}};

static const Mode *mode_of(const char *name, int dims)
{
    const Mode *m = NULL;
    for (size_t i = 0; name && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0) m = &modes[i];
    if (m && dims >= 1 && dims <= 3 && (m->dims == 0 || m->dims == dims)) return m;
    if (m && m->dims && m->kind != CER_CUBIC && dims >= 1 && dims <= 3)
        cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "interpolate", "Got %dD input, but %s mode needs %dD input", dims + 2,
                  name, m->dims + 2);
    else
        cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "interpolate",
                  "Input Error: Only 3D, 4D and 5D input Tensors supported (got %dD) for the modes: nearest | linear | "
                  "bilinear | bicubic | trilinear | area | nearest-exact (got %.40s)",
                  dims + 2, name ? name : "None");
    return NULL;
}

/* The scale factors and sizes asked for, one for each dimension; scale 0: by the sizes. */
static bool wanted(const F_InterpolateArgs *p, int dims, bool area, int64_t *size, double *scale)
{
    const char *op = "interpolate";
    const Tensor *x = p->input;
    char have[96], want[96];
    bool by_size = p->size != TORCH_NONE || p->sizes.n, by_scale = !isnan(p->scale_factor) || p->scale_factors[0] > 0;
    if (by_size && by_scale)
        return cer_raise(TORCH_VALUE_ERROR, op, "only one of size or scale_factor should be defined");
    if (!by_size && !by_scale) return cer_raise(TORCH_VALUE_ERROR, op, "either size or scale_factor should be defined");
    if (p->sizes.n && p->sizes.n != dims)
        return cer_raise(
            TORCH_VALUE_ERROR, op,
            "Input and output must have the same number of spatial dimensions, but got input with spatial "
            "dimensions of %s and output size of (%s). Please provide input tensor in (N, C, d1, d2, ...,dK) "
            "format and output size in (o1, o2, ...,oK) format.",
            cer_shape_text(dims > 0 ? dims : 0, x->shape + 2, have, sizeof have),
            cer_each_text((int)(p->sizes.n < 3 ? p->sizes.n : 3), p->sizes.size, ", ", want, sizeof want));
    if (by_size && p->recompute_scale_factor)
        return cer_raise(TORCH_VALUE_ERROR, op, "recompute_scale_factor is not meaningful with an explicit size.");
    for (int d = 0; d < dims && d < 3; d++) {
        scale[d] = 0;
        size[d] = p->sizes.n ? p->sizes.size[d] : p->size;
        if (by_size) continue;
        double factor = p->scale_factors[0] > 0 ? p->scale_factors[d] : p->scale_factor;
        double product = floor((double)x->shape[d + 2] * factor);
        size[d] = product >= 0 && product < (double)INT32_MAX ? (int64_t)product : 0;
        if (!area && !p->recompute_scale_factor) scale[d] = factor;
    }
    return true;
}

static bool sizes_fit(const Tensor *x, int dims, const int64_t *size)
{
    static const char *const letters[] = {"D", "H", "W"};
    char have[128] = "", want[128] = "", text[128];
    size_t a = 0, b = 0;
    bool fine = true;
    for (int d = 0; d < dims; d++) {
        const char *letter = letters[3 - dims + d];
        fine &= x->shape[d + 2] > 0 && size[d] > 0 && size[d] <= INT32_MAX;
        a += (size_t)snprintf(have + a, sizeof have - a, "%s%s: %lld", d ? ", " : "", letter,
                              (long long)x->shape[d + 2]);
        b += (size_t)snprintf(want + b, sizeof want - b, "%s%s: %lld", d ? ", " : "", letter, (long long)size[d]);
    }
    if (!fine)
        return cer_raise(TORCH_RUNTIME_ERROR, "interpolate",
                         "Input and output sizes should be greater than 0, but got input (%s) and output (%s)", have,
                         want);
    if (x->shape[1] == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "interpolate",
                         "Non-empty %dD data tensor expected but got a tensor with sizes %s", dims + 2,
                         cer_shape_text(x->ndim, x->shape, text, sizeof text));
    return true;
}

static Tensor *area(Tensor *x, int dims, const int64_t *size)
{
    F_AdaptivePoolArgs p = F_AdaptivePoolArgs_defaults();
    p.input = x;
    p.output_sizes.n = dims;
    memcpy(p.output_sizes.size, size, sizeof p.output_sizes.size);
    return dims == 1   ? F_adaptive_avg_pool1d_args(&p)
           : dims == 2 ? F_adaptive_avg_pool2d_args(&p)
                       : F_adaptive_avg_pool3d_args(&p);
}

Tensor *F_interpolate_args(const F_InterpolateArgs *p)
{
    const char *op = "interpolate";
    Tensor *x = p->input;
    if (cer_error_pending() || !cer_usable(x, op, 1)) return NULL;
    int dims = x->ndim - 2;
    const char *name = p->mode ? p->mode : "None";
    bool plain = strcmp(name, "nearest") == 0 || strcmp(name, "area") == 0 || strcmp(name, "nearest-exact") == 0;
    int64_t size[3] = {0};
    double scale[3] = {0};
    if (plain && p->align_corners)
        return cer_raise(
                   TORCH_VALUE_ERROR, op,
                   "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                   "trilinear"),
               NULL;
    if (!wanted(p, dims, strcmp(name, "area") == 0, size, scale)) return NULL;
    const Mode *m = mode_of(name, dims);
    if (!m) return NULL;
    if (m->kind == AREA) return area(x, dims, size);
    if (!sizes_fit(x, dims, size)) return NULL;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"compute_indices_weights_%s\" not implemented for '%s'",
                         m->kind == CER_LINEAR  ? "linear"
                         : m->kind == CER_CUBIC ? "cubic"
                                                : "nearest",
                         cer_type_name(x->dtype)),
               NULL;
    cer_Resample r = {.kind = m->kind, .dims = dims, .align_corners = p->align_corners};
    for (int d = 0; d < dims; d++) {
        r.in[3 - dims + d] = x->shape[d + 2];
        r.out[3 - dims + d] = size[d];
        r.scale[3 - dims + d] = scale[d];
    }
    return cer_resample(m->op[dims - 1], x, &r);
}
