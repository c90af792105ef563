/* PyTorch's answers: a file of tests/reference/ops/, read case by case beside each_case(). Its format stands in make_ops.py. */
#ifndef CERILLA_TESTS_REFERENCE_H
#define CERILLA_TESTS_REFERENCE_H

#include "samples.h"

typedef struct Answer {
    const char *key;              /* of the case */
    const char *error;            /* "IndexError text", or NULL; and then: */
    const char *head;             /* "f[2,3]/1,2 MulBackward0" */
    const char *values;           /* "3f800000 ..." */
    const char *gradient[INPUTS]; /* by input; NULL where not told */
    bool gradients;               /* whether they are known */
} Answer;

typedef struct Reference {
    char *text, *at;
    char *plain[16];  /* the fields of the last case in layout C */
    char copy[65536]; /* what they point into */
} Reference;

bool reference_open(Reference *r, const char *path, int sample,
                    const char *python); /* at that sample's cases; false: no such */
bool reference_next(Reference *r, Answer *a);
void reference_close(Reference *r);

/* The exception's name as code; *text is set behind it. */
torch_Code reference_code(const char *error, const char **text);

#endif
