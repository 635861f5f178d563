// A live page of the line. It draws what the server says and sends what is touched.
//
// Its watchdog: a page that heard nothing for AWAY_MS shows nothing but that. The server sends the
// whole screen at least every half second; an empty screen means that the line itself is away.
import { h } from "vue";
import { icon } from "/static/icons.js";
import { camera, overview, station, supervisor } from "/static/layouts.js";
import { data, lamp, orderStrip } from "/static/parts.js";
import * as sounds from "/static/sounds.js";

const AWAY_MS = 1500;
const LOOK_MS = 100;
const DOUBLE_TAP_MS = 500;
const TOLD_MS = 6000;
const LAMPS = 8;

// Where there is no room for all, those of what does not work come first.
function lampsShown(lamps) {
  if (lamps.length <= LAMPS) return lamps;
  const isUp = (one) => Number(one.state === "up");
  return [...lamps].sort((one, other) => isUp(one) - isUp(other)).slice(0, LAMPS);
}

export default {
  props: { kind: String, texts: Object, screen: Object },
  emits: ["press"],
  data: () => ({
    stale: false,
    sheet: "",
    told: "",
    theme: window.taste.theme(),
    volume: sounds.volume(),
    mute: false,
    picture: "",
  }),
  created() {
    this.heardAt = performance.now();
    this.soundedAt = this.screen.last?.n ?? null;
    this.toldAt = this.screen.told?.n ?? 0;
    this.tapped = { what: "", at: 0 };
  },
  mounted() {
    this.timer = setInterval(this.look, LOOK_MS);
    document.addEventListener("visibilitychange", this.look);
    document.addEventListener("pointerdown", this.wake);
    if (this.texts.camera) this.film();
  },
  unmounted() {
    clearInterval(this.timer);
    clearTimeout(this.filming);
    document.removeEventListener("visibilitychange", this.look);
    document.removeEventListener("pointerdown", this.wake);
  },
  watch: {
    screen(now, before) {
      this.heardAt = performance.now();
      this.stale = false;
      this.sound(now.last);
      if (now.halted && !before.halted) sounds.play("bad");
      this.tell(now.told);
    },
  },
  methods: {
    look() {
      if (performance.now() - this.heardAt > AWAY_MS) this.stale = true;
      this.mute = sounds.isBlocked();
    },
    wake() {
      sounds.wake().then(() => (this.mute = sounds.isBlocked()));
    },
    sound(last) {
      // Nothing was read since the line's start: its numbers begin anew.
      if (last === null) this.soundedAt = null;
      if (!last || last.n === this.soundedAt) return;
      const isFirst = this.soundedAt === null;
      this.soundedAt = last.n;
      if (isFirst && this.kind !== "station") return;
      if (sounds.play(last.tone)) document.documentElement.dataset.sounded = `${last.tone} ${last.n}`;
    },
    tell(told) {
      if (!told || told.n === this.toldAt) return;
      this.toldAt = told.n;
      this.told = told.text;
      setTimeout(() => (this.told = ""), TOLD_MS);
    },
    press(command, argument = "") {
      const what = `${command}:${argument}`;
      const now = performance.now();
      if (what === this.tapped.what && now - this.tapped.at < DOUBLE_TAP_MS) return;
      this.tapped = { what, at: now };
      this.sheet = "";
      this.$emit("press", { command, argument });
    },
    act(button) {
      if (button.command === "DECOMMISSION" && !button.argument) this.sheet = "decommission";
      else if (button.command === "ORDER" && !button.argument) this.sheet = "orders";
      else this.press(button.command, button.argument ?? "");
    },
    setTheme() {
      this.theme = this.theme === "dark" ? "day" : "dark";
      window.taste.setTheme(this.theme);
    },
    setVolume(level) {
      this.volume = level;
      sounds.setVolume(this.volume);
      sounds.wake().then(() => sounds.play("good"));
    },
    // The next picture is asked for when the one before has come, and twice a second at most.
    film() {
      const next = new Image();
      const again = (shown) => {
        this.picture = shown ? next.src : "";
        this.filming = setTimeout(this.film, 500);
      };
      if (document.hidden) {
        this.filming = setTimeout(this.film, 500);
        return;
      }
      next.onload = () => again(true);
      next.onerror = () => again(false);
      next.src = `/camera/${encodeURIComponent(this.texts.camera)}?at=${Date.now()}`;
    },
    bar() {
      const { texts, screen } = this;
      return h("header", { class: "bar-top" }, [
        h("a", { class: "tap home", href: "/", "aria-label": texts.overview }, icon("home")),
        h("div", { class: "where" }, [
          data(texts.title ?? texts.line, "where-name"),
          h("small", texts.station ? [data(texts.line), " · ", texts.work] : screen.shift),
        ]),
        h("div", { class: "lamps" }, [
          lampsShown(screen.lamps).map((one) => lamp(texts, one)),
          screen.lamps.length > LAMPS ? h("b", `+${screen.lamps.length - LAMPS}`) : null,
          h("span", { class: ["lamp", screen.hq.state] }, [
            h("i", { class: "dot" }),
            h("span", { class: "lamp-text" }, [h("span", { class: "lamp-name" }, texts.hq), h("small", screen.hq.word)]),
          ]),
        ]),
        texts.station ? this.who() : null,
        this.settings(),
        h("button", { class: "tap", onClick: this.setTheme }, [
          icon(this.theme === "dark" ? "moon" : "sun"),
          h("small", this.theme === "dark" ? texts.dark : texts.day),
        ]),
      ]);
    },
    settings() {
      const { texts, mute } = this;
      const inside = mute
        ? [icon("mute"), h("small", texts.no_sound)]
        : [icon(this.volume ? "language" : "mute"), h("small", { zh_CN: "简", zh_TW: "繁", en: "EN" }[texts.language])];
      return h(
        "button",
        {
          class: ["tap settings", mute && "is-mute"],
          "aria-label": mute ? texts.sound_off : texts.settings,
          title: mute ? texts.sound_off : texts.settings,
          onClick: () => (this.sheet = "settings"),
        },
        inside,
      );
    },
    who() {
      const { texts, screen } = this;
      const inside = [
        icon("person"),
        h("span", { class: "who-words" }, [
          data(screen.person?.name ?? texts.nobody, "who-name"),
          h("small", screen.person?.role ?? texts.sign_in),
        ]),
      ];
      if (!texts.may_press) return h("span", { class: "who" }, inside);
      if (screen.person) return h("button", { class: "who", onClick: () => (this.sheet = "person") }, inside);
      return h("a", { class: "who nobody", href: `/sign-in?station=${encodeURIComponent(texts.station)}` }, inside);
    },
    away() {
      const { texts } = this;
      return h("div", { class: "away", role: "alert" }, [
        icon("plug"),
        h("h1", texts.away),
        h("p", { class: "away-remedy" }, texts.away_remedy),
        h("p", texts.away_wait),
      ]);
    },
    sheets() {
      const { texts, screen } = this;
      const close = () => (this.sheet = "");
      const inside = {
        more: () =>
          texts.sheet.map((group) =>
            h("section", { class: "sheet-group" }, [
              h("h2", group.title),
              h("div", { class: "tiles" }, group.buttons.map((one) => this.tile(one))),
            ]),
          ),
        decommission: () => h("div", { class: "tiles" }, texts.decommission.map((one) => this.tile(one))),
        orders: () => [
          screen.orders.length ? null : h("p", texts.no_orders),
          h("div", { class: "tiles wide" }, screen.orders.map((one) => this.orderTile(one))),
        ],
        person: () =>
          h("div", { class: "tiles" }, [
            this.tile(texts.sheet.flatMap((group) => group.buttons).find((one) => one.command === "SIGN_OUT")),
          ]),
        settings: () => [
          h("div", { class: "tiles" }, Object.entries(texts.languages).map((one) => this.languageTile(...one))),
          h("h2", texts.sound),
          h("div", { class: "tiles" }, texts.sound_levels.map((name, level) => this.volumeTile(name, level))),
        ],
      };
      const titles = {
        more: texts.more,
        decommission: texts.decommission_title,
        orders: texts.orders_title,
        person: data(`${screen.person?.name ?? texts.nobody} · ${screen.person?.role ?? ""}`),
        settings: texts.languages_title,
      };
      return h("div", { class: "sheet-back", onClick: close }, [
        h("div", { class: "sheet", role: "dialog", onClick: (event) => event.stopPropagation() }, [
          h("header", [
            h("h2", titles[this.sheet]),
            h("button", { class: "button sheet-close", onClick: close }, [icon("cross"), texts.close]),
          ]),
          inside[this.sheet](),
        ]),
      ]);
    },
    languageTile(language, name) {
      const { texts } = this;
      return h(
        "button",
        {
          class: ["button tile", language === texts.language && "chosen"],
          lang: language.replace("_", "-"),
          onClick: () => window.taste.setLanguage(language, texts.owner),
        },
        h("b", name),
      );
    },
    volumeTile(name, level) {
      return h(
        "button",
        { class: ["button tile", level === this.volume && "chosen"], onClick: () => this.setVolume(level) },
        [icon(level ? "sound" : "mute"), h("b", name)],
      );
    },
    tile(one) {
      return h("button", { class: "button tile", "data-command": one.command, onClick: () => this.act(one) }, [
        one.icon ? icon(one.icon) : null,
        h("span", { class: "button-words" }, [h("b", one.label), one.hint ? h("small", one.hint) : null]),
      ]);
    },
    orderTile(one) {
      return h(
        "button",
        { class: ["button tile order-tile", one.current && "chosen"], onClick: () => this.press("ORDER", one.id) },
        h("span", { class: "button-words" }, [
          h("b", data(one.product)),
          h("small", [data(one.id), " ", data(one.batch), ` ${one.done} / ${one.target}`]),
        ]),
      );
    },
  },
  render() {
    if (this.stale || !this.screen.lamps) return h("main", { class: "live" }, this.away());
    const layout = { overview, supervisor, layer: camera }[this.texts.page] ?? station;
    return h("main", { class: ["live", this.texts.page], lang: this.texts.language.replace("_", "-"), "data-seq": this.screen.seq }, [
      this.bar(),
      orderStrip(this.texts, this.screen.order),
      this.screen.halted ? h("p", { class: "halted" }, [h("b", this.texts.halted), " ", data(this.screen.halted)]) : null,
      layout(this),
      this.sheet ? this.sheets() : null,
      this.told ? h("p", { class: "told", role: "alert" }, data(this.told)) : null,
    ]);
  },
};
