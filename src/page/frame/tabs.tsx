/** Tabs (WAI-ARIA Authoring Practices): one of them is in the order of the tab key, arrows go to the others. */
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import "./tabs.css";

export interface Tab<Name extends string> {
  readonly name: Name;
  readonly title: string;
}

export function Tabs<Name extends string>(props: {
  readonly label: string;
  readonly tabs: readonly Tab<Name>[];
  readonly chosen: Name;
  readonly onChoose: (name: Name) => void;
  /** Beside the tabs. */
  readonly beside?: ComponentChildren;
  /** In the panel of the tab that is chosen. */
  readonly children: ComponentChildren;
}) {
  const { label, tabs, chosen, onChoose, beside, children } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const go = (to: number) => {
    const index = (to + tabs.length) % tabs.length;
    onChoose(tabs[index]!.name);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[index]?.focus();
  };
  const press = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ name }) => name === chosen);
    const to: Readonly<Record<string, number>> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    if (to[event.key] === undefined) return;
    event.preventDefault();
    go(to[event.key]!);
  };
  return (
    <div class="tabs">
      <div class="tabs-bar">
        <div class="tabs-list" role="tablist" aria-label={label} ref={list} onKeyDown={press}>
          {tabs.map(({ name, title }) => (
            <button key={name} type="button" role="tab" class="tabs-tab" id={`${id}-${name}`} aria-selected={name === chosen}
              aria-controls={`${id}-panel`} tabIndex={name === chosen ? 0 : -1} onClick={() => onChoose(name)}>
              {title}
            </button>
          ))}
        </div>
        {beside}
      </div>
      <div class="tabs-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`}>{children}</div>
    </div>
  );
}
