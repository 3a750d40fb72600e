// Nothing typed is lost: what the desk has not kept yet stays in this browser, with the text that it goes on from, and is sent again
// when the page or the connection comes back. With this file missing, the Save button still works.
const form = document.getElementById("editor");
const field = document.getElementById("text");
const held = document.getElementById("held");
const offline = document.getElementById("offline");
const key = `mfadesk.draft.${form.dataset.draft}`;
const value = (name) => document.querySelector(`#went-on [name=${name}]`);
let sent = "";

function keep() {
  try { localStorage.setItem(key, JSON.stringify({ text: field.value, base: value("base").value, revision: value("revision").value })); } catch { /* full or switched off */ }
}
function drop() {
  try { localStorage.removeItem(key); } catch { /* as above */ }
}
const send = () => window.htmx.trigger(field, "keep");

field.addEventListener("input", keep);
document.addEventListener("htmx:beforeRequest", (event) => { if (event.target === field) sent = field.value; });
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "checked" && event.target !== field) return;
  offline.textContent = "";
  if (!document.querySelector("#checked[data-kept]")) return;
  if (field.value === sent) drop();
  else keep();
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => {
    offline.textContent = "Not saved: the desk did not answer. What you typed is kept in this browser.";
    setTimeout(send, 5000);
  });
}
window.addEventListener("online", send);

// The address says when this page is the answer to a save, which may have brought two texts together.
const page = new URL(location.href);
if (page.searchParams.has("kept")) {
  drop();
  history.replaceState(null, "", page.pathname);
}
let kept = null;
try { kept = JSON.parse(localStorage.getItem(key)); } catch { /* nothing that can be read */ }
if (kept && kept.text !== field.value) {
  field.value = kept.text;
  value("base").value = kept.base;
  value("revision").value = kept.revision;
  held.textContent = "What you typed before is back.";
  window.addEventListener("load", send);
  if (document.readyState === "complete") send();
} else drop();

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  const lines = field.value.split("\n");
  const line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  field.focus();
  field.setSelectionRange(start + Math.min(Number(link.dataset.column) - 1, lines[line - 1].length), start + lines[line - 1].length);
  field.scrollTop = Math.max(0, (line - 4) * (field.scrollHeight / Math.max(lines.length, 1)));
});
