/** What is asked of the past cannot be told. The message names the thing, the value and the fix. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
}
