/** The process of `npm run simulate`. */
import { fileURLToPath } from "node:url";
import { simulate } from "./command.ts";

const stop = new AbortController();
const addressOf = (file: string): string => new URL(file, import.meta.url).href;

// The first asks for what there is, the second does not wait for it.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
}

try {
  const place = { child: fileURLToPath(addressOf("./child.js")), player: addressOf("./player.js") };
  process.exitCode = await simulate(process.argv.slice(2), { place, print: (line) => console.log(line), stop: stop.signal });
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
