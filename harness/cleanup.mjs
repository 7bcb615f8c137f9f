/** What has to be put in order when the process is ended in the midst of it. */
const pending = [];

process.on("exit", () => {
  for (const clean of pending.splice(0).reverse()) clean();
});

/**
 * @param {() => void} clean  done at once; called last in, first out
 * @returns {() => void}  takes it back
 */
export function atExit(clean) {
  pending.push(clean);
  return () => void pending.splice(pending.indexOf(clean), 1);
}
