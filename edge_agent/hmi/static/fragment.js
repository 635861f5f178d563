// HTML that one of our own commands made, every text in it escaped (reports/fragment.py).
import { h } from "vue";

export default {
  props: { html: String },
  render() {
    return h("div", { innerHTML: this.html });
  },
};
