"""PyTorch reads what write.c wrote: equal bits, forms and sharing; its optimizers go on from the saved states. Safetensors by a
parser of a few lines, which knows nothing of ours.

    python3 tests/io/check_with_torch.py build/tests/write_io     exit code 77: there is no PyTorch"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

try:
    import torch
except ImportError:
    sys.exit(77)

from listing import lines, raw

DTYPES = {"F32": torch.float32, "F64": torch.float64, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64, "I32": torch.int32,
          "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}


def compare(value, path, what=lambda line: line):
    with open(path, encoding="utf-8") as f:
        expected = [what(line) for line in f.read().split("\n")[:-1]]
    got = [what(line) for line in lines(value)]
    assert got == expected, "%s\n%s\n%s" % (path, "\n".join(got), "\n".join(expected))


def check_archive(folder, name):
    path = os.path.join(folder, name + ".pt")
    with zipfile.ZipFile(path) as f:
        assert f.testzip() is None
        for entry in f.infolist():  # aligned, as PyTorch writes them
            local = open(path, "rb").read()[entry.header_offset:][:30]
            assert (entry.header_offset + 30 + sum(struct.unpack("<HH", local[26:30]))) % 64 == 0
    compare(torch.load(path), os.path.join(folder, name + ".txt"))


def read_safetensors(path):
    data = open(path, "rb").read()
    n, = struct.unpack("<Q", data[:8])
    header, buffer = json.loads(data[8:8 + n]), data[8 + n:]
    assert n % 8 == 0 and data[8:9] == b"{"
    metadata, tensors, at = header.pop("__metadata__", {}), {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        assert begin == at
        at, dtype = end, DTYPES[entry["dtype"]]
        size = torch.empty(0, dtype=dtype).element_size()
        count = (end - begin) // size
        t = torch.frombuffer(bytearray(buffer[begin:end]), dtype=dtype) if count else torch.empty(0, dtype=dtype)
        tensors[name] = t.view(entry["shape"])
        assert raw(tensors[name]) == buffer[begin:end]
    assert at == len(buffer)
    return metadata, tensors


def without_order(path, tensors):
    """Values only: the files are in another order than the dictionary."""
    by_key = {line.split("\t")[0]: line for line in lines(tensors)}
    with open(path, encoding="utf-8") as f:
        for line in f.read().split("\n")[:-1]:
            key = line.split("\t")[0]
            assert by_key.pop(key).split("\t")[1:4] == line.split("\t")[1:4], key
    assert not by_key


def check_goes_on(folder, name, make):
    saved = torch.load(os.path.join(folder, name + ".pt"))
    assert saved["epoch"] == 3 and saved["best"] == 0.25 and saved["done"] is False and saved["note"] == "text" and saved["none"] is None
    model = torch.nn.Linear(3, 2)
    optimizer = make(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    assert scheduler.last_epoch == 2 and scheduler._step_count == 3
    assert isinstance(scheduler.base_lrs, list) and isinstance(scheduler.last_epoch, int)
    alone = torch.load(os.path.join(folder, name + "_optimizer.pt"))
    assert str(alone) == str(saved["optimizer"])
    fresh = optimizer.state_dict()["param_groups"][0]
    group = saved["optimizer"]["param_groups"][0]
    assert group["params"] == [0, 1] and isinstance(group["lr"], float), group
    assert {k: type(v) for k, v in group.items()} == {k: type(fresh[k]) for k in group}, (group, fresh)
    (model(saved["x"]) ** 2).mean().backward()
    optimizer.step()
    for key, expected in saved["after"].items():
        assert torch.allclose(model.state_dict()[key], expected, rtol=1e-6, atol=1e-7), (name, key)
        assert not torch.allclose(saved["model"][key], expected, rtol=1e-6, atol=1e-7), (name, key)


def check_chained(folder):
    optimizer = torch.optim.SGD(torch.nn.Linear(3, 2).parameters(), lr=0.1)
    schedulers = [torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5), torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)]
    chained = torch.optim.lr_scheduler.ChainedScheduler(schedulers)
    chained.load_state_dict(torch.load(os.path.join(folder, "chained.pt")))
    assert [s.last_epoch for s in schedulers] == [3, 3] and [s.base_lrs for s in schedulers] == [[0.1], [0.1]]
    assert abs(chained.get_last_lr()[0] - 0.1 * 0.5 * 0.9 ** 3) < 1e-9


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        for name in ("dtypes", "views", "parameters", "module", "views_legacy"):
            check_archive(folder, name)
        metadata, tensors = read_safetensors(os.path.join(folder, "dtypes.safetensors"))
        assert metadata == {"format": "pt", "ü\"": "\n"}
        without_order(os.path.join(folder, "dtypes_safetensors.txt"), tensors)
        assert read_safetensors(os.path.join(folder, "nothing.safetensors")) == ({}, {})
        check_chained(folder)
        check_goes_on(folder, "sgd", lambda p: torch.optim.SGD(p, lr=1))
        check_goes_on(folder, "adam", torch.optim.Adam)
        check_goes_on(folder, "rmsprop", torch.optim.RMSprop)
    print("PyTorch %s reads all of it" % torch.__version__)


if __name__ == "__main__":
    main()
