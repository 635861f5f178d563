"""Products: ``/products``. Trade items and what people call them."""

from functools import partial

from edge_agent.core.events import Subject
from edge_agent.core.people import Permission, Person
from edge_agent.hmi.checks import NAME_LIMIT, product_faults
from edge_agent.hmi.listing import follow
from edge_agent.hmi.markup import Form, button, name, node, text
from edge_agent.hmi.office import Office, add_page, pad_texts
from edge_agent.hmi.site import Site
from edge_agent.hmi.whys import CHANGING, NEW, why_field
from edge_agent.views import ProductView


class ProductsPage:
    """One browser's page."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._configured = {product.gtin for product in office.site.config.products}
        with node("div", "title"):
            text(office.t("Products"), "h1")
            button(office.t("New product"), office.act(Permission.EDIT_ORDERS, self._new), "go")
        follow(office, lambda view: view.products, self._draw)

    def _draw(self, products: tuple[ProductView, ...]) -> None:
        office, t = self._office, self._office.t
        if not products:
            text(t("No product yet."), "p", "none")
        for product in products:
            with node("article", "row-card"):
                with node("div", "facts"):
                    name(product.name or product.gtin)
                    text(product.gtin, "span", "soft")
                    if product.gtin in self._configured:
                        text(t("Stands in the line's configuration"), "small")
                with node("div", "acts"):
                    change = partial(self._change, product)
                    button(t("Change"), office.act(Permission.EDIT_ORDERS, change))

    async def _new(self, _: Person) -> None:
        self._form(None)

    async def _change(self, product: ProductView, _: Person) -> None:
        self._form(product)

    def _form(self, product: ProductView | None) -> None:
        office, t, view = self._office, self._office.t, self._office.site.line.view
        if view is None:
            return
        taken = frozenset(p.gtin for p in view.products) if product is None else frozenset[str]()
        fields = [
            {
                "name": "gtin", "label": "GTIN", "kind": "digits", "limit": 14,
                "value": product.gtin if product else "", "fixed": product is not None,
            },
            {
                "name": "name", "label": t("Name"), "kind": "text", "limit": NAME_LIMIT,
                "value": product.name if product else "", "wide": True,
            },
        ]  # fmt: skip
        if product is not None:
            fields.append(why_field(CHANGING, t))

        async def send(values: dict[str, str], person: Person) -> None:
            if product is not None:
                values["gtin"] = product.gtin
            if faults := product_faults(values, taken):
                form.fault({field: t.saying(fault) for field, fault in faults.items()})
                return
            new, why = {"name": values["name"].strip()}, values.get("why", NEW)
            await office.edit(
                Permission.EDIT_ORDERS, person, Subject.PRODUCT, values["gtin"], new, why,
                t("Saved."),
            )  # fmt: skip

        with office.sheet(t("Change the product") if product else t("New product")):
            form = Form(fields, pad_texts(t), office.sends(Permission.EDIT_ORDERS, send))


def add(site: Site) -> None:
    """Declare the page."""
    add_page(site, "/products", ProductsPage)
