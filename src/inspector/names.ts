/** Under which names a listener is reached. */

/** The host of a Host header, in lower case, without its port: any port, because a tunnel may have another one. undefined if it is none. */
export function nameIn(host: string | undefined): string | undefined {
  return /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec((host ?? "").toLowerCase())?.slice(1).find((name) => name !== undefined);
}

/** How to write a listener's address into a URL; one that stands for every address of the machine is told by a name. */
export function reachable(address: string, names: readonly string[]): string {
  const name = names[0] ?? (isEvery(address) ? "localhost" : address);
  return name.includes(":") ? `[${name}]` : name;
}

/** How a program on the same machine writes it, which needs no name, and none that others answer for. */
export function reachableHere(address: string): string {
  return isEvery(address) ? reachable(address === "::" ? "::1" : "127.0.0.1", []) : reachable(address, []);
}

function isEvery(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
