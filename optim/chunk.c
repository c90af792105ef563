/* Arithmetic on chunks: the kernels' own loops, one rounding per PyTorch operation. Half types are computed in float32. */
#include <string.h>

#include "optimizer.h"

static void run(const cer_Chunk *c, int kernel, char *to, char *a, char *b, int64_t b_stride, const void *parameter, int type)
{
    int64_t size = (int64_t)torch_dtype_size((torch_dtype)type);
    char *data[3] = {to, a, b};
    int64_t stride[3] = {size, size, b_stride};
    cer_kernels()->loop[kernel][type](c->n, data, stride, parameter);
}

static void cast(const cer_Chunk *c, char *to, int to_type, char *from, int from_type)
{
    char *data[2] = {to, from};
    int64_t stride[2] = {(int64_t)torch_dtype_size((torch_dtype)to_type), (int64_t)torch_dtype_size((torch_dtype)from_type)};
    cer_kernels()->cast[to_type][from_type](c->n, data, stride, NULL);
}

/* b: a chunk, or one number (b_number), or nothing. */
static void apply(const cer_Chunk *c, int kernel, char *to, char *a, char *b, const double *b_number, double parameter)
{
    float p32 = (float)parameter, n32 = b_number ? (float)*b_number : 0;
    double n64 = b_number ? *b_number : 0;
    if (c->dtype == torch_float64) {
        run(c, kernel, to, a, b_number ? (char *)&n64 : b, b_number ? 0 : 8, &parameter, K_FLOAT64);
    } else if (c->dtype == torch_float32) {
        run(c, kernel, to, a, b_number ? (char *)&n32 : b, b_number ? 0 : 4, &p32, K_FLOAT32);
    } else {
        float wide_a[CER_CHUNK], wide_b[CER_CHUNK];
        cast(c, (char *)wide_a, K_FLOAT32, a, c->dtype);
        if (b) cast(c, (char *)wide_b, K_FLOAT32, b, c->dtype);
        run(c, kernel, (char *)wide_a, (char *)wide_a, b_number ? (char *)&n32 : (char *)wide_b, b_number ? 0 : 4, &p32, K_FLOAT32);
        cast(c, to, c->dtype, (char *)wide_a, K_FLOAT32);
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
