/** The process of the crash run. */
import { crash } from "./command.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  process.exit(await crash(process.argv.slice(2), (line) => console.log(line)));
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exit(1);
}
