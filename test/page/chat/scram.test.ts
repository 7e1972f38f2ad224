import { describe, expect, it } from "vitest";
import { saslData, saslText, scram, ScramError } from "../../../src/page/chat/scram.ts";

// RFC 7677 section 3.
const nonce = "rOprNGfwEbeRWgbNEkqO";
const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

describe("RFC 7677 section 3 SCRAM-SHA-256, the client's half", () => {
  it("says what the example says, and believes the server that knows the password, too", async () => {
    const login = scram("user", "pencil", nonce);
    expect(login.first).toBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    expect(login.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")).toBe(false);
    expect(await login.answer(serverFirst)).toBe("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    expect(login.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")).toBe(true);
    for (const final of ["v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "v=", "", "e=invalid-proof"]) expect(login.proves(final)).toBe(false);
  });

  it("escapes what a saslname may not have (RFC 5802 section 5.1)", () => {
    expect(scram("a=b,c", "pencil", nonce).first).toBe(`n,,n=a=3Db=2Cc,r=${nonce}`);
  });

  it.each([
    ["a nonce of somebody else", "r=other%hvYDpWUa2RaTCAfuxFIlj,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
    ["no nonce of its own", `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ["too little work", `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`],
    ["work without end", `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001`],
    ["a salt that is none", `r=${nonce}x,s=A,i=4096`],
    ["a mandatory extension", `m=x,${serverFirst}`],
    ["nothing", ""],
  ])("refuses %s", async (_, challenge) => {
    await expect(scram("user", "pencil", nonce).answer(challenge)).rejects.toThrow(ScramError);
  });

  it("carries its messages as base64", () => {
    expect(saslText(saslData("n,,n=ü"))).toBe("n,,n=ü");
    expect(() => saslText("~")).toThrow(ScramError);
  });
});
