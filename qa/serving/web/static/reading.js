// What the reading page does beyond showing the essay.
import { followCurrentSection } from "./current-section.js";
import { showMarkedSpan } from "./marked-span.js";
import { followMovedAnchors } from "./moved-anchors.js";
import { watchForNewerText } from "./newer-text.js";

followMovedAnchors();
showMarkedSpan();
followCurrentSection(document.querySelectorAll(".contents"));
watchForNewerText(document.getElementById("main"), document.querySelector(".notice"));
