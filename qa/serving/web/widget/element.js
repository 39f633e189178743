// The element: its box, its attributes and the conversation in it.
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);
const DARK = matchMedia("(prefers-color-scheme: dark)");
const LONGEST_QUESTION = 1000;

class SuraqChat extends HTMLElement {
  static observedAttributes = ["src", "lang", "accent", "title", "placeholder", "theme", "floating"];

  // Each a question and what came of it: a `reply` with the `service` it came from, a `failure`, or neither yet.
  #turns = [];
  #asking = null;
  #open = false;
  #colour = () => this.#paint();
  #parts = {};

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [SHEET];
    const opener = make("button", { type: "button", className: "opener" });
    const close = make("button", { type: "button", className: "close" }, make("span", { ariaHidden: "true" }, "×"));
    const name = make("p", { className: "name" });
    const hint = make("p", { className: "soft hint" });
    const log = make("div", { className: "log", role: "log", ariaLive: "off", tabIndex: 0 });
    const field = make("input", { type: "text", maxLength: LONGEST_QUESTION, autocomplete: "off", enterKeyHint: "send" });
    const send = make("button", { className: "send" });
    const form = make("form", {}, field, send);
    const top = make("div", { className: "top" }, name, close);
    const panel = make("div", { className: "panel", id: "panel" }, top, hint, log, form);
    const status = make("p", { className: "heard", role: "status" });
    // An empty title keeps the element's own from showing as a tooltip over everything within.
    const box = make("div", { className: "box", title: "" }, opener, panel, status);
    root.append(box);
    this.#parts = { box, opener, panel, close, name, hint, log, form, field, send, status };
    opener.setAttribute("aria-controls", "panel");
    opener.addEventListener("click", () => this.#toggle(!this.#open));
    close.addEventListener("click", () => this.#toggle(false));
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#floats && this.#toggle(false));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  connectedCallback() {
    DARK.addEventListener("change", this.#colour);
    this.#draw();
  }

  disconnectedCallback() {
    DARK.removeEventListener("change", this.#colour);
    this.#asking?.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#draw();
  }

  focus(options) {
    this.#parts.field.focus(options);
  }

  get #floats() {
    return this.hasAttribute("floating");
  }

  /** What to say: in the language of the attribute, of what is around the element, of the browser, or in English. */
  get #texts() {
    const around = this.parentElement?.closest("[lang]")?.lang;
    const tags = [this.lang, around, document.documentElement.lang, ...navigator.languages, "en"];
    const codes = tags.map((tag) => tag?.toLowerCase().split("-")[0]);
    const language = codes.find((code) => Object.hasOwn(TEXTS, code));
    return { ...TEXTS[language], language };
  }

  /** The service's address without a slash at its end; throws a Failure where there is none. */
  get #service() {
    const written = this.getAttribute("src") || (SCRIPT && new URL(".", SCRIPT).href) || "";
    const address = URL.canParse(written, document.baseURI) ? new URL(written, document.baseURI) : null;
    if (!written || !/^https?:$/.test(address?.protocol)) throw new Failure("address", { src: written });
    return (address.origin + address.pathname).replace(/\/+$/, "");
  }

  #draw() {
    const texts = this.#texts;
    const { box, opener, panel, close, name, hint, log, field, send } = this.#parts;
    box.lang = texts.language;
    box.role = this.#floats ? "complementary" : "group";
    box.ariaLabel = name.textContent = this.title || texts.title;
    box.classList.toggle("floating", this.#floats);
    panel.hidden = this.#floats && !this.#open;
    opener.hidden = !this.#floats;
    opener.textContent = texts.open;
    opener.ariaExpanded = String(this.#open);
    close.hidden = !this.#floats;
    close.ariaLabel = close.title = texts.close;
    hint.textContent = texts.hint;
    hint.hidden = this.#turns.length > 0;
    log.ariaLabel = texts.log;
    log.hidden = !this.#turns.length;
    this.#turns.forEach((turn) => this.#drawTurn(turn, texts));
    field.ariaLabel = texts.question;
    field.placeholder = this.getAttribute("placeholder") ?? texts.placeholder;
    send.textContent = texts.ask;
    this.#paint();
  }

  #paint() {
    const { box } = this.#parts;
    const scheme = ["light", "dark"].includes(this.getAttribute("theme"))
      ? this.getAttribute("theme")
      : DARK.matches ? "dark" : "light";
    box.classList.toggle("dark", scheme === "dark");
    const wanted = this.getAttribute("accent");
    const accent = wanted && resolved(wanted, box);
    for (const name of ["--accent", "--on-accent", "--accent-text"]) box.style.removeProperty(name);
    for (const [name, value] of Object.entries(accent ? accents(accent, scheme) : {})) box.style.setProperty(name, value);
  }

