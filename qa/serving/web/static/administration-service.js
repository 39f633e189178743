// The service's routes, asked with the owner's token; what they refuse, in words.

import { announce, say } from "./administration-parts.js";

const KEPT_AS = "suraq-admin-token";
const FIRST_EVENT_MS = 3000;
const BETWEEN_LOOKS_MS = 1000;
const TAKEN_OVER_MS = 20000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

function storage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

// Where a browser refuses to keep anything, the token lasts as long as the page is open.
let unkept = "";

// Kept for this tab alone: not in a cookie, which would be sent by itself, and not beyond the tab's end.
export const token = {
  get: () => (storage() ? storage().getItem(KEPT_AS) ?? "" : unkept),
  set: (value) => {
    if (storage()) storage().setItem(KEPT_AS, value);
    else unkept = value;
  },
  forget: () => {
    storage()?.removeItem(KEPT_AS);
    unkept = "";
  },
};

// A header holds bytes: those of UTF-8, as the service compares them.
const authorization = () => `Bearer ${String.fromCharCode(...new TextEncoder().encode(token.get()))}`;

export const path = (id) => `/documents/${id.split("/").map(encodeURIComponent).join("/")}`;

// The reply, or `Refused` with what the service says of it; a token that is taken no longer is told to the page.
export async function request(address, options = {}) {
  const headers = { ...options.headers, Authorization: authorization() };
  const reply = await fetch(address, { ...options, headers, cache: "no-store" });
  if (reply.ok) return reply;
  let detail = reply.statusText;
  try {
    detail = (await reply.json()).detail ?? detail;
  } catch {
    // a proxy's error page, say
  }
  if (reply.status === 401) document.dispatchEvent(new CustomEvent("suraq-refused"));
  throw new Refused(reply.status, detail);
}

export const json = async (address, options) => (await request(address, options)).json();

export const post = (address, body) =>
  json(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// An error as a sentence in the page's language, and the service's own words where they tell more.
export function words(problem) {
  if (!(problem instanceof Refused)) {
    return say("unreachable");
  }
  const known = { 401: "token_gone", 503: "not_ready" }[problem.status];
  return known ? say(known) : say("refused", { detail: problem.message });
}

// Do what a button says: what goes wrong is told.
export async function attempt(act) {
  try {
    return await act();
  } catch (problem) {
    announce(words(problem), true);
    return undefined;
  }
}

// Follow a rebuild to its end, told of by `tell` at each step: by events, else by asking again and again.
export async function follow(id, tell) {
  for (;;) {
    try {
      const ended = await followEvents(id, tell);
      if (ended) return ended;
    } catch (problem) {
      if (problem instanceof Refused) throw problem;
    }
    // The stream broke off, or a proxy keeps it back.
    await pause(BETWEEN_LOOKS_MS);
    try {
      const job = await json(`/index/jobs/${id}`);
      tell(job);
      if (job.finished_at) return job;
    } catch (problem) {
      if (problem instanceof Refused) throw problem;
    }
  }
}

// EventSource could send no header.
async function followEvents(id, tell) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), FIRST_EVENT_MS);
  try {
    const reply = await request(`/index/jobs/${id}/events`, { signal: late.signal });
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let received = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return null;
      const blocks = (received + value).split(/\r?\n\r?\n/);
      received = blocks.pop();
      for (const job of blocks.flatMap(jobsIn)) {
        clearTimeout(timer);
        tell(job);
        if (job.finished_at) return job;
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function jobsIn(block) {
  const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return data.length ? [JSON.parse(data.map((line) => line.slice(5)).join("\n"))] : [];
}

// What is published answers a moment later.
export async function untilLive(generation) {
  const until = Date.now() + TAKEN_OVER_MS;
  while (Date.now() < until && (await json("/index")).generation !== generation) await pause(200);
}
