// The conversation: what is asked in the box is answered above it. A reply is the whole page that a browser without
// scripts would get; the exchange on it is taken as it is, so there is one way to show an answer.

import { openBeside } from "./beside.js";
import { copyOnClick } from "./copying.js";
import { PastQuestions } from "./past-questions.js";
import { say, texts } from "./saying.js";

// So many questions go with the next one, which may go on from them.
const EARLIER = 10;

const main = document.getElementById("main");
const talk = document.getElementById("talk");
const form = document.getElementById("ask");
const box = document.getElementById("question");
const past = new PastQuestions(ask);

/** The exchange of a page that the service sent. */
function exchangeOf(html) {
  const found = new DOMParser().parseFromString(html, "text/html").querySelector("article.exchange");
  return found && document.adoptNode(found);
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  if (name === "h2") made.dir = "auto";
  return made;
}

/** A question at the end of the conversation, with ``state`` in place of its answer. */
function unanswered(question, kind, state) {
  const exchange = element("article", "exchange", "");
  exchange.append(element("h2", "question", question), element("p", kind, state));
  exchange.dataset.said = state;
  return exchange;
}

/** What is said where too much is asked, which is told before there is a page. */
function busy(reply) {
  return texts.busy.replace("{seconds}", Number(reply.headers.get("Retry-After")) || 60);
}

async function fetched(question, earlier) {
  try {
    const reply = await fetch("/ask", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/html" },
      body: JSON.stringify({ question, earlier }),
    });
    const exchange = exchangeOf(await reply.text());
    if (!exchange && (reply.status === 429 || reply.status === 503)) return unanswered(question, "problem", busy(reply));
    if (!exchange) throw new Error(`status ${reply.status}`);
    // A page that tells of an error does not know what was asked in the body.
    if (!exchange.querySelector(".question")) exchange.prepend(element("h2", "question", question));
    return exchange;
  } catch {
    return unanswered(question, "problem", texts.unreachable);
  }
}

async function ask(question) {
  const earlier = [...talk.querySelectorAll("[data-question]")].map((one) => one.dataset.question).slice(-EARLIER);
  const pending = unanswered(question, "pending", texts.searching);
  pending.setAttribute("aria-busy", "true");
  main.classList.add("talking");
  talk.append(pending);
  // At once: a scroll that is still under way when the answer comes would end elsewhere.
  pending.scrollIntoView({ block: "start", behavior: "instant" });
  const exchange = await fetched(question, earlier);
  pending.replaceWith(exchange);
  say(exchange.dataset.said);
  if (exchange.dataset.link) {
    remember(exchange.dataset.link);
    tellAddress(exchange.dataset.link, question);
  }
}

/** Keep the question as it was read: one that went on from another says too little alone. */
function remember(link) {
  past.add(new URL(link, location.href).searchParams.get("q"));
}

/** Let the address, and those of the page in other languages, lead to the last question. */
function tellAddress(link, question) {
  history.replaceState(null, "", link);
  document.title = `${question} · ${document.title.split(" · ").at(-1)}`;
  for (const other of document.querySelectorAll(".languages a")) {
    const address = new URL(link, location.href);
    address.searchParams.set("lang", other.hreflang);
    other.href = address.href;
  }
}

/** What cannot grow by its style sheet alone grows here. */
function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (!question) {
    say(texts.empty);
    box.focus();
    return;
  }
  box.value = "";
  fit();
  // On a phone the keyboard would cover the answer.
  if (matchMedia("(pointer: coarse)").matches) box.blur();
  ask(question);
});

box.addEventListener("input", fit);
box.addEventListener("keydown", (event) => {
  // Enter also ends the choice of a character where those are composed.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

function isPlain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

document.addEventListener("click", (event) => {
  const example = event.target.closest(".examples a");
  const citation = event.target.closest("a.citation");
  if (!isPlain(event) || !(example || citation)) return;
  event.preventDefault();
  if (citation) openBeside(citation);
  else {
    ask(example.textContent);
    // The example is not there any more. On a phone the keyboard would cover the answer.
    (matchMedia("(pointer: coarse)").matches ? main : box).focus({ preventScroll: true });
  }
});

// What unfolds at the end of the page would do so out of sight.
document.querySelector(".embed").addEventListener("toggle", (event) => {
  if (event.target.open) event.target.scrollIntoView({ block: "end" });
});

copyOnClick();
// What the page came with was asked by its address; a place of the essay in that is opened beside.
const first = talk.querySelector("[data-question]");
if (first) {
  remember(first.dataset.link);
  const place = [...first.querySelectorAll("a.citation")].find((one) => one.hash === location.hash);
  if (place && location.hash) openBeside(place);
}
// Without a script the questions before go with the form; here they are those of the conversation.
form.querySelectorAll("[name=earlier]").forEach((one) => one.remove());
