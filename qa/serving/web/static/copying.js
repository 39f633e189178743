// Buttons that copy the text beside them.

import { say, texts } from "./saying.js";

const SHOWN_MS = 2000;

async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // Only secure addresses have a clipboard; what is selected can be copied from others too.
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

export function copyOnClick() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const done = await copied(button.parentElement.querySelector("pre"));
    say(done ? texts.copied : texts.selected);
    if (!done) return;
    const own = (button.dataset.own ??= button.textContent);
    button.textContent = texts.copied;
    setTimeout(() => { button.textContent = own; }, SHOWN_MS);
  });
}
