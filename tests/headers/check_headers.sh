#!/bin/sh
# Every public header compiles alone, without a warning, in every standard that it promises; use.c uses the macros.
# usage: check_headers.sh root c|c++ compiler...
root=$1 language=$2
shift 2
headers='cerilla.h core/base.h core/scalar.h core/error.h core/scope.h core/tensor.h core/autograd.h core/random.h core/print.h
core/params.h core/interchange.h ops/ops.h ops/activation.h ops/along.h ops/compare.h ops/create.h ops/functional.h ops/index.h ops/loss.h ops/norm.h ops/matrix.h ops/pointwise.h ops/random.h ops/reduce.h ops/transcendental.h
ops/vector_norm.h ops/view.h 
nn/activation.h
nn/activation_numbers.h
nn/attention.h
nn/averaged.h
nn/container.h
nn/conv.h
nn/distance.h
nn/dropout.h
nn/embedding.h
nn/fold.h
nn/hooks.h
nn/init.h
nn/lazy.h
nn/linear.h
nn/loss.h
nn/machinery.h
nn/nn.h
nn/norm.h
nn/padding.h
nn/parametrize.h
nn/pooling.h
nn/recurrent.h
nn/transformer.h
nn/utils.h
nn/utils_norm.h
nn/utils_rnn.h
nn/vision.h
optim/lr_scheduler.h optim/optim.h data/data.h data/dataset.h data/loader.h data/sampler.h data/vision.h io/io.h
ops/rearrange.h ops/info.h
ops/dropout.h ops/linalg.h
ops/gather.h ops/search.h
ops/conv.h ops/pad.h ops/pool.h
ops/embedding.h ops/packed.h ops/sort.h
autograd/checkpoint.h autograd/functional.h autograd/gradcheck.h core/function.h core/hooks.h core/modes.h'
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0 compiled=0

compile() { # source, then flags
    source=$1
    shift
    compiled=$((compiled + 1))
    "$@" -I"$root" -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -fsyntax-only "$source" || {
        echo "failed: $* $source"
        failed=1
    }
}

for header in $headers; do
    [ -f "$root/$header" ] || { echo "$header is missing"; failed=1; continue; }
    if [ "$language" = c++ ]; then
        printf '#include "%s"\nint main() { return 0; }\n' "$header" >"$work/alone.cc"
        for standard in c++17 c++20; do compile "$work/alone.cc" "$@" "-std=$standard"; done
    else
        printf '#include "%s"\nint main(void) { return 0; }\n' "$header" >"$work/alone.c"
        for standard in c99 c11 c17; do compile "$work/alone.c" "$@" "-std=$standard" -Wstrict-prototypes; done
    fi
done
if [ "$language" = c ]; then
    for standard in c11 c17; do compile "$root/tests/headers/use.c" "$@" "-std=$standard"; done
fi
[ "$failed" -eq 0 ] && echo "$compiled compilations without a warning"
exit "$failed"
