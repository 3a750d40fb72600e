// Carries a WebAuthn ceremony between the server and the browser's own dialogue, then lets the form be sent like any other form.
// `data-webauthn` is "get" or "create"; `data-options` is where the options are asked for, `data-ready` holds them as JSON text instead.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const MESSAGES = {
  NotAllowedError: "The key was not used. Nothing has changed. Try again when you are ready.",
  InvalidStateError: "This device already holds a passkey for the account. Use it, or choose another device.",
  SecurityError: "This address is not one that your key knows. Nothing has changed.",
  TypeError: "This browser cannot use passkeys. Nothing has changed. Use another browser or another way.",
};

function decode(options) {
  const key = structuredClone(options.publicKey ?? options);
  key.challenge = toBytes(key.challenge);
  if (key.user) key.user.id = toBytes(key.user.id);
  for (const list of [key.allowCredentials, key.excludeCredentials]) for (const item of list ?? []) item.id = toBytes(item.id);
  return key;
}

function encode(credential) {
  const from = credential.response;
  const response = { clientDataJSON: toText(from.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (from[part]) response[part] = toText(from[part]);
  if (from.getTransports) response.transports = from.getTransports();
  return {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment ?? null, clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function options(form) {
  if (form.dataset.ready) return JSON.parse(form.dataset.ready);
  const answer = await fetch(form.dataset.options, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.detail ?? "The desk did not answer. Nothing has changed. Try again.");
  return told;
}

async function run(form) {
  const problem = form.querySelector("[data-webauthn-problem]");
  const button = form.querySelector("[type=submit]");
  problem.textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    const publicKey = decode(await options(form));
    const credential = await navigator.credentials[form.dataset.webauthn]({ publicKey });
    form.elements.response.value = JSON.stringify(encode(credential));
    form.submit();
  } catch (error) {
    problem.textContent = MESSAGES[error.name] ?? error.message;
    button.focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const bound = new WeakSet();
for (const form of document.querySelectorAll("form[data-webauthn]")) bind(form);
document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("form[data-webauthn]").forEach(bind));

function bind(form) {
  if (bound.has(form)) return;
  bound.add(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.querySelector("[aria-busy]")) run(form);
  });
}
