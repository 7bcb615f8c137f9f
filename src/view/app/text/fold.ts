/** The reason of a refusal without what differs from one to the next, as the macro fold_refusals begins. */
export function foldReason(error: string): string {
  return error
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\([^()]*\)/g, "(…)")
    .replace(/\b([A-Za-z]+-\d[A-Za-z0-9-]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})\b/g, "<id>")
    .replace(/\d+([.,:]\d+)*/g, "N");
}

/** A piece of a text, and whether it is not in the text before. */
export interface Piece {
  readonly text: string;
  readonly changed: boolean;
}

/** More would take too long, in words of both texts multiplied; then the whole text is one piece. */
const COMPARED_MAX = 250_000;

/** The second text in pieces: what is not in the first, word by word, is changed. */
export function compareWords(before: string, after: string): readonly Piece[] {
  const olds = words(before);
  const news = words(after);
  if (olds.length * news.length > COMPARED_MAX) return [{ text: after, changed: false }];
  const width = news.length + 1;
  // Words in common from each pair of places on.
  const common = new Uint32Array((olds.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = olds.length - 1; row >= 0; row--) {
    for (let column = news.length - 1; column >= 0; column--) {
      common[row * width + column] =
        olds[row] === news[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const pieces: { text: string; changed: boolean }[] = [];
  const add = (text: string, changed: boolean) => {
    const last = pieces.at(-1);
    if (last?.changed === changed) last.text += text;
    else pieces.push({ text, changed });
  };
  for (let row = 0, column = 0; column < news.length; ) {
    if (row < olds.length && olds[row] === news[column]) {
      add(news[column] ?? "", false);
      row++;
      column++;
    } else if (row < olds.length && at(row + 1, column) >= at(row, column + 1)) row++;
    else add(news[column++] ?? "", true);
  }
  return pieces;
}

const words = (text: string): readonly string[] => text.split(/(\s+|[."[\]:,()])/).filter((word) => word !== "");
