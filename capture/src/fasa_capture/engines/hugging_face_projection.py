"""The output projections of a Hugging Face model, ``o_proj``: their weights, and what they make of each layer's attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from fasa_capture.engines.gguf_projection import DO
from fasa_capture.engines.hugging_face_tap import HuggingFaceTap
from fasa_capture.errors import CaptureError
from fasa_capture.recorder import Recorder

NAME = "o_proj"


def find_projections(model, layers: tuple[int, ...]) -> dict[int, torch.nn.Linear]:
    """Each layer's projection; raises where a layer has none that is a matrix alone."""
    # The layers themselves have numbers, too; what attends is what projects.
    attending = [module for module in model.modules() if getattr(module, "layer_idx", None) in layers]
    found = {module.layer_idx: getattr(module, NAME) for module in attending if hasattr(module, NAME)}
    for layer in layers:
        linear = found.get(layer)
        if isinstance(linear, torch.nn.Linear) and linear.bias is None:
            continue
        parts = {name for module in attending if module.layer_idx == layer for name, _ in module.named_children()}
        raise CaptureError(
            "the layer has no output projection that is a matrix alone",
            where=f"layer {layer}",
            expected=f"{NAME}, linear and without bias",
            found=f"among {', '.join(sorted(parts))}" if linear is None else f"{NAME} of another kind or with a bias",
            do=DO,
        )
    return found


def record_projections(recorder: Recorder, projections: dict[int, torch.nn.Linear]) -> None:
    for layer, linear in projections.items():
        recorder.projection(layer, linear.weight.detach().float().numpy(), "f32")


class ProjectionTap(HuggingFaceTap):
    """Records what the projections give as well, where they are given the layer's attention as it is."""

    def __init__(self, recorder: Recorder, beat: Callable[[], None]) -> None:
        super().__init__(recorder, beat)
        self._given: dict[int, torch.Tensor] = {}

    def attend(self, module, *rest, **named):
        output, weights = super().attend(module, *rest, **named)
        self._given[module.layer_idx] = output
        return output, weights

    @contextmanager
    def watching(self, projections: dict[int, torch.nn.Linear]) -> Iterator[None]:
        """Looks at the projections as long as it lasts."""
        hooks = [linear.register_forward_hook(self._hook(layer)) for layer, linear in projections.items()]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _hook(self, layer: int):
        def projected(_module, inputs, result) -> None:
            given = self._given.pop(layer, None)
            if given is None or not torch.equal(given.flatten(), inputs[0].flatten()):
                raise CaptureError(
                    "something lies between the heads' outputs and the layer's output projection",
                    where=f"layer {layer}",
                    expected=f"{NAME} of the attention's output",
                    found="of another tensor",
                    do=DO,
                )
            self._recorder.projected(layer, self._start, result[0].float().numpy())

        return projected