  /** What has not changed stays as it is, with its focus and what is unfolded in it. */
  #drawTurn(turn, texts) {
    if (turn.drawn === texts.language) return;
    const element = this.#turn(turn, texts);
    if (turn.element) turn.element.replaceWith(element);
    else this.#parts.log.append(element);
    Object.assign(turn, { element, drawn: texts.language });
  }

  #turn(turn, texts) {
    const answer = make("div", { className: "answer" });
    if (turn.reply) answer.append(...new Answer(turn.reply, turn.service, texts, (range) => this.#show(range)).elements());
    else if (turn.failure) answer.append(...this.#failed(turn, texts));
    else answer.append(make("p", { className: "soft" }, turn.starting ? texts.starting : texts.searching));
    return make("div", { className: "turn" }, make("p", { className: "asked", ...OWN }, turn.question), answer);
  }

  #failed(turn, texts) {
    const again = make("button", { type: "button", className: "again" }, texts.again);
    again.addEventListener("click", () => {
      this.#parts.field.focus();
      this.#answer(turn);
    });
    return [make("p", { className: "failure" }, filled(texts[turn.failure.name], turn.failure.values)), again];
  }

  #submit() {
    const { field } = this.#parts;
    const question = field.value.trim();
    if (!question || this.#asking) return;
    field.value = "";
    const turn = { question };
    this.#turns.push(turn);
    this.#answer(turn);
  }

  async #answer(turn) {
    if (this.#asking) return;
    this.#asking = new AbortController();
    Object.assign(turn, { failure: null, starting: false });
    this.#tell(turn, this.#texts.searching);
    try {
      const service = this.#service;
      const before = this.#turns.slice(0, this.#turns.indexOf(turn)).filter((one) => one.reply);
      const asked = before.map((one) => one.question);
      const reply = await ask(service, turn.question, asked, this.#asking.signal, () => {
        turn.starting = true;
        this.#tell(turn, this.#texts.starting);
      });
      Object.assign(turn, { reply, service });
    } catch (error) {
      turn.failure = error instanceof Failure ? error : new Failure("broken", { status: error.message });
    }
    this.#asking = null;
    const texts = this.#texts;
    this.#tell(turn, turn.reply ? spoken(turn.reply, texts) : filled(texts[turn.failure.name], turn.failure.values));
  }

  /** Show what became of a question, bring its beginning into view, and say it to those who hear the page. */
  #tell(turn, words) {
    if (!this.isConnected) return;
    turn.drawn = null;
    this.#draw();
    const { log, form, status } = this.#parts;
    log.scrollTop = turn.element.offsetTop - log.firstElementChild.offsetTop;
    form.scrollIntoView({ block: "nearest", behavior: "instant" });
    status.textContent = words;
  }

  #show(range) {
    // On a small screen the panel would cover what it shows.
    if (this.#floats && innerWidth < 600) this.#toggle(false);
    mark(range);
    this.#parts.status.textContent = this.#texts.marked;
  }

  #toggle(open) {
    this.#open = open;
    this.#draw();
    if (open) this.#parts.field.focus();
    else this.#parts.opener.focus();
  }
}

customElements.define("suraq-chat", SuraqChat);
