"""Templates in Bicep, as far as they can be read without its compiler.

The parser does not tell a name from a text. What has the name of a parameter, a variable
or a resource is taken for it.
"""

import re

from azure_types import OneOf, Unknown
from pycep import BicepParser

#: The parser is older than extensions.
EXTENSION = re.compile(r"^extension .*$", re.MULTILINE)


#: Made once: it takes longer than to read a template.
PARSER = BicepParser()


class Template:
    def __init__(self, text):
        self.text = text
        self.tree = PARSER.parse(text=EXTENSION.sub("", text))
        self.parameters = self.tree.get("parameters", {})
        self.variables = self.tree.get("variables", {})
        self.resources = self.tree.get("resources", {})
        self.modules = self.tree.get("modules", {})

    def body(self, symbol):
        """The body of a resource, with what only a deployment knows as `Unknown`."""
        return self.value(self.resources[symbol]["config"])

    def value(self, raw):
        if isinstance(raw, list):
            return [self.value(one) for one in raw]
        if isinstance(raw, str):
            return self._named(raw)
        if not isinstance(raw, dict):
            return raw
        if set(raw) == {"function"}:
            return self._call(raw["function"])
        if set(raw) == {"operator"}:
            return self._operation(raw["operator"])
        return {key.strip("'"): self.value(inner) for key, inner in raw.items()}

    def _named(self, text):
        if text in self.parameters:
            return Unknown(self.parameters[text]["type"])
        if text in self.variables:
            return self.value(self.variables[text]["value"])
        return Unknown("string") if "${" in text else text

    def _call(self, call):
        arguments = [self.value(one) for one in call["parameters"].values()]
        if call["type"] == "concat":
            return joined(arguments, lambda lists: [one for part in lists for one in part])
        if call["type"] == "union":
            return joined(arguments, lambda parts: {k: v for part in parts for k, v in part.items()})
        return Unknown()

    def _operation(self, operation):
        operands = operation["operands"]
        if operation["type"] == "conditional":
            return OneOf((self.value(operands["true_value"]), self.value(operands["false_value"])))
        if operation["type"] in ("and", "or", "not"):
            return Unknown("bool")
        return Unknown("int" if operation["type"] in ("add", "subtract") else None)

    def undeclared(self):
        """Names that are used and declared nowhere, but for functions of Bicep."""
        declared = {*self.parameters, *self.variables, *self.resources, *self.modules}
        return sorted(used(self.text) - declared)

    def unused(self):
        """Parameters and variables that nothing uses."""
        return sorted({*self.parameters, *self.variables} - used(self.text))


def joined(parts, join):
    """All that comes of joining parts, some of which are one of several."""
    ways = [()]
    for part in parts:
        if isinstance(part, Unknown):
            continue
        values = part.values if isinstance(part, OneOf) else (part,)
        ways = [(*way, value) for way in ways for value in values]
    found = tuple(join(way) for way in ways)
    return found[0] if len(found) == 1 else OneOf(found)


def used(text):
    """The names in the expressions of a template."""
    text = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*@description\(.*\)$", "", text, flags=re.MULTILINE)
    # Of texts, what is put into them stays.
    text = re.sub(r"'((?:\\.|[^'\\])*)'", lambda it: " ".join(re.findall(r"\$\{([^}]*)\}", it[1])), text)
    text = re.sub(r"^(param|var) \w+( \w+)?|^(resource|module) \w+|^output \w+ \w+", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(targetScope|extension)\b.*$|\b(existing|if|true|false|null)\b", "", text, flags=re.MULTILINE)
    return set(re.findall(r"(?<![.\w@])([A-Za-z]\w*)\b(?![:(])", text))
