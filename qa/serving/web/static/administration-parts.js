// What the parts of the owner's page share: words, elements, figures, and what is told or asked.

const texts = JSON.parse(document.getElementById("texts").textContent);
export const language = document.documentElement.lang;
// Browsers lack the data for Kazakh, or have half of it; Russian figures and numeric dates are written alike.
const locale = language === "en" ? "en-GB" : "ru";
const dates = new Intl.DateTimeFormat(locale, { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" });
const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

export const at = (id) => document.getElementById(id);

// What the page says, with what belongs between its braces.
export function say(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

// An element; children are elements or texts. Whatever comes from a document arrives here as a text, and stays one.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// A name, title or text of a document: its direction must not turn the words around it.
export const own = (text, properties = {}) => element("bdi", properties, text);

export const number = (value) => numbers.format(value);
export const time = (iso) => dates.format(new Date(iso));
export const percent = (value) => `${number(Math.round(value * 100))}\u00a0%`;

export function size(bytes) {
  const units = ["unit_b", "unit_kb", "unit_mb", "unit_gb"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit += 1) bytes /= 1024;
  return `${number(unit ? bytes : Math.round(bytes))}\u00a0${say(units[unit])}`;
}

export function languageName(code) {
  if (!code) return "—";
  if (texts[`language_${code}`]) return say(`language_${code}`);
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

export const readingAddress = (id, anchor = "") =>
  `/read/${id.split("/").map(encodeURIComponent).join("/")}${anchor && `#${encodeURIComponent(anchor)}`}`;

export function button(text, act, properties = {}) {
  const made = element("button", { type: "button", className: "button", ...properties }, text);
  made.addEventListener("click", act);
  return made;
}

// A table whose cells know their column's name, which is shown beside them where the screen is narrow.
export function table(caption, headers, rows) {
  const cells = (row) =>
    row.map((cell, column) =>
      element(column ? "td" : "th", { role: column ? "cell" : "rowheader", "data-header": headers[column] }, cell),
    );
  return element(
    "table",
    { role: "table" },
    element("caption", {}, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" },
      ...headers.map((header) => element("th", { role: "columnheader", scope: "col" }, header)))),
    element("tbody", { role: "rowgroup" }, ...rows.map((row) => {
      const made = element("tr", { role: "row" }, ...cells(row));
      made.firstChild.setAttribute("scope", "row");
      return made;
    })),
  );
}

// Tell the owner, seen or heard, without taking the focus away.
export function announce(text, bad = false) {
  const news = at("news");
  news.classList.toggle("bad", bad);
  news.replaceChildren(
    element("p", {}, text),
    button("×", () => news.replaceChildren(), { className: "button quiet", "aria-label": say("dismiss") }),
  );
}

// Whether the owner wants it, asked in a dialogue that has the focus until it is answered.
export function confirmed(title, text, action) {
  const dialog = at("confirming");
  at("confirming-title").textContent = title;
  at("confirming-text").textContent = text;
  at("confirming-action").textContent = action;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
