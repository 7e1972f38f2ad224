import { writeFileSync } from "node:fs";
import { it } from "vitest";
import { limitsPage } from "../../diagrams/limits.ts";
it("w", () => writeFileSync("/work/main/diagrams/limits.md", limitsPage("/work/main")));
