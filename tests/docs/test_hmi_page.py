"""docs/hmi.md tells who may do what, and every page, as the program has them."""

import re
from pathlib import Path

from edge_agent.core.people import PERMISSIONS, Permission, Role
from edge_agent.hmi.office import SIGHTS

PAGE = (Path(__file__).parents[2] / "docs/hmi.md").read_text(encoding="utf-8")
ROWS = {
    "pack": Permission.PACK,
    "rework": Permission.REWORK,
    "print a label again": Permission.REPRINT,
    "take a sample, return it": Permission.SAMPLE,
    "decommission": Permission.DECOMMISSION,
    "close a container that is not full": Permission.CLOSE_PARTIAL,
    "change the order": Permission.CHANGE_ORDER,
    "release a stopped line": Permission.RELEASE,
    "edit orders and products": Permission.EDIT_ORDERS,
    "edit people": Permission.EDIT_PEOPLE,
    "see reports": Permission.SEE_REPORTS,
    "read and export the audit trail": Permission.SEE_AUDIT,
    "service": Permission.SERVICE,
}


def test_the_table_of_permissions_is_the_programs() -> None:
    found = {}
    for line in re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE):
        name, *marks = (cell.strip() for cell in line.split("|"))
        if (permission := ROWS.get(name.split(":")[0])) and len(marks) == len(Role):
            found[permission] = {role for role, mark in zip(Role, marks, strict=True) if mark}

    assert found == {
        permission: {role for role in Role if permission in PERMISSIONS[role]}
        for permission in Permission
    }


def test_every_page_of_the_office_is_named() -> None:
    assert [sight.path for sight in SIGHTS if f"`{sight.path}`" not in PAGE] == []
