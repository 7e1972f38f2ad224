import { describe, expect, it } from "vitest";
import { chartOf } from "../../../diagrams/chart.ts";
import { sessionMachine } from "../../../machines/index.ts";
import { itemsOf, nextItem } from "../../../src/page/chart/items.ts";
import { layoutOf } from "../../../diagrams/layout.ts";
import { planOf } from "../../../diagrams/plan.ts";
import { roundedPath } from "../../../diagrams/svg.ts";
import { packedSession } from "../../../src/page/chart/packed-session.ts";
import { sessionPicture } from "../../../src/page/chart/session-picture.ts";

const chart = chartOf(sessionMachine);
const { nodes, edges } = sessionPicture;
const lines = [
  ...nodes.flatMap(({ pieces }) => pieces.flatMap((piece) => (piece.kind === "line" ? [piece.line] : []))),
  ...edges.flatMap(({ label }) => label?.lines ?? []),
];

describe("the page's picture of the session machine", () => {
  it("has each transition in exactly one place, by name", () => {
    expect(lines.flatMap(({ transitions }) => transitions).toSorted()).toEqual(chart.transitions.map(({ id }) => id).toSorted());
  });

  it("has each state by its path", () => {
    const drawn = nodes.filter(({ kind }) => kind !== "initial").map(({ id }) => id);
    expect(drawn.toSorted()).toEqual(chart.states.map(({ path }) => (path === "" ? "*" : path)).toSorted());
  });

  it("is the layout of the diagrams, once it is unpacked", async () => {
    const layout = await layoutOf(planOf(chart));
    expect(sessionPicture).toEqual({
      width: layout.width,
      height: layout.height,
      nodes: layout.nodes.map(({ description: _description, ...node }) => node),
      edges: layout.edges.map(({ points, ...edge }) => ({ ...edge, path: roundedPath(points) })),
      separators: layout.separators.map(({ from, to }) => [...from, ...to]),
    });
  });

  it("costs the page no more than 3 KB compressed", async () => {
    const stream = new Blob([JSON.stringify(packedSession)]).stream().pipeThrough(new CompressionStream("gzip"));
    expect((await new Response(stream).arrayBuffer()).byteLength).toBeLessThan(3 * 1024);
  });
});

describe("the keyboard's way through the picture", () => {
  const items = itemsOf(sessionPicture);

  it("reaches each state and each line of a transition once", () => {
    expect(new Set(items).size).toBe(items.length);
    const reachable = lines.filter(({ transitions }) => transitions.length > 0).length;
    expect(items.filter((item) => item.startsWith("line:")).length).toBe(reachable);
    expect(items.filter((item) => item.startsWith("state:")).length).toBe(chart.states.length);
  });

  it("goes from a state to its lines and its arrows, and stops at both ends", () => {
    const at = items.indexOf("state:connected.interest.uninterested");
    expect(nextItem(items, "state:connected.interest.uninterested", "ArrowDown")).toBe("line:connected.interest.uninterested/roster.requested/0");
    expect(nextItem(items, items[at + 1]!, "ArrowUp")).toBe("state:connected.interest.uninterested");
    expect(nextItem(items, items[0]!, "ArrowUp")).toBe(items[0]);
    expect(nextItem(items, items[0]!, "End")).toBe(items.at(-1));
    expect(nextItem(items, items.at(-1)!, "ArrowRight")).toBe(items.at(-1));
    expect(nextItem(items, items.at(-1)!, "Home")).toBe(items[0]);
    expect(nextItem(items, items[0]!, "x")).toBeNull();
  });
});
