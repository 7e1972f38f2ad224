/** Who may connect, by a clock that goes when the test says so. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createAdmission, type AdmissionOptions } from "../../src/net/admission.ts";
import type { LimitName } from "../../src/domain/refusals.ts";
import { MemoryLog } from "./support.ts";

class Setting {
  now = 0;
  readonly log = new MemoryLog();
  readonly refusals: LimitName[] = [];
  readonly #admission;

  constructor(options: Partial<AdmissionOptions>) {
    const clock = { now: () => this.now, at: () => ({ cancel() {} }), soon() {} };
    this.#admission = createAdmission({ perAddressMax: 1_000, clock, log: this.log, refused: (limit) => this.refusals.push(limit), ...options });
  }

  /** undefined: refused. Else what closes it. */
  connect(remoteAddress: string | undefined, isProxy = false): (() => void) | undefined {
    const socket = Object.assign(new EventEmitter(), { remoteAddress });
    return this.#admission.admits(socket as unknown as Socket, isProxy) ? () => void socket.emit("close") : undefined;
  }

  /** How many of so many are let in, and gone again at once. */
  knock(times: number, from = "192.0.2.1"): number {
    return Array.from({ length: times }, () => this.connect(from)).filter((leave) => (leave?.(), leave !== undefined)).length;
  }
}

describe("RFC 6120 section 13.12 item 2 new connections in a minute", () => {
  it("are as many as that at once, and then as many as become free", () => {
    const setting = new Setting({ perMinuteMax: 60 });
    expect(setting.knock(60)).toBe(60);
    setting.now += 10_000;
    expect(setting.knock(10)).toBe(10);
    expect(setting.knock(1)).toBe(0);
    expect(setting.refusals).toEqual(["limits.connectionsPerMinute"]);
  });

  it("take longer for who goes on while it is refused, and no longer than two minutes", () => {
    const setting = new Setting({ perMinuteMax: 60 });
    setting.knock(70);
    setting.now += 10_000;
    expect(setting.knock(1)).toBe(0);
    setting.knock(1_000_000);
    setting.now += 60_000;
    expect(setting.knock(1)).toBe(0);
    setting.now += 62_000;
    expect(setting.knock(1)).toBe(1);
  });

  it("are counted of each network of IPv6, told once, and not counted from this machine", () => {
    const setting = new Setting({ perMinuteMax: 2 });
    expect([setting.knock(3, "2001:db8::1"), setting.knock(3, "2001:db8::2"), setting.knock(3, "2001:db8:0:1::1"), setting.knock(100, "127.0.0.1")]).toEqual([2, 0, 2, 100]);
    expect(setting.log.lines.filter((line) => line.includes("2001:db8:0:0::/64"))).toHaveLength(1);
    expect(setting.log.lines[0]).toContain("raise limits.connectionsPerMinute");
  });

  it("remember a bounded number of addresses", () => {
    const setting = new Setting({ perMinuteMax: 1 });
    for (let index = 0; index < 110_000; index += 1) setting.knock(1, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    // The first were forgotten, the last were not.
    expect([setting.knock(1, "10.0.0.1"), setting.knock(1, "10.1.170.1")]).toEqual([1, 0]);
  });
});

describe("RFC 6120 section 13.12 item 1 connections at the same time", () => {
  it("are bounded in all, loopback and proxies included, and each that goes makes room for one", () => {
    const setting = new Setting({ connectionsMax: 3 });
    const leave = setting.connect("192.0.2.1");
    expect([setting.connect("127.0.0.1"), setting.connect("10.0.0.1", true)].includes(undefined)).toBe(false);
    expect([setting.connect("192.0.2.2"), setting.connect("127.0.0.1"), setting.connect("10.0.0.1", true)]).toEqual([undefined, undefined, undefined]);
    leave?.();
    leave?.();
    expect(setting.connect("192.0.2.2")).toBeDefined();
    expect(setting.connect("192.0.2.2")).toBeUndefined();
    expect(new Set(setting.refusals)).toEqual(new Set(["limits.connections"]));
    expect(setting.log.lines).toHaveLength(1);
  });

  it("of a trusted proxy are not counted by its address", () => {
    const setting = new Setting({ perAddressMax: 1, perMinuteMax: 1 });
    expect(Array.from({ length: 10 }, () => setting.connect("10.0.0.1", true)).includes(undefined)).toBe(false);
  });

  it("are none of who is gone already", () => {
    expect(new Setting({}).connect(undefined)).toBeUndefined();
  });
});
