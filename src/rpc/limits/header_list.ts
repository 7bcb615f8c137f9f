/** How much a header list has, as HTTP/2 counts it: names, values, and 32 bytes for each (RFC 9113 §6.5.2). */
export function headerListBytes(entries: Iterable<readonly [string, readonly { readonly length: number }[]]>): number {
  let bytes = 0;
  for (const [name, values] of entries) {
    for (const value of values) bytes += name.length + value.length + 32;
  }
  return bytes;
}
