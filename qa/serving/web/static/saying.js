// What the page says: its words in the reader's language, and the place where screen readers hear them.

export const texts = JSON.parse(document.getElementById("texts").textContent);

const region = document.getElementById("said");

/** Tell those who do not see the page what has happened on it. */
export function say(text) {
  // The same words twice are no change, and would not be read again.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
