import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A component whose code is fetched when it is first shown. */
export function later<Props extends object>(what: string, load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loading: Promise<ComponentType<Props>> | undefined;
  let loaded: ComponentType<Props> | undefined;
  const fetched = () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading.then((component) => (loaded = component));
  };
  return function Later(props: Props) {
    const [failure, setFailure] = useState<string | undefined>(undefined);
    const [, drawAgain] = useState(0);
    useEffect(() => {
      if (loaded === undefined && failure === undefined) fetched().then(() => drawAgain(1), (error: unknown) => setFailure(String(error)));
    }, [failure]);
    if (loaded !== undefined) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    if (failure === undefined) return <p class="app-waiting" role="status">Fetching {what} …</p>;
    return (
      <div class="app-waiting" role="alert">
        <p>What shows {what} could not be fetched from the server ({failure}).</p>
        <button type="button" onClick={() => setFailure(undefined)}>Try again</button>
      </div>
    );
  };
}
