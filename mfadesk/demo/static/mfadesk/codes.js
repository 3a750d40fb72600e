// Keeps the codes of an open page fresh: counts the seconds down, and asks again when a step ends. Without it, reloading does the same.
for (const list of document.querySelectorAll("[data-codes]")) {
  const first = list.querySelector("[data-left]");
  if (!first) continue;
  let left = Number(first.dataset.left);
  setInterval(async () => {
    left -= 1;
    if (left <= 0) {
      left = 30;
      try {
        const answer = await fetch(list.dataset.codes, { headers: { Accept: "application/json" } });
        for (const [key, shown] of Object.entries((await answer.json()).codes)) {
          const place = list.querySelector(`[data-code="${CSS.escape(key)}"]`);
          if (place && shown.code) place.textContent = shown.code;
          if (shown.left) left = shown.left;
        }
      } catch {
        left = 3;
      }
    }
    for (const place of list.querySelectorAll("[data-left]")) place.textContent = `${left} s`;
  }, 1000);
}
