// The owner's page: who has the token sees it.

import { at, say } from "./administration-parts.js";
import { attempt, request, token, words } from "./administration-service.js";
import * as documents from "./administration-documents.js";
import * as generations from "./administration-generations.js";
import * as index from "./administration-index.js";
import * as questions from "./administration-questions.js";

const parts = [index, documents, generations, questions];

async function refresh() {
  await attempt(() => Promise.all(parts.map((part) => part.refresh())));
}

function show(signedIn) {
  at("signing-in").hidden = signedIn;
  at("panel").hidden = !signedIn;
  at("sign-out").hidden = !signedIn;
}

function signOut(why, bad = true) {
  token.forget();
  parts.forEach((part) => part.clear());
  at("news").replaceChildren();
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  show(false);
  at("refusal").textContent = why;
  at("refusal").className = bad ? "bad" : "hint";
  at("token").value = "";
  at("token").focus();
}

async function enter() {
  try {
    await request("/index/jobs");
  } catch (problem) {
    if (problem.status === 401) return; // told by the event
    token.forget();
    show(false);
    at("refusal").textContent = words(problem);
    return;
  }
  at("refusal").textContent = "";
  at("token").value = "";
  show(true);
  at("title").focus({ preventScroll: true });
  await refresh();
  await index.resume();
}

at("signing-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = at("token").value.trim();
  if (!typed) {
    at("refusal").textContent = say("missing_token");
    return;
  }
  token.set(typed);
  enter();
});

at("sign-out").addEventListener("click", () => signOut(say("signed_out"), false));
document.addEventListener("suraq-refused", () => signOut(say(at("panel").hidden ? "wrong_token" : "token_gone")));
document.addEventListener("suraq-changed", refresh);
at("reporting")?.addEventListener("submit", (event) => {
  const field = event.target.elements.access_token;
  field.value = token.get();
  // Once it is sent, the page need not hold it.
  setTimeout(() => { field.value = ""; });
});

show(false);
if (token.get()) enter();
