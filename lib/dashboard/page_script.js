// The dashboard's only script. Pages are complete without it; it keeps them up to date: when the server tells that
// something changed, the page is fetched again and its live parts, those marked data-live, are replaced where they
// differ.

/** Replaces the live parts by those of the page at an address. */
async function refresh(address) {
  const response = await fetch(address);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next && next.innerHTML !== shown.get(part)) replace(part, next);
  }
  for (const input of document.querySelectorAll("[data-filter]")) filter(input);
}

// What each part was when it came: a reader's ticks and opened details are not differences.
const shown = new Map();
for (const part of document.querySelectorAll("[data-live]")) shown.set(part, part.innerHTML);

function replace(part, next) {
  shown.delete(part);
  shown.set(next, next.innerHTML);
  for (const box of part.querySelectorAll("input:checked")) {
    const same = next.querySelector(`#${CSS.escape(box.id)}`);
    if (same) same.checked = true;
  }
  for (const details of part.querySelectorAll("details[open]")) {
    const same = next.querySelector(`#${CSS.escape(details.id)}`);
    if (same) same.open = true;
  }
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceWith(next);
  if (focused !== "") document.getElementById(focused)?.focus({ preventScroll: true });
}

// One refresh at a time; what is asked for meanwhile is asked for once more at its end.
let wanted;
let isRefreshing = false;
async function refreshSoon(address) {
  wanted = address;
  if (isRefreshing) return;
  isRefreshing = true;
  try {
    while (wanted !== undefined) {
      const now = wanted;
      wanted = undefined;
      await refresh(now);
    }
  } catch {
    // The connection is gone; that is shown, and on its return all is fetched again.
  } finally {
    isRefreshing = false;
  }
}

/** Follows the server's events while the page can be seen; a hidden one holds no connection. */
function follow(address) {
  const connection = document.getElementById("connection");
  let events;
  const listen = () => {
    events?.close();
    if (document.hidden) return;
    events = new EventSource(address);
    events.onopen = () => {
      connection.textContent = "live";
      refreshSoon(location.href);
    };
    events.addEventListener("change", () => refreshSoon(location.href));
    events.onerror = () => connection.textContent = "not connected";
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}

/** Shows a form's result while it is filled in; the address follows, so that it can be kept and shared. */
function refreshAsTyped(form) {
  const address = () => `${form.action}?${new URLSearchParams(new FormData(form))}`;
  const update = () => {
    history.replaceState(undefined, "", address());
    refreshSoon(address());
  };
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, 150);
  });
}

/** Hides the elements that lack one of an input's words; what is ticked in them stays so. */
function filter(input) {
  const words = input.value.toLowerCase().split(/\s+/);
  for (const element of document.querySelectorAll(input.dataset.filter)) {
    const text = element.textContent.toLowerCase();
    element.hidden = !words.every((word) => text.includes(word));
  }
}

for (const input of document.querySelectorAll("[data-filter]")) {
  input.hidden = false;
  input.addEventListener("input", () => filter(input));
  filter(input);
}
if (document.body.dataset.events) follow(document.body.dataset.events);
for (const form of document.querySelectorAll("form[data-refresh]")) refreshAsTyped(form);
