/** Dates with times, as XMPP writes them (XEP-0082 section 3.2). */

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;
const charsMax = 64;

/**
 * Milliseconds since 1970, with a fraction where the text has one that is finer. undefined: not in the DateTime profile, or no such
 * moment. Leap seconds count as the second after them; the end of a day may be written 24:00:00, as in XML Schema.
 */
export function parseDateTime(text: string): number | undefined {
  const parts = text.length > charsMax ? null : form.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const fraction = Number(`0${parts[7] ?? ""}`);
  const [zoneHour, zoneMinute] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  const endOfDay = hour === 24 && minute === 0 && second === 0 && fraction === 0;
  if ((hour > 23 && !endOfDay) || minute > 59 || second > 60 || zoneMinute > 59 || zoneHour * 60 + zoneMinute > 14 * 60) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  // A day that its month does not have would be one of the next.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  const zone = (zoneHour * 60 + zoneMinute) * (parts[8] === "-" ? -1 : 1);
  return midnight.getTime() + ((hour * 60 + minute - zone) * 60 + second) * 1_000 + fraction * 1_000;
}
