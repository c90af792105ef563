"""Weights written and read by PyTorch: the twin of bench/files.c. Safetensors, where the package is missing, as what it would have to do
at least: the bytes written to a file; read into memory."""
import os
import sys

import torch

from timing import run, wanted

torch.set_num_threads(1)
PLACE = "/tmp/cerilla-bench-%d" % os.getpid()
weights = {}


def files_save():
    torch.save(weights, PLACE + ".pt")


def files_save_safetensors():
    with open(PLACE + ".bytes", "wb") as f:
        for t in weights.values():
            f.write(memoryview(t.numpy()).cast("B"))


def files_load():
    torch.load(PLACE + ".pt")


def files_load_safetensors():
    with open(PLACE + ".bytes", "rb") as f:
        data = bytearray(os.fstat(f.fileno()).st_size)
        f.readinto(data)
    return torch.frombuffer(data, dtype=torch.float32)


def files_use_safetensors():
    files_load_safetensors().sum()


bodies = [body for body in (files_save, files_save_safetensors, files_load, files_load_safetensors, files_use_safetensors)
          if wanted(body.__name__, sys.argv[1] if len(sys.argv) > 1 else "")]
if bodies:
    weights.update(("w%d" % i, torch.rand(1024, 1024)) for i in range(25))
    files_save()
    files_save_safetensors()
    for body in bodies:
        run(body.__name__, body, "pytorch " + torch.__version__)
    os.remove(PLACE + ".pt")
    os.remove(PLACE + ".bytes")
