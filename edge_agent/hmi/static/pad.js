// Keys for gloves: a PIN, a number, a date, or letters and digits. A keyboard works as well. What
// is typed stays in the browser until it is whole: one message then, whatever the connection.
import { h } from "vue";
import { icon } from "/static/icons.js";

const DIGITS = ["123", "456", "789", "‹0›"];
const LETTERS = ["1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM./_", "‹›"];
const DATE_DIGITS = 8;

export function dated(digits) {
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].filter(Boolean).join("-");
}

export default {
  props: { kind: String, texts: Object, start: String, limit: Number, busy: Boolean, heading: String },
  emits: ["done", "cancel"],
  data() {
    return { typed: this.kind === "date" ? (this.start ?? "").replace(/\D/g, "") : (this.start ?? "") };
  },
  mounted() {
    document.addEventListener("keydown", this.key);
  },
  unmounted() {
    document.removeEventListener("keydown", this.key);
  },
  computed: {
    most() {
      return this.kind === "date" ? DATE_DIGITS : (this.limit ?? 200);
    },
    rows() {
      return this.kind === "text" ? LETTERS : DIGITS;
    },
    value() {
      return this.kind === "date" ? dated(this.typed) : this.typed;
    },
  },
  methods: {
    add(character) {
      if (this.typed.length < this.most) this.typed += character;
    },
    back() {
      this.typed = this.typed.slice(0, -1);
    },
    done() {
      if (this.busy || (this.kind === "pin" && !this.typed)) return;
      this.$emit("done", this.value);
      if (this.kind === "pin") this.typed = "";
    },
    // A hand scanner that types like a keyboard ends in Enter too, but no code is a PIN's digits.
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target.closest?.("input, select, textarea")) return;
      if (event.key === "Enter") this.done();
      else if (event.key === "Backspace") this.back();
      else if (event.key === "Escape") this.$emit("cancel");
      else if (/^[0-9]$/.test(event.key)) this.add(event.key);
      else if (this.kind === "text" && event.key.length === 1) this.add(event.key);
      else return;
      event.preventDefault();
    },
    face(character) {
      const { texts } = this;
      if (character === "‹")
        return h("button", { type: "button", class: "key", "aria-label": texts.back, onClick: this.back }, icon("undo"));
      if (character === "›")
        return h(
          "button",
          { type: "button", class: "key go", disabled: this.busy, "aria-label": texts.ok, onClick: this.done },
          this.kind === "text" ? texts.ok : icon("check"),
        );
      return h("button", { type: "button", class: "key", onClick: () => this.add(character) }, character);
    },
  },
  render() {
    const shown = {
      pin: "●".repeat(this.typed.length),
      date: this.value + "YYYY-MM-DD".slice(this.value.length),
    }[this.kind] ?? this.value;
    const long = this.kind === "text" ? " wide" : "";
    return h("div", { class: `pad${long}` }, [
      this.heading ? h("p", { class: "pad-heading" }, this.heading) : null,
      h("output", { class: "typed", "aria-live": "polite" }, shown || "\u00a0"),
      ...this.rows.map((row) => h("div", { class: "keys" }, [...row].map(this.face))),
    ]);
  },
};
