// GraphiQL on this address. It opens on the query in the URL's hash (#query=…&variables=…), else on the page's own tabs.
"use strict";

const asked = new URLSearchParams(location.hash.slice(1));
const tabs = JSON.parse(document.getElementById("tabs").textContent);
const token = document.querySelector("[name=csrfmiddlewaretoken]").value;

const fetcher = GraphiQL.createFetcher({ url: location.pathname, headers: { "X-CSRFToken": token } });

function Page() {
  const [query, setQuery] = React.useState(asked.get("query") || undefined);
  const explorer = GraphiQLPluginExplorer.useExplorerPlugin({ query, onEdit: setQuery });
  const opening = asked.get("query")
    ? { query, variables: asked.get("variables") || undefined }
    : { query, defaultTabs: tabs };
  const brand = React.createElement("a", { className: "brand", href: "/" }, "Neuroevolution");
  return React.createElement(
    GraphiQL,
    { fetcher, plugins: [explorer], defaultEditorToolsVisibility: false, onEditQuery: setQuery, storage: memory(), ...opening },
    React.createElement(GraphiQL.Logo, null, brand),
  );
}

// What was open last time would hide the queries that this page opens on: settings are kept, tabs and texts are not.
function memory() {
  const passing = /tabState|query|variables|headers|operationName/i;
  return {
    getItem: (key) => (passing.test(key) ? null : localStorage.getItem(key)),
    setItem: (key, value) => { if (!passing.test(key)) localStorage.setItem(key, value); },
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => localStorage.clear(),
    get length() { return localStorage.length; },
  };
}

ReactDOM.render(React.createElement(Page), document.getElementById("editor"));
