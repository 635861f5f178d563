// Day or dark, language, volume: what this browser prefers. Loaded before the first paint.
"use strict";
(() => {
  const root = document.documentElement;
  const YEAR_S = 31536000;

  function keep(name, value) {
    document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=strict`;
  }

  root.dataset.theme = document.querySelector('meta[name="theme"]')?.content ?? "day";

  window.taste = {
    theme() {
      return root.dataset.theme;
    },
    setTheme(theme) {
      root.dataset.theme = theme;
      keep("theme", theme);
    },
    setLanguage(language, owner) {
      keep("language", `${owner}.${language}`);
      window.location.reload();
    },
  };
})();
