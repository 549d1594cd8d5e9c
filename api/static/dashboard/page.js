// For every page: htmx swaps nothing while a pointer or key is pressed, and buttons copy text.

let pressed = false;
for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => { pressed = true; }, { capture: true, passive: true });
for (const type of ["pointerup", "pointercancel", "keyup", "blur"]) {
  addEventListener(type, () => setTimeout(() => { pressed = false; }), { capture: true, passive: true });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const polled = event.detail.requestConfig?.verb === "get";
  if (polled && pressed) event.detail.shouldSwap = false;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = words; }, 1600);
});
