// A form: native inputs, each with a pad for gloves beside it, and choices as a list of big buttons.
// The server checks everything; `faults` are its answers, by field.
import { h } from "vue";
import Pad, { dated } from "/static/pad.js";
import { icon } from "/static/icons.js";

const CHOICES_SHOWN = 100;

export default {
  props: { fields: Array, texts: Object, faults: Object, busy: Boolean },
  emits: ["send"],
  data() {
    return {
      values: Object.fromEntries(this.fields.map((field) => [field.name, field.value ?? ""])),
      open: "",
      search: "",
    };
  },
  methods: {
    send() {
      if (!this.busy) this.$emit("send", { ...this.values });
    },
    close() {
      this.open = "";
      this.search = "";
    },
    choose(field, value) {
      this.values[field.name] = value;
      this.close();
    },
    label(field) {
      const chosen = field.options.find(([value]) => value === this.values[field.name]);
      return chosen ? chosen[1] : this.texts.choose;
    },
    control(field) {
      const { values } = this;
      const id = `field-${field.name}`;
      if (field.options)
        return h(
          "button",
          { type: "button", id, class: "input choice", onClick: () => (this.open = field.name) },
          h("bdi", this.label(field)),
        );
      const box = h("input", {
        id,
        class: "input",
        type: "text",
        inputmode: field.kind === "text" ? undefined : "numeric",
        placeholder: field.kind === "date" ? "YYYY-MM-DD" : undefined,
        maxlength: field.limit,
        value: values[field.name],
        readonly: field.fixed,
        dir: "auto",
        autocomplete: "off",
        "aria-invalid": this.faults[field.name] ? "true" : undefined,
        onInput: (event) => (values[field.name] = event.target.value),
        onChange: (event) => {
          if (field.kind === "date" && /^\d{8}$/.test(event.target.value)) values[field.name] = dated(event.target.value);
        },
      });
      if (field.fixed) return box;
      const pad = h(
        "button",
        { type: "button", class: "key pad-open", "aria-label": this.texts.pad, onClick: () => (this.open = field.name) },
        icon("more"),
      );
      return h("span", { class: "with-pad" }, [box, pad]);
    },
    row(field) {
      const fault = this.faults[field.name];
      return h("div", { class: ["field", field.wide ? "wide" : ""] }, [
        h("label", { for: `field-${field.name}` }, field.label),
        this.control(field),
        fault ? h("small", { class: "fault", role: "alert" }, fault) : null,
      ]);
    },
    sheet() {
      const field = this.fields.find((one) => one.name === this.open);
      if (!field) return null;
      const inside = field.options ? this.choices(field) : this.padFor(field);
      return h("div", { class: "sheet over" }, [
        h("div", { class: "sheet-head" }, [
          h("h2", field.label),
          h("button", { type: "button", class: "button", onClick: this.close }, this.texts.cancel),
        ]),
        inside,
      ]);
    },
    choices(field) {
      const wanted = this.search.toLowerCase();
      const found = field.options.filter(([value, label]) => `${value} ${label}`.toLowerCase().includes(wanted));
      const search = h("input", {
        class: "input",
        type: "search",
        placeholder: this.texts.search,
        "aria-label": this.texts.search,
        value: this.search,
        onInput: (event) => (this.search = event.target.value),
      });
      const tiles = found.slice(0, CHOICES_SHOWN).map(([value, label, hint]) =>
        h("button", { type: "button", class: "tile", key: value, onClick: () => this.choose(field, value) }, [
          h("bdi", { class: "name" }, label),
          hint ? h("small", hint) : null,
        ]),
      );
      return [field.options.length > 8 ? search : null, h("div", { class: "tiles" }, tiles)];
    },
    padFor(field) {
      return h(Pad, {
        kind: field.kind,
        texts: this.texts,
        start: this.values[field.name],
        limit: field.limit,
        onDone: (value) => this.choose(field, value),
        onCancel: this.close,
      });
    },
  },
  render() {
    const { texts } = this;
    return h(
      "form",
      {
        class: "form",
        novalidate: true,
        onSubmit: (event) => {
          event.preventDefault();
          this.send();
        },
      },
      [
        h("div", { class: "fields" }, this.fields.map(this.row)),
        h("div", { class: "ends" }, [
          h("button", { type: "submit", class: "button go", disabled: this.busy }, texts.ok),
        ]),
        this.sheet(),
      ],
    );
  },
};
