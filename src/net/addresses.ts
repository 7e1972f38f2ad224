/** What can be told from the address of a peer, as Node writes it. */
export { addressKey } from "../domain/addresses.ts";
