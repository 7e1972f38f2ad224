/** A line through the last two minutes, one value a second; the newest is at the right. */

const width = 240;
const height = 44;
const valuesMax = 120;

export function Sparkline(props: { readonly name: string; readonly values: readonly number[]; readonly words: (value: number) => string }) {
  const { name, words } = props;
  const values = props.values.slice(-valuesMax);
  const now = values.at(-1);
  if (now === undefined || values.length < 2) return <p class="overview-wait">A line begins with the third second.</p>;
  const highest = Math.max(...values);
  // From 0, so that a small change does not look like a great one.
  const scale = (height - 4) / Math.max(1, highest);
  const step = width / (valuesMax - 1);
  const points = values.map((value, index) => {
    const x = width - (values.length - 1 - index) * step;
    return `${round(x)},${round(height - 2 - value * scale)}`;
  });
  const left = points[0]!.split(",")[0]!;
  return (
    <div class="sparkline">
      <span class="sparkline-now">{words(now)}</span>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img"
        aria-label={`${name}: ${words(now)} now, at most ${words(highest)} in the last two minutes`}>
        <polygon class="sparkline-area" points={`${left},${height} ${points.join(" ")} ${width},${height}`} />
        <polyline class="sparkline-line" points={points.join(" ")} vector-effect="non-scaling-stroke" />
      </svg>
      <span class="sparkline-most">at most {words(highest)}</span>
    </div>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
