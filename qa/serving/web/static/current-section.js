// Tells in the contents where on the page the reader is.

// A section is read when it stands in a narrow band, a little under where an anchor brings it.
const BAND = "-22% 0px -77% 0px";

// The element that an entry's place on the page is seen by: for a section all of it, not its heading alone.
function placeOf(link) {
  const named = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  return named?.closest(".heading")?.parentElement ?? named;
}

function atEnd() {
  return scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
}

// The last of the page never comes up to the band: there the last one in view is read, or the one that was chosen.
function lastInView(places) {
  const seen = places.filter((place) => place.getBoundingClientRect().top < innerHeight * 0.9);
  const chosen = document.querySelector(":target");
  const own = chosen?.closest(".heading")?.parentElement ?? chosen;
  return seen.includes(own) && own.getBoundingClientRect().top >= 0 ? own : seen.at(-1);
}

function mark(lists, links, place) {
  for (const [link, own] of links) {
    if (own !== place) link.removeAttribute("aria-current");
    else if (!link.hasAttribute("aria-current")) {
      link.setAttribute("aria-current", "location");
      for (const list of lists) if (list.contains(link)) keepInView(list, link);
    }
  }
}

// By hand, since scrollIntoView would also move the page.
function keepInView(list, link) {
  const [outer, inner] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

export function followCurrentSection(lists) {
  const links = new Map();
  for (const list of lists) {
    for (const link of list.querySelectorAll("a")) {
      const place = placeOf(link);
      if (place) links.set(link, place);
    }
  }
  const places = [...new Set(links.values())];
  const inBand = new Set();
  let shown = null;

  function tell() {
    // An item stands within its section and comes after it in the contents.
    const place = atEnd() && scrollY > 0 ? lastInView(places) : places.filter((one) => inBand.has(one)).at(-1);
    if (place && place !== shown) {
      shown = place;
      mark(lists, links, place);
    }
  }

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) inBand[entry.isIntersecting ? "add" : "delete"](entry.target);
      tell();
    },
    { rootMargin: BAND },
  );
  for (const place of places) observer.observe(place);
  addEventListener("scrollend", tell);
  addEventListener("scroll", () => atEnd() && tell(), { passive: true });
  for (const details of document.querySelectorAll(".contents details")) {
    details.addEventListener("click", (event) => {
      if (event.target.closest("a")) details.open = false;
    });
  }
}
