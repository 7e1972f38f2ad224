/** The door of the page: a store that speaks with the server, and everything that shows it. */
import { render } from "preact";
import { App } from "./app.tsx";
import { browserParts } from "./browser.ts";
import { createStore } from "./model/store.ts";

render(<App store={createStore(browserParts)} />, document.getElementById("page")!);
