/** What the marks in the picture mean. */
import type { ComponentChildren } from "preact";

export function ChartLegend() {
  return (
    <ul class="chart-legend" aria-label="What the marks mean">
      <li><Sample><rect class="chart-box" x="2" y="2" width="24" height="14" rx="4" /></Sample>active state</li>
      <li><Sample around><rect class="chart-box" x="2" y="2" width="24" height="14" rx="4" /></Sample>around it</li>
      <li><Sample><path class="chart-arrow chart-taken" marker-end="url(#chart-tip-taken)" d="M2 9H26" /></Sample>just taken</li>
      <li><Sample><circle class="chart-dot" cx="6" cy="9" r="4" /><path class="chart-arrow" marker-end="url(#chart-tip)" d="M10 9H26" /></Sample>entered first</li>
      <li><span class="chart-legend-away" aria-hidden="true">→ closing</span>ways to an end, written in the box</li>
      <li><span class="chart-legend-guard" aria-hidden="true">[guard]</span>only if it holds</li>
    </ul>
  );
}

function Sample({ around = false, children }: { readonly around?: boolean; readonly children: ComponentChildren }) {
  return (
    <svg width="28" height="18" viewBox="0 0 28 18" aria-hidden="true">
      <g class={around ? "chart-state chart-composite chart-around" : "chart-state chart-lit"}>{children}</g>
    </svg>
  );
}
