import packageJson from '../../package.json' with { type: 'json' };

/** Replaced by tools/lib/bundle with an object literal; undeclared everywhere else. */
declare const BUILD_INFO: BuildInfo;

export interface BuildInfo {
  /** Of package.json. */
  readonly version: string;
  /** Full git commit, with `-dirty` when the tree differed from it. */
  readonly commit: string;
  /** ISO 8601. The time of the commit, not of the build: the same source gives the same bytes. */
  readonly builtAt: string;
}

/** What the bundle was made from, from tools/lib/bundle; commit and time are `unknown` when the sources run as they are. */
export const buildInfo: BuildInfo =
  typeof BUILD_INFO === 'undefined'
    ? { version: packageJson.version, commit: 'unknown', builtAt: 'unknown' }
    : BUILD_INFO;
