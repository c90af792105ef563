/* LAPACK, loaded at run time like the CBLAS (blas.c), with the first decomposition and not before. There is no kernel of our own
 * behind it: without a LAPACK linear algebra is refused.
 *
 * CERILLA_LAPACK in the environment: "none", or a colon-separated list of libraries to try instead. */
#include "ops/kernels/lapack.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CERILLA_LAPACK_NAMES
#ifdef __APPLE__
#define CERILLA_LAPACK_NAMES "/System/Library/Frameworks/Accelerate.framework/Accelerate"
#else
#define CERILLA_LAPACK_NAMES "libopenblas.so.0:liblapack.so.3:libopenblas.so"
#endif
#endif

/* Fortran's conventions: everything by pointer, and the length of each character argument behind all others. */
typedef const int *Int;
typedef void (*Getrf)(Int m, Int n, void *a, Int lda, int *pivot, int *info);
typedef void (*Getrs)(const char *trans, Int n, Int columns, const void *a, Int lda, Int pivot, void *b, Int ldb,
                      int *info, size_t);
typedef void (*Potrf)(const char *uplo, Int n, void *a, Int lda, int *info, size_t);
typedef void (*Trsm)(const char *side, const char *uplo, const char *trans, const char *diag, Int m, Int n,
                     const void *alpha, const void *a, Int lda, void *b, Int ldb, size_t, size_t, size_t, size_t);
typedef void (*Geqrf)(Int m, Int n, void *a, Int lda, void *tau, void *work, Int length, int *info);
typedef void (*Orgqr)(Int m, Int n, Int k, void *a, Int lda, const void *tau, void *work, Int length, int *info);
typedef void (*Gesdd)(const char *job, Int m, Int n, void *a, Int lda, void *s, void *u, Int ldu, void *vt, Int ldvt,
                      void *work, Int length, int *whole, int *info, size_t);
typedef void (*Syevd)(const char *job, const char *uplo, Int n, void *a, Int lda, void *w, void *work, Int length,
                      int *whole, Int whole_length, int *info, size_t, size_t);
typedef void (*Gelsy)(Int m, Int n, Int columns, void *a, Int lda, void *b, Int ldb, int *pivot, const void *rcond,
                      int *rank, void *work, Int length, int *info);

#define ROUTINES(X) \
    X(Getrf, getrf) \
    X(Getrs, getrs) \
    X(Potrf, potrf) \
    X(Trsm, trsm)   \
    X(Geqrf, geqrf) \
    X(Orgqr, orgqr) \
    X(Gesdd, gesdd) \
    X(Syevd, syevd) \
    X(Gelsy, gelsy)

static struct {
#define FIELD(type, name) type name[2]; /* of float, of double */
    ROUTINES(FIELD)
#undef FIELD
} lapack;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool find(void *library, char type, const char *name, void *function)
{
    char symbol[32];
    snprintf(symbol, sizeof symbol, "%c%s_", type, name);
    void *const found = dlsym(library, symbol);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool load(const char *path)
{
    void *const library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library) return false;
    bool all = true;
#define FIND(type, name) \
    all = all && find(library, 's', #name, &lapack.name[0]) && find(library, 'd', #name, &lapack.name[1]);
    ROUTINES(FIND)
#undef FIND
    if (!all) {
        dlclose(library);
        return false;
    }
    void (*set_threads)(int);
    void *const symbol = dlsym(library, "openblas_set_num_threads");
    memcpy(&set_threads, &symbol, sizeof symbol);
    if (symbol) set_threads(1);
    return true;
}

static void load_first_found(void)
{
    const char *names = getenv("CERILLA_LAPACK");
    if (!names || !*names) names = CERILLA_LAPACK_NAMES;
    if (strcmp(names, "none") == 0) return;
    while (*names && !loaded) {
        char path[1024];
        const size_t length = strcspn(names, ":");
        if (length > 0 && length < sizeof path) {
            memcpy(path, names, length);
            path[length] = '\0';
            loaded = load(path);
        }
        names += length + (names[length] == ':');
    }
}

bool cer_have_lapack(void)
{
    pthread_once(&once, load_first_found);
    return loaded;
}

/* ---- the routines ------------------------------------------------------------------------------------------------ */

#define OF(name) lapack.name[type == K_FLOAT64]
#define LEAD(rows) (&(int){(rows) > 1 ? (rows) : 1})

int cer_getrf(int type, int m, int n, void *a, int *pivot)
{
    int info = 0;
    OF(getrf)(&m, &n, a, LEAD(m), pivot, &info);
    return info;
}

int cer_getrs(int type, char transpose, int n, int columns, const void *lu, const int *pivot, void *b)
{
    int info = 0;
    OF(getrs)(&transpose, &n, &columns, lu, LEAD(n), pivot, b, LEAD(n), &info, 1);
    return info;
}

int cer_potrf(int type, char triangle, int n, void *a)
{
    int info = 0;
    OF(potrf)(&triangle, &n, a, LEAD(n), &info, 1);
    return info;
}

void cer_trsm(int type, char side, char triangle, char transpose, bool unit, int m, int n, const void *a, int a_rows,
              void *b)
{
    const float one = 1;
    const double one_double = 1;
    OF(trsm)
    (&side, &triangle, &transpose, unit ? "U" : "N", &m, &n, type == K_FLOAT64 ? (const void *)&one_double : &one, a,
     LEAD(a_rows), b, LEAD(m), 1, 1, 1, 1);
}

int cer_geqrf(int type, int m, int n, void *a, void *tau, void *work, int length)
{
    int info = 0;
    OF(geqrf)(&m, &n, a, LEAD(m), tau, work, &length, &info);
    return info;
}

int cer_orgqr(int type, int m, int n, int k, void *a, void *tau, void *work, int length)
{
    int info = 0;
    OF(orgqr)(&m, &n, &k, a, LEAD(m), tau, work, &length, &info);
    return info;
}

int cer_gesdd(int type, char job, int m, int n, void *a, void *s, void *u, void *vh, int vh_rows, void *work,
              int length, int *whole)
{
    int info = 0;
    OF(gesdd)(&job, &m, &n, a, LEAD(m), s, u, LEAD(m), vh, LEAD(vh_rows), work, &length, whole, &info, 1);
    return info;
}

int cer_syevd(int type, char job, char triangle, int n, void *a, void *values, void *work, int length, int *whole,
              int whole_length)
{
    int info = 0;
    OF(syevd)(&job, &triangle, &n, a, LEAD(n), values, work, &length, whole, &whole_length, &info, 1, 1);
    return info;
}

int cer_gelsy(int type, int m, int n, int columns, void *a, void *b, int b_rows, int *pivot, double rcond, int *rank,
              void *work, int length)
{
    int info = 0;
    const float narrow = (float)rcond;
    OF(gelsy)
    (&m, &n, &columns, a, LEAD(m), b, LEAD(b_rows), pivot, type == K_FLOAT64 ? (const void *)&rcond : &narrow, rank,
     work, &length, &info);
    return info;
}
