/** What extensions may know of the server, gathered once. */
import type { Ids } from "../ports.ts";
import type { Registry } from "../session/registry.ts";
import type { Extension, House } from "./extension.ts";

export interface HouseOptions {
  readonly software: House["software"];
  readonly hosts: readonly string[];
  readonly extensions: readonly Extension[];
  readonly registry: Registry;
  readonly ids: Ids;
}

export function createHouse({ software, hosts, extensions, registry, ids }: HouseOptions): House {
  const features = {
    server: extensions.flatMap((extension) => extension.serverFeatures ?? []).toSorted(),
    account: extensions.flatMap((extension) => extension.accountFeatures ?? []).toSorted(),
  };
  return {
    software,
    hosts,
    features: (of) => features[of],
    availableResources: (bareJid) =>
      registry.sessions(bareJid).filter((session) => session.available).map((session) => session.jid),
    nextId: () => ids.next(),
  };
}
