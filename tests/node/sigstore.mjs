// Verifies and makes Sigstore bundles with a key, by the libraries of the Sigstore project.
// Argument: the folder that holds node_modules. Input: a JSON document; output: a JSON document.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "node_modules", "x"));
const { bundleFromJSON, bundleToJSON } = require("@sigstore/bundle");
const { DSSEBundleBuilder, MessageSignatureBundleBuilder } = require("@sigstore/sign");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const input = JSON.parse(readFileSync(0, "utf8"));
const content = Buffer.from(input.content, "base64");

/** Verifies a bundle with a key: neither a log nor a timestamp is required. */
function verify() {
  const rawBytes = createPublicKey(input.key).export({ type: "spki", format: "der" });
  const empty = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  const hint = createHash("sha256").update(rawBytes).digest("base64");
  const material = toTrustMaterial(empty, { [hint]: { rawBytes } });
  const thresholds = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };
  const bundle = bundleFromJSON(JSON.parse(input.bundle));
  try {
    new Verifier(material, thresholds).verify(toSignedEntity(bundle, content));
    return { verified: true };
  } catch (error) {
    return { verified: false, error: `${error}` };
  }
}

/** Makes a bundle with a key: about the content itself, or with a statement as its payload. */
async function make() {
  const key = createPrivateKey(input.secret);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" });
  const signer = {
    sign: async (data) => ({
      signature: sign("sha256", data, key),
      key: { $case: "publicKey", publicKey, hint: "any" },
    }),
  };
  const options = { signer, witnesses: [] };
  const bundle = input.type
    ? await new DSSEBundleBuilder(options).create({ data: content, type: input.type })
    : await new MessageSignatureBundleBuilder(options).create({ data: content });
  return bundleToJSON(bundle);
}

const output = input.secret ? await make() : verify();
process.stdout.write(JSON.stringify(output));
