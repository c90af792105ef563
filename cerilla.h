/* Cerilla: PyTorch's API as a small C library.
 *
 * Names: drop the import, turn dots into underscores, object first: torch.matmul(a, b) is torch_matmul(a, b), x.view(2, -1)
 * is torch_view(x, 2, -1), nn.Linear(5, 1, bias=False) is nn_Linear(5, 1, .bias = false).
 *
 * Ownership
 * 1. An op's result is *borrowed*: it belongs to the innermost open scope of the calling thread; with none open, to the
 *    thread's root scope, which only grows (a warning says so once, after many).
 * 2. What stores a tensor retains it: modules own parameters and buffers, optimizers their state, a graph its edges, a leaf
 *    its .grad.
 * 3. To keep a tensor in a variable across scopes use a slot: torch_set(&h0, torch_detach(h)) retains the new and releases
 *    the old, torch_clear(&h0) always works.
 * 4. A function that opens a scope hands its result out with torch_escape(t).
 * 5. torch_backward frees the graph unless .retain_graph = true.
 * 6. Tensors are reference-counted, plainly until torch_share_memory_ / nn_share_memory mark them for other threads,
 *    atomically from then on; a tensor crosses threads only shared and kept, and a debug build catches one that did not.
 * Constructors of modules, optimizers, frames and generators return *owned* objects, each with one ..._free.
 *
 * Errors
 * - A failing call returns NULL (or NaN, 0, -1) and records the first error of the thread: code, op, and PyTorch's message.
 * - While an error is pending every op returns NULL silently and draws no random number, so straight-line model code needs
 *   no checks. NULL for a required argument with nothing pending is itself an error.
 * - Sinks (torch_backward, optim_step, torch_set, in-place writes, saving) refuse and return the code: a forgotten check
 *   freezes training rather than training on garbage. Free, scope pop and clear never refuse.
 * - torch_error() is the message or NULL; torch_error_clear() clears it. The default handler prints one line to stderr.
 * - Arguments are unchanged after an error. Nothing here calls abort or exit; out of memory takes the same road.
 *
 * C++ and other languages: the macros are left out; call the function under each (it takes a pointer to an args struct, to
 * be filled by its ..._defaults()). */
#ifndef CERILLA_H
#define CERILLA_H

#include "autograd/checkpoint.h"
#include "autograd/functional.h"
#include "autograd/gradcheck.h"
#include "core/autograd.h"
#include "core/interchange.h"
#include "core/print.h"
#include "core/random.h"
#include "data/data.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/sampler.h"
#include "data/vision.h"
#include "io/io.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/lr_scheduler.h"
#include "optim/optim.h"

#endif
