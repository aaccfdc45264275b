"""The organisation's own rules for Checkov: one file each, beside its fixtures in tests/checks/security/policies."""

from pathlib import Path

# Checkov imports the folder as a package and loads what it names here.
__all__ = [path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "conf_values"]
