/** What the README's handler imports: a model that answers at once, and what its answers are checked by. */
export async function ask(_prompt: string): Promise<string> {
  return '{"fills": [{"worker_id": "W-1"}]}';
}

export interface Fills {
  readonly fills: readonly { readonly worker_id: string }[];
}

export function checkFills(value: Fills): Fills {
  if (!Array.isArray(value.fills)) throw new TypeError("fills: expected a list");
  return value;
}

export const isWorker = (worker_id: string) => worker_id === "W-1";
