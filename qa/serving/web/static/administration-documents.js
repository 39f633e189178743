// The documents of the live index, what was passed over, and removing one.

import { at, button, confirmed, element, languageName, number, own, readingAddress, say, size, table } from "./administration-parts.js";
import { attempt, json, path, Refused, request } from "./administration-service.js";
import { close, replace } from "./administration-editor.js";
import { showOutline } from "./administration-outline.js";

// Of many documents so many are shown, and the others are found by their titles.
const SHOWN = 100;
let sought = "";

export async function refresh() {
  const address = `/documents?limit=${SHOWN}&q=${encodeURIComponent(sought)}`;
  const [{ documents, total }, live] = await Promise.all([json(address), json("/index")]);
  const sizes = new Map(live.sources.map((source) => [source.id, source.size]));
  const headers = ["document", "language_of", "passages", "size", "actions"].map((name) => say(name));
  const rows = documents.map((one) => [
    named(one),
    languageName(one.language),
    number(one.passages),
    size(sizes.get(one.id) ?? 0),
    actions(one),
  ]);
  at("documents").replaceChildren(table(say("documents_caption"), headers, rows));
  at("found").hidden = !sought && total <= SHOWN;
  at("found-count").textContent = say("found_count", { shown: number(documents.length), total: number(total) });
  at("skipped").replaceChildren(...skipped(live.skipped));
}

at("found").addEventListener("submit", (event) => {
  event.preventDefault();
  sought = at("find-document").value.trim();
  attempt(refresh);
});

export function clear() {
  sought = at("find-document").value = "";
  at("found").hidden = true;
  at("documents").replaceChildren();
  at("skipped").replaceChildren();
  close();
}

const named = (one) =>
  element(
    "span",
    { className: "named" },
    element("a", { href: readingAddress(one.id) }, own(one.title)),
    own(one.name, { className: "hint" }),
  );

function actions(one) {
  const about = (text) => ({ "aria-label": `${text}: ${one.title}`, className: "button small" });
  return element(
    "span",
    { className: "actions" },
    button(say("outline"), () => attempt(() => showOutline(one)), about(say("outline"))),
    button(say("replace"), () => attempt(() => replace(one)), about(say("replace"))),
    button(say("remove"), () => attempt(() => remove(one)), { ...about(say("remove")), className: "button small danger" }),
  );
}

async function remove(one) {
  // Isolated by characters: a dialogue's description is one text.
  const name = `\u2068${one.name}\u2069`;
  if (!(await confirmed(say("remove_title"), say("remove_ask", { name }), say("remove")))) return;
  try {
    const reply = await request(path(one.id), { method: "DELETE", headers: { "If-Match": `"${one.source_sha256}"` } });
    const { job } = await reply.json();
    if (job) document.dispatchEvent(new CustomEvent("suraq-job", { detail: job }));
  } catch (problem) {
    if (problem.status !== 412) throw problem;
    throw new Refused(412, say("lost_removal"));
  }
}

function skipped(files) {
  if (!files.length) return [];
  return [
    element("h3", {}, say("skipped")),
    element("ul", { className: "plain" }, ...files.map((file) => element("li", {}, own(file.reason)))),
  ];
}
