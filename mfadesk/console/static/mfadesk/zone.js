// Tells the desk which zone this browser's clock is in, so that pages can show times in it. It decides nothing: deadlines are the server's.
const COOKIE = "mfadesk_zone";
const here = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const kept = decodeURIComponent(document.cookie.match(new RegExp(`(?:^|; )${COOKIE}=([^;]*)`))?.[1] ?? "");

if (here && here !== (kept || "UTC")) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${COOKIE}=${encodeURIComponent(here)}; path=/; max-age=31536000; samesite=lax${secure}`;
  // The page that is shown was drawn in the zone from before. It is asked for again only where asking does nothing, and never twice.
  const stuck = document.cookie.includes(`${COOKIE}=`);
  if (stuck && document.documentElement.dataset.method === "GET" && document.querySelector("time")) location.reload();
}
