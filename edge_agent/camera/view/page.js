"use strict";

const PAUSE_MS = 200;
const PATIENCE_MS = 3000;
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

function notLive(text, chinese) {
  state("wait", text, chinese);
  document.body.className = "old";
}

function show(facts) {
  write("title", facts.title);
  document.title = facts.title;
  if (facts.fault) {
    notLive(facts.fault, "无图像");
    return;
  }
  document.body.className = "";
  if (facts.old) notLive(`NO NEW PICTURE for ${facts.age_s} s`, `${facts.age_s} 秒无新图像`);
  else if (facts.complete) state("good", "READ", "已读");
  else state("bad", facts.read ? `${facts.read} OF ${facts.expected}` : "NOT READ", "未读全");
  place("sharp").style.width = `${Math.round(100 * facts.sharpness.part)}%`;
  write("sharp-words", facts.sharpness.words);
  write("read", `${facts.read} / ${facts.expected}`);
  write("rate", facts.rate);
  write("age", `${facts.age_s} s`);
  write("module", facts.module);
  write("light", facts.light);
  list("advice", facts.advice.map((text) => [text, ""]));
  list("codes", facts.codes.map((code) => [code.text, code.detail]));
}

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

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
      const answer = await fetch("/facts", {
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const facts = await answer.json();
      show(facts);
      if (facts.number !== last) {
        last = facts.number;
        await Promise.race([load(last), pause(PATIENCE_MS)]);
      }
    } catch {
      notLive("camera view has ended", "已停止");
    }
    await pause(PAUSE_MS);
  }
}

watch();
