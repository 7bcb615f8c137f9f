import type { ErrorAnswer, Loading } from "../../api.js";

/** What came of a request. */
export type Reply<T> =
  | { readonly state: "answered"; readonly answer: T }
  | { readonly state: "loading"; readonly loading: Loading["loading"] }
  | { readonly state: "failed"; readonly error: ErrorAnswer["error"]; readonly again_ms: number | undefined }
  /** The viewer's server does not answer. */
  | { readonly state: "away" };

const BUSY_AGAIN_MS = 2000;

/** Names this page, so that the server stops its older request of the same route. */
const tab = crypto.randomUUID();

/**
 * @param path after `api/`, with its filters
 * @param lane requests of other lanes are not stopped by this one
 */
export async function request<T>(path: string, signal: AbortSignal, body?: unknown, lane = ""): Promise<Reply<T>> {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  try {
    const url = `api/${path}${path.includes("?") ? "&" : "?"}tab=${tab}${lane}`;
    const response = await fetch(url, body === undefined ? { signal } : { signal, ...post });
    if (response.status === 200) return { state: "answered", answer: await response.json() };
    if (response.status === 202) {
      const { loading }: Loading = await response.json();
      return { state: "loading", loading };
    }
    const { error }: ErrorAnswer = await response.json();
    const after_s = Number(response.headers.get("retry-after") ?? Number.NaN);
    const again_ms = error.code === "busy" ? after_s * 1000 || BUSY_AGAIN_MS : undefined;
    return { state: "failed", error, again_ms };
  } catch (error) {
    if (signal.aborted) throw error;
    return { state: "away" };
  }
}
