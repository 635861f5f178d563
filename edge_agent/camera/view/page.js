"use strict";

const PAUSE_MS = 200;
const place = (id) => document.getElementById(id);
const write = (id, text) => { place(id).textContent = text; };

function state(kind, text, chinese) {
  const line = place("state");
  line.className = kind;
  line.textContent = `${text} `;
  const other = document.createElement("span");
  other.lang = "zh";
  other.textContent = chinese;
  line.append(other);
}

function list(id, items) {
  place(id).replaceChildren(...items.map(([text, small]) => {
    const item = document.createElement("li");
    item.textContent = text;
    if (small) {
      const note = document.createElement("small");
      note.textContent = ` ${small}`;
      item.append(note);
    }
    return item;
  }));
}

function show(facts) {
  write("title", facts.title);
  document.title = facts.title;
  if (facts.fault) {
    state("wait", facts.fault, "无图像");
    return;
  }
  if (facts.complete) state("good", "READ", "已读");
  else state("bad", facts.read ? `${facts.read} OF ${facts.expected}` : "NOT READ", "未读全");
  place("sharp").style.width = `${Math.round(100 * facts.sharpness.part)}%`;
  write("sharp-words", facts.sharpness.words);
  write("read", `${facts.read} / ${facts.expected}`);
  write("rate", facts.rate);
  write("module", facts.module);
  write("light", facts.light);
  list("advice", facts.advice.map((text) => [text, ""]));
  list("codes", facts.codes.map((code) => [code.text, code.detail]));
}

function load(number) {
  return new Promise((done) => {
    const picture = place("picture");
    picture.onload = picture.onerror = done;
    picture.src = `/picture.jpg?n=${number}`;
  });
}

async function watch() {
  let last = -1;
  for (;;) {
    try {
      const answer = await fetch("/facts", { cache: "no-store" });
      const facts = await answer.json();
      show(facts);
      if (facts.number !== last) {
        last = facts.number;
        await load(last);
      }
    } catch {
      state("wait", "camera view has ended", "已停止");
    }
    await new Promise((go) => setTimeout(go, PAUSE_MS));
  }
}

watch();
