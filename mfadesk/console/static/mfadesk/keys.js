// Single keys for people who live in this page all day. Dead inside fields, and off for good with one tick (WCAG 2.1.4).
// No key approves, sends, raises or ends: keys choose, open and move; "Enter" presses the button that the page shows with it.
const KEYS = [
  ["1 – 9", "Choose an answer"], ["Enter", "Record the answer"], ["R", "Ring the number on file (opens it first)"], ["P", "If they push"], ["B", "Go to the proof"], ["T", "Go to what happened"],
  ["X", "End without a change (asks first)"], ["J and K", "Next and previous call in the list"], ["O", "Open it"], ["/", "Go to the search field"], ["N", "Start a call"],
  ["G then C", "Go to the calls"], ["?", "This list"],
];
const STORE = "mfadesk.keys";
const page = document.documentElement;
const on = () => page.dataset.keys === "on";
let after = "";

function set(state) {
  page.dataset.keys = state;
  try { localStorage.setItem(STORE, state); } catch { /* a browser that keeps nothing still has keys for this page */ }
}
let kept = null;
try { kept = localStorage.getItem(STORE); } catch { /* as above */ }
page.dataset.keys = kept === "off" ? "off" : "on";

function node(name, text, attributes = {}) {
  const el = document.createElement(name);
  if (text) el.textContent = text;
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  return el;
}

let dialog;
function list() {
  if (!dialog) {
    dialog = node("dialog", "", { class: "keys", "aria-labelledby": "keys-h" });
    const rows = node("dl");
    for (const [key, words] of KEYS) rows.append(node("dt", key), node("dd", words));
    const label = node("label", "", { class: "tick" });
    const box = node("input", "", { type: "checkbox" });
    box.checked = on();
    box.addEventListener("change", () => set(box.checked ? "on" : "off"));
    label.append(box, node("span", "Single keys work on this computer"));
    const form = node("form", "", { method: "dialog" });
    form.append(node("button", "Close", { class: "btn", type: "submit" }));
    dialog.append(node("h2", "Keys", { id: "keys-h" }), rows, label, form);
    document.body.append(dialog);
  }
  dialog.showModal();
}
for (const button of document.querySelectorAll("[data-open-keys]")) {
  button.hidden = false;
  button.addEventListener("click", list);
}

function move(by) {
  const links = [...document.querySelectorAll(".rows a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1)].focus();
}

function choose(number) {
  // A shown details section is where the hands are; otherwise the first question on the page.
  const scope = document.querySelector("details[open].attest") ?? document;
  const radio = scope.querySelectorAll(".answers")[0]?.querySelectorAll("input[type=radio]")[number - 1];
  if (radio) { radio.checked = true; radio.focus(); }
}

const go = (id) => { const el = document.getElementById(id); el?.focus(); el?.scrollIntoView({ block: "nearest" }); };

document.addEventListener("keydown", (event) => {
  const here = event.target;
  if (event.key === "?" && !here.matches("input:not([type=radio]), textarea, select")) { event.preventDefault(); return list(); }
  if (!on() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (here.matches("input:not([type=radio]), textarea, select, [contenteditable]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const was = after;
  after = key === "g" ? "g" : "";
  if (was === "g" && key === "c") { location.href = "/"; return; }
  if (key >= "1" && key <= "9") { choose(Number(key)); return event.preventDefault(); }
  if (key === "j" || key === "k") { move(key === "j" ? 1 : -1); return event.preventDefault(); }
  if (key === "o") { if (here.matches(".rows a")) here.click(); return; }
  if (key === "b") return go("proof");
  if (key === "t") return go("timeline");
  if (key === "Enter" && here.matches("a, button, summary")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.length === 1 ? key : event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  const shut = target.matches("summary") ? null : target.closest("details:not([open])");
  if (shut) { shut.open = true; target.focus(); return; }
  if (target.matches("input")) target.focus();
  else if (key === "Enter") { if (target.form.reportValidity()) target.form.requestSubmit(target); }
  else { target.focus(); target.click(); }
});
