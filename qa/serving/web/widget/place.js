// A sentence of the essay on the page itself, where that holds it.
const MARK = "suraq-chat";
const SHORTEST = 12; // letters: fewer may stand anywhere
const UNREAD = "script, style, noscript, template, textarea, select, option, suraq-chat";

// Letters and digits alone, without accents: what publishes a text may change its quotes, dashes and spaces, and split
// it among elements.
const bare = (text) => text.normalize("NFD").replace(/[^\p{L}\p{N}]+/gu, "");

/** The text that a page shows, to look sentences up in. */
class PageText {
  #nodes = [];
  #starts = [];
  #text = "";

  constructor() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const parts = [];
    let length = 0;
    while (walker.nextNode()) {
      const part = shown(walker.currentNode.parentElement) ? bare(walker.currentNode.data) : "";
      if (!part) continue;
      this.#nodes.push(walker.currentNode);
      this.#starts.push(length);
      parts.push(part);
      length += part.length;
    }
    this.#text = parts.join("");
  }

  /** Where the first of some wordings stands, as a Range, or null. */
  find(wordings) {
    for (const wording of wordings) {
      const sought = bare(wording);
      const start = sought.length < SHORTEST ? -1 : this.#text.indexOf(sought);
      if (start >= 0) return this.#range(start, start + sought.length);
    }
    return null;
  }

  /** With the quotes and the full stop that it begins and ends with. */
  #range(start, end) {
    const [first, from] = this.#at(start);
    const [last, to] = this.#at(end - 1);
    const range = document.createRange();
    range.setStart(first, first.data.slice(0, from).search(/[^\p{L}\p{N}\s]*$/u));
    range.setEnd(last, to + /^.[^\p{L}\p{N}\s]*/su.exec(last.data.slice(to))[0].length);
    return range;
  }

  /** The text node and the offset in it of a character of the bare text. */
  #at(position) {
    const index = this.#starts.findLastIndex((start) => start <= position);
    const node = this.#nodes[index];
    let left = position - this.#starts[index];
    let offset = 0;
    for (const character of node.data) {
      left -= bare(character).length;
      if (left < 0) break;
      offset += character.length;
    }
    return [node, offset];
  }
}

function shown(element) {
  if (!element || element.closest(UNREAD)) return false;
  return element.closest("details:not([open])") !== null || (element.checkVisibility?.() ?? true);
}

/** Scroll to a range of the page and mark it until the next one is. */
function mark(range) {
  for (let around = range.startContainer.parentElement; around; around = around.parentElement) {
    if (around.localName === "details") around.open = true;
  }
  // The first brings it into view in whatever scrolls within the page, the second to the middle of the window.
  range.startContainer.parentElement.scrollIntoView({ block: "center", behavior: "instant" });
  const { top, height } = range.getBoundingClientRect();
  scrollBy({ top: top + Math.min(height, innerHeight) / 2 - innerHeight / 2, behavior: "instant" });
  if (window.Highlight && CSS.highlights) {
    styleMarks();
    CSS.highlights.set(MARK, new Highlight(range));
  } else {
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
}

let marksAreStyled = false;

function styleMarks() {
  if (marksAreStyled) return;
  marksAreStyled = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`::highlight(${MARK}) { background-color: #ffe08a; color: #1c2126; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
