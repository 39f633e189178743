// The generations that are kept: going back to one, and what differs between two.

import { announce, at, button, confirmed, element, number, own, readingAddress, say, size, table, time } from "./administration-parts.js";
import { attempt, json, post, untilLive } from "./administration-service.js";

export async function refresh() {
  const { generations } = await json("/index/generations");
  const headers = ["built", "documents", "passages", "size", "state", "actions"].map((name) => say(name));
  at("generations").replaceChildren(table(say("generations_caption"), headers, generations.map(row)));
  options(generations);
}

export function clear() {
  for (const id of ["generations", "difference", "older", "newer"]) at(id).replaceChildren();
}

const built = (one) => (one.built_at ? time(one.built_at) : "—");

function row(one) {
  const named = element("span", { className: "named" }, built(one), element("code", { className: "hint" }, one.generation));
  const figure = (value, shown) => (value === undefined || value === null ? "—" : shown(value));
  return [
    named,
    figure(one.counts?.documents, number),
    figure(one.counts?.passages, number),
    figure(one.size_bytes, size),
    state(one),
    one.live || one.damaged ? "—" : goingBack(one),
  ];
}

function state(one) {
  if (one.damaged) return element("span", { className: "bad long" }, `${say("damaged")}: `, own(one.damaged));
  if (one.live) return element("strong", { className: "good" }, say("live"));
  if (one.held === null) return say("kept");
  return element("span", { className: one.held.length ? "warn long" : "warn" }, say("held"), ...(one.held.length ? [": ", own(one.held.join("; "))] : []));
}

const isHeld = (one) => Boolean(one.held?.length);

function goingBack(one) {
  const text = say(isHeld(one) ? "publish" : "roll_back");
  const properties = { className: "button small", "aria-label": `${text}: ${built(one)}, ${one.generation}` };
  return button(text, () => attempt(() => rollBack(one)), properties);
}

async function rollBack(one) {
  const ask = say("roll_back_ask", { built: built(one), passages: number(one.counts?.passages ?? 0) });
  const asked = isHeld(one)
    ? confirmed(say("publish"), say("publish_ask"), say("publish"))
    : confirmed(say("roll_back_title"), ask, say("roll_back"));
  if (!(await asked)) return;
  const { generation } = await post("/index/rollback", { generation: one.generation });
  await untilLive(generation);
  announce(say("rolled_back"));
  document.dispatchEvent(new CustomEvent("suraq-changed"));
  at("generations-heading").scrollIntoView({ block: "nearest" });
}

function options(generations) {
  const whole = generations.filter((one) => !one.damaged);
  const live = Math.max(0, whole.findIndex((one) => one.live));
  fill("newer", whole, live);
  fill("older", whole, Math.min(live + 1, whole.length - 1));
  at("comparing").hidden = whole.length < 2;
}

function fill(id, generations, chosen) {
  at(id).replaceChildren(
    ...generations.map((one, place) =>
      element("option", { value: one.generation, selected: place === chosen }, `${built(one)}${one.live ? ` (${say("live")})` : ""} · ${one.generation.slice(-8)}`),
    ),
  );
}

at("comparing").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const query = new URLSearchParams({ a: at("older").value, b: at("newer").value });
    const found = await json(`/index/diff?${query}`);
    at("difference").replaceChildren(...difference(found));
    at("difference").focus();
  });
});

function difference(found) {
  const { kept, ...others } = found.counts;
  const kinds = ["added", "removed", "changed", "moved"].filter((kind) => others[kind]);
  const summary = element("p", {}, say("kept_passages", { n: number(kept) }));
  if (!kinds.length) return [element("p", { className: "good" }, say("no_difference")), summary];
  return [
    summary,
    ...kinds.flatMap((kind) => [
      element("h3", {}, `${say(`passages_${kind}`)}: ${number(others[kind])}`),
      element("ul", { className: "differences" }, ...found[kind].map((one) => element("li", {}, ...(one.before ? pair(one, kind) : single(one))))),
      ...(others[kind] > found[kind].length ? [element("p", { className: "hint" }, say("first_only", { n: number(found[kind].length) }))] : []),
    ]),
  ];
}

const place = (one) => element("span", { className: "hint" }, own(`${one.document} · ${one.label}`));
const single = (one) => [place(one), element("p", {}, own(one.text, { className: "verbatim" }))];

function pair({ before, after }, kind) {
  if (kind === "moved") return [element("p", {}, place(before), " → ", place(after)), element("p", {}, own(after.text, { className: "verbatim" }))];
  const [was, now] = marked(before.text, after.text);
  return [
    place(after),
    element("p", {}, element("span", { className: "which" }, `${say("was")}: `), element("del", {}, ...was)),
    element("p", {}, element("span", { className: "which" }, `${say("now")}: `), element("ins", {}, ...now)),
  ];
}

// Two texts, in each marked what lies between the words that they begin and end with alike.
function marked(before, after) {
  const [old, young] = [before, after].map((text) => text.split(/(?<=\s)/));
  let start = 0;
  while (start < old.length && start < young.length && old[start] === young[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, young.length) - start && old.at(-1 - end) === young.at(-1 - end)) end += 1;
  return [old, young].map((words) => [
    own(words.slice(0, start).join("")),
    element("mark", {}, own(words.slice(start, words.length - end).join(""))),
    own(words.slice(words.length - end).join("")),
  ]);
}
