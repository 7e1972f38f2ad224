/** Text that a client chose, in one line: nothing in it moves what is around it, and what cannot be seen is shown. */
import { shortened, visible } from "../text.ts";

/** `max`: characters that are shown; the whole text is its title then, and stands in full where one gets to from here. */
export function ClientLine({ text, max = 160, ...rest }: { readonly text: string; readonly max?: number; readonly class?: string }) {
  const whole = visible(text);
  return (
    <bdi class={rest.class} title={whole}>
      {shortened(whole, max)}
    </bdi>
  );
}
