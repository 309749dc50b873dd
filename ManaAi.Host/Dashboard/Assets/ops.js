// What the pages can do with a script and work without: live updates, the keyboard, and copying commands.
"use strict";

(() => {
  const regions = [...document.querySelectorAll("[data-live]")];
  const bar = document.getElementById("live-bar");
  const state = document.getElementById("live-state");
  const toggle = document.getElementById("live-toggle");
  const remembered = (name) => {
    try { return localStorage.getItem(name); } catch { return null; }
  };
  const remember = (name, value) => {
    try { localStorage.setItem(name, value); } catch { /* Then it holds for this page. */ }
  };

  // --- live: the same page is asked for again, and what has changed in its live regions is put in place -----------

  let isPaused = remembered("mana-ai-ops-paused") === "yes";
  let timer = 0;

  const say = (text, className) => {
    if (state.textContent !== text) { state.textContent = text; }
    state.className = className;
  };

  const show = () => {
    toggle.textContent = isPaused ? toggle.dataset.resume : toggle.dataset.pause;
    say(isPaused ? state.dataset.off : state.dataset.on, isPaused ? "" : "on");
  };

  // Elements are kept where they can be: whatever has the focus, is open or is selected stays so.
  const isSame = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName
    && (one.nodeType !== Node.ELEMENT_NODE || (one.id === other.id && one.dataset?.id === other.dataset?.id));

  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) { return; }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== "open" && !(name === "class" && old.classList.contains("here"))) {
        old.removeAttribute(name);
      }
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && name !== "open") { old.setAttribute(name, value); }
    }
    if (old.nodeName === "INPUT" || old.nodeName === "SELECT") { return; }
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      let match = at;
      while (match && !isSame(match, child)) { match = match.nextSibling; }
      if (match) {
        while (at !== match) {
          const gone = at;
          at = at.nextSibling;
          gone.remove();
        }
        at = match.nextSibling;
        morph(match, child);
      } else {
        old.insertBefore(document.importNode(child, true), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  const update = async () => {
    let answer;
    try {
      answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual", cache: "no-store" });
    } catch {
      say(document.body.dataset.away, "away");
      return;
    }
    if (answer.type === "opaqueredirect") {
      isPaused = true;
      show();
      say(document.body.dataset.signedOut, "away");
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isPaused) { return; }
    if (!answer.ok) {
      say(document.body.dataset.away, "away");
      return;
    }
    for (const region of regions) {
      const fresh = page.getElementById(region.id);
      if (fresh) { morph(region, fresh); }
    }
    prepare();
    show();
  };

  const plan = () => {
    clearTimeout(timer);
    const waits = regions.map((region) => Number(region.dataset.live)).filter((wait) => wait > 0);
    if (isPaused || document.hidden || waits.length === 0) { return; }
    timer = setTimeout(async () => {
      await update();
      plan();
    }, Math.min(...waits));
  };

  const pauseOrResume = () => {
    isPaused = !isPaused;
    remember("mana-ai-ops-paused", isPaused ? "yes" : "no");
    show();
    plan();
  };

  // --- commands ----------------------------------------------------------------------------------------------------

  const prepare = () => {
    for (const button of document.querySelectorAll("button.copy[hidden]")) {
      button.hidden = !navigator.clipboard;
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button.copy");
    if (!button) { return; }
    await navigator.clipboard.writeText(button.dataset.copy);
    const text = button.textContent;
    button.textContent = document.body.dataset.copied;
    setTimeout(() => { button.textContent = text; }, 1500);
  });

  // --- keyboard ----------------------------------------------------------------------------------------------------

  const keys = document.getElementById("keys");
  const keysOn = document.getElementById("keys-on");
  let isGoing = false;

  const walk = (step) => {
    const rows = [...document.querySelectorAll("table.walk tbody tr")];
    if (rows.length === 0) { return; }
    const now = rows.findIndex((row) => row.classList.contains("here"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? 0 : now + step))];
    rows[now]?.classList.remove("here");
    next.classList.add("here");
    next.querySelector("a")?.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const act = {
    "?": () => keys.showModal(),
    p: () => { if (!bar.hidden) { pauseOrResume(); } },
    j: () => walk(1),
    k: () => walk(-1),
    "/": () => document.querySelector("[data-filter]")?.focus(),
  };

  const onKey = (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open || !keysOn.checked
        || target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.nodeName)) {
      return;
    }
    if (isGoing) {
      isGoing = false;
      const place = document.querySelector(`.pages a[data-key="${CSS.escape(event.key)}"]`);
      if (place) {
        event.preventDefault();
        location.assign(place.href);
      }
      return;
    }
    if (event.key === "g") {
      isGoing = true;
      setTimeout(() => { isGoing = false; }, 1500);
    } else if (Object.hasOwn(act, event.key)) {
      event.preventDefault();
      act[event.key]();
    }
  };

  prepare();
  if (keys) {
    keysOn.checked = remembered("mana-ai-ops-keys") !== "off";
    keysOn.addEventListener("change", () => remember("mana-ai-ops-keys", keysOn.checked ? "on" : "off"));
    document.getElementById("keys-open").hidden = false;
    document.getElementById("keys-open").addEventListener("click", () => keys.showModal());
    document.addEventListener("keydown", onKey);
  }
  if (bar && regions.some((region) => Number(region.dataset.live) > 0)) {
    bar.hidden = false;
    toggle.addEventListener("click", pauseOrResume);
    document.addEventListener("visibilitychange", plan);
    show();
    plan();
  }
})();
