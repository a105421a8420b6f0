// The editor of the SPARQL page. Without this the text field below it does the same.
(() => {
  const form = document.getElementById("ask");
  const area = document.getElementById("query");
  const place = document.getElementById("editor");
  if (!window.Yasqe || !place) return;

  const known = fetch(place.dataset.schema).then((answer) => answer.json());
  const iris = (kind, holds) => ({
    name: "kogge-" + kind,
    bulk: false, // else the browser keeps the list for a month
    autoShow: false,
    isValidCompletionPosition: (yasqe) => {
      const token = yasqe.getCompleteToken();
      return /^[^?$"]/.test(token.string) && holds(yasqe, token);
    },
    preProcessToken: (yasqe, token) => {
      const start = token.string.replace(/^</, "").replace(/>$/, "");
      const at = start.indexOf(":");
      const space = at >= 0 && !start.includes("//") && yasqe.getPrefixesFromQuery()[start.slice(0, at)];
      return { ...token, autocompletionString: space ? space + start.slice(at + 1) : start };
    },
    get: async (yasqe, token) => {
      const said = await known;
      const start = (token.autocompletionString || "").toLowerCase();
      const short = (iri) => iri.toLowerCase().split(/[#/]/).pop();
      return said[kind].filter((iri) => iri.toLowerCase().startsWith(start) || short(iri).startsWith(start));
    },
    postProcessSuggestion: (yasqe, token, iri) => {
      const prefixes = Object.entries(yasqe.getPrefixesFromQuery());
      const fits = prefixes.filter(([, space]) => iri.startsWith(space)).sort((a, b) => b[1].length - a[1].length)[0];
      return fits ? fits[0] + ":" + iri.slice(fits[1].length) : "<" + iri + ">";
    },
  });
  const after = (yasqe) => yasqe.getPreviousNonWsToken(yasqe.getCursor().line, yasqe.getCompleteToken());
  Yasqe.registerAutocompleter(iris("class", (yasqe) => after(yasqe).string === "a"));
  Yasqe.registerAutocompleter(
    iris("property", (yasqe, token) => (token.state.possibleCurrent || []).includes("a")));
  Yasqe.registerAutocompleter({
    name: "kogge-prefix",
    bulk: false,
    autoShow: false,
    isValidCompletionPosition: (yasqe) => after(yasqe).string.toUpperCase() === "PREFIX",
    get: async (yasqe, token) => {
      const lines = Object.entries((await known).prefixes).map(([name, space]) => `${name}: <${space}>`);
      return lines.filter((line) => line.startsWith(token.string.trim()));
    },
  });

  const yasqe = new Yasqe(place, {
    value: area.value,
    persistenceId: null,
    createShareableLink: null,
    consumeShareLink: null,
    showQueryButton: false,
    resizeable: false,
    collapsePrefixesOnLoad: false,
    prefixCcApi: null,
    editorHeight: "auto",
    viewportMargin: Infinity, // grows with the query: nothing to scroll inside
    lineWrapping: true,
    autocompleters: ["kogge-class", "kogge-property", "kogge-prefix", "variables"],
    extraKeys: {
      Tab: false, // leaves the editor, as everywhere
      "Shift-Tab": false,
      "Ctrl-Space": () => yasqe.autocomplete(),
      "Ctrl-Enter": () => form.requestSubmit(),
      "Cmd-Enter": () => form.requestSubmit(),
    },
  });
  area.hidden = true;
  document.querySelector(".ask__hint").hidden = false;
  const field = place.querySelector("textarea");
  field.setAttribute("aria-labelledby", "query-label");
  document.getElementById("query-label").addEventListener("click", () => yasqe.focus());
  new MutationObserver(() => {
    document.querySelectorAll(".CodeMirror-hints:not([aria-label])")
      .forEach((list) => list.setAttribute("aria-label", place.dataset.hints));
  }).observe(document.body, { childList: true });

  form.addEventListener("submit", () => {
    area.value = yasqe.getValue();
    form.method = encodeURIComponent(area.value).length > 6000 ? "post" : "get"; // addresses are short
  });
  const problem = document.getElementById("problem");
  if (problem) problem.focus();
})();
