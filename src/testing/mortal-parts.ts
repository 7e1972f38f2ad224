/** What a server that can be killed stands on: a store that it can lose from one moment to the next, and a net that can be cut off. */
import { StoreClosedError } from "../log/errors.ts";
import type { HttpListener, HttpOptions } from "../net/http.ts";
import type { Connection, Listener, Net, Store } from "../ports.ts";

export interface MortalStore {
  readonly store: Store;
  /** From now on nothing is written and nothing is answered, nor is anything told to who has subscribed. */
  freeze(): void;
}

/** One server's view of a store, which outlives it if `keeps`: `close` closes the view alone then. */
export function mortalStore(inner: Store, keeps: boolean): MortalStore {
  const subscriptions = new Set<() => void>();
  let [frozen, closed] = [false, false];
  let closing: Promise<void> | undefined;
  const through = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (closed) return Promise.reject(new StoreClosedError());
    return frozen ? new Promise<never>(() => undefined) : work();
  };
  const unsubscribe = (): void => {
    for (const end of subscriptions) end();
    subscriptions.clear();
  };
  const store: Store = {
    append: (...args) => through(() => inner.append(...args)),
    appendMany: (batch) => through(() => inner.appendMany(batch)),
    read: (...args) => through(() => inner.read(...args)),
    readAll: (...args) => through(() => inner.readAll(...args)),
    query: (...args) => through(() => inner.query(...args)),
    secret: (...args) => through(() => inner.secret(...args)),
    contents: (...args) => through(() => inner.contents(...args)),
    texts: (...args) => through(() => inner.texts(...args)),
    stats: () => through(() => inner.stats()),
    backup: (file) => through(() => inner.backup(file)),
    subscribe(after, handler) {
      if (closed) throw new StoreClosedError();
      if (frozen) return () => undefined;
      const end = inner.subscribe(after, handler);
      subscriptions.add(end);
      return () => {
        subscriptions.delete(end);
        end();
      };
    },
    async close() {
      if (!keeps) return (closing ??= inner.close());
      closed = true;
      unsubscribe();
    },
  };
  return {
    store,
    freeze() {
      frozen = true;
      unsubscribe();
    },
  };
}

export interface MortalNet {
  readonly net: Net;
  readonly listenHttp: ListenHttp;
  /** Destroys every connection and frees every port. */
  cut(): Promise<void>;
}

type ListenHttp = (options: HttpOptions) => Promise<HttpListener>;

export function mortalNet(inner: Net, innerHttp: ListenHttp): MortalNet {
  const listeners = new Set<Pick<Listener, "close">>();
  const connections = new Set<Connection>();
  let isCut = false;
  const accepting = (accept: (connection: Connection) => void) => (connection: Connection): void => {
    if (isCut) return connection.destroy();
    connections.add(watched(connection, () => connections.delete(connection)));
    accept(connection);
  };
  return {
    net: {
      async listen(spec, accept) {
        const listener = await inner.listen(spec, accepting(accept));
        let closing: Promise<void> | undefined;
        const once: Listener = { address: listener.address, port: listener.port, close: () => (closing ??= listener.close()) };
        listeners.add(once);
        return once;
      },
    },
    async listenHttp(options) {
      const listener = await innerHttp(options);
      listeners.add(listener);
      return listener;
    },
    async cut() {
      isCut = true;
      const doors = [...listeners].map((listener) => listener.close());
      for (const connection of connections) connection.destroy();
      await Promise.all(doors);
    },
  };
}

/** The same connection, which tells when it is over. */
function watched(connection: Connection, over: () => void): Connection {
  const start = connection.start.bind(connection);
  connection.start = (handler) => {
    start({
      data: (bytes) => handler.data(bytes),
      ended: () => handler.ended(),
      drained: () => handler.drained(),
      closed: (error) => {
        over();
        handler.closed(error);
      },
    });
  };
  return connection;
}
