/** Addresses of machines, as far as something is decided by them. */

/** Whether an IP address, as a socket or an operator writes it, is this machine's own: 127.0.0.0/8, also mapped into IPv6, or ::1. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address);
}

/**
 * Whose connections and tries are counted together: an IPv4 address, or an IPv6 network of 64 bits, all of whose addresses
 * one customer usually has.
 */
export function addressKey(address: string): string {
  const plain = unmapped(address);
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const network = [...left, ...zeros, ...right].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function unmapped(address: string): string {
  const [plain = ""] = address.toLowerCase().split("%");
  return plain.startsWith("::ffff:") && plain.includes(".") ? plain.slice("::ffff:".length) : plain;
}

function groups(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}
