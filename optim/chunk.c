/* Arithmetic on chunks: the kernels' own loops, one rounding per PyTorch operation. */
#include <string.h>

#include "optimizer.h"

enum { OPERANDS = 3 };

/* to = kernel(operands); an operand is a chunk, or where that is NULL, the number. */
static void run(const cer_Chunk *c, int kernel, char *to, char *const *operand, const void *number,
                const void *parameter, int type)
{
    int64_t size = (int64_t)torch_dtype_size((torch_dtype)type);
    char *data[OPERANDS + 1] = {to};
    int64_t stride[OPERANDS + 1] = {size};
    for (int k = 0; k < OPERANDS; k++) {
        data[k + 1] = operand[k] ? operand[k] : (char *)(uintptr_t)number;
        stride[k + 1] = operand[k] ? size : 0;
    }
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

/* Half types are computed in float32, with numbers of the half type. */
static void apply_half(const cer_Chunk *c, int kernel, char *to, char *const *operand, double number, double parameter)
{
    float wide[OPERANDS][CER_CHUNK], narrow = rounded(number, c->dtype), p = rounded(parameter, c->dtype);
    char *wide_operand[OPERANDS] = {NULL};
    for (int k = 0; k < OPERANDS; k++)
        if (operand[k]) {
            cer_chunk_widen(c, wide[k], operand[k]);
            wide_operand[k] = (char *)wide[k];
        }
    if (kernel == KERNEL_add_scaled && c->dtype == torch_float16) { /* PyTorch rounds alpha b too, of this type only */
        uint16_t product[CER_CHUNK];
        run(c, KERNEL_mul, (char *)wide[1], (char *const[]){(char *)wide[1], NULL, NULL}, &p, NULL, K_FLOAT32);
        cer_chunk_narrow(c, (char *)product, wide[1]);
        cer_chunk_widen(c, wide[1], (char *)product);
        kernel = KERNEL_add;
    }
    run(c, kernel, (char *)wide[0], wide_operand, &narrow, &p, K_FLOAT32);
    cer_chunk_narrow(c, to, wide[0]);
}

static void apply(const cer_Chunk *c, int kernel, char *to, char *const *operand, double number, double parameter)
{
    if (c->dtype == torch_float32) {
        float narrow = (float)number, p = (float)parameter;
        run(c, kernel, to, operand, &narrow, &p, K_FLOAT32);
    } else if (c->dtype == torch_float64) {
        run(c, kernel, to, operand, &number, &parameter, K_FLOAT64);
    } else {
        apply_half(c, kernel, to, operand, number, parameter);
    }
}

void cer_chunk_widen(const cer_Chunk *c, float *to, char *from)
{
    cast(c, (char *)to, K_FLOAT32, from, c->dtype);
}

void cer_chunk_narrow(const cer_Chunk *c, char *to, float *from)
{
    cast(c, to, c->dtype, (char *)from, K_FLOAT32);
}

void cer_chunk_unary(const cer_Chunk *c, int kernel, char *to, char *a)
{
    apply(c, kernel, to, (char *const[]){a, NULL, NULL}, 0, 0);
}

void cer_chunk_number(const cer_Chunk *c, int kernel, char *to, char *a, double number)
{
    apply(c, kernel, to, (char *const[]){a, NULL, NULL}, number, 0);
}

void cer_chunk_binary(const cer_Chunk *c, int kernel, char *to, char *a, char *b)
{
    apply(c, kernel, to, (char *const[]){a, b, NULL}, 0, 0);
}

void cer_chunk_add_scaled(const cer_Chunk *c, char *to, char *a, char *b, double alpha)
{
    apply(c, KERNEL_add_scaled, to, (char *const[]){a, b, NULL}, 0, alpha);
}

void cer_chunk_addc(const cer_Chunk *c, int kernel, char *to, char *a, char *x, char *y, double value)
{
    apply(c, kernel, to, (char *const[]){a, x, y}, 0, value);
}

void cer_chunk_copy(const cer_Chunk *c, char *to, const char *a)
{
    if (to != a) memcpy(to, a, (size_t)c->n * torch_dtype_size((torch_dtype)c->dtype));
}

char *cer_chunk_gradient(const cer_Chunk *c, bool maximize, double weight_decay)
{
    char *d = c->g;
    if (maximize) {
        cer_chunk_unary(c, KERNEL_neg, c->scratch[0], d);
        d = c->scratch[0];
    }
    if (weight_decay != 0) {
        cer_chunk_add_scaled(c, c->scratch[0], d, c->p, weight_decay);
        d = c->scratch[0];
    }
    return d;
}

void cer_chunk_average(const cer_Chunk *c, char *a, char *d, double beta)
{
    cer_chunk_number(c, KERNEL_mul, a, a, beta);
    cer_chunk_add_scaled(c, a, a, d, 1 - beta);
}

void cer_chunk_average_squares(const cer_Chunk *c, char *a, char *d, double beta)
{
    cer_chunk_number(c, KERNEL_mul, a, a, beta);
    cer_chunk_addc(c, KERNEL_addcmul, a, a, d, d, 1 - beta);
}
