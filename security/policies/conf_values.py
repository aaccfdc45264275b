"""How Checkov hands over values: each argument as a list of one, numbers and booleans sometimes as text."""

import json


def value(conf, name):
    """The argument, or None where it isn't set."""
    held = conf.get(name)
    if isinstance(held, list) and len(held) == 1:
        held = held[0]
    return None if held in ("", [], {}) else held


def block(conf, name):
    """The arguments of a nested block; none of them where there is no such block."""
    held = value(conf, name)
    return held if isinstance(held, dict) else {}


def is_true(held):
    return held is True or str(held).lower() == "true"


def number(held):
    try:
        return int(held)
    except (TypeError, ValueError):
        return 0


def parsed(held):
    """JSON in a string; None where it isn't known yet."""
    if not isinstance(held, str):
        return held
    try:
        return json.loads(held)
    except ValueError:
        return None
