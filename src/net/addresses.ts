/** What can be told from the address of a peer, as Node writes it. */

/**
 * Whose connections are counted together: an IPv4 address, or an IPv6 network of 64 bits, all of whose addresses
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
