// Makes the page quicker to use. Whatever is here, the page does without as well, by links and forms.

const root = document.documentElement;
root.classList.add("scripted");
const box = document.getElementById("q");
const form = document.getElementById("search");
const list = document.getElementById("completions");

// ---- pages without a flash: another address is fetched, and its content put in place

let loading = null; // what is under way, so that a later wish ends it
let shown = location.pathname + location.search;

async function visit(address, { push = true, keep = false, top = 0 } = {}) {
  loading?.abort();
  const mine = (loading = new AbortController());
  const target = new URL(address, location.href);
  let text;
  try {
    const answer = await fetch(target, { signal: mine.signal, headers: { Accept: "text/html" } });
    if (!(answer.headers.get("Content-Type") ?? "").startsWith("text/html")) throw new Error("not a page");
    text = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") location.assign(target);
    return;
  }
  if (mine.signal.aborted) return;
  const next = new DOMParser().parseFromString(text, "text/html");
  const main = next.querySelector("main");
  if (!main) return location.assign(target);
  if (push) {
    history.replaceState({ top: scrollY }, "");
    history.pushState({ top: 0 }, "", target);
  }
  shown = target.pathname + target.search;
  const again = keep ? place(document.activeElement) : null;
  const wasOpen = document.getElementById("filters")?.matches(":popover-open");
  const folded = keep ? foldings() : new Map();
  document.querySelector("main").replaceWith(main);
  document.getElementById("state").replaceWith(next.getElementById("state"));
  document.title = next.title;
  box.value = next.getElementById("q").value;
  close();
  for (const facet of main.querySelectorAll("details[data-field]")) {
    if (folded.has(facet.dataset.field)) facet.open = folded.get(facet.dataset.field);
  }
  if (wasOpen && keep) main.querySelector("#filters")?.showPopover();
  prepare();
  if (again) find(again)?.focus({ preventScroll: true });
  else if (push) document.getElementById("results")?.focus({ preventScroll: true });
  if (target.hash) document.getElementById(target.hash.slice(1))?.scrollIntoView();
  else if (!keep) scrollTo(0, top);
  const status = document.getElementById("status");
  document.getElementById("said").textContent = status ? status.textContent : document.title;
}

// Where the focus is, so that it is there again on a page that was made anew.
function place(element) {
  const facet = element?.closest?.("details[data-field]");
  if (facet) return { field: facet.dataset.field, label: element.querySelector(".label")?.textContent };
  return element?.closest?.(".bars") ? { bars: true } : null;
}
function find({ field, label, bars }) {
  if (bars) return document.querySelector(".bars a[href]");
  const facet = document.querySelector(`details[data-field="${CSS.escape(field)}"]`);
  const links = [...(facet?.querySelectorAll("a.value") ?? [])];
  return links.find((link) => link.querySelector(".label").textContent === label) ?? facet?.querySelector("summary");
}
function foldings() {
  return new Map([...document.querySelectorAll("details[data-field]")].map((one) => [one.dataset.field, one.open]));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const target = new URL(link.getAttribute("href"), location.href);
  if (target.origin !== location.origin || !["/", "/article"].includes(target.pathname) || link.matches(".skip")) return;
  event.preventDefault();
  const keep = Boolean(link.closest(".filters, .timeline, .chips, .choices"));
  visit(target, { keep });
});

