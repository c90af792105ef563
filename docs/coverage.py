"""Counts the names of docs/ranking.txt that Cerilla has: exported by the library, or a macro of a public header.

    python3 docs/coverage.py build/libcerilla.so        exit 1 if one of P1 or P2 is missing"""
import os
import re
import subprocess
import sys

from headers import ROOT, entries, public_headers

# Where the C name is not torch_NAME, torch_NAME_ or F_NAME.
ELSEWHERE = {"dtype": "torch_dtype_of", "ndim": "torch_dim", "numpy": "torch_data_ptr", "from_numpy": "torch_from_blob",
             "frombuffer": "torch_from_blob", "as_tensor": "torch_as_tensor", "register_hook": "torch_register_hook"}
# What does not exist here, and why. Not counted.
NOT_HERE = {"device": "one device, the CPU", "cpu": "one device, the CPU", "autocast": "no automatic mixed precision",
            "view_as_real": "no complex dtypes", "view_as_complex": "no complex dtypes", "real": "no complex dtypes",
            "polar": "no complex dtypes", "fft.fft": "no complex dtypes", "stft": "no complex dtypes",
            "strided": "the only layout", "use_deterministic_algorithms": "all are deterministic",
            "load": "files are another part of the library, not there yet", "save": "files are another part of the library, not there yet"}


def available(library):
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], stdout=subprocess.PIPE, text=True, check=True).stdout
    names = {line.split()[-1] for line in symbols.splitlines()}
    for header in public_headers():
        names |= set(re.findall(r"^#define (\w+)", open(os.path.join(ROOT, header)).read(), re.M))
    return names


def c_name(name, names):
    flat = name.replace(".", "_")
    for candidate in [ELSEWHERE.get(name), "torch_" + flat, "F_" + flat, "torch_" + flat + "_"]:
        if candidate in names:
            return candidate
    return None


def declared_only(names):
    """Functions that a public header declares and the library lacks."""
    return [e.name for h in public_headers() for e in entries(h) if not e.macro and e.name not in names and not e.inline]


def main():
    names, failed = available(sys.argv[1]), False
    undefined = declared_only(names)
    if undefined:
        print("declared, but not exported: " + " ".join(undefined))
        failed = True
    for line in open(os.path.join(ROOT, "docs", "ranking.txt")):
        group, *ranked = line.split()
        if group == "#":
            continue
        wanted = [n for n in ranked if n not in NOT_HERE]
        missing = [n for n in wanted if not c_name(n, names)]
        print(f"{group}: {len(wanted) - len(missing)} of {len(ranked)} names"
              + (f"; not here: {', '.join(f'{n} ({NOT_HERE[n]})' for n in ranked if n in NOT_HERE)}" if len(wanted) < len(ranked) else "")
              + (f"; missing: {' '.join(missing)}" if missing else ""))
        failed |= bool(missing) and group != "P3"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
