// What the reading page does beyond showing the essay.
import { followMovedAnchors } from "./moved-anchors.js";

followMovedAnchors();
