// Reads the Sigstore bundles that refer to a release in a registry, and verifies them by the library of the Sigstore project.
// Argument: the folder that holds node_modules. Input: {registry, repository, tag, platform, key}; output: one JSON document
// for each bundle, with how it was found, and what becomes of it when single bytes are flipped.
import { createHash, createPublicKey } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "node_modules", "x"));
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const input = JSON.parse(readFileSync(0, "utf8"));
const base = `http://${input.registry}/v2/${input.repository}`;
const accept = ["index", "manifest"].map((kind) => `application/vnd.oci.image.${kind}.v1+json`).join(", ");

async function bytes(path) {
  const answer = await fetch(`${base}/${path}`, { headers: { accept } });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

async function blob(digest) {
  const content = await bytes(`blobs/${digest}`);
  const got = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  if (got !== digest) throw new Error(`expected ${digest}, got ${got}`);
  return content;
}

const json = async (path) => JSON.parse((await bytes(path)) ?? "null");

/** The list of referrers, by the API of the registry or by the tag that stands in for it. */
async function referrers(digest) {
  const listed = await json(`referrers/${digest}`);
  if (listed) return { by: "api", list: listed.manifests };
  const tagged = await json(`manifests/${digest.replace(":", "-")}`);
  return { by: "tag", list: tagged?.manifests ?? [] };
}

const rawBytes = createPublicKey(input.key).export({ type: "spki", format: "der" });
const empty = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
const hint = createHash("sha256").update(rawBytes).digest("base64");
const material = toTrustMaterial(empty, { [hint]: { rawBytes } });
const verifier = new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });

function verifies(bundle, content) {
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(bundle), content));
    return true;
  } catch {
    return false;
  }
}

function flipped(content, at) {
  const copy = Buffer.from(content);
  copy[at] ^= 1;
  return copy;
}

/** How many of the changed ones are accepted: each byte of the signature, and bytes all over the content. */
function acceptedChanges(bundle, content) {
  const signature = Buffer.from(bundle.messageSignature.signature, "base64");
  const changed = [...signature.keys()].map((at) => {
    const other = structuredClone(bundle);
    other.messageSignature.signature = flipped(signature, at).toString("base64");
    return verifies(other, content);
  });
  const step = Math.max(1, Math.floor(content.length / 100));
  for (let at = 0; at < content.length; at += step) changed.push(verifies(bundle, flipped(content, at)));
  return { tried: changed.length, accepted: changed.filter(Boolean).length };
}

const index = await json(`manifests/${input.tag}`);
const descriptor = index.manifests.find((one) => one.annotations["dev.loom.platform"] === input.platform);
const { by, list } = await referrers(descriptor.digest);
const found = [];
for (const referrer of list) {
  const manifest = await json(`manifests/${referrer.digest}`);
  const kind = manifest.annotations["dev.loom.evidence"];
  if (manifest.layers[0].mediaType !== "application/vnd.dev.sigstore.bundle.v0.3+json") continue;
  const bundle = JSON.parse(await blob(manifest.layers[0].digest));
  const of = manifest.annotations["dev.loom.evidence.of"];
  const content = await blob(of);
  const subject = manifest.subject.digest === descriptor.digest;
  found.push({ by, kind, of, subject, verified: verifies(bundle, content), changes: acceptedChanges(bundle, content) });
}
process.stdout.write(JSON.stringify(found));
