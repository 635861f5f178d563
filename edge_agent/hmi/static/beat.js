// Covers a page of the office that heard nothing for AWAY_MS.
import { h } from "vue";
import { icon } from "/static/icons.js";

const AWAY_MS = 4000;
const LOOK_MS = 200;

export default {
  props: { beat: Number, texts: Object },
  data: () => ({ away: false }),
  created() {
    this.heardAt = performance.now();
  },
  mounted() {
    this.timer = setInterval(this.look, LOOK_MS);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  watch: {
    beat() {
      this.heardAt = performance.now();
      this.away = false;
    },
  },
  methods: {
    look() {
      if (performance.now() - this.heardAt > AWAY_MS) this.away = true;
    },
  },
  render() {
    if (!this.away) return null;
    return h("div", { class: "away", role: "alert" }, [
      icon("plug"),
      h("h1", this.texts.away),
      h("p", this.texts.wait),
    ]);
  },
};
