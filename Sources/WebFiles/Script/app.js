// Everything works without this; with it parts of a page stay current, forms do not lose their place, and keys do things.
import "./choices.js";
import "./drafts.js";
import "./editor.js";
import "./forms.js";
import "./keys.js";
import "./lane.js";
import "./live.js";
import "./output.js";
import "./times.js";
