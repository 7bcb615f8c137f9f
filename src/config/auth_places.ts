/** Where things stand in the file of [auth], which the parser of TOML does not tell. */

/** `file:line` of a key; of its header when the key is not there. */
export interface IdentityPlace {
  key(key: string): string;
  /** Of its token with this number, from 0. */
  token(index: number, key: string): string;
}

export interface Places {
  /** Of a key or section that is in no identity. */
  key(key: string): string;
  identity(index: number): IdentityPlace;
}

const IDENTITY = /^\s*\[\[\s*"?identity"?\s*\]\]/;
const TOKEN = /^\s*\[\[\s*"?identity"?\s*\.\s*"?token"?\s*\]\]/;

/** Lines that look like headers within texts of several lines, which no identity has, would be counted too. */
export function findPlaces(path: string, text: string): Places {
  const lines = text.split("\n");
  const numbersOf = (pattern: RegExp) => lines.flatMap((line, index) => (pattern.test(line) ? [index] : []));
  const identities = numbersOf(IDENTITY);
  const tokens = numbersOf(TOKEN);

  /** In the table that begins at a line. */
  function keyAfter(header: number | undefined, key: string): string {
    const begin = header ?? 0;
    const next = lines.findIndex((line, index) => index > begin && /^\s*\[/.test(line));
    const body = lines.slice(begin + 1, next === -1 ? undefined : next);
    const found = body.findIndex((line) => new RegExp(`^\\s*"?${quoted(key)}"?\\s*=`).test(line));
    return `${path}:${begin + (found === -1 ? 0 : found + 1) + 1}`;
  }

  return {
    key(key) {
      const found = lines.findIndex((line) => new RegExp(`^\\s*(\\[+\\s*)?"?${quoted(key)}"?\\b`).test(line));
      return `${path}:${Math.max(0, found) + 1}`;
    },
    identity(index) {
      const header = identities[index];
      return {
        key: (key) => keyAfter(header, key),
        token(number, key) {
          const end = identities[index + 1] ?? lines.length;
          const own = tokens.filter((line) => line > (header ?? 0) && line < end);
          return keyAfter(own[number] ?? header, key);
        },
      };
    },
  };
}

function quoted(key: string): string {
  return key.replaceAll(/[^\w-]/g, "\\$&");
}
