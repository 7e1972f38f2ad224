/** A start tag while it is read. */
import type { Name } from "./names.ts";

/**
 * One is used for all the tags of a stream; `values` are emptied after each, so that an idle stream holds no part of a
 * stanza.
 */
export class Tag {
  name: Name | undefined = undefined;
  /** How many of `names` and `values` belong to this tag. */
  count = 0;
  readonly names: Name[] = [];
  readonly values: string[] = [];

  begin(name: Name): void {
    this.name = name;
    this.count = 0;
  }

  attribute(name: Name): void {
    this.names[this.count] = name;
    this.count += 1;
  }

  /** The value of the attribute begun last. */
  value(value: string): void {
    this.values[this.count - 1] = value;
  }

  clear(): void {
    for (let index = 0; index < this.count; index += 1) this.values[index] = "";
    this.count = 0;
    this.name = undefined;
  }
}
