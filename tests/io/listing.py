"""What is in a file, as text: one line for each tensor, number or list of numbers, with its joined name:

    KEY <tab> dtype <tab> sizes <tab> strides <tab> the first key with the same storage <tab> flags <tab> bytes

Names, numbers and lists as io/io.h says that torch_load makes dictionaries of them. tests/io/listing.c writes the same."""
import torch


def raw(t):
    """Bytes of a tensor in row order."""
    size = t.element_size()
    flat = t.detach().contiguous().view(-1)
    as_int = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[size]
    flat = flat.to(torch.uint8) if t.dtype == torch.bool else flat if flat.dtype == as_int else flat.view(as_int)
    return b"".join(int(v).to_bytes(size, "little", signed=as_int != torch.uint8) for v in flat.tolist())


def is_number(value):
    return isinstance(value, (bool, int, float))


def number(value):
    return torch.tensor(value, dtype=torch.bool if isinstance(value, bool) else torch.int64 if isinstance(value, int) else torch.float64)


def flatten(value, key=None):
    if torch.is_tensor(value):
        yield key or "", value
    elif is_number(value):
        yield key or "", number(value)
    elif isinstance(value, (list, tuple)) and all(map(is_number, value)):
        whole = all(not isinstance(v, float) for v in value)
        yield key or "", torch.tensor(value, dtype=torch.int64 if whole else torch.float64)
    elif isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in items:
            yield from flatten(item, str(name) if key is None else key + "." + str(name))


def lines(value):
    first, result = {}, []
    everything = list(flatten(value))  # alive, so that no memory is used twice
    for key, t in everything:
        storage = first.setdefault(t.storage().data_ptr() if t.storage().nbytes() else id(t), key)
        flags = ("P" if isinstance(t, torch.nn.Parameter) else "-") + ("G" if t.requires_grad else "-")
        result.append("\t".join((key, str(t.dtype)[6:], str(list(t.shape)), str(list(t.stride())), storage, flags, raw(t).hex())))
    return result


def listing(value, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in lines(value)))
