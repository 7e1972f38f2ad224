/** An extension of somebody else threw, or answered what it must not: the message begins with its name and the place. */
export class ExtensionError extends Error {
  readonly extension: string;

  constructor(extension: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ExtensionError";
    this.extension = extension;
  }
}

/** A field for the log, where it was an extension that failed. */
export function failedExtension(error: unknown): { readonly extension?: string } {
  return error instanceof ExtensionError ? { extension: error.extension } : {};
}
