/* Options of convolutions and pools (each.c). Not public. */
#ifndef CERILLA_OPS_EACH_H
#define CERILLA_OPS_EACH_H

#include "core/op.h"
#include "ops/conv.h"

/* out[0..dims) from the one number or one for each dimension; raises for a wrong count and for what is out of range. */
bool cer_each(const char *op, const char *name, int64_t one, const F_Each *each, int dims, int64_t *out);
/* The options of one dimension as those of two, of which the other is `unit`: the first or the last of them. */
F_Each cer_widened(int64_t one, const F_Each *each, int64_t unit, bool first);
/* "2 x 3" */
const char *cer_each_text(int dims, const int64_t *size, const char *separator, char *text, size_t bytes);
/* dims numbers of each, as the last of three dimensions */
void cer_window(cer_Window *w, int dims, const int64_t *in, const int64_t *out, const int64_t *kernel,
                const int64_t *stride, const int64_t *pad, const int64_t *dilation);

static inline int64_t cer_volume(const int64_t size[3])
{
    return size[0] * size[1] * size[2];
}

/* Does x, or x with a plane of dims dimensions, lie in memory with its channels innermost? Then so does PyTorch's result. */
bool cer_channels_last(const Tensor *x, int dims);
void cer_form_channels_last(cer_Form *f); /* that layout for (N, C, d...) */
/* out, or a contiguous tensor of its shape where out is none; cer_finish() copies it back. NULL: no memory */
Tensor *cer_target(Tensor *out);
void cer_finish(Tensor *out, Tensor *target);

#endif
