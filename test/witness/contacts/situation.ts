import type { Situation } from "../../../src/testing/oracle/delivery-tables.ts";

/** In which of the situations of RFC 6121 section 8.5.4 an account is; undefined: there is none. */
export function situationOf(resources: readonly { readonly available: boolean; readonly priority: number }[] | undefined): Situation {
  if (resources === undefined) return "no account";
  const available = resources.filter((resource) => resource.available);
  const able = available.filter(({ priority }) => priority >= 0);
  if (able.length > 0) return able.length === 1 ? "one non-negative" : "several non-negative";
  return available.length > 0 ? "only negative" : "no available resource";
}
