/** Colours, light or dark, and fonts, the reader's own. All of it stays inside the picture, should a page take the picture in. */
import { heats } from "./plan.ts";
import { sizes } from "./text.ts";

const sans = `-apple-system,BlinkMacSystemFont,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif`;
const mono = `ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace`;

const colours = {
  light:
    "--ground:#ffffff;--frame:#d8dee4;--ink:#1f2328;--soft:#59636e;--box:#ffffff;--edge:#8c959f;--arrow:#57606a;" +
    "--inside:#f6f8fa;--label:#eef2f6;--away:#a40e26;--pill:#ddf4ff;--pillink:#0550ae;--end:#fff5f2;--endedge:#d1867a",
  dark:
    "--ground:#0d1117;--frame:#30363d;--ink:#f0f6fc;--soft:#9198a1;--box:#1b222b;--edge:#6e7781;--arrow:#8b949e;" +
    "--inside:#131920;--label:#252d37;--away:#ff9a8d;--pill:#12314f;--pillink:#9bd1ff;--end:#2a1b1b;--endedge:#a8625a",
} as const;

/** From nothing over blue to the ink itself; what was never taken is red. */
const heatColours = {
  light: "--never:#cf222e;--seldom:#9a6700;--some:#0969da;--often:#0a4fa3;--mostly:#04265c",
  dark: "--never:#ff7b72;--seldom:#e3b341;--some:#58a6ff;--often:#a5d0ff;--mostly:#e6f1ff",
} as const;

export type Theme = keyof typeof colours;

export const themes = Object.keys(colours) as readonly Theme[];

/** `heated`: with the colours of `heats`. */
export function styleOf(theme: Theme, heated = false): string {
  const inside = [...rules(), ...(heated ? heatRules() : [])].map((rule) => rule.replace(/[^{]+/, (selectors) => selectors.split(",").map((one) => `.chart ${one}`).join(",")));
  return [`.chart{${colours[theme]}${heated ? `;${heatColours[theme]}` : ""}}`, ...inside].join("");
}

function rules(): string[] {
  return [
    `text{font:400 ${sizes.mono}px ${mono};fill:var(--ink);white-space:pre}`,
    `.title{font:600 ${sizes.title}px ${sans}}`,
    `.region,.heading{font:600 ${sizes.heading}px ${sans};fill:var(--soft)}`,
    `.aside{font:400 ${sizes.heading}px ${sans};fill:var(--soft)}`,
    `.pill text{font:500 ${sizes.tag}px ${sans};fill:var(--pillink);text-anchor:middle}`,
    `.heading.to{fill:var(--away)}`,
    `.guard,.does,.ignores .event,.ignores .guard{fill:var(--soft)}`,
    `rect{stroke-width:1.25}`,
    `.ground{fill:var(--ground);stroke:var(--frame);stroke-width:1}`,
    `.box{fill:var(--box);stroke:var(--edge)}`,
    `.composite .box,.parallel .box{fill:var(--inside);stroke:var(--edge)}`,
    `.any .box{fill:none;stroke-dasharray:5 4}`,
    `.final .box,.final .ring{fill:var(--end);stroke:var(--endedge)}`,
    `.pill rect{fill:var(--pill);stroke:none}`,
    `.rule{stroke:var(--frame);fill:none}`,
    `.separator{stroke:var(--edge);stroke-dasharray:5 4;fill:none}`,
    `.arrow{stroke:var(--arrow);stroke-width:1.4;fill:none}`,
    `.tip,.dot{fill:var(--arrow)}`,
    `.label rect{fill:var(--label);stroke:none}`,
  ];
}

function heatRules(): string[] {
  const widths = [1.4, 1.4, 1.4, 2, 2.8];
  return [
    `.mark,.legend{font:600 ${sizes.mono}px ${mono}}`,
    ...heats.flatMap((heat, at) => [`.mark.${heat}{fill:var(--${heat})}`, `.arrow.${heat}{stroke:var(--${heat});stroke-width:${widths[at]}}`]),
  ];
}
