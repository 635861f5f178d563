"""Why something is edited: chosen, not typed, so that gloves can. The ledger has the English."""

from typing import Any

from edge_agent.words import N_, Words

NEW = N_("new")
CHANGING = (
    N_("The plan was changed"),
    N_("A mistake is corrected"),
    N_("Quality asked for it"),
    N_("Another reason"),
)
ENDING = (
    N_("It is done"),
    N_("The plan was changed"),
    N_("Quality asked for it"),
    N_("Another reason"),
)
OF_PEOPLE = (
    N_("Other duties"),
    N_("A mistake is corrected"),
    N_("The person left"),
    N_("Another reason"),
)
OF_SECRETS = (
    N_("The first one"),
    N_("It was forgotten or lost"),
    N_("Somebody else may know it"),
    N_("Another reason"),
)


def why_field(reasons: tuple[str, ...], t: Words) -> dict[str, Any]:
    """The field ``why`` of a form, the first reason chosen."""
    options = [[reason, t(reason), ""] for reason in reasons]
    return {"name": "why", "label": t("Why?"), "options": options, "value": reasons[0]}
