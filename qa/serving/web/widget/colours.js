// The page's accent colour, made readable: WCAG 2.2, contrast of text, 4.5 to 1.
const READABLE = 4.5;
const WHITE = [1, 1, 1], BLACK = [0, 0, 0];
// As `--card` and `--ink` in the style sheet.
const CARD = { light: WHITE, dark: [0.106, 0.122, 0.137] };
const INK = { light: [0.11, 0.129, 0.149], dark: [0.906, 0.898, 0.878] };

/** A CSS colour as red, green and blue from 0 to 1, or null where it is none. `element` must stand on the page. */
function resolved(colour, element) {
  // A mixture is told as numbers in sRGB, in whatever notation the colour was written.
  const mixture = `color-mix(in srgb, ${colour}, ${colour})`;
  if (!CSS.supports("color", mixture)) return null;
  element.style.color = mixture;
  const told = getComputedStyle(element).color;
  element.style.color = "";
  const numbers = told.match(/-?\d*\.?\d+(?:e-?\d+)?/g)?.slice(0, 3).map(Number) ?? [];
  if (numbers.length < 3) return null;
  const largest = told.startsWith("color(srgb") ? 1 : 255;
  return numbers.map((part) => Math.min(Math.max(part / largest, 0), 1));
}

/** Relative luminance, as WCAG defines it. */
function luminance(colour) {
  const [red, green, blue] = colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** The accent to fill with, what is readable upon it, and the nearest to it that is readable as text. */
function accents(accent, scheme) {
  // Black or white: one of the two always has more than 4.5.
  const upon = contrast(accent, WHITE) >= READABLE ? WHITE : BLACK;
  let text = accent;
  for (let share = 0.1; contrast(text, CARD[scheme]) < READABLE && share <= 1; share += 0.1) {
    text = accent.map((part, index) => part + (INK[scheme][index] - part) * share);
  }
  return { "--accent": css(accent), "--on-accent": css(upon), "--accent-text": css(text) };
}

const css = (colour) => `rgb(${colour.map((part) => Math.round(part * 255)).join(" ")})`;
