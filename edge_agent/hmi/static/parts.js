// The parts of the live pages, as functions from data to Vue nodes. No templates: nothing is
// compiled in the browser, and every text is a text node, so no name can become markup.
import { h } from "vue";
import { icon } from "./icons.js";

export const TONE_ICONS = { good: "check", full: "full", ask: "ask", note: "note", bad: "cross" };

// A text of unknown script and length: isolated, so that it cannot turn its surroundings.
export function data(text, cls = "") {
  return h("bdi", { class: `data ${cls}`, title: String(text) }, String(text));
}

export function lamp(texts, one) {
  const detail = [one.kind, one.title, one.word, one.fault].filter(Boolean).join(" · ");
  return h("span", { class: ["lamp", one.state], title: detail }, [
    h("i", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "lamp-text" }, [
      data(one.title, "lamp-name"),
      h("small", one.waiting ? `${one.word} · ${one.waiting}` : one.word),
    ]),
  ]);
}

export function orderStrip(texts, order) {
  const percent = order.target ? Math.min(100, Math.floor((order.done * 100) / order.target)) : 0;
  const hasMore = order.id || order.batch || order.expiry;
  return h("div", { class: "order" }, [
    h("div", { class: "order-words" }, [
      data(order.product || order.id || texts.no_order, "product"),
      hasMore
        ? h("div", { class: "order-more" }, [
            order.expiry ? h("span", { class: "dates" }, `${order.made} → ${order.expiry}`) : null,
            order.batch ? data(order.batch, "batch") : null,
            order.id ? data(order.id, "order-id") : null,
          ])
        : null,
    ]),
    order.target
      ? h("span", { class: "progress" }, [
          h("b", `${order.done} / ${order.target}`),
          h("span", { class: "bar" }, h("i", { style: { width: `${percent}%` } })),
        ])
      : null,
  ]);
}

// What was good before is no longer said in green while nothing is recorded, a gate lets nothing
// through, or what is scanned does not arrive: it would be taken for the answer.
export function toneOf(last, halted, { gate, deaf }) {
  const isGreen = last.tone === "good" || last.tone === "full";
  return isGreen && (halted || (gate && gate.state !== "armed") || deaf?.entirely) ? "past" : last.tone;
}

export function lastRead(texts, last, tone) {
  if (!last) {
    return h("section", { class: "last none" }, [
      h("div", { class: "last-icon" }, icon("scan")),
      h("div", { class: "last-words" }, [
        h("p", { class: "last-word" }, texts.ready),
        h("p", { class: "last-remedy" }, texts.page === "rework" ? texts.inquire : texts.ready_hint),
      ]),
    ]);
  }
  // Where the sentence is the message, as what to scan next, it is what is read at two metres.
  const isSaid = last.text && (["ask", "note", "full"].includes(last.tone) || (last.tone === "good" && !last.code.length));
  return h("section", { class: ["last", tone], "data-n": last.n, role: "status" }, [
    h("div", { class: "last-icon" }, icon(TONE_ICONS[last.tone])),
    h("div", { class: "last-words" }, [
      isSaid
        ? h("p", { class: "last-word said" }, last.text)
        : h("p", { class: ["last-word", last.word.length > 14 && "small"] }, last.word),
      last.code.length ? h("p", { class: "last-code" }, last.code.map(element)) : null,
      last.text && !isSaid ? h("p", { class: "last-text" }, last.text) : null,
      last.first ? h("p", { class: "last-first" }, last.first) : null,
      last.remedy ? h("p", { class: "last-remedy" }, last.remedy) : null,
      last.culprits.length
        ? h("ul", { class: "culprits" }, last.culprits.map((each) => h("li", each)))
        : null,
    ]),
    last.picture && last.tone === "bad"
      ? h("img", { class: "last-picture", key: last.picture, src: `/evidence/${last.picture}`, alt: "", onError: lookAgain })
      : null,
  ]);
}

// An element of a code; the last one tells things apart.
function element([ai, value], index, all) {
  const isLast = index === all.length - 1;
  return h("bdi", { class: ["element", isLast && "apart", !ai && "plain"] }, ai ? [h("small", `(${ai})`), value] : value);
}

// A picture comes to the disk a moment after its event.
function lookAgain({ target }) {
  const tries = Number(target.dataset.tries ?? 0) + 1;
  target.dataset.tries = tries;
  if (tries < 5) setTimeout(() => (target.src = `${target.src.split("?")[0]}?try=${tries}`), 500);
}

