// The last questions that found no answer, where they are kept.

import { announce, at, button, confirmed, element, languageName, own, percent, readingAddress, say, table, time } from "./administration-parts.js";
import { attempt, json, request } from "./administration-service.js";

export async function refresh() {
  at("questions").replaceChildren(...shown(await json("/index/unanswered")));
}

export function clear() {
  at("questions").replaceChildren();
}

function shown({ place, of_this_worker: partial, questions }) {
  if (place === "nowhere") return [element("p", { className: "hint" }, say("not_kept"))];
  const hint = element("p", { className: "hint" }, say(`kept_in_${place}`), ...(partial ? [` ${say("one_worker")}`] : []));
  const again = button(say("refresh"), () => attempt(refresh));
  if (!questions.length) return [hint, element("p", {}, say("none_unanswered")), element("div", { className: "actions" }, again)];
  const headers = ["question", "asked", "language_of", "nearest", "confidence"].map((name) => say(name));
  const rows = questions.map((one) => [
    own(one.question),
    element("time", { dateTime: one.time }, time(one.time)),
    languageName(one.language),
    nearest(one.nearest),
    percent(one.confidence),
  ]);
  const empty = button(say("forget"), () => attempt(forget), { className: "button danger" });
  return [hint, table(say("questions_caption"), headers, rows), element("div", { className: "actions" }, again, empty)];
}

const nearest = (one) => (one ? element("a", { href: readingAddress(one.document, one.anchor) }, own(one.label)) : "—");

async function forget() {
  if (!(await confirmed(say("forget_title"), say("forget_ask"), say("forget")))) return;
  await request("/index/unanswered", { method: "DELETE" });
  announce(say("forgotten"));
  await refresh();
}
