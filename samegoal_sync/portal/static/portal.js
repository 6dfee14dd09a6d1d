// What no library does for us: arrow keys, a shortcut, drafts. Every page works without it; htmx
// searches as one types.
"use strict";

// Up and down walk through the links of a [data-arrows] box; a field of [data-arrows-into] leads in.
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === document.querySelector("[data-shortcut]")?.dataset.shortcut) {
    event.preventDefault();
    document.querySelector("[data-shortcut]").focus();
    document.querySelector("[data-shortcut]").select();
    return;
  }
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const field = event.target.closest("[data-arrows-into]");
  const box = field ? document.getElementById(field.dataset.arrowsInto) : event.target.closest("[data-arrows]");
  if (!step || !box || event.altKey || (field && event.key !== "ArrowDown")) return;
  const links = [...box.querySelectorAll(box.dataset.arrows)];
  const next = links[field ? 0 : links.indexOf(event.target) + step];
  const back = document.querySelector(`[data-arrows-into="${box.id}"]`);
  if (!next && !(back && step < 0)) return;
  event.preventDefault();
  (next || back).focus();
});

// Who turned the page by its link would else stand nowhere: the link is gone on the last one.
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement === document.body) event.target.querySelector("a")?.focus();
});

// An answer that is no page (signed out, or a fault) must not leave the old rows as if they were found.
document.addEventListener("htmx:responseError", () => window.location.reload());

// A print shows the text below its box, for a box can't be split over pages.
document.addEventListener("input", (event) => {
  const printed = event.target.nextElementSibling;
  if (printed?.matches(".printed")) printed.textContent = event.target.value;
});

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

// A value is copied by its button; without a script, or where a browser lets no page copy, there is none.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
}
