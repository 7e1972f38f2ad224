import type { Store } from "../model/contract.ts";

/** What stands in the place of a session that is not found yet: why it is not, and what to do about it. */
export function Looking({ store }: { readonly store: Store }) {
  const connection = store.connection.value;
  if (connection === "refused") {
    return (
      <>
        This server does not show its sessions to this page any more: it was started anew, or let this browser in too long ago.
        Run <code>npx refrain inspect</code> where it runs, and put the address that it prints into this tab: whoever is signed in here stays so.
      </>
    );
  }
  return <>{connection === "closed" ? "The server is away. Its sessions are looked for when it is back." : "Looking for the session …"}</>;
}
