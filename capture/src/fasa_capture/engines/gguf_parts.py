"""The files of a GGUF model, which may be split: NAME-00001-of-00003.gguf and so on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fasa_capture.engines.gguf_file import GgufFile, read_gguf_file
from fasa_capture.engines.gguf_layout import GgufTensor
from fasa_capture.errors import CaptureError

PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)
COUNT = "split.count"
FETCH_AGAIN = "fetch the model's parts again"


@dataclass(frozen=True)
class GgufModel:
    """``metadata`` is the first part's, ``tensors`` those of all parts, ``files`` in order."""

    files: list[Path]
    metadata: dict[str, object]
    tensors: dict[str, GgufTensor]


def parts_of(path: Path) -> list[Path]:
    """The files that a model's first one stands for by its name; itself where its name is not that of a part."""
    match = PART.fullmatch(path.name)
    total = int(match[3]) if match else 0
    if not total:
        return [path]
    return [path.with_name(f"{match[1]}-{part:05}-of-{match[3]}.gguf") for part in range(1, total + 1)]


def read_gguf_model(path: Path) -> GgufModel:
    """Every part, each checked against its own size and all against each other."""
    first = read_gguf_file(path)
    count = first.metadata.get(COUNT, 1)
    if not isinstance(count, int) or count <= 1:
        return GgufModel([path], first.metadata, first.tensors)
    files = _files(path, count)
    parts = [first] + [read_gguf_file(file) for file in files[1:]]
    tensors: dict[str, GgufTensor] = {}
    for number, part in enumerate(parts):
        _refuse_other(part, number, count)
        for name, tensor in part.tensors.items():
            if name in tensors:
                raise CaptureError("a tensor is in two parts of the model", where=part.path, found=name, do=FETCH_AGAIN)
            tensors[name] = tensor
    wanted = first.metadata.get("split.tensors.count")
    if wanted is not None and wanted != len(tensors):
        raise CaptureError(
            "the model's parts do not hold all its tensors",
            where=path,
            expected=wanted,
            found=len(tensors),
            do=FETCH_AGAIN,
        )
    return GgufModel(files, first.metadata, tensors)


def _files(path: Path, count: int) -> list[Path]:
    match = PART.fullmatch(path.name)
    if match is None or int(match[3]) != count:
        raise CaptureError(
            f"the file is one of {count} parts of a model, and its name does not tell the others'",
            where=path,
            expected=f"NAME-00001-of-{count:05}.gguf",
            do="give the parts their names back",
        )
    files = parts_of(path)
    if int(match[2]) != 1:
        raise CaptureError("not the first part of the model", where=path, do=f"name {files[0].name}")
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise CaptureError(
            "parts of the model are missing",
            where=path,
            expected=f"{count} files",
            found=f"no {', '.join(missing[:3])}" + (f" and {len(missing) - 3} more" if len(missing) > 3 else ""),
            do="put them all into one folder",
        )
    return files


def _refuse_other(part: GgufFile, number: int, count: int) -> None:
    found = (part.metadata.get("split.no"), part.metadata.get(COUNT))
    if found != (number, count):
        raise CaptureError(
            "not the part that its name says",
            where=part.path,
            expected=f"split.no {number} and {COUNT} {count}",
            found=f"{found[0]} and {found[1]}",
            do=FETCH_AGAIN,
        )
