"""Work orders: ``/orders``. Made, changed, ended; and the one that the line works on."""

from functools import partial
from typing import Any

from edge_agent.core.events import Subject
from edge_agent.core.people import Permission, Person
from edge_agent.hmi.checks import BATCH_LIMIT, ORDER_LIMIT, TARGET_LIMIT, order_faults
from edge_agent.hmi.listing import follow
from edge_agent.hmi.markup import Form, button, name, node, text
from edge_agent.hmi.office import Office, add_page, pad_texts
from edge_agent.hmi.site import Site
from edge_agent.hmi.whys import CHANGING, ENDING, NEW, why_field
from edge_agent.views import LineView, OrderView
from edge_agent.words import N_, Words

ENDED_SHOWN = 20
Shown = tuple[tuple[OrderView, ...], str, tuple[tuple[str, str], ...]]


class OrdersPage:
    """One browser's page."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._may_edit = office.person.may(Permission.EDIT_ORDERS)
        self._may_start = office.person.may(Permission.CHANGE_ORDER)
        t = office.t
        with node("div", "title"):
            text(t("Orders"), "h1")
            if self._may_edit:
                button(t("New order"), office.act(Permission.EDIT_ORDERS, self._new), "go")
        follow(office, _shown, self._draw)

    def _draw(self, shown: Shown) -> None:
        orders, current, products = shown
        names = dict(products)
        still = [order for order in orders if not order.ended]
        over = [order for order in orders if order.ended]
        if not orders:
            text(self._office.t("No order yet."), "p", "none")
        for order in sorted(still, key=lambda order: order.id != current):
            self._row(order, names, is_current=order.id == current)
        for order in over[-ENDED_SHOWN:]:
            self._row(order, names, is_current=False)

    def _row(self, order: OrderView, names: dict[str, str], *, is_current: bool) -> None:
        t, act = self._office.t, self._office.act
        state = "current" if is_current else "over" if order.ended else ""
        with node("article", f"row-card {state}"):
            with node("div", "facts"):
                name(order.id)
                name(names.get(order.gtin) or order.gtin, classes="one")
                with node("div", "pairs"):
                    for label, value in (
                        (t("Batch"), order.batch),
                        (t("Made on"), order.made),
                        (t("Expiry"), order.expiry),
                        (t("Done"), f"{order.done} / {order.target or '—'}"),
                    ):
                        if value:
                            with node("span"):
                                text(f"{label} ", "span")
                                text(value, "b")
                if is_current:
                    text(t("The line works on it"), "span", "badge good")
                elif order.ended:
                    text(t("Ended"), "span", "badge")
            if order.ended:
                return
            with node("div", "acts"):
                if self._may_start and not is_current:
                    start = partial(self._start, order)
                    button(t("Start"), act(Permission.CHANGE_ORDER, start), "go")
                if self._may_edit:
                    button(t("Change"), act(Permission.EDIT_ORDERS, partial(self._change, order)))
                    if not is_current:
                        button(t("End"), act(Permission.EDIT_ORDERS, partial(self._end, order)))

    # --- made and changed --------------------------------------------------------------------

    async def _new(self, _: Person) -> None:
        self._form(None)

    async def _change(self, order: OrderView, _: Person) -> None:
        self._form(order)

    def _form(self, order: OrderView | None) -> None:
        office, t = self._office, self._office.t
        view = office.site.line.view
        if view is None:
            return
        taken = frozenset(each.id for each in view.orders) if order is None else frozenset[str]()
        products = [[p.gtin, p.name or p.gtin, p.gtin] for p in view.products]
        fields: list[dict[str, Any]] = [
            {
                "name": "id", "label": t("Order number"), "kind": "text", "limit": ORDER_LIMIT,
                "value": order.id if order else "", "fixed": order is not None,
            },
            {
                "name": "gtin", "label": t("Product"), "options": products,
                "value": order.gtin if order else products[0][0] if len(products) == 1 else "",
            },
            {
                "name": "batch", "label": t("Batch"), "kind": "text", "limit": BATCH_LIMIT,
                "value": order.batch if order else "",
            },
            {
                "name": "target", "label": t("Target quantity"), "kind": "digits",
                "limit": TARGET_LIMIT, "value": str(order.target or "") if order else "",
            },
            {
                "name": "made", "label": t("Made on"), "kind": "date", "limit": 10,
                "value": order.made if order else "",
            },
            {
                "name": "expiry", "label": t("Expiry"), "kind": "date", "limit": 10,
                "value": order.expiry if order else "",
            },
        ]  # fmt: skip
        if order is not None:
            fields.append(why_field(CHANGING, t))
        heading = t("Change order {id}", id=order.id) if order else t("New order")

        async def send(values: dict[str, str], person: Person) -> None:
            if order is not None:
                values["id"] = order.id
            if faults := order_faults(values, taken):
                form.fault({field: t.saying(fault) for field, fault in faults.items()})
                return
            number, why = values.pop("id"), values.pop("why", NEW)
            await self._edit(person, number, {**values, "ended": ""}, why, t("Saved."))

        with office.sheet(heading):
            form = Form(fields, pad_texts(t), office.sends(Permission.EDIT_ORDERS, send))

    async def _end(self, order: OrderView, _: Person) -> None:
        t = self._office.t
        values = {
            "gtin": order.gtin, "batch": order.batch, "made": order.made, "expiry": order.expiry,
            "target": str(order.target or ""), "ended": "yes",
        }  # fmt: skip

        async def end(given: dict[str, str], person: Person) -> None:
            await self._edit(person, order.id, values, given.get("why", ""), t("Ended."))

        with self._office.sheet(t("End order {id}", id=order.id)):
            with node("ul", "consequences"):
                text(t("It cannot be started again."), "li")
                missing = order.target - order.done
                if missing > 0:
                    text(t("{count} of the target are not done.", count=missing), "li")
            Form(
                [why_field(ENDING, t)],
                {**pad_texts(t), "ok": t("End")},
                self._office.sends(Permission.EDIT_ORDERS, end),
            )

    async def _edit(
        self, person: Person, number: str, new: dict[str, str], why: str, done: str
    ) -> None:
        await self._office.edit(
            Permission.EDIT_ORDERS, person, Subject.ORDER, number, new, why, done
        )

    # --- the one that is worked on -----------------------------------------------------------

    async def _start(self, order: OrderView, _: Person) -> None:
        office, t, view = self._office, self._office.t, self._office.site.line.view
        if view is None:
            return
        consequences = [
            t("The line works on order {id}, {product}, batch {batch}.", id=order.id,
              product=_product(view, order.gtin), batch=order.batch or "—"),
            *_consequences(view, t),
        ]  # fmt: skip

        async def start(person: Person) -> None:
            async def agreed(second: str | None) -> None:
                await office.ask(
                    t("Order {id} is begun.", id=order.id),
                    "order", order=order.id, by=person.id, approved_by=second,
                )  # fmt: skip

            await office.agreed(Permission.CHANGE_ORDER, person, agreed)

        office.confirm(
            t("Start order {id}?", id=order.id), consequences, t("Start"),
            Permission.CHANGE_ORDER, start,
        )  # fmt: skip


def _consequences(view: LineView, t: Words) -> list[str]:
    """What a change-over does to what lies on the line now."""
    filled = N_("At {station} the {level} with {count} of {capacity} is put aside.")
    rejected = N_("At {station} {count} on the belt are rejected: clear the belt, then release.")
    said = []
    for station in view.stations:
        where = t.title(station.name)
        for box in station.boxes:
            if 0 < box.count < box.capacity:
                count, capacity = box.count, box.capacity
                said.append(
                    t(
                        filled,
                        station=where,
                        level=t.title(box.level),
                        count=count,
                        capacity=capacity,
                    )
                )
        if station.gate is not None and station.gate.pending:
            said.append(t(rejected, station=where, count=station.gate.pending))
    return said or [t("Nothing is being filled, and the belt is empty.")]


def _product(view: LineView, gtin: str) -> str:
    return next((p.name or p.gtin for p in view.products if p.gtin == gtin), gtin)


def _shown(view: LineView) -> Shown:
    current = view.order.id if view.order else view.order_name
    return view.orders, current, tuple((p.gtin, p.name) for p in view.products)


def add(site: Site) -> None:
    """Declare the page."""
    add_page(site, "/orders", OrdersPage)
