/** What an extension keeps of each session by `sessionState`; test/management/extensions.test.ts is about resumptions and crashes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sessionStateBytesMax } from "../../src/domain/limits.ts";
import { defineExtension, sessionState, type Json, type Session, type Step } from "../../src/extension/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";

type Notes = { readonly texts: readonly string[] };
const initial: Notes = { texts: [] };
const notes = sessionState<Notes>({
  initial,
  read: (recorded) => (Array.isArray((recorded as Partial<Notes> | null)?.texts) ? (recorded as Notes) : undefined),
});

/** What a test does in the step of a message. */
let inStep: (step: Step, session: Session) => void = () => undefined;
let server: TestServer;
let romeo: BoundClient;
beforeAll(async () => {
  const extension = defineExtension({
    name: "notes", specification: { id: "TEST", title: "Notes" }, sessionState: notes,
    phases: {
      stamp({ step, stanza, sender }) {
        if (stanza.kind === "message" && sender !== undefined) inStep(step, sender);
        return undefined;
      },
    },
  });
  server = await startServer({ allowPlaintext: true, extensions: [extension] });
  await server.addUser("romeo", "secret");
  romeo = await login(server, { user: "romeo", over: "plaintext" });
});
afterAll(() => server.stop());

async function within<Result>(work: (step: Step, session: Session) => Result): Promise<Result> {
  let outcome: { readonly result: Result } | { readonly error: unknown } | undefined;
  inStep = (step, session) => {
    try {
      outcome = { result: work(step, session) };
    } catch (error) {
      outcome = { error };
    }
  };
  await romeo.ask("<message to='localhost' type='error'/>");
  if (outcome === undefined) throw new Error("the message did not come by");
  if ("error" in outcome) throw outcome.error;
  return outcome.result;
}

/** How often the session was told of a change. */
async function changes(): Promise<number> {
  const [session] = await server.sessions();
  const facts = await server.store.read(`session/localhost/${session!.id}`, 0, 1_000);
  return facts.filter(({ data }) => (data as { readonly event?: { readonly type?: string } }).event?.type === "extension.changed").length;
}

describe("What an extension keeps of a session", () => {
  it("is the initial value until one is set, which is then there as it was recorded", async () => {
    expect(await within((_, session) => notes.of(session))).toBe(initial);
    const given = { texts: ["soft"] };
    await within((step, session) => notes.set(step, session, given));
    given.texts.push("what light");
    expect(await within((_, session) => notes.of(session))).toEqual({ texts: ["soft"] });
  });

  it("is recorded when it changes, and not when it is the same", async () => {
    const before = await changes();
    await within((step, session) => notes.set(step, session, { texts: ["yonder"] }));
    await within((step, session) => notes.set(step, session, { texts: ["yonder"] }));
    expect(await changes()).toBe(before + 1);
  });

  it("is the initial value again where what was recorded cannot be read", async () => {
    await within((step, session) => notes.set(step, session, "of another version" as unknown as Notes));
    expect(await within((_, session) => notes.of(session))).toBe(initial);
  });

  it("is its extension's alone: what no extension has as its own can set nothing", async () => {
    const options = { extension: "notes", initial: null, read: (recorded: Json) => recorded };
    const other = sessionState<Json>(options);
    await within((step, session) => notes.set(step, session, { texts: ["mine"] }));
    await expect(within((step, session) => other.set(step, session, { texts: ["not yours"] }))).rejects.toThrow("session state: it is no extension's");
    await expect(within((_, session) => other.of(session))).rejects.toThrow("session state: it is no extension's");
    const told = { type: "extension.changed", at: 0, name: "notes", value: { texts: ["not yours"] } } as never;
    await expect(within((step, session) => session.tell(step, told))).rejects.toThrow("an extension sets what it keeps by its sessionState");
    expect(await within((_, session) => notes.of(session))).toEqual({ texts: ["mine"] });
  });

  it("is bounded, and is JSON", async () => {
    const text = (bytes: number) => ({ texts: ["x".repeat(bytes - JSON.stringify({ texts: [""] }).length)] });
    await within((step, session) => notes.set(step, session, text(sessionStateBytesMax)));
    await expect(within((step, session) => notes.set(step, session, text(sessionStateBytesMax + 1)))).rejects.toThrow(RangeError);
    await expect(within((step, session) => notes.set(step, session, undefined as unknown as Notes))).rejects.toThrow(TypeError);
    expect(await within((_, session) => notes.of(session))).toEqual(text(sessionStateBytesMax));
  });

  it("is nothing of a session that is over", async () => {
    const kept = await within((_, session) => session);
    await romeo.close();
    expect(() => notes.set({ at: 0 } as Step, kept, { texts: ["late"] })).not.toThrow();
  });
});
