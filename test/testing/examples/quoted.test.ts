import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../tidy/sources.ts";

const folder = new URL(".", import.meta.url).pathname;
const examples = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && name !== "quoted.test.ts");

describe("the README", () => {
  it.each(examples)("quotes the example %s as it runs", (name) => {
    const example = readFileSync(join(folder, name), "utf8");
    expect(readFileSync(join(root, "README.md"), "utf8")).toContain(`\n\`\`\`ts\n${example}\`\`\`\n`);
  });
});
