// An old link may name an anchor that the page has no more: ask what became of it, and go there.

function seek() {
  try {
    const place = decodeURIComponent(location.hash.slice(1));
    if (!place || document.getElementById(place)) {
      sessionStorage.removeItem("sought");
      return;
    }
    const address = `${location.pathname}/at/${encodeURIComponent(place)}`;
    // What is remembered keeps it from going in circles.
    if (sessionStorage.getItem("sought") === address) return;
    // The redirect is left to the browser, since a reply to fetch does not tell the anchor.
    fetch(address, { method: "HEAD", redirect: "manual" }).then(
      (reply) => {
        if (reply.type !== "opaqueredirect") return;
        sessionStorage.setItem("sought", address);
        location.replace(address);
      },
      () => {},
    );
  } catch {
    // A hash that is no text, or a browser that keeps nothing: the page stays at its top.
  }
}

export function followMovedAnchors() {
  addEventListener("hashchange", seek);
  seek();
}
