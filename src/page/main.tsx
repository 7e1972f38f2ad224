/** The door of the page: a store that speaks with the server, and everything that shows it. */
import { render } from "preact";
import { App } from "./app.tsx";
import { browserParts } from "./browser.ts";
import { rememberWatchNew } from "./frame/remembered.ts";
import { createStore } from "./model/store.ts";

const store = createStore(browserParts);
rememberWatchNew(store.watchNew);
render(<App store={store} />, document.getElementById("page")!);