// The container as a grid; rows are as even as the place allows.
export function box(texts, one) {
  if (!one) return h("section", { class: "box none" }, texts.empty);
  const columns = columnsOf(one);
  const cells = [];
  for (let index = 0; index < one.capacity && index < 500; index++) {
    const filled = index < one.count;
    const classes = ["cell", filled ? "filled" : index === one.count ? "next" : "empty", edgeOfLayer(one, index, columns)];
    cells.push(h("span", { class: classes, key: index }, filled ? h("b", one.cells[index] ?? "") : ""));
  }
  return h("section", { class: ["box", one.full && "full", one.capacity > 60 && "dense"] }, [
    h("header", [
      data(one.level, "box-level"),
      h("b", { class: "box-count" }, `${one.count} / ${one.capacity}`),
      one.layer ? h("span", { class: "box-layer" }, one.layer) : null,
      one.key ? data(one.key, "box-key") : null,
      one.label_text ? h("span", { class: ["box-label", one.label] }, [icon("printer"), one.label_text]) : null,
    ]),
    h("div", { class: "grid-place" }, h("div", { class: "grid", style: { "--columns": columns } }, cells)),
  ]);
}

// Where a layer begins: above whole rows, or else before its first cell.
function edgeOfLayer(one, index, columns) {
  if (!one.per_layer || index < one.per_layer) return "";
  if (one.per_layer % columns === 0) return index % one.per_layer < columns ? "layer-above" : "";
  return index % one.per_layer === 0 ? "layer-before" : "";
}

// As many columns as make cells about half as high as wide in a box of two to one.
function columnsOf(one) {
  if (one.per_layer && one.per_layer <= 20) return one.per_layer;
  const ideal = Math.sqrt(one.capacity * 1.6);
  for (const step of [0, 1, 2, 3]) {
    for (const columns of [Math.round(ideal) + step, Math.round(ideal) - step]) {
      if (columns > 1 && one.capacity % columns === 0) return columns;
    }
  }
  return Math.max(1, Math.ceil(ideal));
}

export function shortBoxes(title, boxes) {
  if (!boxes.length) return null;
  return h("div", { class: "short-boxes" }, [
    h("span", { class: "short-title" }, title),
    boxes.slice(0, 8).map((one) =>
      h("span", { class: ["short-box", one.label, one.full && "full"], title: one.label_text }, [
        data(one.level),
        h("b", `${one.count}/${one.capacity}`),
        one.key ? data(one.key.slice(-6)) : null,
        one.label ? icon("printer") : null,
      ]),
    ),
    boxes.length > 8 ? h("b", `+${boxes.length - 8}`) : null,
  ]);
}

export function counters(list) {
  return h(
    "div",
    { class: "counters" },
    list.map((one) =>
      h("div", { class: ["counter", one.name] }, [h("b", String(one.n)), h("span", one.label)]),
    ),
  );
}

export function operations(texts, list) {
  return h("section", { class: "operations" }, [
    h("h2", texts.operations),
    h(
      "ol",
      list.slice(0, 20).map((one) =>
        h("li", { class: one.tone, key: one.n }, [
          h("time", one.time),
          icon(TONE_ICONS[one.tone]),
          h("span", { class: "operation-text" }, one.text),
        ]),
      ),
    ),
  ]);
}

export function prompt(texts, one, press) {
  return h("section", { class: "prompt", role: "alertdialog" }, [
    h("span", { class: "prompt-step" }, [data(one.what), h("small", one.step)]),
    h("p", { class: "prompt-text" }, one.text),
    one.choices.length && texts.may_press
      ? h(
          "div",
          { class: "choices tiles" },
          one.choices.map((choice) =>
            h("button", { class: "button tile", onClick: () => press(choice.command, choice.argument) }, data(choice.label)),
          ),
        )
      : null,
    texts.may_press
      ? h("button", { class: "button cancel", onClick: () => press("CANCEL") }, [icon("cross"), texts.cancel])
      : null,
  ]);
}

export function gate(texts, one, press) {
  return h("section", { class: ["gate", one.state] }, [
    icon({ armed: "check", stopped: "stop", refused: "ban" }[one.state]),
    h("div", { class: "gate-words" }, [
      h("b", one.title),
      one.why ? h("span", one.why) : null,
      one.conditions?.length ? h("span", one.conditions.join(" · ")) : null,
      one.state === "armed" ? h("span", one.pending) : null,
    ]),
    one.state === "stopped" && texts.may_press && press
      ? h("button", { class: "button release", onClick: () => press("RELEASE") }, [icon("play"), texts.release])
      : null,
  ]);
}

export function commandButton(one, act, cls = "") {
  return h("button", { class: ["button", cls], "data-command": one.command, onClick: () => act(one) }, [
    icon(one.icon),
    h("span", { class: "button-words" }, [h("b", one.label), h("small", one.hint)]),
  ]);
}
