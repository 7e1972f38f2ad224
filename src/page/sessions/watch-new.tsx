import type { Store } from "../model/contract.ts";

const meaning = "TLS, the login and everything that follows, as far as there is room for it. What comes before the login is never in the log: it is lost when the page is loaded again.";

/** A login is over in milliseconds: to see one, it has to be watched before it begins. */
export function WatchNew({ store }: { readonly store: Store }) {
  return (
    <label class="sessions-watch-new" title={meaning}>
      <input type="checkbox" checked={store.watchNew.value} onChange={(event) => (store.watchNew.value = event.currentTarget.checked)} />
      <span>watch new sessions from their first byte <small>(kept in this page only)</small></span>
    </label>
  );
}
