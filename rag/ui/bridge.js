// The one script of the page, static and our own. It knows what Streamlit does not: clicks on the
// number of a citation, the Escape key, where to scroll, where the focus is, what a screen reader should hear.
// It takes nothing from an article; what it sends is checked again in Python.

const page = (window.belegPage ??= { started: false, opening: 0, turns: 0, announced: "", listeners: null, opener: null, tapped: null });

export default function ({ data, setTriggerValue, parentElement }) {
  document.documentElement.lang = data.language;
  // What pops up stands outside the app, and would be drawn in light colours on dark.
  document.documentElement.style.colorScheme = getComputedStyle(document.querySelector(".stApp")).colorScheme;
  document.querySelector('.st-key-ask [data-testid="stChatInput"] button')?.setAttribute("aria-label", data.send); // Streamlit's is English
  const onScreenKeyboard = !matchMedia("(hover: hover)").matches;
  if (!page.started && !onScreenKeyboard) reveal(".st-key-ask textarea", (box) => box.focus());
  page.started = true;
  listen(setTriggerValue);
  announce(parentElement.querySelector("[aria-live]"), data.announcement);
  if (data.turns > page.turns) {
    if (onScreenKeyboard) document.activeElement?.blur(); // or the keyboard would cover the answer
    reveal(`#beleg-turn-${data.turns - 1}`, toTop);
  }
  page.turns = data.turns;
  if (data.opening && data.opening !== page.opening) reveal(`[data-opening="${data.opening}"]`, toMark);
  if (!data.opening && page.opening) giveFocusBack();
  page.opening = data.opening;
}

function listen(setTriggerValue) {
  page.listeners?.abort(); // each run brings a new way to answer; the old one must not speak too
  page.listeners = new AbortController();
  const { signal } = page.listeners;
  document.addEventListener("pointerdown", (event) => {
    page.tapped = event.pointerType === "touch" ? unseenPreview(event.target) : null;
  }, { signal, capture: true });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest?.("button[data-cite]");
    if (mark && mark === page.tapped) mark.focus(); // the first tap shows what the number stands for, the second follows it
    else if (mark) follow(mark);
    const copy = event.target.closest?.("button[data-copy]");
    if (copy) copyFrom(copy);
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll(".beleg-mark:is(:hover, :focus-within)").forEach(quieten);
    if (document.querySelector(".beleg-article")) setTriggerValue("leave", true);
  }, { signal });

  function follow(mark) {
    quieten(mark.closest(".beleg-mark"));
    setTriggerValue("cite", mark.dataset.cite);
  }
}

// The preview of a number that is touched, if it is not to be seen yet.
function unseenPreview(target) {
  const mark = target.closest?.("button[data-cite]");
  const preview = mark?.parentElement.querySelector(":scope > .beleg-preview");
  return preview && getComputedStyle(preview).visibility === "hidden" ? mark : null;
}

// Hides a preview until pointer and focus have left it.
function quieten(mark) {
  if (!mark) return;
  mark.dataset.quiet = "";
  const speak = () => { delete mark.dataset.quiet; };
  mark.addEventListener("pointerleave", speak, { once: true });
  mark.addEventListener("focusout", speak, { once: true });
}

async function copyFrom(button) {
  const text = button.previousElementSibling;
  getSelection().selectAllChildren(text); // seen as chosen, and there to be copied by hand where the browser refuses
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch {
    if (!document.execCommand("copy")) return; // older, and the only way where the page came without encryption
  }
  button.textContent = button.dataset.done;
}

function announce(region, text) {
  if (!region || text === page.announced) return;
  page.announced = text;
  region.textContent = text;
}

// The element may come a moment after this script: elements of one run are drawn one by one.
function reveal(selector, move, patience = 60) {
  const element = document.querySelector(selector);
  if (element) requestAnimationFrame(() => move(element));
  else if (patience > 0) setTimeout(() => reveal(selector, move, patience - 1), 50);
}

function toTop(question) {
  const first = question.id === "beleg-turn-0"; // the masthead above it may stay in sight
  (first ? document.querySelector(".beleg-masthead") : question).scrollIntoView({ block: first ? "end" : "start", behavior: "instant" });
}

function toMark(article) {
  page.opener = document.activeElement;
  article.querySelector("#beleg-active")?.scrollIntoView({ block: "center", behavior: "instant" });
  article.querySelector("h2")?.focus({ preventScroll: true });
}

function giveFocusBack() {
  const again = page.opener?.isConnected ? page.opener : document.querySelector(`[data-cite="${page.opener?.dataset.cite}"]`);
  again?.focus({ preventScroll: true }); // Streamlit may have drawn the number anew in the meantime
  page.opener = null;
}
