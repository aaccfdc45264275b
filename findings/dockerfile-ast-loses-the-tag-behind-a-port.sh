#!/usr/bin/env bash
# dockerfile-ast 0.7.1 finds no tag in an image of a registry with a port, when a digest follows, and gives the tag as a part of the image's name. Its change log says that a tag next to a digest is read since 0.6.0, and without the port it is.
# Seen: registry.example.com: movies, 24; registry.example.com:5000: movies:24, null
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dockerfile-ast@0.7.1
cat >read.js <<'JAVASCRIPT'
import { DockerfileParser } from 'dockerfile-ast';

const read = (registry) => {
  const image = `${registry}/movies:24@sha256:${'0f'.repeat(32)}`;
  const [from] = DockerfileParser.parse(`FROM ${image}\n`).getFROMs();
  return `${from.getRegistry()}: ${from.getImageName()}, ${from.getImageTag()}`;
};
const seen = ['registry.example.com', 'registry.example.com:5000'].map(read).join('; ');
console.log(seen);
process.exit(
  seen === 'registry.example.com: movies, 24; registry.example.com:5000: movies:24, null' ? 0 : 1,
);
JAVASCRIPT
node read.js
