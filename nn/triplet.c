/* nn.TripletMarginWithDistanceLoss: with a module for the distance. */
#include <stdio.h>

#include "layer.h"

static Tensor *reduced(Tensor *loss, const char *reduction)
{
    if (strcmp(reduction, "mean") == 0) return torch_mean(loss);
    if (strcmp(reduction, "sum") == 0) return torch_sum(loss);
    if (strcmp(reduction, "none") == 0) return loss;
    return cer_raise(TORCH_VALUE_ERROR, "triplet_margin_with_distance_loss", "%s is not a valid value for reduction",
                     reduction),
           NULL;
}

static int triplet_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_TripletMarginWithDistanceLoss *m = (const nn_TripletMarginWithDistanceLoss *)self;
    (void)n_out;
    if (!cer_nn_arity(self, n_in, 3, 3, "anchor positive negative")) return torch_error_code();
    Tensor *near = nn_forward(m->distance_function, in[0], in[1]),
           *far = nn_forward(m->distance_function, in[0], in[2]);
    if (m->swap) far = torch_minimum(far, nn_forward(m->distance_function, in[1], in[2]));
    out[0] = reduced(torch_clamp_min(torch_add(torch_sub(near, far), m->margin), 0), m->reduction);
    return torch_error_code();
}

nn_TripletMarginWithDistanceLossArgs nn_TripletMarginWithDistanceLossArgs_defaults(void)
{
    return (nn_TripletMarginWithDistanceLossArgs){
        .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_TripletMarginWithDistanceLossArgs)};
}

nn_TripletMarginWithDistanceLoss *nn_TripletMarginWithDistanceLoss_new(const nn_TripletMarginWithDistanceLossArgs *args)
{
    static const nn_Class record = NN_CLASS(nn_TripletMarginWithDistanceLoss, .forward = triplet_forward);
    nn_TripletMarginWithDistanceLossArgs a = nn_TripletMarginWithDistanceLossArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!a.distance_function) a.distance_function = nn_PairwiseDistance();
    nn_TripletMarginWithDistanceLoss *m =
        a.distance_function ? nn_new_class(nn_TripletMarginWithDistanceLoss, &record) : NULL;
    if (!m) {
        if (a.distance_function) nn_Module_free(a.distance_function);
        return NULL;
    }
    nn_set(m, distance_function, a.distance_function);
    m->margin = a.margin;
    m->swap = a.swap;
    snprintf(m->reduction, sizeof m->reduction, "%s", a.reduction ? a.reduction : "None");
    return cer_nn_made(m);
}
