// The essay beside the answers, at the place that a citation leads to: the reading page's own article.

import { say, texts } from "./saying.js";

const dialog = document.getElementById("beside");
const pane = document.getElementById("beside-pane");
const title = document.getElementById("beside-title");
const apart = document.getElementById("beside-apart");
// On a large screen both can be used at once; on a small one the essay covers the answers.
const roomy = matchMedia("(min-width: 60rem)");

let opener = null;

function show() {
  if (roomy.matches) dialog.show();
  else dialog.showModal();
  document.body.classList.toggle("reading", roomy.matches);
}

/** Open the essay where ``citation``, a link to it, leads. */
export async function openBeside(citation) {
  opener = citation;
  title.textContent = citation.dataset.title;
  apart.href = citation.href;
  pane.textContent = texts.loading;
  pane.setAttribute("aria-busy", "true");
  if (!dialog.open) show();
  pane.focus({ preventScroll: true });
  const article = await articleOf(citation.href);
  // Another citation may have been opened, or this one closed, since.
  if (opener !== citation) return;
  pane.removeAttribute("aria-busy");
  if (!article) {
    pane.textContent = texts.unreadable;
    say(texts.unreadable);
    return;
  }
  pane.replaceChildren(article);
  scrollTo(article, decodeURIComponent(citation.hash.slice(1)));
  history.replaceState(null, "", location.search + citation.hash);
}

async function articleOf(address) {
  try {
    const reply = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const article = page.querySelector("article.essay");
    if (!reply.ok || !article) return null;
    await styled(page);
    // The signs beside headings are for copying the page's address. Other links within it would lead to places of this one.
    for (const sign of article.querySelectorAll(".heading a.to")) sign.remove();
    for (const link of article.querySelectorAll('a[href^="#"]')) link.href = reply.url.split("#")[0] + link.hash;
    return document.adoptNode(article);
  } catch {
    return null;
  }
}

/** Load the essay's style sheet, which this page needs from now on only. */
function styled(page) {
  const found = page.querySelector('link[rel="stylesheet"][href$="/essay.css"]');
  const href = found?.getAttribute("href");
  if (!href || document.querySelector(`link[href="${CSS.escape(href)}"]`)) return null;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.querySelector("link[rel=stylesheet]").after(link);
  });
}

/** Bring the marked sentence into the middle of the pane, or the passage where none is marked. */
function scrollTo(article, anchor) {
  const passage = [...article.querySelectorAll("[id]")].find((one) => one.id === anchor);
  passage?.classList.add("cited");
  const place = article.querySelector("mark") ?? passage;
  if (!place) return;
  const above = place.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  // At once: what is far away would take long to scroll to, and the eye has nothing to follow.
  pane.scrollTo({ top: pane.scrollTop + above - pane.clientHeight / 3, behavior: "instant" });
}

function close() {
  if (dialog.open) dialog.close();
}

dialog.addEventListener("close", () => {
  if (dialog.open) return; // it has opened again in the other way
  document.body.classList.remove("reading");
  pane.replaceChildren();
  history.replaceState(null, "", location.pathname + location.search);
  const back = opener;
  opener = null;
  back?.focus();
});
document.getElementById("beside-close").addEventListener("click", close);
// A click beside a sheet closes it: only there is the dialog itself what is clicked.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog && !roomy.matches) close();
});
// A dialog that is not modal does not close on Escape by itself.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && dialog.open && roomy.matches) close();
});
roomy.addEventListener("change", () => {
  if (!dialog.open) return;
  dialog.close();
  show();
});
