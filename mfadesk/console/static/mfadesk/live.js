// Keeps a page true without ever moving what is under somebody's hands.
// The server gives one version; when it moves, `data-mode` says what to do: "swap" takes the new regions with htmx, "ask" offers a link,
// "reload" loads the page again (the portal's waiting pages, which hold no form). With this file missing, every page still works.
const root = document.querySelector("[data-live]");
const held = document.getElementById("held");
const offline = document.getElementById("offline");
const every = Number(root.dataset.every);
let version = root.dataset.version;
let lastHeard = new Date();
let missed = 0;
let told = new Set();

const isControl = (el) => el.matches("input:not([type=hidden]), textarea, select");
const changed = (el) => (el.type === "radio" || el.type === "checkbox" ? el.checked !== el.defaultChecked : el.value !== el.defaultValue);
const inUse = (region) =>
  (region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select, button, a, summary")) ||
  [...region.querySelectorAll("input, textarea, select")].some((el) => isControl(el) && !el.readOnly && changed(el));
// CSRF tokens are masked anew in each answer; they alone are no reason to touch a region. Open details are the reader's, not the server's.
const plain = (el) => {
  const copy = el.cloneNode(true);
  copy.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => field.remove());
  copy.querySelectorAll("details").forEach((details) => details.removeAttribute("open"));
  return copy.innerHTML;
};

function offer() {
  if (!held || held.firstChild) return;
  const link = document.createElement("a");
  link.href = location.pathname + location.search;
  link.textContent = root.dataset.offer ?? "Something here has changed. Show it";
  held.append(link);
}

function take() {
  if (root.dataset.mode === "reload") location.reload();
  else if (root.dataset.mode === "ask") offer();
  else window.htmx.trigger(root, "moved");
}

let opened = [];
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const fresh = fragment.firstElementChild ?? fragment;
  if (plain(target) === plain(fresh) && target.className === fresh.className) event.detail.shouldSwap = false;
  else if (inUse(target)) {
    event.detail.shouldSwap = false;
    offer();
  } else opened = [...document.querySelectorAll("details[open][id]")].map((details) => details.id);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  tick();
});

function clockText(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

// The clock time is the server's and stays; only the minutes behind it are counted here, and they decide nothing.
function tick() {
  for (const el of document.querySelectorAll("[data-until]")) {
    const minutes = Math.floor((new Date(el.dataset.until) - Date.now()) / 60000);
    if (minutes >= 90) continue;
    el.textContent = minutes < 0 ? "" : minutes < 1 ? "under a minute" : `${minutes} min`;
    const notice = minutes === 5 || minutes === 1 ? `${el.dataset.until}/${minutes}` : "";
    if (notice && held && !held.firstChild && !told.has(notice)) {
      told.add(notice);
      const words = document.createElement("span");
      words.className = "sr";
      words.textContent = minutes === 5 ? "5 minutes left" : "1 minute left";
      held.append(words);
      setTimeout(() => words.remove(), 4000);
    }
  }
}

async function ask() {
  try {
    const answer = await fetch(root.dataset.live, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const now = String(await answer.json());
    missed = 0;
    lastHeard = new Date();
    if (offline) offline.textContent = "";
    if (now !== version) {
      version = now;
      take();
    }
  } catch {
    missed += 1;
    if (missed === 3 && offline) offline.textContent = `Not connected since ${clockText(lastHeard)}. Nothing is sent.`;
  }
}

async function loop() {
  if (!document.hidden) await ask();
  // A desk that is away is asked less and less, so that a restart is not met by every browser at once.
  setTimeout(loop, Math.min(every * 2 ** Math.min(missed, 4), 20000));
}
document.addEventListener("visibilitychange", () => document.hidden || ask());
window.addEventListener("online", ask);
setTimeout(loop, every);
setInterval(tick, 15000);
