// How a document was understood: what was dropped from it and why, its sections, and the passages in each.

import { at, element, languageName, number, own, readingAddress, say, table } from "./administration-parts.js";
import { json, path, request } from "./administration-service.js";

const EXCERPT = 200;

export async function showOutline(one) {
  const [outline, { passages }] = await Promise.all([json(path(one.id)), json(`${path(one.id)}/passages`)]);
  const dropped = outline.dropped.length ? await texts(one.id, outline.dropped) : [];
  at("outline-title").replaceChildren(own(outline.title));
  const facts = [outline.name, outline.encoding, languageName(outline.language), say("characters", { n: number(outline.characters) })];
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  at("outline-body").replaceChildren(
    element("p", { className: "hint" }, ...facts.flatMap((fact, place) => (place ? [" · ", own(fact)] : [own(fact)]))),
    ...left(outline.dropped, dropped),
    ...outline.outline.flatMap((section) => sectionOf(section, byId, one.id)),
  );
  at("outline").showModal();
  at("outline").scrollTop = 0;
  at("outline-title").focus({ preventScroll: true });
}

// Offsets count characters; a script's texts count halves of some.
async function texts(id, spans) {
  const characters = Array.from(await (await request(`${path(id)}/text`)).text());
  return spans.map((span) => characters.slice(span.start, span.end).join(""));
}

function left(spans, texts) {
  if (!spans.length) return [element("p", { className: "good" }, say("nothing_dropped"))];
  const lines = (span) =>
    span.line_start === span.line_end ? number(span.line_start) : `${number(span.line_start)}–${number(span.line_end)}`;
  const rows = spans.map((span, place) => [lines(span), own(span.reason), own(texts[place].trim(), { className: "verbatim" })]);
  return [
    element("h3", {}, say("dropped")),
    table(say("dropped_caption"), [say("line"), say("why"), say("text")], rows),
  ];
}

function sectionOf(section, byId, id) {
  const passages = section.passages.map((one) => byId.get(one)).filter(Boolean);
  if (!section.level && !passages.length) return [];
  const heading = element("h3", { className: `level-${Math.min(section.level || 1, 4)}` },
    section.level ? own(section.path.at(-1)) : say("no_heading"));
  return [heading, element("ol", { className: "passages" }, ...passages.map((passage) => item(passage, id)))];
}

function item(passage, id) {
  const text = passage.text.length > EXCERPT ? `${passage.text.slice(0, EXCERPT).replace(/[\ud800-\udbff]$/, "")}…` : passage.text;
  return element(
    "li",
    {},
    element("a", { href: readingAddress(id, passage.citation.anchor) }, element("code", {}, `#${passage.citation.anchor}`)),
    " ",
    own(text, { className: "verbatim" }),
  );
}
