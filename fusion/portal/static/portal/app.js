// What HTML cannot say by itself. Every page is read, and every form is sent, without it too.
"use strict";

// The server writes times in the zone of the browser, unless its reader chose another.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const secure = location.protocol === "https:" ? "; secure" : "";
if (zone) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;

// A form is sent once: the second click of a double click finds its button disabled.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  setTimeout(() => {
    for (const button of form.querySelectorAll("button:not([type=button], :disabled)")) {
      button.disabled = true;
      button.dataset.sent = "";
    }
  });
});

// A line that removes a product offers what is held, any other what can be ordered.
document.addEventListener("change", (event) => {
  if (!event.target.name?.endsWith("-action")) return;
  const product = event.target.closest(".line")?.querySelector("input[list]");
  product?.setAttribute("list", event.target.value === "remove" ? "held" : "products");
});

// Rows come back from the server as they were typed. Browsers keep, for the way back to this page,
// only what is not as the server wrote it.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "rows") return;
  for (const field of event.target.querySelectorAll(".line input")) {
    const typed = field.value;
    field.defaultValue = "";
    field.value = typed;
  }
});

// The back button may bring the page back as it was left.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("button[data-sent]")) button.disabled = false;
});

// A link that is meant to be passed on is copied, where the browser allows it.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-copy]");
  if (!link || !navigator.clipboard) return;
  event.preventDefault();
  await navigator.clipboard.writeText(link.href);
  link.querySelector("span").textContent = link.dataset.copy;
});

// A branch of the tree opens and closes; htmx fetches it the first time.
document.addEventListener("click", (event) => {
  const twist = event.target.closest(".twist");
  if (!twist) return;
  event.preventDefault();
  const branch = document.getElementById(twist.getAttribute("aria-controls"));
  branch.hidden = !branch.hidden;
  twist.setAttribute("aria-expanded", String(!branch.hidden));
});

// A filter that one types into has been fetched for while typing. It also changes when it is left:
// fetched for again, the row that is just being clicked would be replaced under the click.
addEventListener(
  "change",
  (event) => {
    const typed = ".filters input:not([type=date], [type=checkbox], [type=radio])";
    if (event.target.matches(typed)) event.stopPropagation();
  },
  true,
);

// What htmx could not fetch is said: else a button would seem to do nothing. It is over when the
// next request succeeds.
function tell(isFault) {
  const fault = document.getElementById("fault");
  if (fault) fault.hidden = !isFault;
}
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, () => tell(true));
}
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) tell(false);
});
