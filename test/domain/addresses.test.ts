import { describe, expect, it } from "vitest";
import { isLoopback } from "../../src/domain/addresses.ts";

describe("loopback addresses", () => {
  it.each(["127.0.0.1", "127.255.3.4", "::1", "::ffff:127.0.0.1", "::FFFF:127.1.2.3"])("knows %s", (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(["128.0.0.1", "12.7.0.0", "10.127.0.1", "::ffff:10.0.0.1", "::2", "fe80::1%lo", "::127.0.0.1", "127.example.org", "127.0.0.1.example.org", "localhost", ""])("denies %s", (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});
