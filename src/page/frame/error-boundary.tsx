import { Component, type ComponentChildren } from "preact";
import { visible } from "../text.ts";

interface Props {
  /** What it holds, in words: "the timeline". */
  readonly what: string;
  readonly children: ComponentChildren;
}

/** What breaks in here breaks alone: it is said what it was, and the rest of the page goes on. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown }> {
  override state = { error: undefined };

  override componentDidCatch(error: unknown): void {
    this.setState({ error: error ?? "an error without a name" });
  }

  render({ what, children }: Props, { error }: { readonly error: unknown }) {
    if (error === undefined) return children;
    const stack = error instanceof Error ? error.stack : undefined;
    return (
      <div class="frame-broken" role="alert">
        <h2>Something in {what} broke</h2>
        <p>
          <code>{visible(String(error))}</code>
        </p>
        <p>The rest of the page goes on, and no session was touched: the inspector only looks.</p>
        <button type="button" onClick={() => this.setState({ error: undefined })}>Try again</button>
        {stack !== undefined && (
          <details>
            <summary>Where it broke</summary>
            <pre>{visible(stack)}</pre>
          </details>
        )}
      </div>
    );
  }
}
