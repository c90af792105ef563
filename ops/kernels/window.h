/* Windows that slide over planes: what convolution, pooling and unfolding share. Three dimensions always: a plane of fewer
 * has leading 1s. Positions count outputs in row order. */
#ifndef CERILLA_WINDOW_H
#define CERILLA_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cer_Window {
    int64_t in[3], out[3], kernel[3], stride[3], pad[3], dilation[3];
    bool adaptive;    /* windows that cut the input into out[] parts: kernel, stride, pad and dilation do not count */
    bool include_pad; /* averages: padding counts as zeros */
    int64_t divisor;  /* averages: what to divide by; 0: the window's size */
} cer_Window;

/* Index tables of a separable map between planes: output o along axis d reads in[d] at index[d][o * taps[d] + k], weighed
 * by weight[d] at the same place; without weights each output is a copy of one input. */
typedef struct cer_Taps {
    int64_t in[3], out[3], taps[3];
    const int64_t *index[3];
    const void *weight[3]; /* of the element type; all NULL: copies, one tap each */
} cer_Taps;

/* Outputs [*first, *last) of one dimension whose input position o * stride + offset lies within [0, n). */
static inline void cer_window_inside(int64_t n, int64_t out, int64_t stride, int64_t offset, int64_t *first,
                                     int64_t *last)
{
    int64_t low = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    int64_t high = offset >= n ? 0 : (n - 1 - offset) / stride + 1;
    *last = high < out ? high : out;
    *first = low < *last ? low : *last;
}

/* The inputs [*first, *last) under output o of dimension d, step apart; returns how many there are with the padding. */
static inline int64_t cer_window_range(const cer_Window *w, int d, int64_t o, int64_t *first, int64_t *last)
{
    if (w->adaptive) {
        *first = o * w->in[d] / w->out[d];
        *last = ((o + 1) * w->in[d] + w->out[d] - 1) / w->out[d];
        return *last - *first;
    }
    int64_t from = o * w->stride[d] - w->pad[d], to = from + (w->kernel[d] - 1) * w->dilation[d] + 1;
    int64_t padded = (to < w->in[d] + w->pad[d] ? to : w->in[d] + w->pad[d]) - from;
    if (from < 0) from += (-from + w->dilation[d] - 1) / w->dilation[d] * w->dilation[d];
    *first = from;
    *last = to < w->in[d] ? to : w->in[d];
    return padded;
}

/* The input row that output row r (of out[0] * out[1]) reads under row (kd, kh) of the kernel; -1: it is padding. */
static inline int64_t cer_window_row(const cer_Window *w, int64_t r, int64_t kd, int64_t kh)
{
    const int64_t d = r / w->out[1] * w->stride[0] - w->pad[0] + kd * w->dilation[0];
    const int64_t h = r % w->out[1] * w->stride[1] - w->pad[1] + kh * w->dilation[1];
    return d < 0 || d >= w->in[0] || h < 0 || h >= w->in[1] ? -1 : d * w->in[1] + h;
}

/* Elements [*first, *last) of the kernel's row that lie over an input for some of the outputs [from, to): the others, of which
 * there may be absurdly many, see padding alone. */
static inline void cer_window_taps(const cer_Window *w, int64_t from, int64_t to, int64_t *first, int64_t *last)
{
    const int64_t step = w->dilation[2], low = w->pad[2] - (to - 1) * w->stride[2];
    const int64_t high = w->in[2] + w->pad[2] - from * w->stride[2], end = high > 0 ? (high + step - 1) / step : 0;
    *first = low > 0 ? (low + step - 1) / step : 0;
    *last = end < w->kernel[2] ? end : w->kernel[2];
}

#endif
