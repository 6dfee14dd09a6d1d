// Search as one types: sends the form after a short rest and replaces the list below it.
// Without this script the form works by its button.
"use strict";
for (const form of document.querySelectorAll("form[data-as-typed]")) {
  const target = document.getElementById(form.dataset.asTyped);
  let waiting;
  let latest = 0;
  const search = async () => {
    const mine = ++latest;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Part": "results" } });
    if (answer.redirected || !answer.ok) {
      window.location.reload();
      return;
    }
    const text = await answer.text();
    if (mine === latest) target.innerHTML = text;
  };
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(search, event.target.type === "search" ? 180 : 0);
  });
}
