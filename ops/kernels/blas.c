/* Matrix products of any size: the own kernel for small ones, a CBLAS for large ones. The CBLAS is loaded with the
 * first large product and not before: OpenBLAS costs memory and a thread as soon as it is there. Without one the own
 * kernel does everything.
 *
 * CERILLA_BLAS in the environment: "none", or a colon-separated list of libraries to try instead. */
#include "ops/kernels/kernels.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifndef CERILLA_BLAS_NAMES
#ifdef __APPLE__
#define CERILLA_BLAS_NAMES "/System/Library/Frameworks/Accelerate.framework/Accelerate"
#else
#define CERILLA_BLAS_NAMES "libopenblas.so.0:libblas.so.3:libcblas.so.3"
#endif
#endif

/* Multiply-adds from which a product goes to the library. OpenBLAS is 10-20 % faster from 64^3 on, but that does not
 * pay for loading it; at 1024^3 the own kernel takes 1.1 to 1.5 times as long. */
#ifndef CERILLA_BLAS_FROM
#define CERILLA_BLAS_FROM (1 << 20)
#endif
/* The same for one row or column of output, where sgemv is three times as fast when the matrix is transposed. */
#ifndef CERILLA_BLAS_VECTOR_FROM
#define CERILLA_BLAS_VECTOR_FROM (128 * 128)
#endif

enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 }; /* CBLAS's numbers */

typedef void (*GemmFloat)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
                          int);
typedef void (*GemmDouble)(int, int, int, int, int, int, double, const double *, int, const double *, int, double,
                           double *, int);
typedef void (*GemvFloat)(int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void (*GemvDouble)(int, int, int, int, double, const double *, int, const double *, int, double, double *, int);

static struct {
    GemmFloat gemm_float;
    GemmDouble gemm_double;
    GemvFloat gemv_float;
    GemvDouble gemv_double;
} blas; /* all set or none */

static pthread_once_t blas_once = PTHREAD_ONCE_INIT;

/* A symbol as a function pointer; ISO C has no cast for that, POSIX promises that the bytes are right. */
static bool find(void *library, const char *name, void *function)
{
    void *const symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool load(const char *path)
{
    void *const library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library) return false;
    if (!find(library, "cblas_dgemm", &blas.gemm_double) || !find(library, "cblas_sgemv", &blas.gemv_float) ||
        !find(library, "cblas_dgemv", &blas.gemv_double) || !find(library, "cblas_sgemm", &blas.gemm_float)) {
        blas.gemm_float = NULL;
        dlclose(library);
        return false;
    }
    /* Rows and batches are split by our own threads; a second pool beside them would be far slower. */
    void (*set_threads)(int);
    if (find(library, "openblas_set_num_threads", &set_threads)) set_threads(1);
    return true;
}

static void load_first_found(void)
{
    const char *names = getenv("CERILLA_BLAS");
    if (!names || !*names) names = CERILLA_BLAS_NAMES;
    if (strcmp(names, "none") == 0) return;
    while (*names) {
        char path[1024];
        const size_t length = strcspn(names, ":");
        if (length > 0 && length < sizeof path) {
            memcpy(path, names, length);
            path[length] = '\0';
            if (load(path)) return;
        }
        names += length + (names[length] == ':');
    }
}

static bool have_blas(void)
{
    pthread_once(&blas_once, load_first_found);
    return blas.gemm_float != NULL;
}

/* A matrix as CBLAS wants it: one stride is 1, the other covers a whole row, everything fits an int. */
static bool describe(int64_t rows, int64_t columns, int64_t row, int64_t col, int *flag, int *leading)
{
    if (rows > INT_MAX || columns > INT_MAX) return false;
    const bool plain = (col == 1 || columns == 1) && (row >= columns || rows == 1);
    const bool turned = (row == 1 || rows == 1) && (col >= rows || columns == 1);
    if (!plain && !turned) return false;
    int64_t stride = plain ? row : col;
    const int64_t least = plain ? columns : rows;
    if ((plain ? rows : columns) == 1) stride = least; /* the stride of a single row means nothing */
    *flag = plain ? AS_IS : TRANSPOSED;
    *leading = (int)stride;
    return stride >= 1 && stride <= INT_MAX;
}

/* y = beta y + alpha M x, M rows x columns. */
static bool vector_product(int type, int64_t rows, int64_t columns, double alpha, const void *matrix, int64_t row,
                           int64_t col, const void *x, int64_t x_stride, double beta, void *y, int64_t y_stride)
{
    int flag, leading;
    if (!describe(rows, columns, row, col, &flag, &leading) || x_stride < 1 || y_stride < 1 || x_stride > INT_MAX ||
        y_stride > INT_MAX)
        return false;
    /* CBLAS counts rows and columns of the stored matrix. */
    const int stored_rows = (int)(flag == AS_IS ? rows : columns);
    const int stored_columns = (int)(flag == AS_IS ? columns : rows);
    if (type == K_FLOAT32)
        blas.gemv_float(ROW_MAJOR, flag, stored_rows, stored_columns, (float)alpha, matrix, leading, x, (int)x_stride,
                        (float)beta, y, (int)y_stride);
    else
        blas.gemv_double(ROW_MAJOR, flag, stored_rows, stored_columns, alpha, matrix, leading, x, (int)x_stride, beta,
                         y, (int)y_stride);
    return true;
}

static bool matrix_product(int type, int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row,
                           int64_t a_col, const void *b, int64_t b_row, int64_t b_col, double beta, void *c,
                           int64_t c_row, int64_t c_col)
{
    int a_flag, a_leading, b_flag, b_leading, c_flag, c_leading;
    if (!describe(m, n, c_row, c_col, &c_flag, &c_leading)) return false;
    if (c_flag == TRANSPOSED) /* C' = B' A' */
        return matrix_product(type, n, m, k, alpha, b, b_col, b_row, a, a_col, a_row, beta, c, c_col, c_row);
    if (!describe(m, k, a_row, a_col, &a_flag, &a_leading) || !describe(k, n, b_row, b_col, &b_flag, &b_leading))
        return false;
    if (type == K_FLOAT32)
        blas.gemm_float(ROW_MAJOR, a_flag, b_flag, (int)m, (int)n, (int)k, (float)alpha, a, a_leading, b, b_leading,
                        (float)beta, c, c_leading);
    else
        blas.gemm_double(ROW_MAJOR, a_flag, b_flag, (int)m, (int)n, (int)k, alpha, a, a_leading, b, b_leading, beta, c,
                         c_leading);
    return true;
}

/* m * n * k is at least `bound`, without overflow. */
static bool is_large(int64_t m, int64_t n, int64_t k, int64_t bound)
{
    return (double)m * (double)n * (double)k >= (double)bound;
}

void cer_gemm(int type, int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row, int64_t a_col,
              const void *b, int64_t b_row, int64_t b_col, double beta, void *c, int64_t c_row, int64_t c_col)
{
    if (type == K_FLOAT32 || type == K_FLOAT64) {
        const bool vector = m == 1 || n == 1;
        if (is_large(m, n, k, vector ? CERILLA_BLAS_VECTOR_FROM : CERILLA_BLAS_FROM) && have_blas()) {
            bool done;
            if (n == 1)
                done = vector_product(type, m, k, alpha, a, a_row, a_col, b, b_row, beta, c, c_row);
            else if (m == 1)
                done = vector_product(type, n, k, alpha, b, b_col, b_row, a, a_col, beta, c, c_col);
            else
                done = matrix_product(type, m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, c_row, c_col);
            if (done) return;
        }
    }
    cer_kernels()->gemm[type](m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, c_row, c_col);
}
