/** A store that does what another does, except for what the test wants otherwise. */
import type { Store } from "../../src/ports.ts";

export function wrapStore(inner: Store, otherwise: Partial<Store>): Store {
  return {
    append: (...args) => inner.append(...args),
    appendMany: (batch) => inner.appendMany(batch),
    read: (...args) => inner.read(...args),
    readAll: (...args) => inner.readAll(...args),
    subscribe: (...args) => inner.subscribe(...args),
    query: (...args) => inner.query(...args),
    secret: (...args) => inner.secret(...args),
    contents: (...args) => inner.contents(...args),
    texts: (...args) => inner.texts(...args),
    stats: () => inner.stats(),
    backup: (file) => inner.backup(file),
    close: () => inner.close(),
    ...otherwise,
  };
}
