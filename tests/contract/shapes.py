"""The models of bodies, parameters and answers."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel


def models_within(annotations: Iterable[Any]) -> list[type[BaseModel]]:
    """Every model in `annotations`, including nested ones, each once."""
    found: list[type[BaseModel]] = []

    def look(annotation: Any) -> None:
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        if is_model and annotation not in found:
            found.append(annotation)
            for field in annotation.model_fields.values():
                look(field.annotation)
        for part in getattr(annotation, "__args__", ()):
            look(part)

    for annotation in annotations:
        look(annotation)
    return found
