/* The suite of the engine. The order is that of importance: what fails first explains what fails later. */
#include "cases.h"

SUITE_MAIN("autograd", backward_case, accumulate_case, rules_case, modes_case, grad_case, higher_case, broadcast_case,
           inplace_case, versions_case, views_case, hooks_case, function_case, watch_case, names_case, life_case,
           memory_case, deep_case)
