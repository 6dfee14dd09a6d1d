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

// Keeps what is typed into a form as a draft, quietly: after a short rest, and when the page is
// left. Fields may stand outside of the form, tied to it by their form attribute.
for (const form of document.querySelectorAll("form[data-autosave]")) {
  const shown = document.getElementById(form.dataset.autosaveShown);
  let waiting;
  let unkept = false;
  let sending = false;
  const keep = async () => {
    clearTimeout(waiting);
    unkept = false;
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST", body, keepalive: body.toString().length < 60000,
      });
      const signedOut = answer.redirected && answer.url.endsWith("/sign-in");
      if (!answer.ok || signedOut) throw new Error(signedOut ? "signed out" : String(answer.status));
      shown.textContent = await answer.text();
    } catch (error) {
      unkept = true;
      shown.textContent = error.message === "signed out"
        ? "Not kept: you are signed out. Sign in in another tab; your text stays here."
        : "Not kept yet. Your text stays here; save it before you leave.";
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.form !== form) return;
    unkept = true;
    clearTimeout(waiting);
    waiting = setTimeout(keep, 1200);
  });
  form.addEventListener("submit", () => { sending = true; clearTimeout(waiting); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && unkept && !sending) keep();
  });
  window.addEventListener("beforeunload", (event) => {
    if (unkept && !sending) event.preventDefault();
  });
}
