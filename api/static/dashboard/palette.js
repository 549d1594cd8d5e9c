// The colours of the style sheet, for canvases; read again when the colour scheme changes.

const NAMES = ["ink", "muted", "line", "surface", "accent", "accent-soft", "gold-fill", "danger", "wall", "ground", "band"];

export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export function onSchemeChange(action) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", action);
}

export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
