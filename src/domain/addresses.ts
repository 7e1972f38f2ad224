/** Addresses of machines, as far as something is decided by them. */

/** Whether an IP address, as a socket or an operator writes it, is this machine's own: 127.0.0.0/8, also mapped into IPv6, or ::1. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address);
}
