// The form that writes a document: a new one, or another text for one that is there.

import { announce, at, own, say } from "./administration-parts.js";
import { path, request, words } from "./administration-service.js";

// The document that is replaced, as it was when its text was loaded; null: a new one is made.
let replaced = null;

export async function replace(one) {
  const reply = await request(`${path(one.id)}/text`);
  replaced = { id: one.id, tag: reply.headers.get("ETag") };
  at("document-id").value = one.id;
  at("document-id").readOnly = true;
  at("document-text").value = await reply.text();
  at("document-file").value = "";
  choose(/\.(md|markdown)$/i.test(one.name) ? "text/markdown" : "text/plain");
  // A document keeps its kind.
  at("kinds").disabled = true;
  at("editor-title").replaceChildren(`${say("replacing")} `, own(one.name));
  at("editing-refusal").textContent = "";
  at("editor").open = true;
  at("document-text").focus();
}

export function close() {
  replaced = null;
  at("editing").reset();
  at("document-id").readOnly = false;
  at("kinds").disabled = false;
  at("editor-title").textContent = say("add");
  at("editing-refusal").textContent = "";
  at("editor").open = false;
}

function choose(kind) {
  for (const one of at("editing").elements.kind) one.checked = one.value === kind;
}

at("editing-cancel").addEventListener("click", () => {
  close();
  at("editor-title").focus();
});

at("document-file").addEventListener("change", () => {
  const file = at("document-file").files[0];
  if (!file || replaced) return;
  choose(/\.(md|markdown)$/i.test(file.name) ? "text/markdown" : "text/plain");
  if (!at("document-id").value) at("document-id").value = file.name.replace(/\.[^.]*$/, "");
});

at("editing").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("editing-refusal").textContent = "";
  try {
    await write();
  } catch (problem) {
    at("editing-refusal").textContent = problem instanceof Missing ? problem.message : refusal(problem);
  }
});

class Missing extends Error {}

async function write() {
  const id = at("document-id").value.trim();
  const body = at("document-file").files[0] ?? at("document-text").value;
  if (!id) throw new Missing(say("missing_id"));
  // The browser would resolve them, and write to another address.
  if (id.split("/").some((part) => part.startsWith("."))) throw new Missing(say("bad_id"));
  if (!(typeof body === "string" ? body.trim() : body.size)) throw new Missing(say("missing_text"));
  const condition = replaced ? { "If-Match": replaced.tag } : { "If-None-Match": "*" };
  const kind = at("editing").elements.kind.value;
  const headers = { "Content-Type": `${kind}; charset=utf-8`, ...condition };
  const { job } = await (await request(path(id), { method: "PUT", headers, body })).json();
  close();
  announce(say("written"));
  at("editor-title").focus();
  if (job) document.dispatchEvent(new CustomEvent("suraq-job", { detail: job }));
}

function refusal(problem) {
  if (problem.status === 412) return say(replaced ? "lost_update" : "exists_already");
  if (problem.status === 413) return say("too_large");
  return words(problem);
}
