// Builds the viewer's page and the report's renderer: src/view/app → dist/view. Does nothing while neither they nor the tools changed.
//
//   manifest.json      Vite's: the page's files, with the hash of what is in them in their names
//   app-<hash>.js/css  the page
//   icon.svg
//   report.js          renders a report in Node; report.css is in it
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const app = join(root, "src/view/app");
const target = join(root, "dist/view");
const MADE = /^(app-.*\.(js|css)|manifest\.json|icon\.svg|report\.js)$/;

const digest = digestOf([join(root, "package-lock.json"), import.meta.filename ?? "", ...filesBelow(app)]);
const mark = join(target, ".app-digest");
if (existsSync(mark) && readFileSync(mark, "utf8") === digest) process.exit(0);

mkdirSync(target, { recursive: true });
for (const name of readdirSync(target)) if (MADE.test(name)) rmSync(join(target, name));
rmSync(mark, { force: true });
const { build } = await import("vite");
const shared = { root: app, configFile: false, publicDir: false, logLevel: "warn", envDir: false };
await build({
  ...shared,
  base: "./",
  build: {
    outDir: target,
    emptyOutDir: false,
    manifest: "manifest.json",
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: join(app, "main.tsx"),
      output: {
        entryFileNames: "app-[hash].js",
        chunkFileNames: "app-[hash].js",
        assetFileNames: "app-[hash][extname]",
      },
    },
  },
});
await build({
  ...shared,
  ssr: { noExternal: true, target: "node" },
  build: {
    outDir: target,
    emptyOutDir: false,
    target: "node20",
    ssr: join(app, "report.tsx"),
    minify: true,
    rolldownOptions: { output: { entryFileNames: "report.js" } },
  },
});
copyFileSync(join(app, "icon.svg"), join(target, "icon.svg"));
writeFileSync(`${mark}.tmp`, digest);
renameSync(`${mark}.tmp`, mark);

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function digestOf(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}
