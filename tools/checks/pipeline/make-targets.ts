/** Names of the targets that a Makefile defines by name. */
export const findTargets = (makefile: string): ReadonlySet<string> =>
  new Set([...makefile.matchAll(/^([a-z][a-z-]*):(?![=:])/gm)].map(([, name = '']) => name));

/** The targets that a script line asks for, when the line is one call of make with plain settings; else none. */
export const targetsOf = (line: string): readonly string[] =>
  /^make((?: [a-z][a-z-]*)+)(?: [A-Z][A-Z_]*=[\w./:@,-]*)*$/.exec(line)?.[1]?.trim().split(' ') ?? [];

/** The settings that such a line passes on, like ENV of `make release ENV=dev`. */
export const settingsIn = (line: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...line.matchAll(/ ([A-Z][A-Z_]*)=([\w./:@,-]*)/g)].map(([, name = '', value = '']) => [name, value]),
  );
