/* The files of this suite. */
#ifndef CERILLA_TESTS_AUTOGRAD_TOOLS_H
#define CERILLA_TESTS_AUTOGRAD_TOOLS_H

#include "cases.h"

TCase *functional_case(void);
TCase *gradcheck_case(void);
TCase *checkpoint_case(void);

#endif
