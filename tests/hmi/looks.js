// What an operator could not read or touch on the page, as a list of sentences.
({ contrast, target }) => {
  const issues = [];
  const parse = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      const colour = parse(style.backgroundColor);
      if (colour.alpha === 1) return colour.rgb;
      if (style.backgroundImage !== "none") return [36, 36, 42];
    }
    return [255, 255, 255];
  };
  const name = (element) =>
    `${element.tagName.toLowerCase()}.${[...element.classList].join(".")} "${element.textContent.slice(0, 40)}"`;
  const sheet = document.querySelector(".sheet");
  const root = sheet ?? document.querySelector(".live");
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (!node.textContent.trim() || box.width === 0 || parseFloat(style.fontSize) === 0) continue;
    const [light, dark] = [luminance(parse(style.color).rgb), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < contrast) issues.push(`contrast ${ratio.toFixed(2)}: ${name(element)}`);
    if (parseFloat(style.fontSize) < 12) issues.push(`type of ${style.fontSize}: ${name(element)}`);
  }
  for (const element of root.querySelectorAll("button, a, input, select, [role=button]")) {
    const box = element.getBoundingClientRect();
    if (box.width < target || box.height < target) {
      issues.push(`target of ${box.width.toFixed(0)} by ${box.height.toFixed(0)}: ${name(element)}`);
    }
    if (sheet) continue;
    if (box.left < -0.5 || box.top < -0.5 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5) {
      issues.push(`outside of the screen: ${name(element)}`);
    }
    const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (middle && !element.contains(middle)) issues.push(`covered by ${name(middle)}: ${name(element)}`);
  }
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth || page.scrollHeight > innerHeight) issues.push("the page scrolls");
  // What says what to do must be seen as a whole.
  for (const element of root.querySelectorAll(
    ".last-word, .last-remedy, .prompt-text, .gate-words b, .box-count, .counter b, .button-words b, .away h1",
  )) {
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline") {
      issues.push(`cut off: ${name(element)}`);
    }
    const box = element.getBoundingClientRect();
    const panel = element.closest(".last, .prompt, .gate, .box, .card, .button");
    if (panel && !sheet && box.bottom > panel.getBoundingClientRect().bottom + 1) {
      issues.push(`below its panel: ${name(element)}`);
    }
  }
  for (const words of root.querySelectorAll(".last-words")) {
    if (words.scrollHeight > words.clientHeight + 2) issues.push(`cut off below: ${name(words)}`);
    for (const word of words.querySelectorAll(".last-word, .last-remedy")) {
      if (word.scrollHeight > word.clientHeight + 6) issues.push(`cut off below: ${name(word)}`);
    }
  }
  return issues;
}
