/* The files of the suites "core" (core alone, internals included) and "core_ops" (with the ops floor), and shorthands. */
#ifndef CERILLA_TESTS_CORE_CASES_H
#define CERILLA_TESTS_CORE_CASES_H

#include "core/impl.h"
#include "tests/support.h"

TCase *scopes_case(void);
TCase *slots_case(void);
TCase *contexts_case(void);
TCase *errors_case(void);
TCase *warnings_case(void);
TCase *allocation_case(void);
TCase *dtypes_case(void);
TCase *sizes_case(void);
TCase *iterator_case(void);

TCase *making_case(void);
TCase *shapes_case(void);
TCase *threads_case(void);
TCase *interchange_case(void);

/* A float32 tensor of one element: 0. */
static inline Tensor *small(void)
{
    return cer_zeros(torch_float32, 1, (const int64_t[]){1});
}

#endif
