// A reply of the service as elements. All text is put there as text, never as markup.

/** An element with some properties, and children: elements, or strings as text. */
function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// Of which language a text of the essay is the reply does not tell; the interface's it need not be.
const OWN = { lang: "", dir: "auto" };

const labelOf = (passage) => passage.citation.label || passage.citation.title;

/** The quotation that answers, with the passage it stands in; null where the essay does not answer. */
function quotation(reply) {
  if (!reply.answerable || !reply.passages.length) return null;
  const { answer } = reply;
  const passage = reply.passages[answer?.passage ?? 0];
  return answer ? { passage, text: answer.text, start: answer.start, end: answer.end } : whole(passage);
}

const whole = (passage) => ({
  passage,
  text: passage.text,
  start: passage.citation.start,
  end: passage.citation.end,
});

/** What is said of a reply to those who hear the page. */
function spoken(reply, texts) {
  const quoted = quotation(reply);
  return quoted ? `${quoted.text} ${labelOf(quoted.passage)}` : texts.none;
}

/** The elements of a reply. `service` is where it came from, `show` marks a Range of the page. */
class Answer {
  #page = new PageText();

  constructor(reply, service, texts, show) {
    Object.assign(this, { reply, service, texts, show });
  }

  elements() {
    const quoted = quotation(this.reply);
    if (!quoted) return this.#nearest();
    const rest = this.reply.passages.filter((passage) => passage !== quoted.passage);
    return [
      make("blockquote", { className: "quote", ...OWN }, quoted.text),
      make("p", { className: "source" }, this.#link(quoted), ...this.#titled(quoted.passage)),
      ...(rest.length ? [this.#others(rest)] : []),
    ];
  }

  #nearest() {
    const { passages } = this.reply;
    const several = new Set(passages.map((passage) => passage.citation.document)).size > 1;
    const titled = (passage) => (several ? this.#titled(passage) : []);
    const links = passages.map((passage) => make("li", {}, this.#link(whole(passage)), ...titled(passage)));
    const list = [make("p", { className: "soft" }, this.texts.nearest), make("ul", {}, ...links)];
    return [make("p", { className: "nothing" }, this.texts.none), ...(passages.length ? list : [])];
  }

  #others(passages) {
    const items = passages.map((passage) =>
      make("li", {}, make("p", OWN, passage.text), make("p", { className: "source" }, this.#link(whole(passage)))));
    const summary = make("summary", {}, filled(this.texts.others, { count: passages.length }));
    return make("details", {}, summary, make("ul", { className: "others" }, ...items));
  }

  #titled({ citation }) {
    return citation.label ? [make("span", { className: "soft title", ...OWN }, citation.title)] : [];
  }

  /** A citation: the passage on this page if it stands there, else on the service's reading page. */
  #link({ passage, text, start, end }) {
    // Where an item's label is a heading or a cell of its own, the page has no colon, and maybe not even the label.
    const { item } = passage.citation;
    const wordings = item && text.startsWith(`${item}:`) ? [text, text.slice(item.length + 1)] : [text];
    const here = this.#page.find(wordings) !== null;
    const hint = ` (${here ? this.texts.here : this.texts.new_tab})`;
    const label = make("span", OWN, labelOf(passage));
    const link = make("a", { href: this.#address(passage.citation, start, end), target: "_blank", rel: "noopener" });
    link.append(label, make("span", { className: "heard" }, hint));
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      const range = new PageText().find(wordings); // the page may have changed since
      if (!range) return;
      event.preventDefault();
      this.show(range);
    });
    return link;
  }

  #address({ url }, start, end) {
    const address = new URL(url.startsWith("/") ? this.service + url : url);
    address.searchParams.set("start", start);
    address.searchParams.set("end", end);
    return /^https?:$/.test(address.protocol) ? address.href : this.service;
  }
}
