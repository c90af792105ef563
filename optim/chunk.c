/* Arithmetic on chunks: the kernels' own loops, one rounding per PyTorch operation. */
#include <string.h>

#include "optimizer.h"

static void run(const cer_Chunk *c, int kernel, char *to, char *a, char *b, int64_t b_stride, const void *parameter,
                int type)
{
    int64_t size = (int64_t)torch_dtype_size((torch_dtype)type);
    char *data[3] = {to, a, b};
    int64_t stride[3] = {size, size, b_stride};
    cer_kernels()->loop[kernel][type](c->n, data, stride, parameter);
}

static void cast(const cer_Chunk *c, char *to, int to_type, char *from, int from_type)
{
    char *data[2] = {to, from};
    int64_t stride[2] = {(int64_t)torch_dtype_size((torch_dtype)to_type),
                         (int64_t)torch_dtype_size((torch_dtype)from_type)};
    cer_kernels()->cast[to_type][from_type](c->n, data, stride, NULL);
}

static float rounded(double number, int dtype)
{
    float f;
    uint16_t half;
    cer_convert(&half, (torch_dtype)dtype, &number, torch_float64, 1);
    cer_convert(&f, torch_float32, &half, (torch_dtype)dtype, 1);
    return f;
}

/* Half types are computed in float32, with numbers of the half type. b: a chunk, or one number, or nothing. */
static void apply_half(const cer_Chunk *c, int kernel, char *to, char *a, char *b, const double *b_number,
                       double parameter)
{
    float wide_a[CER_CHUNK], wide_b[CER_CHUNK], number = b_number ? rounded(*b_number, c->dtype) : 0,
                                                p = rounded(parameter, c->dtype);
    uint16_t product[CER_CHUNK];
    cast(c, (char *)wide_a, K_FLOAT32, a, c->dtype);
    if (b) cast(c, (char *)wide_b, K_FLOAT32, b, c->dtype);
    if (kernel == KERNEL_add_scaled && c->dtype == torch_float16) { /* PyTorch rounds alpha b too, of this type only */
        run(c, KERNEL_mul, (char *)wide_b, (char *)wide_b, (char *)&p, 0, NULL, K_FLOAT32);
        cast(c, (char *)product, K_FLOAT16, (char *)wide_b, K_FLOAT32);
        cast(c, (char *)wide_b, K_FLOAT32, (char *)product, K_FLOAT16);
        kernel = KERNEL_add;
    }
    run(c, kernel, (char *)wide_a, (char *)wide_a, b_number ? (char *)&number : (char *)wide_b, b_number ? 0 : 4, &p,
        K_FLOAT32);
    cast(c, to, c->dtype, (char *)wide_a, K_FLOAT32);
}

static void apply(const cer_Chunk *c, int kernel, char *to, char *a, char *b, const double *b_number, double parameter)
{
    if (c->dtype == torch_float32) {
        float p = (float)parameter, number = b_number ? (float)*b_number : 0;
        run(c, kernel, to, a, b_number ? (char *)&number : b, b_number ? 0 : 4, &p, K_FLOAT32);
    } else if (c->dtype == torch_float64) {
        double number = b_number ? *b_number : 0;
        run(c, kernel, to, a, b_number ? (char *)&number : b, b_number ? 0 : 8, &parameter, K_FLOAT64);
    } else {
        apply_half(c, kernel, to, a, b, b_number, parameter);
    }
}

void cer_chunk_unary(const cer_Chunk *c, int kernel, char *to, char *a)
{
    apply(c, kernel, to, a, NULL, NULL, 0);
}

void cer_chunk_number(const cer_Chunk *c, int kernel, char *to, char *a, double number)
{
    apply(c, kernel, to, a, NULL, &number, 0);
}

void cer_chunk_add_scaled(const cer_Chunk *c, char *to, char *a, char *b, double alpha)
{
    apply(c, KERNEL_add_scaled, to, a, b, NULL, alpha);
}

void cer_chunk_copy(const cer_Chunk *c, char *to, const char *a)
{
    if (to != a) memcpy(to, a, (size_t)c->n * torch_dtype_size((torch_dtype)c->dtype));
}
