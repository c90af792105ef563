/* torch.nn: modules, layers and losses. */
#ifndef CERILLA_NN_H
#define CERILLA_NN_H

#include "activation.h"
#include "activation_numbers.h"
#include "attention.h"
#include "averaged.h"
#include "container.h"
#include "conv.h"
#include "distance.h"
#include "dropout.h"
#include "embedding.h"
#include "fold.h"
#include "hooks.h"
#include "init.h"
#include "lazy.h"
#include "linear.h"
#include "loss.h"
#include "machinery.h"
#include "norm.h"
#include "padding.h"
#include "parametrize.h"
#include "pooling.h"
#include "recurrent.h"
#include "transformer.h"
#include "utils.h"
#include "utils_norm.h"
#include "utils_rnn.h"
#include "vision.h"

#endif
