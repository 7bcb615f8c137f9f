// Requests for /metrics, one after the other.
export async function connectAndAttack(address) {
  for (;;) await (await fetch(`http://${address}/metrics`)).arrayBuffer();
}
