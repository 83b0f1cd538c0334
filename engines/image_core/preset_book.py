"""Which presets does a scope have? The built-in ones, and those that it defined itself, with all their versions."""

from engines.image_core.presets import PRESETS, UnknownPresetError
from engines.media_v2.presets import Preset, PresetError, check_preset
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope

PRESETS_MAX = 1_000
"""Own presets of one scope; more are a mistake of a program."""


class PresetBook:
    """The presets of every scope of one store."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def all(self, scope: Scope) -> list[Preset]:
        """The built-in presets, then the scope's own in their present version, in order of their first definition."""
        return [*PRESETS.values(), *(versions[-1] for versions in self._own(scope).values())]

    def find(self, scope: Scope, preset_id: str, version: int | None = None) -> Preset:
        """Return the preset with this id, in an earlier version when one is named. Raises `UnknownPresetError`, which lists all."""
        own = self._own(scope)
        versions = [PRESETS[preset_id]] if preset_id in PRESETS else own.get(preset_id, [])
        found = [preset for preset in versions if version in (None, preset.version)]
        if not found:
            raise UnknownPresetError(preset_id, (*PRESETS, *own))
        return found[-1]

    def define(self, scope: Scope, definition: object) -> Preset:
        """Define a preset for `scope`, or its next version; the same definition again changes nothing.

        Raises `PresetError` for a definition that does not hold together, the id of a built-in preset, and more than `PRESETS_MAX`.
        """
        preset = check_preset(definition)
        if preset.preset_id in PRESETS:
            raise PresetError("preset_id", f"{preset.preset_id!r} is built in and stays as it is; choose another id")
        own = self._own(scope)
        if preset.preset_id not in own and len(own) >= PRESETS_MAX:
            raise PresetError("preset_id", f"{scope} has {len(own)} presets; at most {PRESETS_MAX}")
        return self._registry.define_preset(scope, preset)

    def _own(self, scope: Scope) -> dict[str, list[Preset]]:
        return self._registry.catalog().scope(scope).presets
