// The packages are ES modules; what `npm run build` leaves in their dist/commonjs is CommonJS, which this tells Node and TypeScript.
import { writeFileSync } from "node:fs";

for (const folder of ["protocol", "clients/typescript"]) {
  writeFileSync(new URL(`../${folder}/dist/commonjs/package.json`, import.meta.url), '{ "type": "commonjs" }\n');
}
