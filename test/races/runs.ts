/** In the ordinary suite a few; REFRAIN_TEST_RUNS multiplies them. */
export function runs(few: number): number {
  return few * Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);
}
