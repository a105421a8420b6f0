/* The search: proposals below the field (an ARIA 1.2 combobox), and what is said when an answer changes. */
"use strict";
(() => {
  const said = document.getElementById("said");
  const field = document.getElementById("q");
  const say = text => { if (said) said.textContent = text; };

  document.addEventListener("htmx:afterSettle", () => say(document.getElementById("count")?.textContent.trim() ?? ""));
  document.addEventListener("htmx:responseError", event => location.assign(event.detail.pathInfo.requestPath));
  if (!field?.dataset.suggest) return;

  const { suggest, answers, label, none, some } = field.dataset;
  const kinds = JSON.parse(field.dataset.kinds);
  const list = document.createElement("ul");
  Object.assign(list, { id: "suggestions", className: "suggestions", role: "listbox", ariaLabel: label, hidden: true });
  field.after(list);
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);

  let at = -1, timer = 0, asked = new AbortController();
  const mark = next => {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = next;
    const option = list.children[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  };
  const open = shown => { list.hidden = !shown; field.setAttribute("aria-expanded", String(shown)); mark(-1); };
  const close = () => { clearTimeout(timer); asked.abort(); open(false); };
  const where = ({ iri, kind, label }) => {
    const [, type, slug] = /^https:\/\/w3id\.org\/kogge\/(?:id\/)?([a-z-]+)\/([a-z0-9/-]+)$/.exec(iri) ?? [];
    if (kind === "topic") return `${answers}?topic=${encodeURIComponent(slug)}`;
    return type && kind !== "country" ? answers + [type, slug].join("/") : `${answers}?q=${encodeURIComponent(label)}`;
  };
  const entry = (each, number) => {
    const item = document.createElement("li");
    Object.assign(item, { id: `suggestion-${number}`, role: "option", ariaSelected: "false" });
    const note = each.matched.toLowerCase() === each.label.toLowerCase() ? "" : `${each.matched} · `;
    item.append(each.label, " ", Object.assign(document.createElement("small"), { textContent: note + (kinds[each.kind] ?? "") }));
    if (each.lang && each.lang !== document.documentElement.lang) item.lang = each.lang;
    item.addEventListener("mousedown", event => event.preventDefault());
    item.addEventListener("click", () => location.assign(where(each)));
    return item;
  };
  const propose = async text => {
    asked.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`${suggest}&q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" }, signal: asked.signal });
      const found = answer.ok ? await answer.json() : [];
      list.replaceChildren(...found.slice(0, 8).map(entry));
      open(found.length > 0);
      say(found.length ? some.replace("#", Math.min(found.length, 8)) : none);
    } catch (error) { if (error.name !== "AbortError") close(); }
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const text = field.value.trim();
    if (text.length < 2) close(); else timer = setTimeout(propose, 120, text);
  });
  field.addEventListener("keydown", event => {
    const many = list.children.length;
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    else if (event.key === "Enter" && at >= 0) { event.preventDefault(); list.children[at].click(); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden && many && field.value.trim()) open(true);
      if (list.hidden) return;
      event.preventDefault();
      mark(event.key === "ArrowDown" ? (at + 2) % (many + 1) - 1 : (at + many + 1) % (many + 1) - 1);
    }
  });
  field.addEventListener("blur", close);
  field.form.addEventListener("submit", close);
})();
