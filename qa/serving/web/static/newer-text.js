// Says so when the essay that is open was changed meanwhile. The index may move on for other documents' sake: only
// another hash of this one's source counts.

async function head(address) {
  const reply = await fetch(address, { method: "HEAD", cache: "no-store" });
  return { reply, generation: reply.headers.get("X-Index-Generation") };
}

// "changed", "gone", or null; notes in `state` the generation that was seen to hold the same text.
async function news(main, source, state) {
  const { generation } = await head(main.dataset.live);
  if (!generation || generation === state.generation) return null;
  const { reply, generation: told } = await head(main.dataset.text);
  if (reply.status === 404) return "gone";
  if (!reply.ok) return null;
  const tag = (reply.headers.get("ETag") ?? "").replace(/^W\/|"/g, "");
  if (tag && tag !== source) return "changed";
  state.generation = told;
  return null;
}

function tell(notice, what) {
  const content = document.getElementById("notice").content.cloneNode(true);
  content.querySelector(what === "gone" ? ".changed" : ".gone").remove();
  const button = content.querySelector("button");
  button.addEventListener("click", load);
  notice.replaceChildren(content);
}

// The offsets of a marked stretch were those of the former text.
function load() {
  const address = new URL(location.href);
  for (const name of ["start", "end", "source"]) address.searchParams.delete(name);
  history.replaceState(null, "", address);
  location.reload();
}

export function watchForNewerText(main, notice) {
  const source = main.querySelector(".essay").dataset.source;
  const state = { generation: main.dataset.generation };
  let timer = 0;
  let looking = false;

  async function look() {
    if (looking || notice.hasChildNodes() || document.visibilityState !== "visible") return;
    clearTimeout(timer);
    looking = true;
    const what = await news(main, source, state).catch(() => null);
    looking = false;
    if (what) tell(notice, what);
    else timer = setTimeout(look, 1000 * Number(main.dataset.every));
  }

  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, 1000 * Number(main.dataset.every));
}
