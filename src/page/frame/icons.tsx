/** The few pictures of the page; all of them stand beside a name. */
import type { ComponentChildren } from "preact";

function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export const SunIcon = () => (
  <Icon><circle cx="8" cy="8" r="3" /><path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1" /></Icon>
);
export const MoonIcon = () => <Icon><path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z" /></Icon>;
export const HalfIcon = () => <Icon><circle cx="8" cy="8" r="6" /><path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" /></Icon>;
export const CopyIcon = () => (
  <Icon>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3.5v-.5a1 1 0 0 0-1-1H3.5a1.5 1.5 0 0 0-1.5 1.5v6a1 1 0 0 0 1 1h.5" />
  </Icon>
);
export const CheckIcon = () => <Icon><path d="m3 8.5 3.5 3.5L13 4.5" /></Icon>;
export const BackIcon = () => <Icon><path d="M10 3 5 8l5 5" /></Icon>;
export const ListIcon = () => <Icon><rect x="2" y="2.5" width="12" height="11" rx="1.5" /><path d="M6.5 2.5v11" /></Icon>;
export const LockIcon = () => <Icon><rect x="3.5" y="7" width="9" height="6.5" rx="1.5" /><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2" /></Icon>;
export const Mark = () => (
  <svg class="icon" viewBox="0 0 32 32" width="22" height="22" fill="none" stroke="currentColor" stroke-width="2.5" aria-hidden="true">
    <rect x="3" y="5" width="12" height="9" rx="3" /><rect x="17" y="18" width="12" height="9" rx="3" fill="currentColor" />
    <path d="M15 9.5h5a3 3 0 0 1 3 3V18" />
  </svg>
);
