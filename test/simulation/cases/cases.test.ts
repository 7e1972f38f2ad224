/** Plays the saved worlds of this folder; its README says how one gets here. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCase } from "../runner/case-file.ts";
import { playWorld } from "../world/world.ts";

const folder = new URL(".", import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

describe("In a world that was broken once every rule holds", () => {
  it.each(files)("%s", async (file) => {
    const { problems, transcript } = await playWorld(readCase(join(folder, file)).plan);
    expect(problems, transcript.join("\n")).toEqual([]);
  });
});
