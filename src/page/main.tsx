import { render } from "preact";

render(<h1>refrain</h1>, document.getElementById("page")!);
