/* The suite of core alone. */
#include "cases.h"

SUITE_MAIN("core", scopes_case, slots_case, contexts_case, errors_case, warnings_case, allocation_case, dtypes_case,
           sizes_case, iterator_case)
