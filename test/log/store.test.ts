import { afterAll, describe } from "vitest";
import { engines, removeTempFolders } from "./engines.ts";
import { keepingContract } from "./keeping-contract.ts";
import { storeContract } from "./store-contract.ts";

afterAll(removeTempFolders);

for (const engine of engines) {
  const title = `the store contract: ${engine.name}`;
  if (engine.missing === undefined) describe(title, () => [storeContract, keepingContract].forEach((contract) => contract(engine)));
  else console.warn(`${title} is not tested here: ${engine.missing}`);
}
