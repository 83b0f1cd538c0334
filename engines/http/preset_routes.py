"""Routes about export presets: those that are built in, and those that a scope defines."""

from engines.http.documents import PresetList
from engines.http.endpoints import SCOPED, Answer, Call, Endpoint, JsonBody, Reply, json_answer
from engines.http.service import Service
from engines.media_v2.presets import Preset

_DEFINITION_BYTES_MAX = 64 << 10
"""A preset is twenty fields."""


def list_presets(service: Service, call: Call) -> Answer:
    """All presets of the scope."""
    return json_answer(PresetList(items=service.workspace(call.scope).presets()))


def read_preset(service: Service, call: Call) -> Answer:
    """One preset as it is now."""
    return json_answer(service.workspace(call.scope).preset(call.path["preset_id"]))


def define_preset(service: Service, call: Call) -> Answer:
    """Define a preset, or its next version."""
    workspace = service.workspace(call.scope)
    before = {one.preset_id: one.version for one in workspace.presets()}
    preset = workspace.define_preset(call.body)
    location = f"/v1/{call.scope.tenant}/{call.scope.env}/presets/{preset.preset_id}"
    return json_answer(preset, 200 if before.get(preset.preset_id) == preset.version else 201, {"Location": location})


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{SCOPED}/presets",
        "list_presets",
        "The built-in presets, then the scope's own.",
        list_presets,
        {200: Reply("The presets.", PresetList)},
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/presets",
        "define_preset",
        "Define a preset of the scope; another definition of the same id is its next version.",
        define_preset,
        {
            201: Reply("Defined.", Preset, headers=("Location",)),
            200: Reply("It is defined so already.", Preset, headers=("Location",)),
        },
        body=JsonBody(Preset, _DEFINITION_BYTES_MAX),
    ),
    Endpoint(
        "GET",
        f"{SCOPED}/presets/{{preset_id}}",
        "read_preset",
        "A preset in its present version.",
        read_preset,
        {200: Reply("The preset.", Preset)},
        (404,),
    ),
)
