/* Between the files of convolutions. Not public. */
#ifndef CERILLA_OPS_CONVOLUTION_H
#define CERILLA_OPS_CONVOLUTION_H

#include "core/impl.h"
#include "ops/conv.h"
#include "ops/each.h"
#include "ops/ops_internal.h"

typedef struct cer_ConvAttrs {
    int dims; /* spatial */
    int64_t stride[3], pad[3], dilation[3];
    int64_t groups;
    int64_t size[5]; /* of the output: of the transposed and of the weight's gradient the inputs do not tell it */
} cer_ConvAttrs;

/* One of the three is written, the others are read; all are contiguous (conv_work.c) */
typedef enum cer_ConvPart { CER_CONV_MAP, CER_CONV_IMAGE, CER_CONV_WEIGHT } cer_ConvPart;
bool cer_convolve(const cer_ConvAttrs *a, cer_ConvPart part, Tensor *image, Tensor *weight, Tensor *map);

typedef struct cer_ConvCall { /* what the public functions have in common */
    const char *op;
    Tensor *input, *weight, *bias;
    cer_ConvAttrs a;
    int64_t output_pad[3];
    bool transposed;
} cer_ConvCall;

/* For the public functions, in conv_checks.c. Each raises */
bool cer_conv_usable(const char *op, const Tensor *x, const Tensor *w, const Tensor *b);
bool cer_conv_ranks_fit(const cer_ConvCall *q);
/* The input may be one image or a batch. sizes: sets a.size; all checks are made */
Tensor *cer_conv_call(cer_ConvCall *q, bool (*sizes)(cer_ConvCall *q));

#endif
