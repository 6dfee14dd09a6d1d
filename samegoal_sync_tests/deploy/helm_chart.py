"""Helm values against a chart's own schema, and a key that it does not name: stricter than Helm.

A chart's schema allows further keys nearly everywhere, so that Helm takes a misspelled one without
a word, and the default stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

Schema = Mapping[str, Any]


def merged(defaults: Any, values: Any) -> Any:
    """Values laid over the chart's as Helm does: mappings are merged, all else is replaced."""
    if not (isinstance(defaults, dict) and isinstance(values, dict)):
        return values
    both = {name: merged(defaults[name], values[name]) for name in defaults.keys() & values.keys()}
    return {**defaults, **values, **both}


def faults(schema: Schema, values: Any) -> list[str]:
    """What Helm would refuse, each with its place; Kubernetes' own schemas are not looked at."""
    validator = jsonschema.Draft7Validator(_of_this_document(schema))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(values)]


def unknown_keys(schema: Schema, values: Any) -> list[str]:
    """Keys of the values that the schema names nowhere, each with its place."""
    return list(_unknown(schema, schema, values, "$"))


def _unknown(root: Schema, schema: Schema, values: Any, place: str) -> Iterator[str]:
    forms = list(_forms(root, schema))
    if any(_is_open(form) for form in forms):
        return
    if isinstance(values, dict):
        for name, value in values.items():
            below = [
                form["properties"][name] for form in forms if name in form.get("properties", {})
            ]
            below += [
                form["additionalProperties"]
                for form in forms
                if isinstance(form.get("additionalProperties"), dict)
            ]
            if not below:
                yield f"{place}.{name}"
                continue
            found = [list(_unknown(root, one, value, f"{place}.{name}")) for one in below]
            yield from min(found, key=len)
    elif isinstance(values, list):
        for number, value in enumerate(values):
            found = [
                list(_unknown(root, form["items"], value, f"{place}[{number}]"))
                for form in forms
                if "items" in form
            ]
            yield from min(found, key=len, default=[])


def _forms(root: Schema, schema: Schema) -> Iterator[Schema]:
    """The schema and all that it may be by reference or choice."""
    yield schema
    if reference := schema.get("$ref"):
        if not reference.startswith("#/"):
            yield {}  # of another document: anything
            return
        found: Any = root
        for part in reference[2:].split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        yield from _forms(root, found)
    for word in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(word, ()):
            yield from _forms(root, one)


def _is_open(form: Schema) -> bool:
    """Whether it says nothing of what it holds."""
    if form.get("additionalProperties") is True:
        return True
    says = {"properties", "items", "additionalProperties", "$ref", "allOf", "anyOf", "oneOf"}
    return form.get("type", "object") in ("object", "array") and not (
        (says | {"enum", "const"}) & form.keys()
    )


def _of_this_document(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: _of_this_document(value)
            for name, value in schema.items()
            if not (name == "$ref" and not value.startswith("#/"))
        }
    return [_of_this_document(one) for one in schema] if isinstance(schema, list) else schema
