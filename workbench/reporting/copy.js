// @ts-check
// Copy buttons: shown only where scripts run.

/** @type {NodeListOf<HTMLButtonElement>} */
const buttons = document.querySelectorAll("button[data-copy]");
for (const button of buttons) {
  const name = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy ?? "");
    if (!source) return;
    try {
      await navigator.clipboard.writeText(source.textContent ?? "");
    } catch {
      getSelection()?.selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = button.dataset.done ?? "";
    setTimeout(() => { button.textContent = name; }, 1500);
  });
}
