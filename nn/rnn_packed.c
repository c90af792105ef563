/* Packed sequences, step by step: sequences that end leave the batch, those that begin later (from behind) join it. */
#include "recurrence.h"

/* The rows begin..end of a state. */
static Tensor *some(Tensor *state, int64_t begin, int64_t end)
{
    return state ? torch_narrow(state, 0, begin, end - begin) : NULL;
}

static Tensor *joined(Tensor *a, Tensor *b)
{
    Tensor *both[2] = {a, b};
    return a && b ? torch_cat_n(both, 2, 0) : NULL;
}

/* h[k] and c[k]: the states of the sequences that ended k-th. All of them, the longest first. */
static void gather_ended(cer_Recurrence *l, Tensor **h, Tensor **c, int64_t n)
{
    for (int64_t k = 0; k < n / 2; k++) {
        Tensor *swap = h[k];
        h[k] = h[n - 1 - k], h[n - 1 - k] = swap;
        swap = c[k];
        c[k] = c[n - 1 - k], c[n - 1 - k] = swap;
    }
    l->h = torch_cat_n(h, n, 0);
    if (l->c) l->c = torch_cat_n(c, n, 0);
}

static bool forwards(cer_Recurrence *l, torch_TensorList part, const int64_t *size, Tensor **h, Tensor **c)
{
    int64_t going = size[0], ended = 0;
    for (int64_t i = 0; i < part.length; i++) {
        if (size[i] < going) {
            h[ended] = some(l->h, size[i], going);
            c[ended++] = some(l->c, size[i], going);
            l->h = some(l->h, 0, size[i]);
            l->c = some(l->c, 0, size[i]);
        }
        going = size[i];
        if (!cer_recurrent_step_alone(l, part.tensor[i])) return false;
        l->step[i] = l->h;
    }
    h[ended] = l->h;
    c[ended++] = l->c;
    gather_ended(l, h, c, ended);
    return l->h != NULL;
}

static bool backwards(cer_Recurrence *l, torch_TensorList part, const int64_t *size)
{
    Tensor *h_0 = l->h, *c_0 = l->c;
    int64_t going = size[part.length - 1];
    l->h = some(h_0, 0, going);
    l->c = some(c_0, 0, going);
    for (int64_t i = part.length - 1; i >= 0; i--) {
        if (size[i] > going) {
            l->h = joined(l->h, some(h_0, going, size[i]));
            l->c = joined(l->c, some(c_0, going, size[i]));
        }
        going = size[i];
        if (!cer_recurrent_step_alone(l, part.tensor[i])) return false;
        l->step[i] = l->h;
    }
    return true;
}

Tensor *cer_packed_direction(cer_Recurrence *l, Tensor *x, int64_t steps, const int64_t *size, Tensor **room)
{
    int64_t rows = 0;
    for (int64_t i = 0; i < steps; i++) rows += size[i];
    Tensor *products = cer_recurrent_product(l, x);
    if (products && rows < products->shape[0]) /* PyTorch counts from the side where it begins */
        products = torch_narrow(products, 0, l->reverse ? products->shape[0] - rows : 0, rows);
    torch_TensorList part = torch_split_with_sizes(products, steps, size, 0);
    if (part.length < 0) return NULL;
    l->step = room;
    bool fine = l->reverse ? backwards(l, part, size) : forwards(l, part, size, room + steps, room + 2 * steps + 1);
    return fine ? torch_cat_n(l->step, steps, 0) : NULL;
}
