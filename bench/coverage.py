#!/usr/bin/env python3
"""Every op record has a row in bench/ops.def, or stands here with the row or the reason that speaks for it.

    bench/coverage.py          prints the records without one, and exits 1 if there are any

A record NAME has a row where the row's C calls torch_NAME, F_NAME, torch_linalg_NAME or torch_special_NAME; NAME_ with NAME,
and NAME_backward with a BENCH_GRAD of NAME."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Records that another function's row runs: the names of PyTorch's functions are not those of the records.
ROWS = {
    "add_scaled": "add_alpha", "sub_scaled": "sub_alpha", "div_floor": "div_floor", "div_trunc": "div_trunc",
    "clamp_backward": "clamp_grad", "silu_backward": "silu_grad", "gelu_backward": "gelu_grad", "gelu_tanh": "gelu_tanh",
    "gelu_tanh_backward": "gelu_tanh_grad", "log_sigmoid": "logsigmoid", "log_sigmoid_backward": "logsigmoid_grad",
    "prelu_weight_backward": "prelu_grad", "squared_error": "mse_loss", "squared_error_backward": "mse_loss_grad",
    "smooth_l1": "smooth_l1_loss", "smooth_l1_backward": "smooth_l1_loss_grad", "huber": "huber_loss",
    "huber_backward": "huber_loss_grad", "soft_margin": "soft_margin_loss", "bce": "binary_cross_entropy",
    "bce_backward": "binary_cross_entropy_grad", "bce_with_logits": "bce_with_logits", "cube": "cube",
    "bce_with_logits_weighted": "bce_with_logits_weighted", "rshift": "rshift", "rsub": "rsub", "slice_backward": "slice_grad", "unique_dim": "unique_dim",
    "pow_scalar": "pow_scalar",
    "as_strided_backward": "as_strided_grad", "copy_slices": "copy_slices_grad", "fill__tensor": "fill_tensor",
    "strided": "as_strided_grad", "strided_backward": "as_strided_grad", "diag_of": "diag_of", "index": "index_rows",
    "index_put_impl_": "index_put_rows", "scatter_value": "scatter_value", "index_fill_tensor": "index_fill_tensor",
    "index_fill__tensor": "index_fill_tensor",
    "unique2": "unique", "embedding_dense_backward": "embedding_grad", "embedding_renorm_": "embedding_renorm",
    "sort_stable": "sort_stable", "sum_all": "sum", "mean_all": "mean", "prod_dim": "prod_0",
    "norm_dtype": "norm_dtype", "recurrence": "grad_cumprod", "euclidean_dist": "cdist", "cdist_backward": "cdist_grad",
    "linear_no_bias": "linear_no_bias", "linear_folded": "linear_folded", "nll_loss2d": "nll_loss2d",
    "div_number": "cross_entropy", "native_layer_norm": "layer_norm", "native_batch_norm": "batch_norm",
    "native_group_norm": "group_norm", "recurrent": "lstm", "recurrent_backward": "lstm_grad", "attention": "attention", "attention_backward": "attention_grad", "norm_backward": "layer_norm_grad", "convolution": "conv2d",
    "conv_transposed": "conv_transpose2d", "conv_weight": "conv2d_grad", "im2col": "unfold", "col2im": "fold",
    "constant_pad_nd": "pad_constant", "circular_pad": "pad_circular", "circular_pad_backward": "pad_circular_grad",
    "max_pool2d_with_indices": "max_pool2d", "max_pool3d_with_indices": "max_pool3d", "max_pool_backward": "max_pool2d_grad",
    "max_unpool_pick": "max_unpool2d_grad", "random_to_": "random_to_", "random_from_": "random_from_",
    "normal_mean": "normal_mean", "normal_std": "normal_std", "normal_both": "normal_both",
    "ctc_loss_backward": "ctc_loss", "multilabel_margin_loss_backward": "multilabel_margin_loss",
    "pack_padded_sequence": "pack_padded_sequence", "pack_padded_sequence_backward": "pack_padded_sequence",
    "bernoulli__tensor": "bernoulli__tensor"}
for dims, linear in ((1, "linear"), (2, "bilinear"), (3, "trilinear")):
    for record, row in ((f"reflection_pad{dims}d", f"pad{dims}d_reflect"), (f"replication_pad{dims}d", f"pad{dims}d_replicate"),
                        (f"upsample_nearest{dims}d", f"interpolate{dims}d_nearest"),
                        (f"upsample_nearest_exact{dims}d", f"interpolate{dims}d_nearest_exact"),
                        (f"upsample_{linear}{dims}d", f"interpolate{dims}d_{linear}")):
        ROWS[record], ROWS[record + "_backward"] = row, row + "_grad"
ROWS["upsample_bicubic2d"], ROWS["upsample_bicubic2d_backward"] = "interpolate2d_bicubic", "interpolate2d_bicubic_grad"
VIEWS = """detach expand as_strided alias view reshape_alias unsafe_view permute t transpose transpose_ t_ select select_sliced
    slice squeeze squeeze_dim squeeze_ squeeze_dim_ unsqueeze unsqueeze_ unfold diagonal split split_with_sizes unbind"""
NONE = dict.fromkeys(VIEWS.split(), "makes a header, whatever the size")
NONE.update(empty="memory alone", max_pool_pick="only of second derivatives: the loop of gather")


def read(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def main():
    records = re.findall(r"^(?:OP|LOOP\d)\((\w+)", read("ops/pointwise.def") + read("ops/ops.def"), re.M)
    records = [r for r in records if r != "name"]
    row = r'^BENCH(_GRAD)?\((\w+), "[^"]*",\s*((?:.|\n)*?)\)(?: /\*.*\*/)?\n(?=BENCH|\n|$)'
    rows = re.findall(row, read("bench/ops.def") + "\n", re.M)
    names = {name for _, name, _ in rows}
    call = r"\b(?:torch|F)_(?:linalg_|special_)?(\w+)\("
    calls = {grad: {c for g, _, text in rows if g == grad for c in re.findall(call, text)} for grad in ("", "_GRAD")}
    calls[""] |= calls["_GRAD"]

    def has_row(record):
        if record in ROWS:
            return ROWS[record] in names
        if record.endswith("_backward"):
            return record[:-9] in calls["_GRAD"]
        plain = re.sub(r"^(linalg|special)_", "", record)
        return plain in calls[""] or plain.endswith("_") and has_row(plain[:-1])

    missing = [r for r in records if r not in NONE and not has_row(r)]
    stale = [r for r in {**ROWS, **NONE} if r not in records]
    for record in missing:
        print(f"{record}: no row in bench/ops.def")
    for record in stale:
        print(f"{record}: no such record; strike it from bench/coverage.py")
    print(f"{len(records)} records, {len(names)} rows, {len(NONE)} records need none")
    return 1 if missing or stale or len(records) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
