"""Azure's types of resources, and what in a body does not fit them."""

import json
from dataclasses import dataclass
from pathlib import Path

SCHEMAS = Path(__file__).parent / "schemas"

#: Typed as whole numbers and taken as fractions: "Required CPU in cores, e.g. 0.5".
FRACTIONS = {("ContainerResources", "cpu")}


@dataclass(frozen=True)
class Unknown:
    """A value that only a deployment knows; its type, where that is declared."""

    type: str | None = None


@dataclass(frozen=True)
class OneOf:
    """A value that is one of several, each of which has to fit."""

    values: tuple


class Resource:
    """One type of resource."""

    def __init__(self, name):
        entries = json.loads((SCHEMAS / f"{name.replace('/', '_')}.json").read_text())
        self.objects = {entry["name"]: entry for entry in entries if entry["$type"] == "Object"}
        (resource,) = (entry for entry in entries if entry["$type"] == "Resource")
        self.body = resource["bodyType"]
        self.version = resource["name"].split("@")[1]

    def faults(self, body, type=None):
        """All that is wrong with `body`: a resource, or a part of one that is called `type`."""
        return list(self._object(body, self.objects[type] if type else self.body, ""))

    def _value(self, value, wanted, where, fraction=False):
        if value is None:
            return  # as if the key were not there
        if isinstance(value, OneOf):
            for one in value.values:
                yield from self._value(one, wanted, where, fraction)
        elif isinstance(value, Unknown):
            if value.type and not self._may_be(value.type, wanted):
                yield f"{where} is {value.type}, and has to be {wanted}"
        elif wanted.endswith("[]"):
            if isinstance(value, list):
                for index, one in enumerate(value):
                    yield from self._value(one, wanted[:-2], f"{where}[{index}]")
            else:
                yield f"{where} has to be a list, of {wanted[:-2]}"
        elif wanted in self.objects:
            yield from self._object(value, self.objects[wanted], where)
        elif not is_a(value, wanted, fraction):
            yield f"{where} is {value!r}, and has to be {wanted}"

    def _object(self, value, wanted, where):
        if not isinstance(value, dict):
            yield f"{where} has to be an object, {wanted['name']}"
            return
        known = {entry["name"]: entry for entry in wanted.get("properties") or []}
        for key, inner in value.items():
            inside = f"{where}.{key}"
            if key in known and "ReadOnly" not in known[key].get("flags", ""):
                fraction = (wanted["name"], key) in FRACTIONS
                yield from self._value(inner, known[key]["type"], inside, fraction)
            elif key in known:
                yield f"{inside} is for Azure alone to set"
            elif wanted.get("additionalPropertiesType"):
                yield from self._value(inner, wanted["additionalPropertiesType"], inside)
            else:
                yield f"{inside} is not known; known are {', '.join(sorted(known))}"
        for key, entry in known.items():
            if "Required" in entry.get("flags", "") and key not in value:
                yield f"{where}.{key} is missing"

    def _may_be(self, type, wanted):
        if wanted.endswith("[]"):
            return type == "array"
        if wanted in self.objects:
            return type == "object"
        return type == wanted or (type == "string" and wanted not in ("int", "bool"))


def is_a(value, wanted, fraction=False):
    """Whether a plain value fits a type that is no object."""
    if wanted == "any":
        return True
    if wanted == "bool":
        return isinstance(value, bool)
    if wanted == "int":
        number = (int, float) if fraction else int
        return isinstance(value, number) and not isinstance(value, bool)
    # Words and, for those that come later, any string: here the words alone.
    words = [word for word in wanted.split(" | ") if word != "string"]
    return isinstance(value, str) and (not words or value in words)
