/* The part of core's suite that needs ops: making tensors, and training in threads. */
#include "cases.h"

SUITE_MAIN("core_ops", making_case, shapes_case, threads_case, interchange_case)
