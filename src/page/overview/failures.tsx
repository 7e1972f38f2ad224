import { ClientLine } from "../frame/client-line.tsx";
import { number } from "../text.ts";

export function Failures({ failures }: { readonly failures: Readonly<Record<string, number>> }) {
  const reasons = Object.entries(failures).filter(([, count]) => count > 0).toSorted(([, a], [, b]) => b - a);
  if (reasons.length === 0) return <p class="overview-wait">No login has failed.</p>;
  const most = reasons[0]![1];
  return (
    <table class="failures" aria-label="Failed logins by reason">
      <thead class="visually-hidden"><tr><th scope="col">Reason</th><th scope="col">How often</th></tr></thead>
      <tbody>
        {reasons.map(([reason, count]) => (
          <tr key={reason}>
            <th scope="row"><ClientLine text={reason} /></th>
            <td class="failures-count">{number(count)}</td>
            <td class="failures-track" aria-hidden="true"><span class="failures-bar" style={{ width: `${(count / most) * 100}%` }} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
