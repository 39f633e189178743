// Asking the service, and what to say where it does not answer.
const PASSAGES = 4;
const MOST_EARLIER = 20;
const PATIENCE = 30_000; // milliseconds in all, waiting for a service that starts included
const ATTEMPTS = 4;
const LONGEST_WAIT = 5; // seconds

/** What went wrong: the name of a text, and the values in it. */
class Failure extends Error {
  constructor(name, values = {}) {
    super(name);
    this.name = name;
    this.values = values;
  }
}

/**
 * The reply of `POST /ask`; throws a Failure. `asked` are the questions before, from which this one may go on; `gone` is an AbortSignal, and `starting` is called where the service is
 * not ready and is asked again in a moment.
 */
async function ask(service, question, asked, gone, starting) {
  const body = { question, earlier: asked.slice(-MOST_EARLIER), top_k: PASSAGES };
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  gone.addEventListener("abort", () => limit.abort());
  try {
    for (let attempt = 1; ; attempt += 1) {
      const reply = await sent(service, body, limit.signal);
      if (reply.ok) return await read(reply);
      if (reply.status !== 503 || attempt === ATTEMPTS) throw await refusal(reply);
      starting();
      await pause(Math.min(waitOf(reply, 1), LONGEST_WAIT), limit.signal);
    }
  } catch (failure) {
    if (limit.signal.aborted) throw new Failure("late");
    throw failure;
  } finally {
    clearTimeout(timer);
  }
}

async function sent(service, body, signal) {
  let policy = false;
  const note = () => { policy = true; };
  document.addEventListener("securitypolicyviolation", note);
  try {
    return await fetch(`${service}/ask`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = await unreached(service, signal, () => policy);
    throw new Failure(reason, { service: new URL(service).host, origin: location.origin });
  } finally {
    document.removeEventListener("securitypolicyviolation", note);
  }
}

/** Browsers do not tell a script why a request failed. A service that is there, but may not be read, refuses the page. */
async function unreached(service, signal, policy) {
  if (!navigator.onLine) return "offline";
  const request = { mode: "no-cors", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal };
  const there = await fetch(`${service}/livez`, request).then(() => true, () => false);
  await new Promise((resolve) => setTimeout(resolve)); // a breach of the page's policy is told in a task of its own
  if (policy()) return "policy";
  return there && new URL(service).origin !== location.origin ? "refused" : "unreachable";
}

async function read(reply) {
  const body = await reply.json().catch(() => null);
  if (!Array.isArray(body?.passages)) throw new Failure("broken", { status: reply.status });
  return body;
}

async function refusal(reply) {
  if (reply.status === 503) return new Failure("unready");
  if (reply.status === 429) return new Failure("busy", { seconds: waitOf(reply, 60) });
  const problem = await reply.json().catch(() => null);
  if (reply.status < 500 && problem?.detail) return new Failure("rejected", { detail: problem.detail });
  return new Failure("broken", { status: reply.status });
}

// Retry-After may be a date as well, which is rare and not worth its code.
const waitOf = (reply, otherwise) => Number(reply.headers.get("Retry-After")) || otherwise;

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", reject);
  });
}
