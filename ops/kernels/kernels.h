/* The kernel floor: loops over raw memory. Knows pointers, sizes and byte strides, and nothing of tensors,
 * errors, allocation or graphs. One source is compiled per instruction set (kernels.c); kernels_select.c
 * picks the table at start. Nothing here allocates, fails or keeps state. */
#ifndef CERILLA_KERNELS_H
#define CERILLA_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/kernels/window.h"

/* Element types, in the order of torch_dtype (core/dtype.h checks that the two agree). */
enum {
    K_NONE,
    K_UINT8,
    K_INT8,
    K_INT16,
    K_INT32,
    K_INT64,
    K_FLOAT16,
    K_FLOAT32,
    K_FLOAT64,
    K_BOOL,
    K_BFLOAT16,
    K_TYPES
};

/* One run of n elements. ptr[0] is the output, ptr[1..] the inputs; stride[i] in bytes (0 = the same element again).
 * The output may be one of the inputs exactly, never a shifted overlap of one.
 * param: the row's scalar parameters, an array of the *compute* type (float for float32, int64_t for integers...). */
typedef void (*cer_Loop)(int64_t n, char *const *ptr, const int64_t *stride, const void *param);

/* A block: n1 runs of n0 elements each, of up to four operands. Operand k begins at data[k]; along a run it steps by s0[k]
 * bytes, from run to run by s1[k]. What a reduction writes has one element per run: s0 is 0. */
enum { CER_BLOCK_OPERANDS = 4 };
typedef struct cer_Block {
    int64_t n0, n1;
    char *data[CER_BLOCK_OPERANDS];
    int64_t s0[CER_BLOCK_OPERANDS], s1[CER_BLOCK_OPERANDS];
} cer_Block;
typedef void (*cer_BlockLoop)(const cer_Block *b, const void *param);
typedef struct cer_Selection { /* param of median and mode */
    void *scratch;             /* room for n0 elements */
    bool ignore_nan;
} cer_Selection;

/* One number per row of ops/kernels/blocks.def, which tells what each does. */
enum {
#define BLOCK(name, TYPES) BLOCK_##name,
#include "ops/kernels/blocks.def"
    BLOCK_LOOPS
};

/* C[m,n] = beta * C + alpha * A[m,k] B[k,n], any strides, in elements. beta == 0 does not read C.
 * Each element is one chain over k in ascending order (fused multiply-adds where the instruction set has them). */
typedef void (*cer_Gemm)(int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row, int64_t a_col,
                         const void *b, int64_t b_row, int64_t b_col, double beta, void *c, int64_t c_row,
                         int64_t c_col);

/* Convolution, pooling and resampling of contiguous planes (spatial.inc, window.h). */
typedef struct cer_Spatial {
    void (*unfold)(const cer_Window *w, int64_t channels, int64_t from, int64_t to, const void *image, void *columns);
    void (*fold)(const cer_Window *w, int64_t channels, int64_t from, int64_t to, const void *columns, void *image);
    void (*correlate)(const cer_Window *w, const void *image, const void *weight, void *result); /* adds */
    void (*max_pool)(const cer_Window *w, int64_t planes, const void *input, void *output, int64_t *index);
    void (*max_values)(const cer_Window *w, int64_t planes, const void *input, void *output); /* not adaptive */
    void (*avg_pool)(const cer_Window *w, int64_t planes, const void *input, void *output, bool back); /* back: adds */
    void (*pick)(int64_t planes, int64_t large, int64_t small, const int64_t *index, const void *input, void *output);
    void (*put)(int64_t planes, int64_t large, int64_t small, const int64_t *index, const void *input, void *output,
                bool add);
    void (*resample)(const cer_Taps *t, int64_t planes, const void *input, void *output, bool back); /* back: adds */
} cer_Spatial;

/* Sums and combinations for normalisations (norm.inc). */
typedef struct cer_Norm {
    double (*sum)(int64_t n, const void *x);
    double (*products)(int64_t n, const void *x, double a, const void *y, double b); /* sum of (x - a) (y - b) */
    void (*combine)(int64_t n, double a, const void *x, double b, const void *y, double c, void *out);
    void (*row)(int64_t n, const void *x, double mean, double rstd, const void *weight, const void *bias, void *out);
    void (*row_back)(int64_t n, const void *g, const void *x, const void *weight, double mean, double rstd, void *of_x,
                     void *of_weight, void *of_bias);
    void (*moments_across)(int64_t rows, int64_t n, const void *in, double *mean, double *variance);
    void (*products_across)(int64_t rows, int64_t n, const void *g, const void *x, const double *mean, double *sum,
                            double *dot);
    void (*combine_across)(int64_t rows, int64_t n, const double *a, const void *x, const double *b, const void *y,
                           const double *c, void *out);
} cer_Norm;
/* One step of a recurrent layer for the n units of one sequence (recurrent.inc). */
typedef struct cer_Recurrent {
    void (*rnn_step)(int64_t n, bool relu, const void *x, void *h);
    void (*rnn_back)(int64_t n, bool relu, const void *h, const void *of_h, void *of_z);
    void (*lstm_step)(int64_t n, const void *x, const void *c_before, void *work, void *h);
    void (*lstm_back)(int64_t n, const void *work, const void *c_before, const void *of_h, void *of_c, void *of_z);
    void (*gru_step)(int64_t n, const void *x, const void *product, const void *h_before, void *work, void *h);
    void (*gru_back)(int64_t n, const void *work, const void *h_before, const void *of_h, void *of_before, void *of_x,
                     void *of_product);
    void (*add)(int64_t n, const void *more, void *sum);
} cer_Recurrent;
/* Elements named by an index (moves.inc, puts.inc), as a cer_Loop: ptr[0] is written, ptr[1] read, ptr[2] holds int64
 * indices that are known to be right. The index times `bytes` is added to the address that it is about: what `pick` reads,
 * what `put` writes. */
