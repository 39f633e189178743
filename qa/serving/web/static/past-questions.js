// What was asked before. It is kept in this browser and sent nowhere.

import { say, texts } from "./saying.js";

const KEY = "suraq-questions";
const MOST = 50;

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(found) ? found.filter((one) => typeof one === "string").slice(0, MOST) : [];
  } catch {
    return []; // A browser may refuse to keep anything, and others may have written here.
  }
}

function store(questions) {
  try {
    localStorage.setItem(KEY, JSON.stringify(questions));
  } catch {
    // It is remembered as long as the page is open.
  }
}

export class PastQuestions {
  #details = document.getElementById("past");
  #list = document.getElementById("past-list");
  #questions = stored();

  /** ``ask`` is called with a question that is chosen. */
  constructor(ask) {
    document.getElementById("past-clear").addEventListener("click", () => this.#clear());
    this.#list.addEventListener("click", (event) => {
      const chosen = event.target.closest("a");
      if (!chosen || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#close();
      ask(chosen.textContent);
    });
    this.#details.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close();
    });
    document.addEventListener("click", (event) => {
      if (!this.#details.contains(event.target)) this.#details.open = false;
    });
    this.#show();
  }

  add(question) {
    // Another page of this browser may have added some since.
    const kept = stored();
    const before = (kept.length ? kept : this.#questions).filter((one) => one !== question);
    this.#questions = [question, ...before].slice(0, MOST);
    store(this.#questions);
    this.#show();
  }

  #clear() {
    this.#questions = [];
    store([]);
    say(texts.cleared);
    document.getElementById("question").focus();
    this.#show();
  }

  #close() {
    this.#details.open = false;
    this.#details.querySelector("summary").focus();
  }

  #show() {
    this.#list.replaceChildren(...this.#questions.map((question) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `/?q=${encodeURIComponent(question)}`;
      link.dir = "auto";
      link.textContent = question;
      item.append(link);
      return item;
    }));
    this.#details.hidden = !this.#questions.length;
    if (this.#details.hidden) this.#details.open = false;
  }
}
