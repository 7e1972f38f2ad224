import { describe, expect, it } from "vitest";
import { membersOf, shapeOf } from "../../diagrams/declared.ts";

const source = `/** Of a shelf. */
export interface Shelf<Thing> extends Furniture {
  /** Of each board, in mm;
   * from the left. */
  readonly widths: readonly number[];
  readonly label?: string;
  /** Puts it there. */
  put(thing: Thing, how: { /** From 0. */ readonly at: number; readonly gently?: boolean }): void;
  readonly asked: readonly ("get" | "set")[];
  work?: (shelf: Shelf<Thing>, done: () => void) => { readonly done: boolean } | undefined;
}

/** How it went. */
export type Outcome =
  | undefined
  /** With why. */
  | { readonly broken: true; readonly why: string };

export class Room {
  readonly #walls: number;

  constructor(walls: number) {
    this.#walls = walls;
  }

  /** Those that stand. */
  get walls(): number {
    return this.#walls;
  }

  /** Later. */
  async paint(colour: string, { wall, twice = false }: Work): Promise<{ readonly dry: boolean } | Fault> {
    if (twice) return { fault: wall };
    return { dry: true };
  }
}
`;

describe("What the source of a type declares", () => {
  it("are the members of an interface, each with its words and in one line", () => {
    expect(membersOf(source, "Shelf")).toEqual([
      { name: "widths", optional: false, meaning: "Of each board, in mm; from the left.", signature: "widths: number[]" },
      { name: "label", optional: true, meaning: "", signature: "label?: string" },
      { name: "put", optional: false, meaning: "Puts it there.", signature: "put(thing: Thing, how: { at: number; gently?: boolean }): void" },
      { name: "asked", optional: false, meaning: "", signature: 'asked: ("get" | "set")[]' },
      { name: "work", optional: true, meaning: "", signature: "work?: (shelf: Shelf<Thing>, done: () => void) => { done: boolean } | undefined" },
    ]);
  });

  it("are those of a class that everybody sees, without what they do", () => {
    expect(membersOf(source, "Room").map(({ signature, meaning }) => [signature, meaning])).toEqual([
      ["walls: number", "Those that stand."],
      ["paint(colour: string, work: Work): Promise<{ dry: boolean } | Fault>", "Later."],
    ]);
  });

  it("is the shape of a type, whether it has a name for its members or not", () => {
    expect(shapeOf(source, "Outcome")).toBe("undefined | { broken: true; why: string }");
    expect(shapeOf(source, "Room")).toBe("{ walls: number; paint(colour: string, work: Work): Promise<{ dry: boolean } | Fault> }");
  });

  it("has to be there", () => {
    expect(() => membersOf(source, "Cellar")).toThrow('no "export interface Cellar {" with members');
    expect(() => shapeOf(source, "Cellar")).toThrow("Cellar");
  });
});