typedef struct cer_IndexStep {
    int64_t bytes;
    char number[8]; /* K_PUT_SCALED: the factor, of the type */
} cer_IndexStep;
enum { K_PUT, K_PUT_ADD, K_PUT_MUL, K_PUT_MAX, K_PUT_MIN, K_PUT_SCALED, K_PUTS };

typedef struct cer_Joint { /* param of index_join: ptr[0] += weight * ptr[1], both int64; below 0 counts from size */
    int64_t size, weight;
} cer_Joint;

/* Sorting (sort.inc): elements become pairs of key and index, whose order is that of unsigned numbers; NaN comes last, equal
 * elements in the order in which they were. A pair is a uint64_t, the key in the upper half, or where elements have 8
 * bytes or there are 2^32 of them, `wide`: a cer_WidePair. */
typedef struct cer_WidePair {
    uint64_t key, index;
} cer_WidePair;
typedef void (*cer_MakePairs)(int64_t n, const char *in, int64_t stride, bool descending, bool wide, void *pairs);
/* the k first in order of key, unsorted; room for more than k pairs, the more the faster */
typedef void (*cer_FirstPairs)(int64_t n, const char *in, int64_t stride, bool descending, bool wide, int64_t k,
                               int64_t room, void *pairs);
typedef void (*cer_WriteSorted)(int64_t n, const void *pairs, bool wide, const char *in, int64_t stride, char *value,
                                int64_t value_stride, char *index, int64_t index_stride);

typedef void (*cer_Search)(int64_t m, const void *value, int64_t n, const void *bound, bool right, int64_t *out);
/* Which of m values are among n others, which are in ascending order and no NaNs. */
typedef void (*cer_Member)(int64_t m, const void *value, int64_t n, const void *among, bool *out);

/* n contiguous elements under n mask bytes: into `out` go those of `in` where the mask is true (compress), or those of
 * `out` where it is true become `in`, one after the other (spread); at most limit of them. */
typedef void (*cer_Masked)(int64_t n, char *out, const char *in, const char *mask, int64_t limit);

/* The loops: one number per row of ops/pointwise.def. */
#define KERNEL_ENUM(name, ...) KERNEL_##name,
enum {
#define LOOP1 KERNEL_ENUM
#define LOOP2 KERNEL_ENUM
#define LOOP3 KERNEL_ENUM
#include "ops/pointwise.def"
    KERNEL_LOOPS
};
#undef KERNEL_ENUM

typedef struct {
    const char *name;                          /* "baseline", "avx2", "avx512" */
    cer_Loop loop[KERNEL_LOOPS][K_TYPES];      /* indexed by the compute type; NULL where the row has no such type */
    cer_Loop same[KERNEL_LOOPS][K_TYPES];      /* comparisons that write 0 and 1 of the compute type; NULL elsewhere */
    cer_Loop cast[K_TYPES][K_TYPES];           /* [to][from]; the same type twice is a copy */
    cer_BlockLoop copy[K_TYPES];               /* the same of a block: [to, from] */
    cer_Loop fill[K_TYPES];                    /* param: one element of that type; only ptr[0] is used */
    cer_BlockLoop block[BLOCK_LOOPS][K_TYPES]; /* by the type of x */
    cer_Gemm gemm[K_TYPES];                    /* float32, float64, int64, int32, int16, int8, uint8 */
    cer_Spatial spatial[K_TYPES];              /* float32, float64 */
    cer_Norm norm[K_TYPES];                    /* the same */
    cer_Recurrent recurrent[K_TYPES];          /* the same */
    void (*steps[K_TYPES])(int64_t from, int64_t n, double start, double step, void *out); /* the same: steps.inc */
    cer_Loop pick[K_TYPES], put[K_PUTS][K_TYPES];
    cer_MakePairs make_pairs[K_TYPES];
    cer_FirstPairs first_pairs[K_TYPES];
    void (*sort_pairs)(void *pairs, void *scratch, int64_t n, bool wide, int key_bits);
    cer_WriteSorted write_sorted[K_TYPES];
    cer_Search search[K_TYPES]; /* search.inc */
    cer_Member member[K_TYPES];
    cer_Masked compress[K_TYPES], spread[K_TYPES];
    int64_t (*mask_count)(int64_t n, const char *mask);
    void (*mask_positions)(int64_t n, const char *mask, int64_t *out, int64_t limit);
    void (*index_range)(int64_t n, const char *index, int64_t stride, int64_t *low, int64_t *high); /* of int64 */
    void (*index_count)(int64_t n, const char *index, int64_t stride, int64_t low,
                        int64_t *count); /* count[i - low]++ */
    cer_Loop index_join;
} cer_Kernels;

/* The product of a tensor library: gemm of the chosen table for small products and for integers; for large products of
 * float32 and float64 a CBLAS, single-threaded, loaded with the first of them (blas.c). Same arguments as cer_Gemm. */
void cer_gemm(int type, int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row, int64_t a_col,
              const void *b, int64_t b_row, int64_t b_col, double beta, void *c, int64_t c_row, int64_t c_col);

/* The best table that this CPU can run; CERILLA_CPU=baseline|avx2|avx512 in the environment overrides. */
const cer_Kernels *cer_kernels(void);

#endif
