/**
 * A state's name for people: parents joined by dots, the active states of parallel regions by `+`:
 * `negotiating.offering`, `connected.available+interested+attached`.
 */
export function stateName(value: unknown): string {
  if (typeof value === "string") return value;
  const [only, ...others] = Object.entries(value as Record<string, unknown>);
  if (only === undefined) return "";
  if (others.length === 0) return `${only[0]}.${stateName(only[1])}`;
  return [only, ...others].map(([, child]) => stateName(child)).join("+");
}
