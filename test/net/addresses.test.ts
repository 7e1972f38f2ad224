import { describe, expect, it } from "vitest";
import { addressKey } from "../../src/net/addresses.ts";

describe("whose connections are counted together", () => {
  it("counts an IPv4 address, also when it is mapped into IPv6", () => {
    expect(addressKey("192.0.2.7")).toBe("192.0.2.7");
    expect(addressKey("::ffff:192.0.2.7")).toBe("192.0.2.7");
  });

  it("counts an IPv6 network of 64 bits however it is written", () => {
    expect(addressKey("2001:db8:0:1:aaaa::1")).toBe("2001:db8:0:1::/64");
    expect(addressKey("2001:db8:0:1:bbbb:cccc:dddd:eeee")).toBe("2001:db8:0:1::/64");
    expect(addressKey("2001:DB8::1:0:0:0:5")).toBe("2001:db8:0:1::/64");
    expect(addressKey("2001:db8::5")).toBe("2001:db8:0:0::/64");
    expect(addressKey("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(addressKey("::2")).toBe("0:0:0:0::/64");
    expect(addressKey("2001:db8:0:2::1")).not.toBe(addressKey("2001:db8:0:1::1"));
  });
});
