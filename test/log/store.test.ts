import { afterAll, describe } from "vitest";
import { engines, removeTempFolders } from "./engines.ts";
import { storeContract } from "./store-contract.ts";

afterAll(removeTempFolders);

for (const engine of engines) {
  const title = `the store contract: ${engine.name}`;
  if (engine.missing === undefined) describe(title, () => storeContract(engine));
  else describe.skip(`${title} (skipped: ${engine.missing})`, () => storeContract(engine));
}
