import { effect } from "@preact/signals";
import { HalfIcon, MoonIcon, SunIcon } from "./icons.tsx";
import { remembered } from "./remembered.ts";

const themes = ["system", "light", "dark"] as const;
const theme = remembered("theme", themes);

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
});

const icons = { system: HalfIcon, light: SunIcon, dark: MoonIcon } as const;

export function ThemeSwitch() {
  const Icon = icons[theme.value];
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
  const words = `Theme: ${theme.value}. Change to ${next}`;
  return (
    <button type="button" class="frame-icon-button" aria-label={words} title={words} onClick={() => (theme.value = next)}>
      <Icon />
    </button>
  );
}
