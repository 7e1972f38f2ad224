/** IP addresses and networks as numbers, to say which is in which. */

export interface Network {
  /** 128 bits: IPv4 is mapped into IPv6 (RFC 4291 section 2.5.5.2). */
  readonly address: bigint;
  /** Of those bits, how many count, from the left. */
  readonly bits: number;
}

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1`, `2001:db8::/32`. undefined: it is neither; bits beyond the prefix have to be 0. */
export function networkOf(text: string): Network | undefined {
  const [plain = "", prefix, more] = text.split("/");
  const address = addressNumber(plain);
  if (address === undefined || more !== undefined || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  const width = plain.includes(":") ? 128 : 32;
  const length = prefix === undefined ? width : Number(prefix);
  if (length > width) return undefined;
  const bits = 128 - width + length;
  return withoutHost(address, bits) === address ? { address, bits } : undefined;
}

export function isWithin(address: string, { address: network, bits }: Network): boolean {
  const number = addressNumber(address);
  return number !== undefined && withoutHost(number, bits) === network;
}

/** As a socket, a header or an operator writes it; without a zone. undefined: it is no IP address. */
export function addressNumber(text: string): bigint | undefined {
  if (text.length > 45) return undefined;
  const four = /^(.*:)?(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(text);
  if (four === null) return groupsNumber(text);
  const [, head, tail = ""] = four;
  const bytes = tail.split(".");
  // With a 0 at its begin it might be meant to be octal.
  if (bytes.some((byte) => Number(byte) > 255 || (byte.length > 1 && byte.startsWith("0")))) return undefined;
  const low = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (head === undefined) return mapped + low;
  return groupsNumber(`${head}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
}

const mapped = 0xffffn << 32n;

function groupsNumber(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left = [], right] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const known = left.length + (right?.length ?? 0);
  if (right === undefined ? known !== 8 : known > 7) return undefined;
  const all = [...left, ...Array.from({ length: 8 - known }, () => "0"), ...(right ?? [])];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function withoutHost(address: bigint, bits: number): bigint {
  const rest = BigInt(128 - bits);
  return (address >> rest) << rest;
}
