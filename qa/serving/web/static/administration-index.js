// What is live, how the documents have moved on from it, and building it anew.

import { announce, at, button, confirmed, element, number, own, say, time } from "./administration-parts.js";
import { attempt, follow, json, post, untilLive } from "./administration-service.js";

let following = null;

export async function refresh() {
  const live = await json("/index");
  at("index-facts").replaceChildren(
    ...fact("built", element("time", { dateTime: live.built_at }, time(live.built_at))),
    ...fact("documents", number(live.counts.documents)),
    ...fact("passages", number(live.counts.passages)),
    ...fact("model", own(live.model.name === live.model.source ? live.model.name : `${live.model.name} (${live.model.source})`)),
    ...fact("generation", element("code", {}, live.generation)),
  );
  at("staleness").replaceChildren(...staleness(live));
}

export function clear() {
  following = null;
  for (const id of ["index-facts", "staleness", "held", "outcome"]) at(id).replaceChildren();
  for (const id of ["held", "outcome", "progress"]) at(id).hidden = true;
}

// Go on following a build that was begun before the page was opened.
export async function resume() {
  await attempt(async () => {
    const { jobs } = await json("/index/jobs");
    const running = jobs.find((job) => !job.finished_at);
    if (running) await followed(running.id);
    else if (jobs[0]?.phase === "held") await showHeld(jobs[0]);
  });
}

const fact = (name, value) => [element("dt", {}, say(name)), element("dd", {}, value)];

function staleness(live) {
  if (!live.stale) return [element("p", { className: "good" }, say("up_to_date"))];
  const kinds = ["added", "changed", "removed", "reasons"].filter((kind) => live.staleness[kind].length);
  return [
    element("p", { className: "warn" }, say("stale")),
    element("dl", { className: "facts" }, ...kinds.flatMap((kind) => fact(`files_${kind}`, names(live.staleness[kind])))),
  ];
}

const names = (all) =>
  element("span", {}, ...all.flatMap((name, place) => (place ? [", ", own(name)] : [own(name)])));

at("rebuild").addEventListener("click", () => build(false));

const build = (force) =>
  attempt(async () => {
    const started = await post("/index/rebuild", { force });
    await followed(started.job);
  });

document.addEventListener("suraq-job", (event) => attempt(() => followed(event.detail)));

async function followed(id) {
  following = id;
  at("rebuild").disabled = true;
  at("outcome").hidden = true;
  at("held").hidden = true;
  at("progress").hidden = false;
  let phase = "";
  try {
    const ended = await follow(id, (job) => {
      if (following !== id) return;
      step(job);
      if (job.phase !== phase && !job.finished_at) announce(say(`phase_${job.phase}`));
      phase = job.phase;
    });
    if (following !== id) return; // signed out, or another edit has started the next one
    if (ended.phase === "published") await untilLive(ended.generation);
    await ending(ended);
  } finally {
    if (following === id) {
      following = null;
      at("progress").hidden = true;
      at("rebuild").disabled = false;
    }
  }
}

function step(job) {
  const bar = at("bar");
  const counted = job.total > 0 && !job.finished_at;
  const figures = counted ? ` ${say("of", { done: number(job.done), total: number(job.total) })}` : "";
  at("phase").textContent = say(`phase_${job.phase}`) + figures;
  if (counted) {
    bar.max = job.total;
    bar.value = job.done;
  } else bar.removeAttribute("value");
}

async function ending(job) {
  const bad = job.phase === "failed" || job.phase === "held";
  announce(say(`phase_${job.phase}`), bad);
  at("outcome").hidden = false;
  at("outcome").replaceChildren(`${time(job.finished_at)}: ${say(`phase_${job.phase}`)}`, ...reason(job));
  document.dispatchEvent(new CustomEvent("suraq-changed"));
  if (job.phase === "held") await showHeld(job);
}

const reason = (job) => (job.phase === "failed" && job.detail ? [" ", own(job.detail)] : []);

async function showHeld(job) {
  const { generations } = await json("/index/generations");
  const kept = generations.find((one) => one.generation === job.generation && one.held?.length);
  if (!kept) return; // it has been published, or removed since
  at("held").hidden = false;
  at("held").replaceChildren(
    element("h3", {}, say("held_title")),
    element("p", {}, say("held_text")),
    element("ul", {}, ...kept.held.map((line) => element("li", {}, own(line)))),
    button(say("publish"), async () => {
      if (await confirmed(say("publish"), say("publish_ask"), say("publish"))) await build(true);
    }),
  );
}
