/**
 * What fills the code cache of a bundle, by the Node.js that will run it. With one thread and one seed, from which V8 draws
 * how it hashes names (`--predictable`), and a heap of one size on every machine, two runs give the same bytes. V8 takes what
 * they write without these settings, too, and draws a seed of its own then.
 */
export const codeCacheCommand = (node: string, script: string, folder: string): [string, ...string[]] => [
  node,
  '--predictable',
  '--max-semi-space-size=16',
  '--max-old-space-size=1024',
  script,
  folder,
];
