// A badge, and the button that prints it alone (office.css, @media print).
import { h } from "vue";

export default {
  props: { picture: String, lines: Array, print: String },
  render() {
    return h("div", { class: "badge-sheet" }, [
      h("div", { class: "badge-card" }, [
        h("img", { src: this.picture, alt: "" }),
        h("div", this.lines.map((line) => h("bdi", { class: "name" }, line))),
      ]),
      h("button", { type: "button", class: "button go", onClick: () => window.print() }, this.print),
    ]);
  },
};
