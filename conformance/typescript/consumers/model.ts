/** What the README's handler imports: a model that answers at once, and what its answers are checked by. */
export async function ask(_prompt: string): Promise<string> {
  return '{"fills": [{"worker_id": "W-1"}]}';
}

export interface Fills {
  readonly fills: readonly { readonly worker_id: string }[];
}

export function checkFills(value: unknown): Fills {
  if (typeof value === "object" && value !== null && "fills" in value && Array.isArray(value.fills)) {
    return { fills: value.fills };
  }
  throw new TypeError("fills: expected a list");
}

export const isWorker = (worker_id: string) => worker_id === "W-1";
