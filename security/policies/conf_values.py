"""How Checkov hands over values: each argument as a list of one, numbers and booleans sometimes as text."""


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


def is_false(held):
    """Plainly false. What isn't known yet is the name of what it comes from, or absent: neither is a value."""
    return held is False or str(held).lower() == "false"


def number(held):
    try:
        return int(held)
    except (TypeError, ValueError):
        return 0
