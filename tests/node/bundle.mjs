// Makes a folder of a package with all packages that it needs, so that npm installs it without a network:
// node bundle.mjs NODE_FOLDER; the input is {"name": NAME, "to": FOLDER}.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const modules = path.join(process.argv[2], "node_modules");
const { name, to } = JSON.parse(readFileSync(0, "utf8"));
const manifest = (name) => JSON.parse(readFileSync(path.join(modules, name, "package.json"), "utf8"));

const needed = new Set();
const need = (name) => {
  for (const dependency of Object.keys(manifest(name).dependencies ?? {})) {
    if (!needed.has(dependency)) {
      needed.add(dependency);
      need(dependency);
    }
  }
};
need(name);
const copy = (name, to) => cpSync(path.join(modules, name), to, { recursive: true });
copy(name, to);
for (const one of needed) {
  copy(one, path.join(to, "node_modules", one));
}
// What npm takes from the package itself, and not from a registry.
const own = manifest(name);
const bundled = { ...own, bundleDependencies: Object.keys(own.dependencies) };
writeFileSync(path.join(to, "package.json"), JSON.stringify(bundled));
