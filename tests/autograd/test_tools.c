/* The suite of what stands on the engine: torch.autograd.functional, gradcheck, checkpoint. */
#include "tools.h"

SUITE_MAIN("autograd_tools", functional_case, gradcheck_case, checkpoint_case)
