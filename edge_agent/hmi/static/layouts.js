// How the parts lie on each kind of page. `page` is the component of live.js.
import { h } from "vue";
import { icon } from "./icons.js";
import * as parts from "./parts.js";

function buttons(page) {
  const { texts } = page;
  if (!texts.may_press) return h("footer", { class: "buttons" }, h("p", { class: "look-on" }, texts.look_on));
  return h("footer", { class: "buttons" }, [
    texts.buttons.map((one) => parts.commandButton(one, page.act)),
    h("button", { class: "button", "data-command": "MORE", onClick: () => (page.sheet = "more") }, [
      icon("more"),
      h("span", { class: "button-words" }, h("b", texts.more)),
    ]),
  ]);
}

function foot(page) {
  const { texts, screen } = page;
  return screen.prompt ? parts.prompt(texts, screen.prompt, page.press) : buttons(page);
}

function lastRead({ texts, screen }) {
  const { last } = screen;
  return parts.lastRead(texts, last, last ? parts.toneOf(last, screen.halted, screen) : "");
}

// What should read here and does not.
function deaf({ texts, screen }) {
  return screen.deaf ? parts.gate(texts, screen.deaf, null) : null;
}

function waiting({ texts, screen }) {
  return [parts.shortBoxes(texts.waiting, screen.waiting), parts.shortBoxes(texts.parked, screen.parked)];
}

export function station(page) {
  if (page.texts.page === "rework") return rework(page);
  const { texts, screen } = page;
  return [
    h("div", { class: "work" }, [
      h("div", { class: "main" }, [
        screen.gate ? parts.gate(texts, screen.gate, page.press) : null,
        deaf(page),
        lastRead(page),
        parts.box(texts, screen.box),
        waiting(page),
      ]),
      h("div", { class: "side" }, [parts.counters(screen.counters), parts.operations(texts, screen.operations)]),
    ]),
    foot(page),
  ];
}

export function camera(page) {
  const { texts, screen } = page;
  return [
    h("div", { class: "work" }, [
      h("div", { class: "main" }, [
        deaf(page),
        lastRead(page),
        h("section", { class: "picture" }, [
          page.picture ? h("img", { src: page.picture, alt: "" }) : h("p", [icon("scan"), texts.no_picture]),
        ]),
      ]),
      h("div", { class: "side" }, [
        parts.counters(screen.counters),
        parts.box(texts, screen.box),
        waiting(page),
        parts.operations(texts, screen.operations),
      ]),
    ]),
    foot(page),
  ];
}

function rework(page) {
  const { texts, screen } = page;
  const all = texts.sheet.flatMap((group) => group.buttons).filter((one) => one.command !== "SIGN_OUT");
  return [
    h("div", { class: "work" }, [
      h("div", { class: "main" }, [
        deaf(page),
        lastRead(page),
        screen.box ? parts.box(texts, screen.box) : null,
        waiting(page),
        parts.operations(texts, screen.operations),
      ]),
      // What is begun is ended first: its scans, or CANCEL.
      screen.prompt
        ? null
        : h("div", { class: "side tiles" }, texts.may_press ? all.map((one) => page.tile(one)) : texts.look_on),
    ]),
    screen.prompt ? parts.prompt(texts, screen.prompt, page.press) : null,
  ];
}

function links(texts) {
  return h(
    "nav",
    { class: "tiles links" },
    texts.links.map((one) =>
      h("a", { class: "button tile", href: one.path }, [
        icon(one.icon),
        h("span", { class: "button-words" }, h("b", one.label)),
      ]),
    ),
  );
}

export function supervisor(page) {
  const { texts, screen } = page;
  return [
    h("div", { class: "work" }, [
      h("div", { class: "main" }, [lastRead(page), links(texts)]),
      h("div", { class: "side" }, [parts.counters(screen.counters), parts.operations(texts, screen.operations)]),
    ]),
    foot(page),
  ];
}

export function overview(page) {
  const { texts, screen } = page;
  const paths = Object.fromEntries(texts.stations.map((one) => [one.name, one.path]));
  return [
    h("div", { class: "work" }, [
      h("div", { class: "stations" }, screen.stations.map((one) => card(texts, one, paths[one.name], screen.halted))),
      rejects(texts, screen.rejects),
    ]),
    links(texts),
  ];
}

function card(texts, one, path, halted) {
  return h("a", { class: "card", href: path, key: one.name }, [
    h("header", [
      h("span", { class: "card-words" }, [parts.data(one.title, "card-name"), h("small", one.work)]),
      h("span", { class: "card-person" }, [icon("person"), parts.data(one.person?.name ?? texts.nobody)]),
    ]),
    one.gate && one.gate.state !== "armed"
      ? parts.gate(texts, one.gate, null)
      : one.deaf
        ? parts.gate(texts, one.deaf, null)
      : one.last
        ? h("p", { class: ["card-last", parts.toneOf(one.last, halted, one)] }, [
            icon(parts.TONE_ICONS[one.last.tone]),
            h("b", one.last.word),
            h("time", one.last.time),
          ])
        : h("p", { class: "card-last none" }, texts.no_reads),
    h("div", { class: "card-numbers" }, [
      parts.counters(one.counters),
      h("div", { class: "counter rate" }, [
        h("b", one.per_minute === null ? "–" : String(one.per_minute)),
        h("span", texts.per_minute),
      ]),
    ]),
    one.box ? parts.shortBoxes("", [one.box]) : null,
  ]);
}

function rejects(texts, list) {
  const most = Math.max(1, ...list.map((one) => one.n));
  return h("section", { class: "rejects" }, [
    h("h2", texts.rejects),
    list.length
      ? h(
          "ul",
          list.map((one) =>
            h("li", { key: one.label }, [
              h("span", one.label),
              h("span", { class: "bar" }, h("i", { style: { width: `${(100 * one.n) / most}%` } })),
              h("b", String(one.n)),
            ]),
          ),
        )
      : h("p", texts.no_rejects),
  ]);
}
