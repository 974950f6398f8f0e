"""What compiled functions depend on, and the ways in which that can change."""

from changes import variables, objects, rarities, networks  # noqa: I001 - the first ones first

__all__ = ["networks", "objects", "rarities", "variables"]
