// Demo only. Whenever a page asks for a passkey, offers the example people's, and leaves the browser's own one click away. The server signs
// with the chosen one exactly as a security key would; whoever verifies it cannot tell and need not.
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer.buffer ?? buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const toBuffer = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
const toJson = (value) => {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return toText(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toJson(item)]));
  return value;
};

let token = "";
async function ask(path, body) {
  token ||= (await (await fetch("/demo/softkey/token")).json()).token;
  const answer = await fetch(`/demo/softkey/${path}`, {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": token },
  });
  const told = await answer.json();
  if (!answer.ok) throw new DOMException(told.detail, "NotAllowedError");
  return told;
}

function credentialOf(answer) {
  const response = { getTransports: () => answer.response.transports ?? [] };
  for (const [name, value] of Object.entries(answer.response)) if (name !== "transports") response[name] = toBuffer(value);
  return {
    id: answer.id, rawId: toBuffer(answer.rawId), type: answer.type, authenticatorAttachment: answer.authenticatorAttachment, response,
    getClientExtensionResults: () => answer.clientExtensionResults ?? {}, toJSON: () => answer,
  };
}

function button(list, strong, small, value) {
  const item = document.createElement("li");
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  made.append(strong);
  if (small) {
    const more = document.createElement("small");
    more.textContent = small;
    made.append(" ", more);
  }
  made.addEventListener("click", () => list.closest("dialog").close(value));
  item.append(made);
  list.append(item);
}

function choose(kind, offered) {
  const dialog = document.createElement("dialog");
  dialog.className = "softkey";
  dialog.setAttribute("aria-labelledby", "softkey-h");
  const heading = document.createElement("h2");
  heading.id = "softkey-h";
  heading.textContent = kind === "create" ? "Demo: this page makes a passkey" : "Demo: this page asks for a passkey";
  const list = document.createElement("ul");
  const more = document.createElement("ul");
  more.className = "more";
  dialog.append(heading, list, more);
  document.body.append(dialog);
  if (kind === "create") button(list, `Make a demo passkey for ${offered.for}`, "", "make");
  for (const key of offered.keys) button(list, `Use ${key.owner}’s demo passkey`, key.label, key.id);
  button(more, "Use this browser’s own passkey", "", "own");
  button(more, "Use none", "", "");
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue);
  }));
}

function wrap(kind) {
  const own = navigator.credentials[kind].bind(navigator.credentials);
  navigator.credentials[kind] = async (asked) => {
    if (!asked?.publicKey || asked.mediation === "conditional") return own(asked);
    const options = toJson(asked.publicKey);
    const chosen = await choose(kind, await ask("offer", { kind, options }));
    if (chosen === "own") return own(asked);
    if (!chosen) throw new DOMException("No passkey was used.", "NotAllowedError");
    return credentialOf(await ask("use", { kind, options, key: chosen }));
  };
}

if (navigator.credentials && window.PublicKeyCredential) {
  wrap("get");
  wrap("create");
}
