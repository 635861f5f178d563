// Line drawings of 24 × 24, drawn for these pages.
import { h } from "vue";

const PATHS = {
  check: "M4 12.5l5.5 5.5L20 6.5",
  cross: "M5 5l14 14M19 5L5 19",
  full: "M3 8l9-5 9 5v9l-9 5-9-5zM7.5 12.5l3.5 3.5 6-6.5",
  ask: "M8 8.5a4 4 0 1 1 5.6 3.7c-1 .5-1.6 1.2-1.6 2.6M12 19v.6",
  note: "M12 5v9M12 18.5v.6",
  "close-box": "M3 8l9 4 9-4M3 8v9l9 4 9-4V8M12 12v9M3 8l9-5 9 5",
  box: "M3 8l9 4 9-4M3 8v9l9 4 9-4V8M12 12v9M3 8l9-5 9 5",
  park: "M8 5v14M16 5v14",
  resume: "M7 4l12 8-12 8z",
  play: "M7 4l12 8-12 8z",
  undo: "M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 12h-2",
  remove: "M12 3v11M7 8l5-5 5 5M4 15v5h16v-5",
  replace: "M4 9h14l-4-4M20 15H6l4 4",
  add: "M12 4v16M4 12h16",
  empty: "M4 10h16l-2 10H6zM9 6l-2-3M12 6V2M15 6l2-3",
  split: "M12 4v6M12 10L6 19M12 10l6 9M6 14v5h5M18 14v5h-5",
  merge: "M6 4l6 8 6-8M12 12v9M8.5 17.5L12 21l3.5-3.5",
  move: "M4 12h15M13 6l6 6-6 6",
  unpack: "M4 11v9h16v-9M4 11l3-6M20 11l-3-6M12 14V3M8.5 6.5L12 3l3.5 3.5",
  ban: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.8 5.8l12.4 12.4",
  sample: "M9 3h6M10 3v7l-5 9a1.5 1.5 0 0 0 1.4 2h11.2a1.5 1.5 0 0 0 1.4-2l-5-9V3M8 15h8",
  return: "M9 14L4 9l5-5M4 9h11a5 5 0 0 1 0 11h-3",
  printer: "M7 9V3h10v6M7 18H4v-8h16v8h-3M7 14h10v7H7z",
  reopen: "M3 9l9 4 9-4M3 9v8l9 4 9-4V9M3 9l4-5 5 3 5-3 4 5",
  order: "M6 3h12v18H6zM9 8h6M9 12h6M9 16h4",
  leave: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  person: "M12 3a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM4 21c.5-4.5 4-6.5 8-6.5s7.5 2 8 6.5",
  more: "M4 7h16M4 12h16M4 17h16",
  home: "M3 11l9-8 9 8M6 9v11h12V9",
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M19 5l-1.7 1.7M6.7 17.3L5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  language: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9z",
  sound: "M4 9.5v5h4l5 4.5V5L8 9.5zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  mute: "M4 9.5v5h4l5 4.5V5L8 9.5zM16.5 9.5l5 5M21.5 9.5l-5 5",
  chart: "M4 20h17M7 20v-7M12 20V5M17 20v-10",
  list: "M4 6h1M9 6h11M4 12h1M9 12h11M4 18h1M9 18h11",
  scan: "M3 8V4h4M17 4h4v4M21 16v4h-4M7 20H3v-4M7 8v8M10.5 8v8M14 8v8M17 8v8",
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v5",
  stop: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16.5v.5",
};

export function icon(name) {
  return h(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    h("path", { d: PATHS[name] ?? PATHS.note }),
  );
}
