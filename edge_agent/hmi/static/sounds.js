// Four sounds that are told apart in noise by rhythm and direction, not by pitch alone.
// Each is a list of [start in s, length in s, frequency in Hz].

const SOUNDS = {
  good: [[0, 0.12, 1320]],
  full: [[0, 0.11, 880], [0.13, 0.11, 1175], [0.26, 0.24, 1760]],
  ask: [[0, 0.1, 990], [0.22, 0.1, 990]],
  note: [[0, 0.06, 660]],
  bad: [[0, 0.28, 220], [0.34, 0.28, 165], [0.68, 0.28, 220]],
};
const LEVELS = [0, 0.35, 1];
const KEY = "edge-agent-volume";

let context = null;

function contextNow() {
  context ??= new AudioContext();
  return context;
}

// 0 off, 1 low, 2 high.
export function volume() {
  const kept = Number.parseInt(localStorage.getItem(KEY) ?? "2", 10);
  return kept in LEVELS ? kept : 2;
}

export function setVolume(level) {
  localStorage.setItem(KEY, String(level));
}

// A browser may keep sound off until somebody touched the page.
export function isBlocked() {
  return volume() > 0 && contextNow().state !== "running";
}

export async function wake() {
  if (contextNow().state !== "running") await contextNow().resume();
}

export function play(tone) {
  const gain = LEVELS[volume()];
  const audio = contextNow();
  if (!gain || audio.state !== "running" || !SOUNDS[tone]) return false;
  for (const [after, length, frequency] of SOUNDS[tone]) {
    const start = audio.currentTime + after;
    const oscillator = audio.createOscillator();
    const envelope = audio.createGain();
    oscillator.type = tone === "bad" ? "sawtooth" : "triangle";
    oscillator.frequency.value = frequency;
    envelope.gain.setValueAtTime(0, start);
    envelope.gain.linearRampToValueAtTime(gain, start + 0.01);
    envelope.gain.setValueAtTime(gain, start + length - 0.02);
    envelope.gain.linearRampToValueAtTime(0, start + length);
    oscillator.connect(envelope).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(start + length);
  }
  return true;
}