function submit() {
  const said = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(said).toString();
  close();
  visit(query ? `/?${query}` : "/");
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
addEventListener("popstate", (event) => {
  if (shown !== location.pathname + location.search) visit(location.href, { push: false, top: event.state?.top ?? 0 });
});
history.scrollRestoration = "manual";

const said = document.createElement("p"); // tells those who do not see it that the page is another
said.id = "said";
said.className = "unseen";
said.setAttribute("role", "status");
document.body.append(said);

// ---- completion, as a combobox

let asking = null;
let timer = 0;
let chosen = -1;

for (const [name, value] of Object.entries({
  role: "combobox",
  "aria-autocomplete": "list",
  "aria-expanded": "false",
  "aria-controls": "completions",
})) box.setAttribute(name, value);
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Completions");

function close() {
  clearTimeout(timer);
  asking?.abort();
  list.hidden = true;
  list.replaceChildren();
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}
function choose(number) {
  const options = [...list.children];
  chosen = (number + options.length + 1) % (options.length + 1); // the last place is that of none
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
  if (chosen < options.length) box.setAttribute("aria-activedescendant", options[chosen].id);
  else box.removeAttribute("aria-activedescendant");
}
async function complete() {
  const typed = box.value;
  if (typed.trim().length < 2) return close();
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const answer = await fetch(`/api/suggest?${new URLSearchParams({ q: typed })}`, { signal: mine.signal });
    if (!answer.ok || mine.signal.aborted || document.activeElement !== box) return;
    const { suggestions } = await answer.json();
    const others = suggestions.filter((one) => one !== typed);
    list.replaceChildren(
      ...others.map((text, number) => {
        const option = document.createElement("li");
        option.id = `completion-${number}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dir = "auto";
        option.textContent = text;
        return option;
      }),
    );
    chosen = others.length;
    box.removeAttribute("aria-activedescendant");
    list.hidden = !others.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
  } catch (error) {
    if (error.name !== "AbortError") close(); // completion is a help: without it, the search still works
  }
}
box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(complete, 60);
});
box.addEventListener("blur", close);
box.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    close();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "ArrowDown" && list.hidden) complete();
  else if (event.key === "Enter" && list.children[chosen]) {
    event.preventDefault();
    box.value = list.children[chosen].textContent;
    submit();
  }
});
list.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("li");
  if (!option) return;
  event.preventDefault(); // the box keeps the focus
  box.value = option.textContent;
  submit();
});

// ---- the timeline: dragged over by mouse or finger, or chosen by arrow keys with Shift

function prepare() {
  const svg = document.getElementById("bars");
  if (!svg) return;
  const bars = [...svg.querySelectorAll("a")];
  const readout = document.getElementById("readout");
  const usual = readout.textContent;
  let from = null; // the bar where a selection began
  let to = null;
  let dragged = false;

  const at = (event) => {
    const { left, width } = svg.getBoundingClientRect();
    return Math.min(bars.length - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * bars.length)));
  };
  const ends = () => (from <= to ? [from, to] : [to, from]);
  function show() {
    const [first, last] = from === null ? [-1, -2] : ends();
    bars.forEach((bar, number) => bar.classList.toggle("within", first <= number && number <= last));
    if (from === null) return void (readout.textContent = usual);
    const count = bars.slice(first, last + 1).reduce((sum, bar) => sum + Number(bar.dataset.count), 0);
    const [one, other] = [bars[first].dataset.label, bars[last].dataset.label];
    readout.textContent = `${one === other ? one : `${one} – ${other}`}: ${count.toLocaleString("en")}`;
  }
  function clear() {
    from = to = null;
    dragged = false;
    show();
  }
  function apply() {
    const [first, last] = ends();
    const target = new URL(svg.querySelector("a[href]").getAttribute("href"), location.href);
    target.searchParams.set("since", bars[first].dataset.first);
    target.searchParams.set("until", bars[last].dataset.last);
    visit(target, { keep: true });
  }
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    from = to = at(event);
    dragged = false;
    show();
  });
  svg.addEventListener("pointermove", (event) => {
    if (from === null || !event.buttons) {
      const bar = bars[at(event)];
      readout.textContent = `${bar.dataset.label}: ${Number(bar.dataset.count).toLocaleString("en")}`;
      return;
    }
    if (at(event) === to) return;
    to = at(event);
    if (!dragged) svg.setPointerCapture(event.pointerId);
    dragged = true;
    show();
  });
  svg.addEventListener("pointerup", () => {
    if (dragged) apply();
    else if (from !== null) clear(); // a click on a bar is a link
  });
  svg.addEventListener("pointercancel", clear); // the finger scrolls
  svg.addEventListener("pointerleave", () => from === null && show());
  svg.addEventListener("click", (event) => {
    if (dragged) event.preventDefault();
  });
  svg.addEventListener("dragstart", (event) => event.preventDefault()); // not the link itself

  // One stop for the Tab key; arrows go from bar to bar.
  const linked = bars.map((bar, number) => number).filter((number) => bars[number].hasAttribute("href"));
  linked.forEach((number, place) => bars[number].setAttribute("tabindex", place ? "-1" : "0"));
  svg.addEventListener("focusin", (event) => {
    const number = bars.indexOf(event.target.closest("a"));
    for (const other of linked) bars[other].setAttribute("tabindex", other === number ? "0" : "-1");
    if (from === null) {
      const bar = bars[number];
      readout.textContent = `${bar.dataset.label}: ${Number(bar.dataset.count).toLocaleString("en")}`;
    }
  });
  svg.addEventListener("focusout", (event) => {
    if (!svg.contains(event.relatedTarget)) clear();
  });
  svg.addEventListener("keydown", (event) => {
    const here = linked.indexOf(bars.indexOf(event.target.closest("a")));
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -linked.length, End: linked.length }[event.key];
    if (step !== undefined && here >= 0) {
      event.preventDefault();
      const next = linked[Math.min(linked.length - 1, Math.max(0, here + step))];
      if (event.shiftKey) {
        from ??= linked[here];
        to = next;
        dragged = true;
      } else clear();
      bars[next].focus();
      if (dragged) show();
    } else if (event.key === "Enter" && dragged) {
      event.preventDefault();
      apply();
    } else if (event.key === "Escape") clear();
  });
}
prepare();

// ---- keys

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches?.("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("a.hit")];
    if (!links.length) return;
    const here = links.indexOf(document.activeElement);
    const next = here < 0 ? (event.key === "j" ? 0 : links.length - 1) : here + (event.key === "j" ? 1 : -1);
    links[Math.min(links.length - 1, Math.max(0, next))].focus();
    document.activeElement.scrollIntoView({ block: "nearest" });
  }
});
