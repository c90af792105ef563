"""Makes docs/api.md: every public function beside its Python, from the headers and the table of op records.

    python3 docs/make_api.py [--check] build/docs/ops_table        --check: only says whether api.md is up to date"""
import os
import re
import subprocess
import sys

from headers import ROOT, entries, public_headers

TARGET = os.path.join(ROOT, "docs", "api.md")
BENEATH = ("_args", "_n", "_Scalar", "_new", "_array", "_one", "_of", "_with")
TITLES = {
    "core/base.h": "Types",
    "core/scalar.h": "Numbers and arrays",
    "core/error.h": "Errors and warnings",
    "core/scope.h": "Scopes, slots, contexts",
    "core/tensor.h": "Looking at a tensor",
    "core/autograd.h": "Autograd",
    "core/interchange.h": "Memory of others",
    "core/print.h": "Printing",
    "core/random.h": "Generators",
    "core/params.h": "Parameter lists and dictionaries",
    "data/data.h": "Tables",
    "data/dataset.h": "Datasets",
    "data/sampler.h": "Samplers",
    "data/loader.h": "Loaders",
    "data/vision.h": "Images and MNIST",
    "io/io.h": "Files of weights",
    "nn/machinery.h": "Modules",
    "nn/linear.h": "Layers: linear",
    "nn/norm.h": "Layers: normalisations",
    "nn/recurrent.h": "Layers: recurrent",
    "nn/loss.h": "Losses",
    "nn/conv.h": "Layers: convolutions",
    "nn/pooling.h": "Layers: pooling",
    "nn/padding.h": "Layers: padding",
    "nn/vision.h": "Layers: images",
    "nn/activation.h": "Layers: activations",
    "nn/activation_numbers.h": "Layers: activations with numbers",
    "nn/embedding.h": "Layers: embeddings",
    "nn/attention.h": "Layers: attention",
    "nn/transformer.h": "Layers: transformers",
    "nn/dropout.h": "Layers: dropout",
    "nn/distance.h": "Layers: distances",
    "nn/fold.h": "Layers: sliding blocks",
    "nn/container.h": "Containers",
    "nn/hooks.h": "Hooks of modules",
    "nn/init.h": "Initial values",
    "nn/averaged.h": "Averaged models",
    "nn/lazy.h": "Lazy layers",
    "nn/utils_norm.h": "Normalised weights",
    "nn/parametrize.h": "Parametrizations",
    "nn/utils_rnn.h": "Packed sequences",
    "nn/utils.h": "Clipping, vectors of parameters",
    "optim/optim.h": "Optimizers",
    "optim/lr_scheduler.h": "Learning rates",
}
OURS = ("core/scalar.h", "core/error.h", "core/scope.h")  # without a counterpart in Python
HEAD = """# API

Made by `docs/make_api.py` from the headers and the op records; the headers say the same, with the contracts around it.
*Beneath* are the exported functions under a macro, for C++ and other languages: they take a pointer to an args struct
(`..._Args_defaults()` fills it), a `torch_Scalar` for an operand that may be a number, or a count and an array.
`grad_fn`: what the result prints as its history, where it has one.
"""


def records(table):
    lines = subprocess.run([table], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return {fields[0]: fields[2] for fields in (line.split("\t") for line in lines) if fields[2] != "-"}


def python_name(name):
    prefix, rest = name.split("_", 1)
    if prefix == "safetensors":
        return "safetensors." + ("torch." if rest.startswith(("load", "save")) else "") + rest
    if rest.endswith("_") and prefix in ("torch", "F"):
        return ("x." if prefix == "torch" else "F.") + rest
    for nested in ("linalg", "autograd", "special", "init"):
        if rest.startswith(nested + "_") and rest != nested + "_":
            return prefix + "." + nested + "." + rest[len(nested) + 1:]
    return prefix + "." + rest.replace("Module_", "Module.").replace("Optimizer_", "Optimizer.")


def stem(name):
    for suffix in BENEATH:
        if name.endswith(suffix):
            return name[:-len(suffix)]
    return name


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def rows(header, grads):
    """Public entries by section, with the functions beneath each macro."""
    found = entries(header)
    macros = {e.name for e in found if e.macro}
    sections = {}
    for e in found:
        if e.name.endswith("_defaults") or (e.macro and e.name.endswith("_") and e.name[:-1] in macros):
            continue
        if not e.macro and (stem(e.name) in macros or e.name in macros):
            continue
        beneath = [f.name for f in found if not f.macro and f.name != e.name and stem(f.name) == e.name] if e.macro else []
        sections.setdefault(e.section, []).append((e, beneath, grads.get(e.name.split("_", 1)[1], "")))
    return sections


def title(header):
    if header in TITLES:
        return TITLES[header]
    first = open(os.path.join(ROOT, header)).readline()
    return re.sub(r"^/\* |[.:;].*", "", first.strip())


def document(grads):
    out = [HEAD]
    for header in public_headers():
        sections = rows(header, grads)
        if not sections:
            continue
        out.append(f"\n## {title(header)} (`{header}`)\n")
        for section, lines in sections.items():
            if section:
                out.append(f"\n### {section[0].upper() + section[1:]}\n")
            out.append("| Python | C | notes |\n|---|---|---|")
            for e, beneath, grad in lines:
                notes = [cell(e.note)] if e.note else []
                notes += [f"grad_fn `{grad}`"] if grad else []
                notes += ["beneath: " + ", ".join(f"`{b}`" for b in beneath)] if beneath else []
                python = "" if header in OURS else f"`{python_name(e.name)}`"
                out.append(f"| {python} | `{cell(e.text)}` | {'<br>'.join(notes)} |")
    return "\n".join(out) + "\n"


def main():
    text = document(records(sys.argv[-1]))
    if "--check" not in sys.argv:
        with open(TARGET, "w") as f:
            f.write(text)
        return 0
    old = open(TARGET).read() if os.path.exists(TARGET) else ""
    if old != text:
        print("docs/api.md is not up to date: run python3 docs/make_api.py build/docs/ops_table")
    return int(old != text)


if __name__ == "__main__":
    sys.exit(main())
