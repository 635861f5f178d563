"""Who may do what. The one table of permissions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.names import PersonId


class Role(StrEnum):
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"


class Permission(StrEnum):
    PACK = "pack"
    """Scan products and containers where signing in is asked for."""
    REWORK = "rework"
    """Repair containers: undo, remove, replace, add, empty, split, merge, move, unpack, reopen."""
    REPRINT = "reprint"
    SAMPLE = "sample"
    """Take a product for an inspection, and return it."""
    DECOMMISSION = "decommission"
    CLOSE_PARTIAL = "close-partial"
    """Close a container that is not full."""
    CHANGE_ORDER = "change-order"
    RELEASE = "release"
    """Let a stopped line run again."""
    EDIT_ORDERS = "edit-orders"
    """Orders and products."""
    EDIT_PEOPLE = "edit-people"
    SEE_REPORTS = "see-reports"
    SEE_AUDIT = "see-audit"
    """Read and export the audit trail."""
    SERVICE = "service"
    """Devices: test prints, trigger, what they report."""


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(
        {Permission.PACK, Permission.REWORK, Permission.REPRINT, Permission.SAMPLE}
    ),
    Role.SUPERVISOR: frozenset(Permission) - {Permission.SERVICE, Permission.SEE_AUDIT},
    Role.TECHNICIAN: frozenset({Permission.RELEASE, Permission.SERVICE, Permission.REPRINT}),
    Role.AUDITOR: frozenset({Permission.SEE_REPORTS, Permission.SEE_AUDIT}),
}


PERSON_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. `id` is unique and never used again, `name` is as people say it."""

    id: PersonId
    name: str
    role: Role
    language: str = ""
    """A code such as ``zh_CN``; empty: the station's."""

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]
