/** Markdown for the generated pages. */

/** A table without the columns that nobody has anything to say in. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const said = heads.map((_, column) => rows.some((cells) => cells[column] !== ""));
  const full = (cells: readonly string[]) => cells.filter((_, column) => said[column]);
  const line = (cells: readonly string[]) => `| ${full(cells).map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function codes(texts: readonly string[]): string {
  return texts.map(code).join(", ");
}
