// Brings what the address asks to mark into view, where its anchor does not already lead nearer to it.

export function showMarkedSpan() {
  const mark = document.querySelector(".essay mark");
  if (!mark) return;
  let anchor = null;
  try {
    anchor = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    // A hash that is no text leads nowhere.
  }
  // A passage may be taller than the window: its sentence is the nearer place.
  if (!anchor || anchor.contains(mark)) mark.scrollIntoView({ block: "center", behavior: "instant" });
}
