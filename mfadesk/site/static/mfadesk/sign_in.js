// Carries a passkey between the browser's own dialogue and the sign-in forms. `data-passkey` is "get" or "create"; the options stand in
// the element that `data-from` names, or are asked for at `data-options`.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const MESSAGES = {
  NotAllowedError: "The passkey was not used. Nothing has changed. Try again when you are ready.",
  InvalidStateError: "This device holds a passkey for you already. Use it, or take another device.",
  SecurityError: "Your passkey does not know this address. Nothing has changed.",
};

async function optionsOf(form) {
  if (form.dataset.from) return JSON.parse(document.getElementById(form.dataset.from).textContent);
  // allauth tells a script from a person by this header.
  const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
  if (!answer.ok) throw new Error("The desk did not answer. Nothing has changed. Try again in a minute.");
  return (await answer.json()).request_options;
}

function decode(options, kind) {
  const key = structuredClone(options.publicKey ?? options);
  key.challenge = toBytes(key.challenge);
  if (key.user) key.user.id = toBytes(key.user.id);
  for (const list of [key.allowCredentials, key.excludeCredentials]) for (const item of list ?? []) item.id = toBytes(item.id);
  // Every key that is added here can sign in on its own, so it must be one that the browser can find and that knows its user.
  if (kind === "create") key.authenticatorSelection = { ...key.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" };
  return key;
}

function encode(credential) {
  const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = toText(credential.response[part]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment ?? null, clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function run(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("[type=submit]");
  problem.textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    const kind = form.dataset.passkey;
    const publicKey = decode(await optionsOf(form), kind);
    const credential = await navigator.credentials[kind]({ publicKey });
    form.elements.credential.value = JSON.stringify(encode(credential));
    form.submit();
  } catch (error) {
    problem.textContent = MESSAGES[error.name] ?? error.message;
    button.focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.querySelector("[aria-busy]")) run(form);
  });
}
