/* LAPACK on raw memory: matrices in columns (Fortran's order), K_FLOAT32 or K_FLOAT64. Loaded with the first call; without one
 * cer_have_lapack() is false, and nothing else may be called. What is returned is LAPACK's info. */
#ifndef CERILLA_LAPACK_H
#define CERILLA_LAPACK_H

#include "ops/kernels/kernels.h"

bool cer_have_lapack(void);

int cer_getrf(int type, int m, int n, void *a, int *pivot); /* A = P L U */
int cer_getrs(int type, char transpose, int n, int columns, const void *lu, const int *pivot, void *b);
int cer_potrf(int type, char triangle, int n, void *a);
void cer_trsm(int type, char side, char triangle, char transpose, bool unit, int m, int n, const void *a, int a_rows,
              void *b);

/* With workspace: `work` holds `length` elements. A length of -1 only asks: work[0] receives the best length. */
int cer_geqrf(int type, int m, int n, void *a, void *tau, void *work, int length);
int cer_orgqr(int type, int m, int n, int k, void *a, void *tau, void *work, int length);
int cer_gesdd(int type, char job, int m, int n, void *a, void *s, void *u, void *vh, int vh_rows, void *work,
              int length, int *whole);
int cer_syevd(int type, char job, char triangle, int n, void *a, void *values, void *work, int length, int *whole,
              int whole_length);
int cer_gelsy(int type, int m, int n, int columns, void *a, void *b, int b_rows, int *pivot, double rcond, int *rank,
              void *work, int length);

#endif
